// Forms that were refused, and forms that somebody leaves.
import { $, $$ } from './dom.js';

// The first field that is wrong.
$('[aria-invalid=true]')?.focus();

// What was typed is not lost by a slip: the browser asks before it leaves.
let changed = null;
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-guarded]');
  if (form) changed = form;
});
document.addEventListener('submit', (event) => {
  if (event.target === changed) changed = null;
});
window.addEventListener('beforeunload', (event) => {
  if (changed?.isConnected) event.preventDefault();
});

// Filters: a choice is made at once.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

// Parts that belong to one choice: shown with data-if="name=value".
function conditions(root = document) {
  for (const part of $$('[data-if]', root)) {
    const [name, value] = part.dataset.if.split('=');
    const field = $$(`[name="${CSS.escape(name)}"]`, part.closest('form')).find((one) => one.type !== 'radio' || one.checked);
    part.hidden = field?.value !== value;
    for (const one of $$('input, select, textarea', part)) one.disabled = part.hidden;
  }
}
document.addEventListener('change', () => conditions());
document.addEventListener('htmx:after:swap', () => conditions());
conditions();

// A choice that fills in a field: data-fill names it.
document.addEventListener('click', (event) => {
  const choice = event.target.closest('[data-fill]');
  if (choice) {
    const field = $(`[name="${CSS.escape(choice.dataset.fill)}"]`, choice.closest('form'));
    field.value = choice.dataset.value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    return;
  }
  // A secret, as it is typed; what is stored never comes here.
  const reveal = event.target.closest('[data-reveal]');
  if (!reveal) return;
  const field = document.getElementById(reveal.dataset.reveal);
  field.type = field.type === 'password' ? 'text' : 'password';
  reveal.setAttribute('aria-pressed', String(field.type === 'text'));
});
