// Short messages. They go by themselves, but not while somebody points at them or is inside.
import { $ } from './dom.js';

const MOST = 20;

export const newestUndo = () => [...document.querySelectorAll('#toasts .toast:not([hidden]) [data-undo]')].at(-1);

// What a step was refused with, where nothing on the page shows it; a server that says where its
// answer belongs is followed.
document.addEventListener('htmx:response:error', (event) => {
  const { ctx } = event.detail;
  if (ctx.swap !== 'none' || ctx.hx?.reswap) return;
  ctx.status = 'told';
  const said = new DOMParser().parseFromString(ctx.text, 'text/html');
  const parts = [...said.querySelectorAll('[role=alert] :is(h2, p)')].map((part) => part.textContent);
  toast(parts.join(': ') || `The server answered ${ctx.response.status}.`, 12000, 'toast-wrong');
});

function arm(box) {
  let timer;
  const start = () => { timer = setTimeout(() => box.remove(), Number(box.dataset.ttl)); };
  const stop = () => clearTimeout(timer);
  for (const name of ['mouseenter', 'focusin']) box.addEventListener(name, stop);
  for (const name of ['mouseleave', 'focusout']) box.addEventListener(name, () => { stop(); start(); });
  start();
}

export function toast(text, ms = 4000, look = '') {
  const box = document.createElement('div');
  box.className = `toast ${look}`;
  box.dataset.ttl = ms;
  box.textContent = text;
  $('#toasts').append(box);
}

// For scripts of single pages.
document.addEventListener('jt:toast', (event) => toast(event.detail.text, event.detail.ms));

const toasts = $('#toasts');
if (toasts) {
  const seen = (box) => {
    if (box.nodeType !== Node.ELEMENT_NODE || !box.dataset.ttl) return;
    arm(box);
    // What only tells makes room for what tells of something newer.
    for (const old of [...toasts.children]) {
      if (old !== box && !old.classList.contains('toast-wrong') && !$('[data-undo]', old)) old.remove();
    }
    // Steps that can be undone wait in a pile: the newest shows, and u takes them from the top.
    const pile = [...toasts.children].filter((one) => $('[data-undo]', one));
    pile.forEach((one, index) => one.toggleAttribute('data-under', index < pile.length - 1));
    for (const one of pile.slice(0, -MOST)) one.remove();
  };
  for (const box of toasts.children) seen(box);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(seen)))
    .observe(toasts, { childList: true });
  const uncover = () => newestUndo()?.closest('.toast').removeAttribute('data-under');
  new MutationObserver(uncover).observe(toasts, { childList: true });
  toasts.addEventListener('click', (event) => {
    if (event.target.closest('[data-close-toast]')) event.target.closest('.toast').remove();
  });
  // One undo after the other: each is for what the one before it left.
  let going = null;
  const waiting = [];
  const next = () => {
    going = waiting.shift() ?? null;
    if (going) going.requestSubmit();
  };
  toasts.addEventListener('click', (event) => {
    const button = event.target.closest('[data-undo]');
    if (!button || !window.htmx) return;
    event.preventDefault();
    const box = button.closest('.toast');
    if (box.hidden) return;
    // It is no undo any more, for keys and for the pile; its form lives until it is answered.
    box.hidden = true;
    waiting.push(button.form);
    uncover();
    if (!going) next();
  });
  document.addEventListener('htmx:finally:request', (event) => {
    const form = event.detail.ctx.sourceElement;
    if (!form.matches?.('#toasts form')) return;
    form.closest('.toast').remove();
    if (form === going) next();
  });
  // An undo gave a thing another version: the steps before it are taken back from that one.
  document.addEventListener('jt:undone', (event) => {
    const { application, before, now } = event.detail;
    for (const form of toasts.querySelectorAll('form')) {
      const version = $('[name=version]', form);
      if (now && $('[name=application]', form)?.value === `${application}` && version?.value === `${before}`) version.value = now;
    }
  });
}
