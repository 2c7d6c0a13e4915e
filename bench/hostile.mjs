// The CPU time of the largest bodies that are made to be expensive, next to `JSON.parse` of the same text: that of the whole
// runtime, without receiving a body of the size. Needs Linux, as it reads /proc.
import { readFileSync, readdirSync } from 'node:fs';
import { KIB, ROUTES, bodies, request } from '../tools/harness/bodies.mjs';
import { NETWORK, start } from '../tools/harness/server.mjs';
import { median } from './median.mjs';

const ROUNDS = Number(process.argv[2] ?? 3);
const SHOWN = 12;
const SIZES = { report: 64 * KIB, batch: 4_096 * KIB, lines: 4_096 * KIB, calls: 4_096 * KIB };
const TOKENS = { none: undefined, unknown: 'nobody', good: NETWORK };
// Ticks are 10 ms, so small bodies are sent many times.
const BYTES = 4 * 1_024 * KIB;

/** The CPU time of the runtime so far, in milliseconds. */
function cpu() {
  const stat = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const isChild = (pid) => {
    try {
      return Number(stat(pid)[1]) === process.pid;
    } catch {
      return false;
    }
  };
  const ticks = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isChild(pid));
  return ticks.reduce((sum, pid) => sum + 10 * (Number(stat(pid)[11]) + Number(stat(pid)[12])), 0);
}

/** The CPU time of one of `count` actions, in milliseconds. */
async function each(count, used, action) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = used();
    for (let at = 0; at < count; at += 1) await action();
    rounds.push((used() - before) / count);
  }
  return median(rounds);
}

const own = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

function parse(route, text) {
  const lines = route === 'lines' ? text.split('\n').filter((line) => line.trim()) : [text];
  for (const one of lines) {
    try {
      JSON.parse(one);
    } catch {
      // What is not JSON is refused by both.
    }
  }
}

const server = await start();
const rows = [];
try {
  for (const [route, size] of Object.entries(SIZES)) {
    const count = Math.max(1, BYTES / size);
    const path = ROUTES[route];
    const once = (body, headers) => server.report(body, { path, headers });
    // The connection may have timed out while this process was busy.
    const send = (body, headers) => once(body, headers).catch(() => once(body, headers));
    // Refused at its first byte, but received as a whole.
    const [nothing, plain] = request(route, `\\${' '.repeat(size - 600)}`, TOKENS.none);
    await each(count, cpu, () => send(nothing, plain));
    const receiving = await each(count, cpu, () => send(nothing, plain));
    for (const [name, open] of bodies(route, size)) {
      const row = { route, name };
      for (const [token, text] of Object.entries(TOKENS)) {
        const [body, headers] = request(route, open, text);
        if (token === 'none') row.parse = await each(count, own, () => parse(route, body));
        row[token] = Math.max(0, (await each(count, cpu, () => send(body, headers))) - receiving);
      }
      rows.push(row);
      process.stderr.write('.');
    }
  }
} finally {
  await server.stop();
}

const ms = (number) => number.toFixed(1).padStart(7);
console.log('\nms of CPU: JSON.parse, no token, unknown token, good token');
for (const route of Object.keys(SIZES)) {
  console.log(`${route}, ${SIZES[route] / KIB} KiB`);
  const worst = rows.filter((row) => row.route === route).sort((one, other) => Math.max(other.unknown, other.none) - Math.max(one.unknown, one.none));
  for (const { name, parse, none, unknown, good } of worst.slice(0, SHOWN)) {
    console.log([parse, none, unknown, good].map(ms).join(''), ` ${name}`);
  }
}
