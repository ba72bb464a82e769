import { toast } from './toasts.js';

// Browsers give no clipboard to pages that came over plain HTTP from another machine.
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'sr-only';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser refused');
}

document.addEventListener('click', (event) => {
  const source = event.target.closest('[data-copy]');
  if (!source) return;
  const text = source.dataset.copy;
  copy(text).then(
    () => toast(`Copied: ${text.length > 120 ? `${text.slice(0, 120)}…` : text}`),
    () => toast(`This browser does not let pages copy. Select it here: ${text}`, 12000),
  );
});
