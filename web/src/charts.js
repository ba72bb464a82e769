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

// The table below each chart holds the same numbers: it is what programs and screen readers get.
for (const place of $$('[data-chart]')) {
  const { labels, days, series } = JSON.parse(place.dataset.chart);
  const times = days.map((day) => Date.parse(`${day}T12:00:00`) / 1000);
  const size = () => ({ width: place.clientWidth, height: 220 });
  const chart = new uPlot({
    ...size(),
    axes: [axis(), { ...axis(), size: 56 }],
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.05] } },
    cursor: { drag: { x: false, y: false } },
    series: [{ label: 'Day', value: (_, at) => (at === null ? '' : new Date(at * 1000).toLocaleDateString()) },
      ...labels.map((label, at) => ({ label, spanGaps: true, points: { show: days.length < 15 }, ...lines[at % lines.length] }))],
  }, [times, ...series], place);
  new ResizeObserver(() => {
    if (place.clientWidth !== chart.width) chart.setSize(size());
  }).observe(place);
}
