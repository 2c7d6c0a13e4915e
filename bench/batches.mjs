// Rows a second of a batch: ours, the same rows in a loop of the idiomatic TypeScript Worker, and a client that posts them to
// ours one by one. They take turns, in rounds whose order alternates.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elapsed } from '../scripts/lib/run.mjs';
import { callAt, fill } from './cost.mjs';
import { copyFilled, pin, post, unpin } from './endpoint.mjs';
import { median } from './median.mjs';
import { record } from './peer/statements.mjs';

const CALLS = 100_000;
const CONNECTIONS = 8;
/** By how many milliseconds each round trip to the database is made longer, in the smaller batches. */
const DELAY = 10;
const PATH = '/api/2015-08-17/call_outcomes';
const network = { name: 'bench', gap: 1_000, duration: 'i * 7919 % 600' };

let unique = 0;

/** Kinds of rows: what a search names of a call. */
const BY_ID = 'first reports, by id';
const BY_TIME = 'first reports, by time and number';
const kinds = {
  [BY_ID]: ({ transaction_id }) => ({ transaction_id }),
  [BY_TIME]: ({ start_ms, calling_phone_number }) => ({
    start_time_t: `${start_ms + 400}`,
    calling_phone_number,
  }),
};

function rowsOf(search, count) {
  return Array.from({ length: count }, () => ({
    search: search(callAt(Math.floor(Math.random() * CALLS), network)),
    call_outcome: {
      outcome_name: 'Sale',
      partner_unique_id: `${++unique}`,
      description: 'Honda Civic 2012',
      occurred_at_time_t: '1440607999',
      sale_amount: '12500.50',
      custom_parameter_1: 'Boston',
    },
  }));
}

/** Sends all rows in one request. */
const inOneRequest = (server) => async (rows, headers = {}) => {
  const body = JSON.stringify({ call_outcomes: rows, oauth_token: network.name });
  const { status, text } = await post(server, `${PATH}/batch`, body, headers);
  assert.equal(status, 200, text);
  return JSON.parse(text).results;
};

/** Sends each row in a request of its own, over some connections. */
const oneByOne = (server, connections) => async (rows, headers = {}) => {
  const results = [];
  let next = 0;
  const connection = async () => {
    while (next < rows.length) {
      const index = next++;
      const body = JSON.stringify({ ...rows[index], oauth_token: network.name });
      const { status, text } = await post(server, `${PATH}.json`, body, headers);
      results[index] = { index, status, body: JSON.parse(text) };
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return results;
};

/** Rows a second, round trips and statements, by the kind and number of rows and by the way they are sent. */
export async function batches({ rounds = 3, tell = console.error } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'call-outcomes-bench-'));
  const servers = [];
  try {
    const began = performance.now();
    const [ours, hono] = await copyFilled(folder, ['call-outcomes', 'Hono, zod'], (server) => fill(server, network, CALLS));
    servers.push(ours, hono);
    pin(servers);
    const senders = [
      { name: 'a batch', server: ours, send: inOneRequest(ours) },
      { name: 'a batch, in a loop of Hono', server: hono, send: inOneRequest(hono) },
      { name: 'one by one', server: ours, send: oneByOne(ours, 1), isSingle: true },
      { name: `one by one, ${CONNECTIONS} at a time`, server: ours, send: oneByOne(ours, CONNECTIONS), isSingle: true },
    ];
    // The first report of a name writes a row more.
    for (const { send } of senders) await send(rowsOf(kinds[BY_ID], 1));
    tell(`${CALLS} calls in ${elapsed(began)}`);
    const groups = [];
    for (const [kind, size] of [[BY_ID, 100], [BY_TIME, 100], [BY_ID, 1_000]]) {
      const isDelayed = size === 100;
      groups.push({ kind, size, senders: await measure(senders, kinds[kind], size, { rounds, isDelayed }) });
    }
    return { calls: CALLS, delay: DELAY, groups };
  } finally {
    for (const server of servers) await server.stop();
    unpin();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(senders, search, size, { rounds, isDelayed }) {
  const counted = [];
  let expected;
  for (const sender of senders) {
    const rows = rowsOf(search, size);
    const { answer: results, cost } = await count(sender, rows);
    // All of them do the same work.
    const statuses = results.map(({ status }) => status);
    expected ??= statuses;
    assert.deepEqual(statuses, expected);
    assert.deepEqual(new Set(statuses), new Set([201]));
    for (const [index, { body }] of results.entries()) {
      assert.equal(body.call_outcome.partner_unique_id, rows[index].call_outcome.partner_unique_id);
      if (rows[index].search.transaction_id) assert.equal(body.call.transaction_id, rows[index].search.transaction_id);
    }
    counted.push(cost);
  }
  const time = async ({ send }, headers = {}) => {
    const rows = rowsOf(search, size);
    const began = performance.now();
    await send(rows, headers);
    return (size / (performance.now() - began)) * 1000;
  };
  const rates = senders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 ? rates.keys() : [...rates.keys()].reverse();
    for (const at of order) rates[at].push(await time(senders[at]));
  }
  const measured = [];
  for (const [at, sender] of senders.entries()) {
    const delayedRate = isDelayed ? await time(sender, { 'X-Delay': DELAY }) : null;
    measured.push({ name: sender.name, rate: median(rates[at]), delayedRate, ...counted[at] });
  }
  return measured;
}

/** Sends rows, and counts the round trips and statements of all requests for them. */
async function count({ server, send, isSingle }, rows) {
  const { answer, trips } = await record(server, (headers) => send(rows, headers), isSingle ? rows.length : 1);
  return { answer, cost: { trips: trips.length, statements: trips.flat().length } };
}
