// The story of a run: only some kinds of lines, and always the newest in sight.
import { $, $$ } from './dom.js';

const log = $('#events');
if (log) {
  let only = '';
  const apply = () => {
    const [name, value] = only.split(':');
    for (const line of log.children) line.hidden = only !== '' && line.dataset[name] !== value;
  };
  document.addEventListener('click', (event) => {
    const chip = event.target.closest('[data-show-kind]');
    if (!chip) return;
    only = chip.dataset.showKind;
    for (const one of $$('[data-show-kind]')) one.setAttribute('aria-pressed', String(one === chip));
    apply();
  });
  let atEnd = true;
  log.addEventListener('scroll', () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24; });
  new MutationObserver(() => {
    apply();
    if (atEnd) log.scrollTop = log.scrollHeight;
    document.dispatchEvent(new Event('jt:changed'));
  }).observe(log, { childList: true });
}
