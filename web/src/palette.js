// Ctrl+K: a listbox in a dialog. Pages are filtered here; jobs and companies come from the server.
import { $, $$, announce } from './dom.js';

const dialog = $('#palette');
const text = $('#palette-text');
const shown = () => $$('[role=option]', dialog).filter((one) => !one.hidden);

export function openPalette() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  text.value = '';
  $('#palette-found').replaceChildren();
  filter();
  text.focus();
}

function choose(option) {
  for (const one of $$('[role=option]', dialog)) one.setAttribute('aria-selected', String(one === option));
  if (option) text.setAttribute('aria-activedescendant', option.id);
  else text.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({ block: 'nearest' });
}

function filter() {
  const wanted = text.value.trim().toLowerCase();
  for (const one of $$('[data-words]', dialog)) one.hidden = !one.dataset.words.includes(wanted);
  settle();
}

function settle() {
  const all = shown();
  $('#palette-none').hidden = all.length > 0;
  choose(all[0] ?? null);
}

if (dialog) {
  text.addEventListener('input', filter);
  text.addEventListener('keydown', (event) => {
    const all = shown();
    const at = all.findIndex((one) => one.getAttribute('aria-selected') === 'true');
    if (event.key === 'Enter') {
      event.preventDefault();
      all[at]?.click();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (all.length) choose(all[(at + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length]);
    }
  });
  document.addEventListener('htmx:after:swap', () => {
    if (!dialog.open) return;
    settle();
    announce(`${shown().length} found`);
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-palette]')) openPalette();
  });
}
