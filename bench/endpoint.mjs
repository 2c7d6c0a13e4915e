// Our endpoint next to an idiomatic TypeScript Worker, our design in TypeScript, and the floor, a Worker that sends the same
// statements and does nothing else: requests a second, CPU time, and the time of a single request with a slow database.
// Servers take turns, in rounds whose order alternates.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { elapsed } from '../scripts/lib/run.mjs';
import { startProcess } from '../tools/harness/process.mjs';
import { PATH, start } from '../tools/harness/server.mjs';
import { median } from './median.mjs';
import { BEFORE, FLOOR, holdToTable, serve, workers } from './peer/servers.mjs';
import { record, wrap } from './peer/statements.mjs';
import { callAt, fill } from './cost.mjs';

const CONNECTIONS = 8;
/** By how many milliseconds each round trip to the database is made longer. */
const DELAYS = [0, 10];
/** How many single requests are timed with each delay. */
const TIMED = 21;
/** A call a second, so that some hundred calls are within reach of a search with a duration. */
const network = { name: 'bench', gap: 1_000, duration: 'i * 7919 % 600' };

let unique = 0;

/** By kind of report: the status of the answer, and a body for a random call. Each connection has outcomes of its own. */
const scenarios = {
  'first report': [201, ({ id }) => report({ transaction_id: id })],
  're-post': [200, ({ own }) => report({ transaction_id: own.id }, own.name)],
  correction: [200, ({ own }) => report({ transaction_id: own.id }, own.name, { description: `${++unique}` })],
  'closest start': [201, ({ time }) => report(time)],
  'closest start of a number': [201, ({ time, number }) => report({ ...time, ...number })],
  'closest start and duration': [201, ({ time, duration }) => report({ ...time, ...duration })],
  'closest of a number, with duration': [
    201,
    ({ time, number, duration }) => report({ ...time, ...number, ...duration }),
  ],
  refusal: [403, ({ id }) => report({ transaction_id: id }, 'refused', { sale_amount: '1,000.00', value: 'perhaps' })],
};

function report(search, partner_unique_id = `${++unique}`, more = {}) {
  return JSON.stringify({
    search,
    call_outcome: {
      outcome_name: 'Sale',
      partner_unique_id,
      description: 'Honda Civic 2012',
      occurred_at_time_t: '1440607999',
      sale_amount: '12500.50',
      custom_parameter_1: 'Boston',
      ...more,
    },
    oauth_token: network.name,
  });
}

/** Measures databases of some sizes. With `before`, the folder of an earlier build, that build too. */
export async function endpoint({ sizes = [1_000_000], before, rounds = 5, seconds = 0.6, tell = console.error } = {}) {
  for (const name of Object.keys(workers)) tell(`${name}: right in all ${await holdToTable(name)} cases`);
  const names = [...Object.keys(workers), FLOOR, ...(before ? [BEFORE] : [])];
  const tables = [];
  for (const size of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'call-outcomes-bench-'));
    const servers = [];
    try {
      const began = performance.now();
      servers.push(...(await copyFilled(folder, names, (server) => fill(server, network, size), { before })));
      tell(`${size} calls in ${elapsed(began)}`);
      pin(servers);
      tables.push({ size, rows: await measure(servers, size, { rounds, seconds }) });
    } finally {
      for (const server of servers) await server.stop();
      rmSync(folder, { recursive: true, force: true });
      unpin();
    }
  }
  return tables;
}

/** Fills a database and serves each of some Workers with a copy of it, each in a process of its own. */
export async function copyFilled(folder, names, fillIt, options = {}) {
  const filled = join(folder, 'filled');
  mkdirSync(filled);
  const server = await start({ folder: filled });
  await fillIt(server);
  await server.stop();
  const servers = [];
  for (const name of names) {
    const own = join(folder, name);
    cpSync(filled, own, { recursive: true });
    servers.push({ name, ...(await startProcess(() => serve(name, { ...options, folder: own, wrap }))) });
  }
  return servers;
}

async function measure(all, size, { rounds, seconds }) {
  const rows = [];
  for (const [scenario, [status, body]] of Object.entries(scenarios)) {
    // The floor has no rules, so that it refuses nothing.
    const servers = status === 403 ? all.filter(({ name }) => name !== FLOOR) : all;
    const expect = ({ name }, answer) => assertStatus(answer, name === FLOOR ? floorStatus(scenario) : status);
    const next = (connection) => {
      const at = Math.floor(Math.random() * size);
      const { transaction_id, calling_phone_number, start_ms } = callAt(at, network);
      return body({
        id: transaction_id,
        time: { start_time_t: `${start_ms + 400}` },
        number: { calling_phone_number },
        duration: { duration_in_seconds: String((at * 7919) % 600) },
        own: { id: callAt(connection, network).transaction_id, name: `${scenario} ${connection}` },
      });
    };
    const results = servers.map(({ name }) => ({ name, rps: [], cpu: [], single: DELAYS.map(() => []) }));
    for (const server of servers) {
      for (let connection = 0; connection < CONNECTIONS; connection += 1) await post(server, PATH, next(connection));
      await load(server, next, expect, 0.3);
    }
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 ? results.keys() : [...results.keys()].reverse();
      for (const at of order) {
        const { requests, milliseconds, processor } = await load(servers[at], next, expect, seconds);
        results[at].rps.push((requests / milliseconds) * 1000);
        results[at].cpu.push((processor / requests) * 1000);
      }
    }
    for (let count = 0; count < TIMED; count += 1) {
      for (const [at, server] of servers.entries()) {
        for (const [step, delay] of DELAYS.entries()) {
          const began = performance.now();
          expect(server, await post(server, PATH, next(0), { 'X-Delay': delay }));
          results[at].single[step].push(performance.now() - began);
        }
      }
    }
    const counts = [];
    for (const server of servers) counts.push(await count(server, next(0)));
    rows.push({
      scenario,
      workers: results.map(({ name, rps, cpu, single }, at) => {
        const [plain, delayed] = single.map(median);
        return { name, rps: median(rps), cpu: median(cpu), plain, delayed, ...counts[at] };
      }),
    });
  }
  return rows;
}

/** Counts what a request sends to the database. The floor logs no requests, and sends what ours does. */
async function count(server, body) {
  if (server.name === FLOOR) return {};
  const { trips } = await record(server, (headers) => post(server, PATH, body, headers));
  return { trips: trips.length, statements: trips.flat().length };
}

/** Sends requests over all connections, on each the next one as soon as the last one is answered. */
async function load(server, next, expect, seconds) {
  const before = processorTime(server.pid);
  const began = performance.now();
  const until = began + seconds * 1000;
  let requests = 0;
  const connection = async (at) => {
    while (performance.now() < until) {
      expect(server, await post(server, PATH, next(at)));
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => connection(at)));
  return { requests, milliseconds: performance.now() - began, processor: processorTime(server.pid) - before };
}

/** The floor says only whether anything was written. */
const floorStatus = (scenario) => (scenario === 're-post' ? 200 : 201);

function assertStatus(answer, status) {
  if (answer.status !== status) throw new Error(`${answer.status} in place of ${status}: ${answer.text}`);
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Posts a body over a connection that is kept. */
export function post(server, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } };
    const sent = request(server.url + path, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject).end(body);
  });
}

/** The CPU time of a process in milliseconds, on systems that have /proc. */
function processorTime(pid) {
  try {
    const [, fields] = /\) (.+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    // A hundredth of a second each.
    return (user + system) * 10;
  } catch {
    return Number.NaN;
  }
}

const taskset = (pid, cores) => spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)]);

/** Gives the servers, of which one works at a time, a core of their own, where the system can. */
export function pin(servers) {
  if (availableParallelism() < 2) return;
  for (const { pid } of servers) taskset(pid, '0');
  taskset(process.pid, '1');
}

export function unpin() {
  taskset(process.pid, `0-${availableParallelism() - 1}`);
}
