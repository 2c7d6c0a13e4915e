// A timeline of a search by time: the calls around the requested start, the distance of each, and the window. It shows
// the results of `closestCall` for all calls, and for each call alone.
import { element } from '../dom.js';
import { dateText, entryOf, milliseconds, rules } from './server.js';

const SVG = 'http://www.w3.org/2000/svg';
const [HEIGHT, BASE, TOP, MARGIN] = [210, 150, 34, 28];
const UNITS = [
  ['y', 31_536_000],
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];
const TICKS = [10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000, 315_360_000];

/** Formats seconds in at most two units, such as `1 min 2 s`. */
export function duration(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(3))} s`;
  const at = UNITS.findIndex(([, size]) => size <= seconds);
  const [[unit, size], [lower, lowerSize]] = UNITS.slice(at);
  const rest = Math.floor((seconds % size) / lowerSize);
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${lower}` : ''}`;
}

/** Words for a confidence, each from its lowest. */
const WORDS = [
  [0.95, 'very likely'],
  [0.8, 'likely'],
  [0.5, 'unsure'],
  [0, 'doubtful'],
];

/** A confidence as a number with a word, such as `0.9, likely`. */
const sureness = (confidence) => `${confidence}, ${WORDS.find(([least]) => confidence >= least)[1]}`;

/** How a distance adds up, such as ` (60 s start + 20 × 5 s duration)`. It is the start alone if no duration was searched for. */
function sum({ start_difference_seconds: start, duration_difference_seconds: length, duration_weight: weight }) {
  // Numbers of one unit are easier to add.
  const short = (seconds) => (seconds < 600 ? `${seconds} s` : duration(seconds));
  return length === null ? '' : ` (${short(start)} start + ${weight} × ${short(length)} duration)`;
}

/**
 * Shows in an element which call matches a search in its normal form. `matching` has the server's settings, and whether it
 * refuses an ambiguous match.
 */
export function show(parent, search, calls, { settings, refuses }) {
  const found = rules.closestCall(search, calls, settings);
  if (!found.ok) {
    parent.replaceChildren(element('ul', {}, ...found.problems.map(({ message }) => element('li', {}, message))));
    return;
  }
  const sentence = element('p', { className: 'sentence' }, ...verdict(found, settings, refuses));
  if (search.start_time_t === undefined) return parent.replaceChildren(sentence);
  const detail = element('p', { className: 'detail' }, 'Point at a call, or move to it with the Tab key, to see its details.');
  const seen = calls.map((call) => facts(call, search, found, settings));
  const width = Math.max(300, parent.clientWidth);
  parent.replaceChildren(sentence, picture(seen, settings.match_window_seconds, width, (text) => (detail.textContent = text)), legend(seen), detail);
}

function verdict({ call, match }, { min_confidence }, refuses) {
  if (match.reason) {
    const { title, advice } = entryOf(match.reason);
    const nearest = match.nearest ? ` The nearest call is ${match.nearest.transaction_id}, ${duration(match.nearest.distance_seconds)} away.` : '';
    return [element('strong', {}, `${title}.`), ` ${advice}${nearest}`];
  }
  const chosen = element('strong', {}, call.transaction_id);
  if (match.by !== 'closest') return [chosen, ' matches by its id.'];
  const { runner_up, margin_seconds, ambiguous, distance_seconds, confidence } = match;
  const next = runner_up
    ? ` The next best call, ${runner_up.transaction_id}, is ${margin_seconds === 0 ? 'just as far away' : `${duration(margin_seconds)} farther away`}.`
    : ' No other call qualifies.';
  const doubt = ambiguous ? [' ', element('span', { className: 'doubt' }, 'Ambiguous')] : [];
  const refused = ambiguous && refuses ? ` The server refuses this report, as the confidence is below ${min_confidence}.` : '';
  return [
    chosen,
    ` matches, ${duration(distance_seconds)} away${sum(match)}.${next} Confidence: `,
    element('strong', { className: 'confidence' }, sureness(confidence)),
    '.',
    ...doubt,
    refused,
  ];
}

/** The role, the distance and the description of one call. */
function facts(call, search, found, settings) {
  const alone = rules.closestCall(search, [call], settings).match;
  const id = call.transaction_id;
  const role = alone.reason ? 'out' : call === found.call ? 'chosen' : id === found.match.runner_up?.transaction_id ? 'next' : 'other';
  const offset = (milliseconds(call.start_time_t) - milliseconds(search.start_time_t)) / 1000;
  const reason = alone.reason ? entryOf(alone.reason).title.toLowerCase() : `${duration(alone.distance_seconds)} away${sum(alone)}`;
  const said = [
    `${id}, ${{ chosen: 'match', next: 'next best', other: 'candidate', out: 'not considered' }[role]}: ${reason}`,
    `started ${dateText(call.start_time_t)}, ${offset === 0 ? 'exactly at the requested start' : `${duration(Math.abs(offset))} ${offset < 0 ? 'before' : 'after'}`}`,
    call.duration_in_seconds != null && `lasted ${duration(Number(call.duration_in_seconds))}`,
    call.calling_phone_number && `from ${call.calling_phone_number}`,
  ];
  return { role, offset, distance: alone.distance_seconds, text: `${said.filter(Boolean).join('; ')}.` };
}

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function picture(calls, window, width, tell) {
  const considered = calls.filter(({ role }) => role !== 'out');
  const reach = 2 * Math.max(60, window, ...considered.map(({ offset }) => Math.abs(offset)));
  // The scale is logarithmic, to show seconds and days on one line. Calls beyond its range are drawn at its ends.
  const half = width / 2 - MARGIN;
  const scale = (seconds) => Math.min(1, Math.log1p(seconds / 4) / Math.log1p(reach / 4));
  const x = (seconds) => width / 2 + Math.sign(seconds) * half * scale(Math.abs(seconds));
  const root = svg('svg', { class: 'timeline', role: 'group', 'aria-label': 'Calls around the requested start', width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
  if (window > 0) {
    root.append(
      svg('rect', { class: 'window', x: x(-window), y: TOP - 18, width: x(window) - x(-window), height: BASE - TOP + 18, rx: 6 }),
      svg('text', { class: 'window-name', x: x(-window) + 8, y: TOP - 4 }, `window: ±${duration(window)}`),
    );
  }
  root.append(svg('line', { class: 'axis', x1: MARGIN / 2, x2: width - MARGIN / 2, y1: BASE, y2: BASE }));
  root.append(...ticks(x, reach));
  root.append(
    svg('line', { class: 'wanted', x1: width / 2, x2: width / 2, y1: TOP + 4, y2: BASE + 8 }),
    svg('text', { class: 'wanted-name', x: width / 2, y: BASE + 46, 'text-anchor': 'middle' }, 'requested start'),
  );
  const placed = place(calls, x);
  for (const call of placed) if (call.role !== 'out') root.append(arc(call, width, half));
  root.append(...labels(placed, width, half));
  // The match is drawn last, above the others.
  placed.sort((a, b) => (a.role === 'chosen') - (b.role === 'chosen'));
  root.append(...placed.map((call) => dot(call, tell)));
  return root;
}

function ticks(x, reach) {
  const shown = [];
  let last = x(0) + 6;
  for (const seconds of TICKS) {
    if (seconds > reach || x(seconds) - last < 42) continue;
    last = x(seconds);
    for (const side of [-1, 1]) {
      const at = x(side * seconds);
      shown.push(
        svg('line', { class: 'axis', x1: at, x2: at, y1: BASE, y2: BASE + 6 }),
        svg('text', { class: 'tick', x: at, y: BASE + 22, 'text-anchor': 'middle' }, `${side < 0 ? '−' : '+'}${duration(seconds)}`),
      );
    }
  }
  return shown;
}

/** Stacks calls that would overlap. */
function place(calls, x) {
  const placed = [];
  for (const call of [...calls].sort((a, b) => (a.distance ?? Infinity) - (b.distance ?? Infinity))) {
    const at = { ...call, x: x(call.offset), y: BASE };
    while (placed.some((other) => Math.hypot(other.x - at.x, other.y - at.y) < 15)) at.y -= 15;
    placed.push(at);
  }
  return placed;
}

const rise = (call, width, half) => 26 + (Math.abs(call.x - width / 2) / half) * 74;

function arc(call, width, half) {
  const radius = Math.abs(call.x - width / 2) / 2;
  const path = `M ${width / 2} ${BASE} A ${radius} ${rise(call, width, half)} 0 0 ${call.x > width / 2 ? 1 : 0} ${call.x} ${call.y}`;
  return svg('path', { class: `arc ${call.role}`, d: path });
}

/** The distances of the match and the next best call, above their arcs. */
function labels(calls, width, half) {
  return calls
    .filter(({ role }) => role === 'chosen' || role === 'next')
    .map((call) => {
      const side = call.x < width / 2 ? 'end' : 'start';
      const at = (call.x + width / 2) / 2 + (side === 'end' ? -6 : 6);
      return svg('text', { class: `distance ${call.role}`, x: at, y: BASE - rise(call, width, half) - 6, 'text-anchor': side }, duration(call.distance));
    });
}

function mark(role, x, y) {
  if (role === 'out') return svg('path', { d: `M ${x - 5} ${y - 5} l 10 10 m 0 -10 l -10 10` });
  return svg('circle', { cx: x, cy: y, r: { chosen: 8, next: 7, other: 5 }[role] });
}

function dot({ role, x, y, text }, tell) {
  const target = svg('circle', { class: 'reach', cx: x, cy: y, r: 13 });
  const group = svg('g', { class: `call ${role}`, tabindex: 0, role: 'img', 'aria-label': text }, target, mark(role, x, y));
  group.addEventListener('pointerenter', () => tell(text));
  group.addEventListener('focus', () => tell(text));
  return group;
}

const ROLES = { chosen: 'match', next: 'next best', other: 'candidate', out: 'not considered' };

function legend(calls) {
  const roles = Object.entries(ROLES).filter(([role]) => calls.some((call) => call.role === role));
  const items = roles.map(([role, name]) => {
    const symbol = svg('svg', { width: 18, height: 18, 'aria-hidden': 'true' }, svg('g', { class: `call ${role}` }, mark(role, 9, 9)));
    return element('li', {}, symbol, ` ${name}`);
  });
  return element('ul', { className: 'legend' }, ...items);
}
