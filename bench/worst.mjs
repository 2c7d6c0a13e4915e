// The closest match under the worst load: ten million calls of one network, a hundred a second, beside smaller ones.
// Prints what each kind of report costs, and how long it takes beside a report by id, and holds what it finds to a
// plain search. `node bench/worst.mjs [CALLS]`, with the built Worker.
import assert from 'node:assert/strict';
import { insertToken } from '../scripts/token-store.mjs';
import { elapsed, isMain, main } from '../scripts/run.mjs';
import { start } from '../tests/worker/harness.mjs';

const CHUNK = 250_000;
const ROUNDS = 31;
const T = 1_500_000_000_000;
const DAY = 86_400_000;
// The duration of a single call, three hours before the middle.
const RARE = 60_000;

// A network of so large a share of the calls, with so many milliseconds between them, of such durations.
const networks = [
  { name: 'dense', share: 1, gap: 10, duration: 'i * 7919 % 600' },
  { name: 'dense, each duration once', share: 0.1, gap: 10, duration: '3000 + i' },
  { name: 'dense, some unknown', share: 0.1, gap: 10, duration: 'iif(i % 5 = 0, NULL, i * 7919 % 4000)' },
  { name: 'sparse', share: 0.01, gap: 100_000, duration: 'i * 7919 % 600' },
];

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function fill(server, { name, gap, duration }, size) {
  await insertToken(server.db, { token: name, network: name, permissions: ['outcomes:write'] }).run();
  const middle = Math.floor(size / 2);
  const rare = Math.max(0, middle - Math.floor(10_800_000 / gap));
  for (let from = 0; from < size; from += CHUNK) {
    await server.rows(
      `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(from + CHUNK, size)})
       INSERT INTO calls (network_id, transaction_id, calling_phone, start_ms, duration_s)
       SELECT ?1, printf('%08X-00000000', i), printf('+1415%07d', i / 10), ${T} + i * ${gap},
              iif(i = ${rare}, ${RARE}, ${duration}) FROM n`,
      name,
    );
  }
  return T + middle * gap + 3;
}

/** What a search must find, by looking at every call. */
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

async function measure(server, { name, gap }, at) {
  const middle = (at - 3 - T) / gap;
  const id = `${middle.toString(16).toUpperCase().padStart(8, '0')}-00000000`;
  const calling_phone_number = `+1415${String(Math.floor(middle / 10)).padStart(7, '0')}`;
  const time = { start_time_t: `${at}` };
  const kinds = Object.entries({
    'by id': { transaction_id: id },
    'by time': time,
    'by time and number': { ...time, calling_phone_number },
    'by number and duration': { ...time, calling_phone_number, duration_in_seconds: 300 },
    'by a common duration': { ...time, duration_in_seconds: 300 },
    'by a duration nobody has': { ...time, duration_in_seconds: 5_000 },
    'by a rare duration': { ...time, duration_in_seconds: RARE },
  }).map(([kind, search]) => ({ kind, search, times: [] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of kinds) {
      const report = {
        search: one.search,
        call_outcome: { outcome_name: 'Sale', partner_unique_id: `${one.kind} ${round}` },
        oauth_token: name,
      };
      const began = performance.now();
      const answer = await server.report(report);
      one.times.push(performance.now() - began);
      assert.equal(answer.status, 201, answer.text);
      if (round === 0) one.found = answer.json.call.transaction_id;
      // The first report of the name writes a row more.
      else one.cost = answer.cost;
    }
  }
  const byId = median(kinds[0].times);
  const rows = [];
  for (const { kind, search, times, found, cost } of kinds) {
    const expected = search.transaction_id ?? (await plainSearch(server, name, at, search));
    assert.equal(found, expected, `${name}, ${kind}`);
    rows.push({ network: name, kind, ...cost, milliseconds: median(times), ratio: median(times) / byId });
  }
  return rows;
}

/** Measures all kinds of report; `calls` are those of the largest network. */
export async function worst({ calls = 10_000_000, tell = console.error } = {}) {
  const server = await start();
  try {
    const filled = [];
    for (const network of networks) {
      const began = performance.now();
      const size = Math.ceil(calls * network.share);
      filled.push([network, await fill(server, network, size)]);
      tell(`${network.name}: ${size} calls in ${elapsed(began)}`);
    }
    const rows = [];
    for (const [network, at] of filled) rows.push(...(await measure(server, network, at)));
    return rows;
  } finally {
    await server.stop();
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const rows = await worst({ calls: Number(process.argv[2] ?? 10_000_000) });
    console.log('| Network | Report | Trips | Rows read | Rows written | ms | × by id |\n|---|---|--:|--:|--:|--:|--:|');
    for (const { network, kind, trips, read, written, milliseconds, ratio } of rows) {
      const figures = [trips, read, written, milliseconds.toFixed(1), ratio.toFixed(1)];
      console.log(`| ${[network, kind, ...figures].join(' | ')} |`);
    }
  });
}
