// Our endpoint beside an idiomatic TypeScript Worker and our design in TypeScript: requests a second, processor time, and
// the time of one request where each trip to the database takes longer. Servers take turns, in rounds whose order turns.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elapsed } from '../scripts/lib/run.mjs';
import { startProcess } from '../tools/harness/process.mjs';
import { PATH, start } from '../tools/harness/server.mjs';
import { median } from './median.mjs';
import { holdToTable, serve, workers } from './peer/servers.mjs';
import { callAt, fill } from './cost.mjs';

const CONNECTIONS = 8;
/** By how many milliseconds each trip to the database is made longer. */
const DELAYS = [0, 10];
/** How many single requests are timed with each. */
const TIMED = 21;
/** A call a second: in the reach of a search with a duration are some hundred calls. */
const network = { name: 'bench', gap: 1_000, duration: 'i * 7919 % 600' };
const wrap = fileURLToPath(new URL('peer/delay.mjs', import.meta.url));

let unique = 0;

/** What is reported: the status of the answer, and a body for a random call. Connections report on outcomes of their own. */
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

export async function endpoint({ sizes = [10_000, 1_000_000], rounds = 3, seconds = 1, tell = console.error } = {}) {
  const names = Object.keys(workers);
  for (const name of names) tell(`${name}: right in all ${await holdToTable(name)} cases`);
  const tables = [];
  for (const size of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'call-outcomes-bench-'));
    const servers = [];
    try {
      await makeFilled(folder, size, tell);
      for (const name of names) {
        const own = join(folder, name);
        cpSync(join(folder, 'filled'), own, { recursive: true });
        servers.push({ name, ...(await startProcess(() => serve(name, { folder: own, wrap }))) });
      }
      pin(servers);
      tables.push({ size, rows: await measure(servers, size, { rounds, seconds }) });
    } finally {
      for (const server of servers) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  unpin();
  return tables;
}

/** Makes a database with so many calls. */
async function makeFilled(folder, size, tell) {
  const began = performance.now();
  const filled = join(folder, 'filled');
  mkdirSync(filled);
  const server = await start({ folder: filled });
  await fill(server, network, size);
  await server.stop();
  tell(`${size} calls in ${elapsed(began)}`);
}

async function measure(servers, size, { rounds, seconds }) {
  const rows = [];
  for (const [scenario, [status, body]] of Object.entries(scenarios)) {
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
      for (let connection = 0; connection < CONNECTIONS; connection += 1) await send(server, next(connection), {});
      await load(server, next, status, 0.3);
    }
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 ? results.keys() : [...results.keys()].reverse();
      for (const at of order) {
        const { requests, milliseconds, processor } = await load(servers[at], next, status, seconds);
        results[at].rps.push((requests / milliseconds) * 1000);
        results[at].cpu.push((processor / requests) * 1000);
      }
    }
    for (let count = 0; count < TIMED; count += 1) {
      for (const [at, server] of servers.entries()) {
        for (const [step, delay] of DELAYS.entries()) {
          const began = performance.now();
          expect(await send(server, next(0), { 'X-Delay': delay }), status);
          results[at].single[step].push(performance.now() - began);
        }
      }
    }
    rows.push({
      scenario,
      workers: results.map(({ name, rps, cpu, single }) => {
        const [plain, delayed] = single.map(median);
        return { name, rps: median(rps), cpu: median(cpu), plain, delayed };
      }),
    });
  }
  return rows;
}

/** Sends requests over all connections, the next on each as soon as the last one is answered. */
async function load(server, next, status, seconds) {
  const before = processorTime(server.pid);
  const began = performance.now();
  const until = began + seconds * 1000;
  let requests = 0;
  const connection = async (at) => {
    while (performance.now() < until) {
      expect(await send(server, next(at), {}), status);
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => connection(at)));
  return { requests, milliseconds: performance.now() - began, processor: processorTime(server.pid) - before };
}

function expect(answer, status) {
  if (answer.status !== status) throw new Error(`${answer.status} in place of ${status}: ${answer.text}`);
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function send(server, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } };
    const sent = request(server.url + PATH, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject).end(body);
  });
}

/** What a process has used of processors, in milliseconds, where the system tells. */
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

/** A core for the servers, of which one works at a time, and one for the requests, where that can be said. */
function pin(servers) {
  if (availableParallelism() < 2) return;
  for (const { pid } of servers) taskset(pid, '0');
  taskset(process.pid, '1');
}

function unpin() {
  taskset(process.pid, `0-${availableParallelism() - 1}`);
}
