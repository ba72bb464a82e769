// All behaviour of the pages. The Content-Security-Policy allows no code elsewhere, so everything
// hangs on data-* attributes through listeners on the document.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- short messages, held while somebody points at them
function toast(text, ms = 4000) {
  const box = document.createElement('div');
  box.className = 'toast';
  box.textContent = text;
  let timer;
  const arm = () => { timer = setTimeout(() => box.remove(), ms); };
  box.addEventListener('mouseenter', () => clearTimeout(timer));
  box.addEventListener('mouseleave', arm);
  arm();
  $('#toasts').append(box);
}

// ---- copying; browsers give no clipboard to pages that came over plain HTTP from another machine
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
  } else {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'sr-only';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) throw new Error('the browser refused');
  }
}

document.addEventListener('click', (event) => {
  const source = event.target.closest('[data-copy]');
  if (source) {
    copy(source.dataset.copy).then(
      () => toast(`Copied: ${source.dataset.copy}`),
      () => toast(`This browser does not let pages copy. Select it here: ${source.dataset.copy}`, 12000),
    );
    return;
  }
  const opener = event.target.closest('[data-dialog]');
  if (opener) $(`#${opener.dataset.dialog}`).showModal();
  if (event.target.matches('dialog')) event.target.close();
});

// ---- times: the exact one in the reader's own zone
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
function localise(root = document) {
  for (const time of $$('time[datetime*="T"]', root)) time.title = exact.format(new Date(time.dateTime));
}

// ---- the list's cursor is the focus: Enter and everything else then works as in any page
const rows = () => $$('a[data-row]');
function move(step) {
  const all = rows();
  const at = all.findIndex((link) => link.closest('tr').contains(document.activeElement));
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus({ preventScroll: true });
  next?.closest('tr').scrollIntoView({ block: 'nearest' });
}
function press(key) {
  const row = document.activeElement?.closest('tr');
  const target = (row && $(`[data-key="${key}"]`, row)) ?? $(`[data-key="${key}"]:not(tr *)`);
  target?.click();
}

const keys = {
  j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
  '/': () => $('#q')?.focus(), '?': () => $('#keys')?.showModal(), 'g j': () => press('g j'),
};
for (const key of ['o', 'v', 'c', 't', '[', ']']) keys[key] = () => press(key);

// Single keys get in the way of speech input, so they can be turned off (WCAG 2.1.4).
const keysOff = () => localStorage.getItem('jt-keys') === 'off';
const keySwitch = $('#keys-on');
if (keySwitch) {
  keySwitch.checked = !keysOff();
  keySwitch.addEventListener('change', () => localStorage.setItem('jt-keys', keySwitch.checked ? 'on' : 'off'));
}

let prefix = '';
let forget;
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]');
  if (event.key === 'Escape' && event.target.id === 'q') {
    // Some browsers clear the field themselves, and some do not.
    event.target.value = '';
    event.target.dispatchEvent(new Event('input', { bubbles: true }));
    event.target.blur();
  }
  if (typing || event.metaKey || event.ctrlKey || event.altKey || keysOff() || $('dialog[open]')) return;
  const arrow = event.key.startsWith('Arrow');
  if (arrow && !document.activeElement?.closest('tr')) return; // they scroll the page until a row has the focus
  const name = prefix + event.key;
  clearTimeout(forget);
  prefix = '';
  if (keys[name]) {
    event.preventDefault();
    keys[name]();
  } else if (event.key === 'g') {
    prefix = 'g ';
    forget = setTimeout(() => { prefix = ''; }, 900);
  }
});

// ---- forms and live parts
document.addEventListener('submit', (event) => {
  // The address may have moved on since the page was made.
  const back = $('[name=back]', event.target);
  if (back) back.value = location.pathname + location.search;
});
document.addEventListener('htmx:after:swap', () => localise());
document.addEventListener('htmx:error', () => toast('The server does not answer. Is it still running?', 12000));
localise();
