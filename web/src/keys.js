// Single keys, and pages by two of them. Off in fields, in dialogs, with modifiers, and when
// somebody turned them off: they get in the way of speech input (WCAG 2.1.4).
import { $, remember } from './dom.js';
import { current, move, press, selectAll, toggle } from './lists.js';
import { openPalette } from './palette.js';

const keys = {
  j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
  x: toggle, '* a': () => selectAll(true), '* n': () => selectAll(false),
  '/': () => $('[data-search]')?.focus(), '?': () => $('#keys')?.showModal(),
};
for (const key of ['o', 'v', 'c', 't', 's', 'a', 'd', 'u', 'n', 'e', 'r', '[', ']', '1', '2', '3', '4', '5', '6', '7']) {
  keys[key] = () => press(key);
}
for (const link of document.querySelectorAll('a[data-go]')) {
  keys[`g ${link.dataset.go}`] = () => { location.href = link.href; };
}

const body = document.body.dataset;
$('#keys-on')?.addEventListener('change', (event) => {
  body.keys = event.target.checked ? 'on' : 'off';
  remember('jt-keys', body.keys);
});

const TYPING = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';
let prefix = '';
let forget;
document.addEventListener('keydown', (event) => {
  const command = event.metaKey || event.ctrlKey;
  if (command && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openPalette();
    return;
  }
  if (command && event.key === 'Enter') {
    const form = event.target.closest?.('form');
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.key === 'Escape' && event.target.matches?.('[data-search]')) {
    // Some browsers clear the field themselves, and some do not.
    event.target.value = '';
    event.target.dispatchEvent(new Event('input', { bubbles: true }));
    event.target.blur();
  }
  if (command || event.altKey || event.target.closest?.(TYPING) || body.keys === 'off' || $('dialog[open]')) return;
  // Arrows scroll the page until a row has the focus.
  if (event.key.startsWith('Arrow') && !current()) return;
  const name = prefix + event.key;
  clearTimeout(forget);
  prefix = '';
  if (Object.hasOwn(keys, name)) {
    event.preventDefault();
    keys[name]();
  } else if (event.key === 'g' || event.key === '*') {
    prefix = `${event.key} `;
    forget = setTimeout(() => { prefix = ''; }, 900);
  }
});

