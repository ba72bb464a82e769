// Dialogs, menus, and what asks before it acts.
import { $, $$ } from './dom.js';

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-dialog]');
  if (opener) {
    opener.closest('details.menu')?.removeAttribute('open');
    $(`#${opener.dataset.dialog}`).showModal();
    return;
  }
  if (event.target.closest('[data-close]')) event.target.closest('dialog').close();
  // The click is on the backdrop.
  if (event.target.matches('dialog')) event.target.close();
  for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = event.target.closest?.('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  $('summary', menu).focus();
});

// What cannot be taken back wants its name typed.
document.addEventListener('input', (event) => {
  const wanted = event.target.dataset?.mustEqual;
  if (wanted !== undefined) {
    event.target.setCustomValidity(event.target.value.trim() === wanted ? '' : `Type ${wanted}`);
  }
});
