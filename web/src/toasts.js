// Short messages. They go by themselves, but not while somebody points at them or is inside.
import { $, $$ } from './dom.js';

const KEPT = 20; // steps that can be undone
const SHOWN = 2; // of what was refused

export const newestUndo = () => $$('#toasts .toast:not([hidden]) [data-undo]').at(-1);

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
  // Where nobody points, a touch leaves its place hovered.
  const held = matchMedia('(hover: hover)').matches ? ':hover, :focus-within' : ':focus-within';
  const timers = new Map();
  const stop = (box) => { clearTimeout(timers.get(box)); timers.delete(box); };
  const start = (box) => { if (!timers.has(box)) timers.set(box, setTimeout(() => box.remove(), Number(box.dataset.ttl))); };
  const open = () => $$('.toast:not([hidden])', toasts);
  const isStep = (box) => $('[data-undo]', box);
  // Steps that can be undone wait in a pile: the newest shows, and u takes them from the top.
  const arrange = () => {
    const steps = open().filter(isStep);
    const refused = open().filter((box) => box.classList.contains('toast-wrong'));
    for (const box of [...steps.slice(0, -KEPT), ...refused.slice(0, -SHOWN)]) box.remove();
    steps.forEach((box, index) => box.toggleAttribute('data-under', index < steps.length - 1));
    const under = Math.min(steps.length, KEPT) - 1;
    const note = $('#waiting');
    note.hidden = under < 1;
    note.textContent = `and ${under} more to undo`;
    for (const box of timers.keys()) if (!box.isConnected) stop(box);
    open().forEach(toasts.matches(held) ? stop : start);
  };
  // A pile stays as long as its newest step.
  const renew = () => open().filter(isStep).forEach(stop);
  const seen = (box) => {
    if (box.nodeType !== Node.ELEMENT_NODE || !box.dataset.ttl) return;
    if (isStep(box)) renew();
    // What only tells makes room for what tells of something newer.
    for (const old of open()) if (old !== box && !old.classList.contains('toast-wrong') && !isStep(old)) old.remove();
    // Only what is new is read out, not what it stands beside.
    if (!box.matches('[role]')) $('#told').textContent = `${($('span', box) ?? box).textContent}${isStep(box) ? ' It can be undone.' : ''}`;
  };
  for (const box of toasts.children) seen(box);
  arrange();
  new MutationObserver((changes) => {
    changes.forEach((change) => change.addedNodes.forEach(seen));
    arrange();
  }).observe(toasts, { childList: true });
  for (const name of ['mouseenter', 'mouseleave', 'focusin', 'focusout']) toasts.addEventListener(name, arrange);
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
    renew();
    // It is no undo any more, for keys and for the pile; its form lives until it is answered.
    box.hidden = true;
    waiting.push(button.form);
    arrange();
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
