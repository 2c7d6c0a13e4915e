// The database cost of each kind of report, in networks of different shapes and sizes, and its time relative to a report by
// id. Each search has to find the call that a scan of all calls finds.
import assert from 'node:assert/strict';
import { insertToken } from '../scripts/lib/token-store.mjs';
import { elapsed } from '../scripts/lib/run.mjs';
import { start } from '../tools/harness/server.mjs';
import { median } from './median.mjs';
import { record, wrap } from './peer/statements.mjs';

const CHUNK = 250_000;
const T = 1_500_000_000_000;
const DAY = 86_400_000;
// The duration of a single call, three hours before the middle.
const RARE = 60_000;

// `gap` is the milliseconds between calls, `duration` the SQL of a call's duration, and `share` the part of the measured
// size that a network has.
const networks = [
  { name: 'dense', share: 1, gap: 10, duration: 'i * 7919 % 600' },
  { name: 'dense, each duration once', share: 1, gap: 10, duration: '3000 + i' },
  { name: 'dense, some unknown', share: 0.1, gap: 10, duration: 'iif(i % 5 = 0, NULL, i * 7919 % 4000)' },
  { name: 'sparse', share: 1, gap: 100_000, duration: 'i * 7919 % 600' },
];

/** The call that `fill` stores at a place. */
export const callAt = (place, { gap }) => ({
  transaction_id: `${place.toString(16).toUpperCase().padStart(8, '0')}-00000000`,
  calling_phone_number: `+1415${String(Math.floor(place / 10)).padStart(7, '0')}`,
  start_ms: T + place * gap,
});

/** Stores `size` calls of a network, and a token with its name. */
export async function fill(server, { name, gap, duration }, size) {
  await insertToken(server.db, { token: name, network: name, permissions: ['outcomes:write'] }).run();
  const rare = Math.max(0, Math.floor(size / 2) - Math.floor(10_800_000 / gap));
  for (let from = 0; from < size; from += CHUNK) {
    await server.rows(
      `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(from + CHUNK, size)})
       INSERT INTO calls (network_id, transaction_id, calling_phone, start_ms, duration_s)
       SELECT ?1, printf('%08X-00000000', i), printf('+1415%07d', i / 10), ${T} + i * ${gap},
              iif(i = ${rare}, ${RARE}, ${duration}) FROM n`,
      name,
    );
  }
}

/** The call that a search has to find, by a scan of all calls. */
async function plainSearch(server, network, at, { duration_in_seconds: duration, calling_phone_number: phone = null }) {
  const [call] = await server.rows(
    `SELECT transaction_id FROM calls NOT INDEXED
     WHERE network_id = ?1 AND start_ms BETWEEN ?2 - ${DAY} AND ?2 + ${DAY} AND (?4 IS NULL OR calling_phone = ?4)
     ORDER BY abs(start_ms - ?2) + iif(?3 IS NULL, 0, 1000 * abs(coalesce(duration_s, 0) - ?3)), abs(start_ms - ?2),
       start_ms, transaction_id
     LIMIT 1`,
    network,
    at,
    duration ?? null,
    phone,
  );
  return call.transaction_id;
}

/** Measures reports on the call in the middle of `size`, and searches for a time 3 ms after its start. */
async function measure(server, network, size, rounds) {
  const { name } = network;
  const { transaction_id, calling_phone_number, start_ms } = callAt(Math.floor(size / 2), network);
  const at = start_ms + 3;
  const time = { start_time_t: `${at}` };
  const first = (search) => ({ search, status: 201, outcome: (kind, round) => ({ partner_unique_id: `${kind} ${round}` }) });
  const repeated = { partner_unique_id: 'reported before' };
  const kinds = Object.entries({
    'by id': first({ transaction_id }),
    'the same again': { search: { transaction_id }, status: 200, outcome: () => repeated },
    'a correction': {
      search: { transaction_id },
      status: 200,
      outcome: (_, round) => ({ ...repeated, description: `Call ${round}` }),
    },
    'not a report': { search: { transaction_id }, status: 403, outcome: () => ({ value: 'perhaps' }) },
    'by time': first(time),
    'by time and number': first({ ...time, calling_phone_number }),
    'by number and duration': first({ ...time, calling_phone_number, duration_in_seconds: 300 }),
    'by a common duration': first({ ...time, duration_in_seconds: 300 }),
    'by a duration nobody has': first({ ...time, duration_in_seconds: 5_000 }),
    'by a rare duration': first({ ...time, duration_in_seconds: RARE }),
  }).map(([kind, report]) => ({ kind, ...report, times: [] }));
  const send = ({ kind, search, outcome }, round, headers) =>
    server.report({ search, call_outcome: { outcome_name: 'Sale', ...outcome(kind, round) }, oauth_token: name }, { headers });
  // The first report of a name writes a row more.
  await send(kinds[1], 0);
  for (let round = 0; round < rounds; round += 1) {
    for (const one of kinds) {
      const began = performance.now();
      const answer = await send(one, round);
      one.times.push(performance.now() - began);
      assert.equal(answer.status, one.status, answer.text);
      one.found = answer.json.call?.transaction_id;
      one.cost = answer.cost;
    }
  }
  const byId = median(kinds[0].times);
  const rows = [];
  for (const one of kinds) {
    const { kind, search, times, found, cost } = one;
    const expected = search.transaction_id ?? (await plainSearch(server, name, at, search));
    if (found) assert.equal(found, expected, `${name}, ${kind}`);
    const { trips } = await record(server, (headers) => send(one, rounds, headers));
    const statements = trips.flat().length;
    rows.push({ network: name, calls: size, kind, ...cost, statements, ratio: median(times) / byId });
  }
  return rows;
}

/** Measures all kinds of report in each network. Each has a database of its own, as all of them exceed D1's size limit. */
export async function cost({ calls, rounds = 31, tell = console.error }) {
  const rows = [];
  for (const network of networks) {
    const server = await start({ wrap });
    try {
      const began = performance.now();
      const size = Math.max(1_000, calls * network.share);
      await fill(server, network, size);
      tell(`${network.name}: ${size} calls in ${elapsed(began)}`);
      rows.push(...(await measure(server, network, size, rounds)));
    } finally {
      await server.stop();
    }
  }
  return rows;
}
