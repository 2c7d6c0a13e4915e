// Bar and line charts as SVG. Both colour schemes are in the file, and no font or script is loaded. Equal figures give equal
// files.

const WIDTH = 760;
const PADDING = 20;
/** By series: a colour on white and one on black, distinct for colour-blind readers too. */
const COLOURS = [
  ['#1f6feb', '#58a6ff'],
  ['#bc4c00', '#f0883e'],
  ['#6e7781', '#8b949e'],
  ['#8250df', '#bc8cff'],
  ['#1a7f37', '#3fb950'],
];

const escape = (text) => `${text}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const round = (value) => Number(value.toFixed(1));

function style() {
  const scheme = (at, [background, text, faint, grid]) => `
    .background { fill: ${background}; stroke: ${grid} }
    text { fill: ${text} }
    .faint { fill: ${faint} }
    .value { stroke: ${background} }
    .grid { stroke: ${grid} }
    .reference { stroke: ${text} }
    ${COLOURS.map((pair, series) => `.bar${series} { fill: ${pair[at]} } .line${series} { stroke: ${pair[at]} }`).join('\n    ')}`;
  return `<style>
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif }
    .title { font-size: 16px; font-weight: 600 }
    .small { font-size: 12px }
    .value { font-size: 12px; paint-order: stroke; stroke-width: 4px; stroke-linejoin: round }
    .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
    .dashed { stroke-dasharray: 2 5; stroke-linecap: round }
    ${scheme(0, ['#ffffff', '#1f2328', '#59636e', '#d1d9e0'])}
    @media (prefers-color-scheme: dark) {${scheme(1, ['#0d1117', '#f0f6fc', '#9198a1', '#3d444d'])}
    }
  </style>`;
}

const text = (x, y, content, attributes = '') => `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(content)}</text>`;
const line = (x1, y1, x2, y2, attributes) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${attributes}/>`;

function picture({ title, description, subtitle }, height, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${round(height)}" width="${WIDTH}" height="${round(height)}" role="img" aria-labelledby="title description">
  <title id="title">${escape(title)}</title>
  <desc id="description">${escape(description)}</desc>
  ${style()}
  <rect class="background" x="0.5" y="0.5" width="${WIDTH - 1}" height="${round(height - 1)}" rx="8"/>
  ${[text(PADDING, 32, title, 'class="title"'), text(PADDING, 53, subtitle, 'class="faint"'), ...parts].join('\n  ')}
</svg>
`;
}

/** Three to six round numbers from 0 to at least `max`. */
function ticks(max) {
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [0.2, 0.25, 0.5, 1, 2].map((factor) => factor * power).find((step) => max / step <= 5);
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, at) => Number((at * step).toFixed(6)));
}

/**
 * A chart of horizontal bars. Each of `groups` has a `label` and `bars`, of which each has the place of its series, a `value`
 * and a `text`, and a `label` where the group has none. `reference` is a value with a line through all groups.
 */
export function barChart({ groups, series = [], reference, format = String, gutter = 235, ...about }) {
  const [barHeight, barGap, groupGap] = [15, 3, 13];
  const scaleTicks = ticks(Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value))));
  const left = PADDING + gutter;
  const right = WIDTH - PADDING - 62;
  const x = (value) => left + ((right - left) * value) / scaleTicks.at(-1);
  const parts = [];
  let y = 76;
  if (series.length > 0) {
    let at = PADDING;
    for (const [place, name] of series.entries()) {
      parts.push(`<rect class="bar${place}" x="${at}" y="${y - 10}" width="12" height="12" rx="2"/>`, text(at + 18, y, name));
      at += 18 + name.length * 7 + 22;
    }
    y += 24;
  }
  const top = y - 4;
  const bars = [];
  const values = [];
  for (const { label, bars: ofGroup } of groups) {
    const height = ofGroup.length * (barHeight + barGap) - barGap;
    if (label) bars.push(text(left - 10, y + height / 2 + 4.5, label, 'text-anchor="end"'));
    for (const { series: place, value, text: shown, label: own } of ofGroup) {
      if (own) bars.push(text(left - 10, y + barHeight - 3, own, 'text-anchor="end"'));
      const width = Math.max(1, x(value) - left);
      bars.push(`<rect class="bar${place}" x="${left}" y="${y}" width="${round(width)}" height="${barHeight}" rx="2"/>`);
      values.push(text(left + width + 6, y + barHeight - 3, shown, 'class="value"'));
      y += barHeight + barGap;
    }
    y += groupGap - barGap;
  }
  const bottom = y - groupGap + 6;
  for (const tick of scaleTicks) {
    parts.push(line(x(tick), top, x(tick), bottom, 'class="grid"'));
    parts.push(text(x(tick), bottom + 17, format(tick), 'class="faint small" text-anchor="middle"'));
  }
  parts.push(...bars);
  if (reference !== undefined) parts.push(line(x(reference), top, x(reference), bottom, 'class="reference" stroke-dasharray="4 3"'));
  parts.push(...values);
  return picture(about, bottom + 34, parts);
}

/** An axis from `from` to `to`, logarithmic or linear: the ticks, and where a value lies between 0 and 1. */
function axis(values, { linear, ticks: wanted }) {
  if (linear) {
    const marks = wanted ?? ticks(Math.max(...values));
    return { marks, at: (value) => value / marks.at(-1) };
  }
  const power = (round, value) => round(Math.log10(value));
  const [low, high] = [power(Math.floor, Math.min(...values)), power(Math.ceil, Math.max(...values))];
  const marks = wanted ?? Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  const [from, to] = [marks[0], marks.at(-1)].map(Math.log10);
  return { marks, at: (value) => (Math.log10(value) - from) / (to - from) };
}

/**
 * A chart of lines. Each of `lines` has a `label`, the place of its series, `points` of two numbers (and of the ends of an
 * interval of the second), and may be `dashed`. Labels stand behind the last points, and keep apart; where the lines end
 * together, a `legend` shows them. `xAxis` and `yAxis` are logarithmic unless they are `{ linear: true }`, with `ticks` if the
 * round ones do not suit.
 */
export function lineChart({ lines, xLabel, yLabel, xFormat, yFormat, xAxis = {}, yAxis = {}, gutter = 250, legend = false, ...about }) {
  const [left, right, top, bottom] = [PADDING + 62, WIDTH - PADDING - gutter, 92, 420];
  const points = lines.flatMap(({ points }) => points);
  const [xs, ys] = [axis(points.map(([x]) => x), xAxis), axis(points.map(([, y]) => y), yAxis)];
  const x = (value) => left + (right - left) * xs.at(value);
  const y = (value) => bottom - (bottom - top) * ys.at(value);
  const parts = [text(left, 78, yLabel, 'class="faint small"')];
  for (const mark of xs.marks) {
    parts.push(line(x(mark), top, x(mark), bottom, 'class="grid"'));
    parts.push(text(x(mark), bottom + 18, xFormat(mark), 'class="faint small" text-anchor="middle"'));
  }
  for (const mark of ys.marks) {
    parts.push(line(left, y(mark), right, y(mark), 'class="grid"'));
    parts.push(text(left - 8, y(mark) + 4, yFormat(mark), 'class="faint small" text-anchor="end"'));
  }
  parts.push(text((left + right) / 2, bottom + 38, xLabel, 'class="faint small" text-anchor="middle"'));
  const labels = [];
  for (const { label, series, points, dashed } of lines) {
    const path = points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ');
    parts.push(`<polyline class="line line${series}${dashed ? ' dashed' : ''}" points="${path}"/>`);
    for (const [px, py, low, high] of points) {
      if (low !== undefined) parts.push(line(x(px), y(low), x(px), y(high), `class="line${series}"`));
      parts.push(`<circle class="bar${series}" cx="${round(x(px))}" cy="${round(y(py))}" r="3.5"/>`);
    }
    const [px, py] = points.at(-1);
    labels.push({ label, series, dashed, from: [x(px), y(py)], y: y(py) });
  }
  if (legend) {
    for (const [at, { label, series, dashed }] of labels.entries()) {
      const ly = top + 24 + at * 26;
      parts.push(line(right + 16, ly, right + 40, ly, `class="line line${series}${dashed ? ' dashed' : ''}"`));
      parts.push(text(right + 48, ly + 4.5, label, 'class="small"'));
    }
    return picture(about, bottom + 58, parts);
  }
  // From the lowest one upwards.
  labels.sort((one, other) => other.y - one.y);
  for (const [at, one] of labels.entries()) one.y = Math.min(one.y, (labels[at - 1]?.y ?? Infinity) - 18);
  for (const { label, from, y } of labels) {
    parts.push(line(from[0] + 6, from[1], right + 14, y, 'class="grid"'), text(right + 18, y + 4.5, label, 'class="small"'));
  }
  return picture(about, bottom + 58, parts);
}
