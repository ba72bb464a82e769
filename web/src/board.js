// The pipeline by hand: a card that is dropped is moved at once, and put back if the server says no.
import Sortable from 'sortablejs';
import { $$, announce, token } from './dom.js';

const toast = (text) => document.dispatchEvent(new CustomEvent('jt:toast', { detail: { text, ms: 12000 } }));

for (const column of $$('[data-column]')) {
  new Sortable(column, {
    group: 'board',
    draggable: '[data-card]',
    filter: 'button, summary, input',
    preventOnFilter: false,
    animation: 120,
    delay: 150,
    delayOnTouchOnly: true,
    ghostClass: 'card-ghost',
    onEnd: async ({ item, from, to, oldDraggableIndex }) => {
      if (from === to) return;
      const status = to.dataset.column;
      const answer = await fetch(item.dataset.card, {
        method: 'POST',
        body: new URLSearchParams({ status, version: item.dataset.version }),
        headers: { 'X-CSRF-Token': token, 'HX-Request': 'true', 'HX-Request-Type': 'partial' },
      }).catch(() => null);
      if (answer?.ok) {
        document.body.dispatchEvent(new CustomEvent('jt:moved', { bubbles: true, detail: { status } }));
        announce(`Moved to ${status}`);
        return;
      }
      from.insertBefore(item, $$('[data-card]', from)[oldDraggableIndex] ?? null);
      announce('The move failed; the card is back where it was');
      toast(answer ? 'The move was refused: somebody changed this application. Load the page again.' : 'The server does not answer; the card is back where it was.');
    },
  });
}
