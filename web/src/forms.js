// Forms that were refused, and forms that somebody leaves.
import { $, $$, base, token } from './dom.js';
import { toast } from './toasts.js';

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

// Nor is it by a session that ended meanwhile: the form that was sent in vain is filled in again when
// the login leads back to it. No page but that one sees it.
const KEPT = 'jt-typed';
const typedIn = (form) => [...form.elements].filter((one) => one.name && !['hidden', 'password', 'file', 'submit', 'button'].includes(one.type));
const typed = (one) => {
  if (one.type === 'select-multiple') return [...one.selectedOptions].map((option) => option.value);
  return ['checkbox', 'radio'].includes(one.type) ? one.checked : one.value;
};
function retype(one, value) {
  if (Array.isArray(value)) for (const option of one.options) option.selected = value.includes(option.value);
  else if (typeof value === 'boolean') one.checked = value;
  else one.value = value;
}
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('form[data-guarded]')) return;
  const fields = typedIn(form).map((one) => [one.name, typed(one)]);
  sessionStorage.setItem(KEPT, JSON.stringify({ at: location.pathname + location.search, to: form.getAttribute('action'), fields }));
});
function bringBack() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  sessionStorage.removeItem(KEPT);
  const loggedIn = document.referrer.startsWith(`${location.origin}${base}/login`);
  if (!kept || !loggedIn || kept.at !== location.pathname + location.search) return;
  const form = $$('form[data-guarded]').find((one) => one.getAttribute('action') === kept.to);
  const fields = form ? typedIn(form) : [];
  if (fields.map((one) => one.name).join() !== kept.fields.map(([name]) => name).join()) return;
  fields.forEach((one, index) => retype(one, kept.fields[index][1]));
  changed = form;
  fields[0]?.dispatchEvent(new Event('change', { bubbles: true }));
  toast('What you typed stands in its form again. It is not saved yet.', 12000);
}

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
// A page without a token is the login itself.
if (token) bringBack();

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
