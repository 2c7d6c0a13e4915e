// The charts of docs/performance.md.
import { byWorker, largestEndpoint, rowsRead } from './figures.mjs';
import { barChart, lineChart } from '../../tools/charts/svg.mjs';
import { number, times } from '../../tools/charts/table.mjs';

const pictures = { endpoint, batches, sizes, cost };
const FILES = { endpoint: 'requests', batches: 'batches', sizes: 'sizes', cost: 'rows-read' };

/** The charts that the figures suffice for, by their names. */
export function charts(figures) {
  const measured = Object.keys(pictures).filter((name) => figures[name]);
  return Object.fromEntries(measured.map((name) => [FILES[name], pictures[name](figures[name])]));
}

function endpoint(figures) {
  const { size, rows } = largestEndpoint(figures);
  const groups = rows.map((row) => {
    const { ours, hono, batch, floor } = byWorker(row);
    const bars = [hono, batch, floor].flatMap((worker, series) => {
      if (!worker) return [];
      const value = ours.rps / worker.rps;
      return { series, value, text: times(value) };
    });
    return { label: row.scenario, bars };
  });
  const described = groups.map(({ label, bars }) => `${label}: ${bars.map(({ text }) => text).join(', ')}`);
  return barChart({
    title: 'Requests a second, relative to three other Workers',
    subtitle: `${number(size)} calls. Above 1×, this Worker answers more requests a second than the other one.`,
    description: `Requests a second divided by those of Hono with zod, of TypeScript with the same batch, and of the statements alone. ${described.join('. ')}.`,
    series: ['÷ Hono and zod', '÷ TypeScript with the same batch', '÷ the statements alone (the floor)'],
    groups,
    reference: 1,
    format: (value) => `${value}×`,
  });
}

function batches({ measured }) {
  const groups = measured.groups.map(({ kind, size, senders }) => ({
    label: `${number(size)} ${kind}`,
    bars: senders.map(({ rate }, series) => ({ series, value: rate, text: number(rate) })),
  }));
  const series = measured.groups[0].senders.map(({ name }) => name);
  const described = groups.map(({ label, bars }) => `${label}: ${bars.map(({ text }, at) => `${series[at]} ${text}`).join(', ')}`);
  return barChart({
    title: 'Batches: rows a second',
    subtitle: 'A batch, beside a loop over the same rows in TypeScript, and beside a request for each row.',
    description: `Rows a second. ${described.join('. ')}.`,
    series,
    groups,
    gutter: 275,
    format: (value) => number(value),
  });
}

/** Rows of the sizes, in groups. The first ones of each group are ours. */
const GROUPS = [
  [['The Worker'], ['Hono, zod']],
  [
    ['The package, slim and its wasm', 'The package, wasm inlined'],
    ['The rules in zod', 'ajv, without a schema', 'typebox, without a schema', 'The rules in valibot'],
  ],
];

function sizes({ measured }) {
  const bytes = Object.fromEntries(measured);
  const groups = GROUPS.map((names) => ({
    bars: names.flatMap((of, place) =>
      of.map((name) => ({ label: name, series: place * 2, value: bytes[name] / 1024, text: number(bytes[name] / 1024, 1) })),
    ),
  }));
  const described = groups.flatMap(({ bars }) => bars.map(({ label, text }) => `${label}: ${text}`));
  return barChart({
    title: 'Sizes in KiB, compressed with gzip',
    subtitle: 'What is deployed, and what a page loads to validate. JavaScript is minified.',
    description: `KiB, compressed with gzip. ${described.join('. ')}.`,
    groups,
    format: (value) => number(value),
  });
}

/** A power of ten in words. */
const inWords = (value) => (value < 1_000_000 ? `${value / 1_000} thousand` : `${value / 1_000_000} million`);

function cost(figures) {
  const lines = rowsRead(figures).flatMap(({ search, least, most }, series) => {
    const [last] = most.slice(-1);
    const [low] = least.slice(-1);
    if (most.every(([, rows], at) => rows === least[at][1])) {
      return { label: `${search}: ${number(last[1])}`, series, points: most };
    }
    return [
      { label: `${search}, worst: ${number(last[1])}`, series, points: most },
      { label: `${search}, best: ${number(low[1])}`, series, points: least, dashed: true },
    ];
  });
  const described = lines.map(({ label, points }) => `${label}, from ${number(points[0][1])} in the smallest`);
  return lineChart({
    title: 'Rows read by a first report',
    subtitle: 'The worst of four kinds of networks. Where the best differs, a dotted line shows it.',
    description: `Rows read by kind of search, in the largest network: ${described.join('; ')}.`,
    lines,
    xLabel: 'calls in the network',
    yLabel: 'rows read',
    xFormat: inWords,
    yFormat: number,
  });
}
