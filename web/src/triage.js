// Steps with the job whose row has the focus. The server answers with the row as it is then, or
// takes it away; what it refuses is told, and the row comes back.
import { $, $$, token } from './dom.js';
import { move, rowOf } from './lists.js';

const stages = ['draft', 'applied', 'interviewing', 'offer', 'accepted', 'rejected', 'withdrawn'];
const steps = { s: ['save'], a: ['stage', { status: 'applied' }], d: ['dismiss'] };
stages.forEach((status, index) => { steps[index + 1] = ['stage', { status }]; });

function take(row, verb, values = {}) {
  if (row.hidden) return;
  const leaves = row.closest('[data-triage]')?.dataset.leave === verb;
  if (leaves) {
    // The next one is looked at while this one goes.
    if (row.contains(document.activeElement)) move(1, row);
    row.hidden = true;
  }
  const path = `${row.dataset.acts ?? row.dataset.restores}/${verb}`;
  window.htmx.ajax('POST', path, { source: row, target: row, swap: 'none', values, row })
    .finally(() => { if (row.isConnected) row.hidden = false; });
}

export function step(row, key) {
  if (!row.dataset.acts || !Object.hasOwn(steps, key)) return false;
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

// When the last row is gone, the page behind it is shown.
document.addEventListener('htmx:finally:request', (event) => {
  const row = event.detail.ctx.row;
  if (!row) return;
  document.dispatchEvent(new Event('jt:changed'));
  const table = $('[data-triage]');
  if (table && !$('tbody tr', table)) window.htmx.ajax('GET', location.href, { target: '#list' });
});
