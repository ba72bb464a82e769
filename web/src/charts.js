// Lines over time, on the page about performance alone.
import uPlot from 'uplot';
import { $$ } from './dom.js';

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const lines = [
  { stroke: () => colour('--accent'), width: 2 },
  { stroke: () => colour('--s-interviewing'), width: 2, dash: [4, 3] },
  { stroke: () => colour('--s-offer'), width: 2, dash: [1, 3] },
];
const axis = () => ({ stroke: () => colour('--muted'), grid: { stroke: () => colour('--line'), width: 1 }, ticks: { stroke: () => colour('--line') } });

// The table beside each chart holds the same numbers: it is what programs and screen readers get.
for (const place of $$('[data-chart]')) {
  const { labels, series } = JSON.parse(place.dataset.chart);
  const size = () => ({ width: place.clientWidth, height: 240 });
  const chart = new uPlot({
    ...size(),
    axes: [axis(), axis()],
    series: [{}, ...labels.map((label, at) => ({ label, ...lines[at % lines.length] }))],
  }, series, place);
  new ResizeObserver(() => chart.setSize(size())).observe(place);
}
