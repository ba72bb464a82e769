// Steps with the job whose row has the focus. The server answers with the row as it is then, or
// takes it away; what it refuses is told, and the row comes back.
import { $, $$, token } from './dom.js';
import { move, rowOf } from './lists.js';

const stages = ['draft', 'applied', 'interviewing', 'offer', 'accepted', 'rejected', 'withdrawn'];
const steps = { s: ['save'], a: ['stage', { status: 'applied' }], d: ['dismiss'] };
stages.forEach((status, index) => { steps[index + 1] = ['stage', { status }]; });

const going = new Set();

function take(row, verb, given = {}) {
  if (row.hidden) return;
  const values = { ...given };
  const leaves = row.closest('[data-triage]')?.dataset.leave === verb;
  if (leaves) {
    // The next one is looked at while this one goes.
    if (row.contains(document.activeElement)) move(1, row);
    row.hidden = true;
    // When the last row goes, the page behind it is shown.
    if (!$('[data-triage] tbody tr:not([hidden])')) values.last = 1;
  }
  const path = `${$('a[data-row]', row).getAttribute('href')}/${verb}`;
  const send = () => window.htmx.ajax('POST', path, { source: row, target: row, swap: 'none', values });
  // The page behind the last row must not show one whose step is still on its way.
  const done = (values.last ? Promise.allSettled([...going]).then(send) : send())
    .finally(() => {
      going.delete(done);
      if (row.isConnected) row.hidden = false;
      document.dispatchEvent(new Event('jt:changed'));
    });
  going.add(done);
}

export function step(row, key) {
  if (!('acts' in row.dataset) || !Object.hasOwn(steps, key)) return false;
  take(row, ...steps[key]);
  return true;
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  if (!button || !window.htmx || !token) return;
  event.preventDefault();
  take(rowOf(button), button.dataset.act);
});

document.addEventListener('submit', (event) => {
  if (event.target.id === 'bulk') for (const dialog of $$('dialog[open]', event.target)) dialog.close();
});
