// Short messages. They go by themselves, but not while somebody points at them or is inside.
import { $ } from './dom.js';

function arm(box) {
  let timer;
  const start = () => { timer = setTimeout(() => box.remove(), Number(box.dataset.ttl)); };
  const stop = () => clearTimeout(timer);
  for (const name of ['mouseenter', 'focusin']) box.addEventListener(name, stop);
  for (const name of ['mouseleave', 'focusout']) box.addEventListener(name, () => { stop(); start(); });
  start();
}

export function toast(text, ms = 4000) {
  const box = document.createElement('div');
  box.className = 'toast';
  box.dataset.ttl = ms;
  box.textContent = text;
  $('#toasts').append(box);
}

// For scripts of single pages.
document.addEventListener('jt:toast', (event) => toast(event.detail.text, event.detail.ms));

const toasts = $('#toasts');
if (toasts) {
  // One undo at a time: what was done before the last step is taken back on its own page.
  const seen = (box) => {
    if (box.nodeType !== Node.ELEMENT_NODE || !box.dataset.ttl) return;
    if ($('[data-undo]', box)) {
      for (const old of toasts.children) if (old !== box && $('[data-undo]', old)) old.remove();
    }
    arm(box);
  };
  for (const box of toasts.children) seen(box);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(seen)))
    .observe(toasts, { childList: true });
  toasts.addEventListener('click', (event) => {
    if (event.target.closest('[data-close-toast]')) event.target.closest('.toast').remove();
  });
  // What was undone cannot be undone again.
  document.addEventListener('htmx:after:request', (event) => {
    const form = event.target?.closest?.('#toasts form');
    if (form) form.closest('.toast')?.remove();
  });
}
