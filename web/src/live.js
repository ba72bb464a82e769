// What changes by itself: times, counts in the rail, the zone of this device.
import { $, $$, remember, token } from './dom.js';
import { toast } from './toasts.js';

const body = document.body.dataset;

// ---- the zone: pages are made in it, so the server has to know it
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (here && !('zoneChosen' in body) && body.zone !== undefined && body.zone !== here) {
  remember('jt-zone', `auto:${here}`);
  body.zone = here;
}

// ---- times: the exact one, in words of the reader's language
let exact;
try {
  exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short', timeZone: body.zone || undefined });
} catch {
  exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
}
function localise() {
  for (const time of $$('time[datetime*="T"]')) time.title = exact.format(new Date(time.dateTime));
}
document.addEventListener('htmx:after:swap', localise);
localise();

// ---- counts beside the pages' names; asked for again as long as somebody looks
const rail = $('[data-counts]');
let asking;
async function recount() {
  if (document.hidden) return;
  const answer = await fetch(rail.dataset.counts, { headers: { Accept: 'application/json' } }).catch(() => null);
  if (answer?.redirected) clearInterval(asking); // logged out: the next step leads to the login
  if (!answer?.ok || answer.redirected) return; // the next round tells, and every page that is asked for
  const counts = await answer.json();
  for (const badge of $$('[data-count]')) {
    const count = counts[badge.dataset.count];
    badge.hidden = !count;
    if (!count || badge.title === count.words) continue;
    const seen = document.createElement('span');
    seen.ariaHidden = 'true';
    seen.textContent = count.text;
    const told = document.createElement('span');
    told.className = 'sr-only';
    told.textContent = `, ${count.words}`;
    badge.replaceChildren(seen, told);
    badge.title = count.words;
  }
}
if (rail && token) {
  recount();
  asking = setInterval(recount, 10000);
  document.addEventListener('visibilitychange', recount);
  document.addEventListener('jt:changed', recount);
}

// ---- every change says where it comes from
document.addEventListener('htmx:config:request', (event) => {
  const { request, sourceEvent } = event.detail.ctx;
  if (sourceEvent?.type === 'input') request.headers['X-Typing'] = '1';
  if (token && !['GET', 'HEAD'].includes(request.method.toUpperCase())) request.headers['X-CSRF-Token'] = token;
});
document.addEventListener('submit', (event) => {
  // The address may have moved on since the page was made.
  const back = $('[name=back]', event.target);
  // A fragment is the row to come back to.
  if (back) back.value = location.pathname + location.search + (/#.+/.exec(back.value) ?? '');
}, true); // before a form is read to be sent
document.addEventListener('htmx:error', () => toast('The server does not answer. Is it still running?', 12000));

