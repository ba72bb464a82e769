// The board by hand: a card that is dropped, or sent by its menu or a key, is moved at once, and
// put back if the server says no.
import Sortable from 'sortablejs';
import { $, $$, announce, token } from './dom.js';

const column = (status) => $(`[data-column="${status}"]`);
const tell = (text) => document.dispatchEvent(new CustomEvent('jt:toast', { detail: { text, ms: 12000 } }));

function count(status, step) {
  const shown = $(`[data-count-of="${status}"]`);
  const number = Number(shown.textContent.replaceAll(',', '')) + step;
  shown.textContent = number.toLocaleString('en');
}

function parse(text) {
  return new DOMParser().parseFromString(text, 'text/html');
}

function reason(answer, text) {
  if (!answer) return 'The server does not answer; the card is back where it was.';
  const said = $$('[role=alert] :is(h2, p), [role=alert] > span', parse(text)).map((part) => part.textContent.trim());
  return said.join(': ') || `The server answered ${answer.status}; the card is back where it was.`;
}

// The card stands in its new column already; `home` puts it back.
async function send(card, from, to, home) {
  const focused = card.contains(document.activeElement);
  card.setAttribute('aria-busy', 'true');
  count(from, -1);
  count(to, 1);
  const answer = await fetch(card.dataset.card, {
    method: 'POST',
    body: new URLSearchParams({ status: to, version: card.dataset.version, card: '1', back: location.pathname + location.search }),
    headers: { 'X-CSRF-Token': token, 'HX-Request': 'true', 'HX-Request-Type': 'partial', Accept: 'text/html' },
  }).catch(() => null);
  const text = answer ? await answer.text().catch(() => '') : '';
  const parts = answer?.ok ? parse(text) : null;
  const fresh = parts && $('[data-part=card] [data-card]', parts);
  if (!fresh) {
    home();
    count(from, 1);
    count(to, -1);
    card.removeAttribute('aria-busy');
    announce('The move failed; the card is back where it was');
    // A session that ended is answered with where to log in.
    const place = answer?.headers.get('HX-Redirect');
    if (place) location.href = place;
    else tell(reason(answer, text));
    return;
  }
  card.replaceWith(fresh);
  const message = $('[data-part=toast] .toast', parts);
  if (message) {
    $('#toasts').append(message);
    window.htmx?.process(message);
  }
  if (focused || document.activeElement === document.body) $('[data-row]', fresh)?.focus({ preventScroll: true });
  announce(`Moved to ${to}`);
  document.dispatchEvent(new Event('jt:changed'));
}

for (const list of $$('[data-column]')) {
  new Sortable(list, {
    group: 'board',
    draggable: '[data-card]',
    filter: 'button, summary, input',
    preventOnFilter: false,
    animation: window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 120,
    delay: 150,
    delayOnTouchOnly: true,
    ghostClass: 'card-ghost',
    // By pointer, not by the browser's own dragging: that differs from one browser to another.
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 4,
    onEnd: ({ item, from, to, oldDraggableIndex }) => {
      if (from === to) return;
      const home = () => from.insertBefore(item, $$('[data-card]', from)[oldDraggableIndex] ?? null);
      send(item, from.dataset.column, to.dataset.column, home);
    },
  });
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-stage-form]')) return;
  const card = event.target.closest('[data-card]');
  const to = event.submitter?.value;
  if (!card || !to) return;
  event.preventDefault();
  const from = card.dataset.status;
  event.target.closest('details').open = false;
  if (from === to || card.hasAttribute('aria-busy')) return;
  const next = card.nextElementSibling;
  const list = card.parentElement;
  column(to).prepend(card);
  $('[data-row]', card).focus({ preventScroll: true });
  send(card, from, to, () => list.insertBefore(card, next));
});
