// Lists with rows: the cursor is the focus, so that Enter and everything else works as in any page.
import { $, $$, announce } from './dom.js';
import { newestUndo } from './toasts.js';
import { step } from './triage.js';

const rows = () => $$('a[data-row]').filter((link) => !rowOf(link).hidden);
export const rowOf = (element) => element?.closest?.('[data-item]') ?? element?.closest?.('tr, li');

export const current = () => {
  const row = rowOf(document.activeElement);
  return row && $('a[data-row]', row) ? row : null;
};

export function move(step, from = document.activeElement) {
  const all = rows();
  const at = all.findIndex((link) => rowOf(link).contains(from));
  let next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  // From the last row on, there is only the way back.
  if (next && from !== document.activeElement && rowOf(next) === from) next = all[at - 1];
  next?.focus({ preventScroll: true });
  if (next) rowOf(next).scrollIntoView({ block: 'nearest' });
}

// Where a row has no menu of stages, one form serves them all; the page that follows comes back to
// the row.
function setStage(row, key) {
  const form = row.dataset.stages && $('#stages');
  const button = form && $(`button:nth-of-type(${Number(key) || 0})`, form);
  if (!button) return false;
  form.action = row.dataset.stages;
  form.elements.version.value = row.dataset.version;
  form.elements.back.value = `#${row.id}`;
  form.requestSubmit(button);
  return true;
}
// Who opens a row and comes back goes on there: at the row, and in the list as it was.
const OPENED = 'jt-opened';
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-row]');
  if (link) sessionStorage.setItem(OPENED, JSON.stringify({ at: here(), href: link.getAttribute('href') }));
});
const here = () => location.pathname + location.search;
// Going to a fragment takes the focus away, so this comes after it.
addEventListener('load', () => {
  const row = document.getElementById(location.hash.slice(1));
  const opened = JSON.parse(sessionStorage.getItem(OPENED) ?? '{}');
  const back = $('a[data-list]');
  if (back && back.pathname === opened.at?.split('?')[0]) back.href = opened.at;
  if (opened.at === here()) sessionStorage.removeItem(OPENED);
  const link = row ? $('a[data-row]', row) : opened.at === here() && $$('a[data-row]').find((one) => one.getAttribute('href') === opened.href);
  if (link) link.focus({ preventScroll: true });
  if (link) rowOf(link).scrollIntoView({ block: 'nearest' });
});

// What a key means: in the row that has the focus if there is one, else anywhere outside of rows.
export function press(key) {
  const row = current();
  if (row && (step(row, key) || setStage(row, key))) return;
  const name = CSS.escape(key);
  // Of messages the newest is undone first.
  const outside = key === 'u' ? newestUndo() : $$(`[data-key="${name}"]`).find((one) => !$('a[data-row]', rowOf(one) ?? one));
  const target = (row && $(`[data-key="${name}"]`, row)) ?? outside;
  target?.click();
  // What unfolds is there to be filled in.
  if (target?.matches('summary') && target.parentElement.open) $('select, input:not([type=hidden])', target.parentElement)?.focus();
}

// A row that was replaced keeps the focus; that of one that went goes to the one after it. What was
// selected stays so.
let lost = -1;
let name = '';
let chosen = [];
let bulky = false;
document.addEventListener('htmx:before:swap', () => {
  // A step with all that are selected takes them, and what it was pressed in, away.
  bulky = Boolean(document.activeElement?.closest('#bulk'));
  const from = bulky ? $('input[data-select]:checked') : document.activeElement;
  lost = rows().findIndex((link) => rowOf(link).contains(from));
  name = current()?.id ?? '';
  chosen = $$('input[data-select]:checked').map((box) => box.value);
});
document.addEventListener('htmx:after:swap', () => {
  for (const box of $$('input[data-select]')) if (chosen.includes(box.value)) box.checked = true;
  const gone = bulky ? !$('input[data-select]:checked') : [document.body, null].includes(document.activeElement);
  if (lost < 0 || !gone) return;
  const all = rows();
  const same = name && $(`#${CSS.escape(name)} a[data-row]`);
  (same || all[Math.min(lost, all.length - 1)])?.focus({ preventScroll: true });
});

// How far the page goes, once rows have left it one by one.
function recount() {
  const shown = $$('[data-triage] tbody tr:not([hidden])').length;
  for (const end of shown ? $$('[data-first]') : []) end.textContent = (Number(end.dataset.first) + shown - 1).toLocaleString('en');
}
document.addEventListener('jt:changed', recount);
document.addEventListener('htmx:after:swap', recount);

// ---- rows that are selected: boxes named by data-select, counted in #bulk
const boxes = () => $$('input[data-select]');
let last = null;
let told = 0;

export function selectAll(on) {
  for (const box of boxes()) box.checked = on;
  count();
}

export function toggle() {
  const box = current() && $('input[data-select]', current());
  if (!box) return;
  box.checked = !box.checked;
  last = box;
  count();
}

function count() {
  const bulk = $('#bulk');
  if (!bulk) return;
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  for (const box of all) rowOf(box).toggleAttribute('data-selected', box.checked);
  const whole = $('[data-select-page]');
  if (whole) {
    whole.checked = chosen.length > 0 && chosen.length === all.length;
    whole.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  bulk.hidden = chosen.length === 0;
  $('[data-bulk-count]', bulk).textContent = chosen.length;
  const ids = $('[name=ids]', bulk);
  if (ids) ids.value = chosen.map((box) => box.value).join(',');
  // All that match, not only these, can be meant where the whole page is chosen.
  const beyond = $('[data-bulk-beyond]', bulk);
  if (beyond) {
    beyond.hidden = !(all.length && chosen.length === all.length);
    if (beyond.hidden) for (const box of $$('input', beyond)) box.checked = false;
  }
  if (chosen.length !== told) announce(chosen.length ? `${chosen.length} selected` : 'None selected');
  told = chosen.length;
}

document.addEventListener('click', (event) => {
  const box = event.target.closest('input[data-select]');
  if (box) {
    if (event.shiftKey && last?.isConnected) {
      const all = boxes();
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    count();
    return;
  }
  const whole = event.target.closest('[data-select-page]');
  if (whole) selectAll(whole.checked);
  if (event.target.closest('[data-select-none]')) selectAll(false);
});
document.addEventListener('htmx:after:swap', count);
if ($('#bulk')) count();
