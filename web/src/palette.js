// Ctrl+K: a listbox in a dialog. Pages and actions are filtered here; what is stored is found by
// the server.
import { $, $$ } from './dom.js';

const dialog = $('#palette');
const text = $('#palette-text');
const shown = () => $$('[role=option]', dialog).filter((one) => !one.hidden);

export function openPalette() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  text.value = '';
  $('#palette-found')?.replaceChildren();
  filter();
  text.focus();
}

function choose(option) {
  for (const one of $$('[role=option]', dialog)) one.setAttribute('aria-selected', String(one === option));
  if (option) text.setAttribute('aria-activedescendant', option.id);
  else text.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({ block: 'nearest' });
}

// Every word has to be there, in whatever order: "search new" finds "New search".
function filter() {
  const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of $$('[data-words]', dialog)) {
    one.hidden = !wanted.every((word) => one.dataset.words.includes(word));
  }
  for (const label of $$('[data-palette-label]', dialog)) {
    label.hidden = !$$('[role=option]', label.parentElement).some((one) => !one.hidden);
  }
  settle();
}

// What somebody has chosen stays chosen when more is found; else it is the first.
function settle(kept = null) {
  const all = shown();
  $('#palette-none').hidden = all.length > 0;
  // The page behind an open dialog is not read out, so that its live region will not do.
  $('#palette-count').textContent = all.length === 1 ? '1 found' : `${all.length} found`;
  choose(all.includes(kept) ? kept : all[0] ?? null);
}

if (dialog) {
  let moved = false;
  text.addEventListener('input', () => { moved = false; filter(); });
  text.addEventListener('keydown', (event) => {
    const all = shown();
    const at = all.findIndex((one) => one.getAttribute('aria-selected') === 'true');
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, all.length - 1), PageUp: Math.max(at - 8, 0) };
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      // The key's own modifiers count: Ctrl+Enter opens another tab, as a click with Ctrl does.
      event.stopPropagation();
      const { ctrlKey, metaKey, shiftKey } = event;
      all[at]?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window, ctrlKey, metaKey, shiftKey }));
    } else if (Object.hasOwn(steps, event.key)) {
      event.preventDefault();
      moved = true;
      if (all.length) choose(all[(steps[event.key] + all.length) % all.length]);
    }
  });
  document.addEventListener('htmx:after:swap', () => {
    if (!dialog.open) return;
    settle(moved ? $('[aria-selected=true]', dialog) : null);
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-palette]')) openPalette();
  });
  // What opens another dialog, or sends a form that stays on this page, closes this one first.
  dialog.addEventListener('click', (event) => {
    if (event.target.closest('button[role=option]')) dialog.close();
  });
}
