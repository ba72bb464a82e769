export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const base = document.body.dataset.base ?? '';
export const token = $('meta[name=csrf]')?.content ?? '';

// A choice of this device: kept for a year, read by the server and by the next page.
export function remember(name, value) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${name}=${encodeURIComponent(value)}; path=${base || '/'}; max-age=31536000; samesite=lax${secure}`;
}

// Told to who cannot see what moved.
export function announce(text) {
  $('#live').textContent = text;
}
