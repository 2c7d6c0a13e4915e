// The closest match at its most expensive: a network with a hundred calls a second, searched by start and duration alone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';

const SIZE = 1_000_000;
const FIRST = 1_600_000_000_000;
const LAST = FIRST + SIZE * 10;
const MIDDLE = (FIRST + LAST) / 2;

/** The most rows that a report may read. */
const MOST = 200;

let server;
before(async () => {
  server = await start();
  // Most durations are below 600 seconds, and some are unknown. Every 100,000th call has a rare one.
  await server.rows(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO calls (network_id, transaction_id, start_ms, duration_s)
     SELECT '3', printf('D-%d', i), ?2 + i * 10,
       CASE WHEN i % 100000 = 7 THEN 4000 + i / 1000 WHEN i % 50 = 0 THEN NULL ELSE i * 7919 % 600 END FROM n`,
    SIZE,
    FIRST,
  );
});
after(() => server?.stop());

async function nearest(at, duration) {
  const [row] = await server.rows(
    `SELECT transaction_id FROM calls WHERE network_id = '3' AND start_ms BETWEEN ?1 - 86400000 AND ?1 + 86400000
     ORDER BY abs(start_ms - ?1) + 1000 * abs(coalesce(duration_s, 0) - ?2), abs(start_ms - ?1), start_ms, transaction_id LIMIT 1`,
    at,
    duration,
  );
  return row?.transaction_id;
}

describe('among a million calls, a search finds the call that a full scan finds', () => {
  const starts = [MIDDLE + 3, FIRST, FIRST - 3_600_000, LAST, LAST + 80_000_000];
  for (const duration of [0, 1, 300, 599, 600, 640, 2_000, 4_007, 4_500, 20_000, 999_999_999]) {
    test(`with ${duration} seconds, reading at most ${MOST} rows`, async () => {
      for (const at of starts) {
        const answer = await server.report({
          search: { start_time_t: String(at), duration_in_seconds: duration },
          call_outcome: { outcome_name: 'Sale', description: `${at}` },
          oauth_token: NETWORK,
        });
        assert.equal(answer.json.call.transaction_id, await nearest(at, duration), `${at}`);
        assert.equal(answer.cost.trips, 1);
        assert.ok(answer.cost.read <= MOST, `${answer.cost.read} rows read at ${at}`);
      }
    });
  }
});
