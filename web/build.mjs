// Builds what the wheel ships, the same bytes on every machine: versions from package-lock.json,
// files in a fixed order, no dates. Run it with `make assets`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const OUT = '../jobtracker_core/web/static';
const FONTS = { 'inter-latin': 'latin', 'inter-latin-ext': 'latin-ext' };
const out = (...parts) => join(OUT, ...parts);
const installed = (path) => join('node_modules', path);
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

rmSync(OUT, { recursive: true, force: true });
mkdirSync(out('fonts'), { recursive: true });

for (const [name, subset] of Object.entries(FONTS)) {
  copyFileSync(
    installed(`@fontsource-variable/inter/files/inter-${subset}-wght-normal.woff2`),
    out('fonts', `${name}.woff2`),
  );
}
copyFileSync('favicon.svg', out('favicon.svg'));

// Fonts are named with their hash, so that a browser may keep them for ever.
execFileSync(installed('.bin/tailwindcss'), ['-i', 'src/app.css', '-o', out('app.css'), '--minify'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const css = readFileSync(out('app.css'), 'utf8').replace(
  /url\((["']?)\.?\/?(fonts\/[a-z-]+\.woff2)\1\)/g,
  (_, quote, path) => `url(${quote}${path}?v=${sha256(out(path)).slice(0, 10)}${quote})`,
);
writeFileSync(out('app.css'), css);

// One script for all pages, and one each for the board and for charts.
await build({
  entryPoints: ['src/app.js', 'src/board.js', 'src/charts.js'],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'error',
});
copyFileSync(installed('uplot/dist/uPlot.min.css'), out('charts.css'));
// On the pages of runs htmx has its extension for server-sent events, in the same script: it begins
// as soon as a script has run, and would know nothing of one that comes in the next.
const scripts = { 'htmx.js': ['htmx.min.js'], 'htmx-sse.js': ['htmx.min.js', 'ext/hx-sse.min.js'] };
for (const [name, paths] of Object.entries(scripts)) {
  const parts = paths.map((path) => readFileSync(installed(`htmx.org/dist/${path}`), 'utf8'));
  writeFileSync(out(name), parts.map((part) => part.replace(/\n?\/\/# sourceMappingURL=.*$/m, '')).join(';\n'));
}

const symbols = readFileSync('icons.txt', 'utf8').split(/\s+/).filter(Boolean).sort().map((name) => {
  const svg = readFileSync(installed(`lucide-static/icons/${name}.svg`), 'utf8');
  const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'));
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"`
    + ` stroke-linecap="round" stroke-linejoin="round">${inner.replace(/\s+/g, ' ').trim()}</symbol>`;
});
writeFileSync(out('icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`);

// Whose work the files hold; their licences ask for these texts.
const notices = {
  'htmx.js and htmx-sse.js (htmx)': 'htmx.org/LICENSE',
  'board.js (SortableJS)': 'sortablejs/LICENSE',
  'charts.js and charts.css (uPlot)': 'uplot/LICENSE',
  'icons.svg (Lucide)': 'lucide-static/LICENSE',
  'fonts (Inter)': '@fontsource-variable/inter/LICENSE',
  'app.css (Tailwind CSS)': 'tailwindcss/LICENSE',
};
writeFileSync(
  out('LICENSES.txt'),
  Object.entries(notices)
    .map(([what, path]) => `== ${what}\n\n${readFileSync(installed(path), 'utf8').replace(/\r/g, '').trim()}\n`)
    .join('\n'),
);

const files = readdirSync(OUT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(OUT.length + 1))
  .sort();
writeFileSync(out('SHA256SUMS'), files.map((path) => `${sha256(out(path))}  ${path}\n`).join(''));
