// Changes between the two trips of an import: nothing is acknowledged that is not stored.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashOf, insertToken } from '../../scripts/lib/token-store.mjs';
import { NETWORK, assertError, start } from '../../tools/harness/server.mjs';

const PATH = '/api/2015-08-17/calls.json';
const START = '1450000000';
const CALLS = `SELECT transaction_id, external_id, duration_s, calling_phone FROM calls WHERE transaction_id LIKE 'RACE-%' ORDER BY 1`;

let server;
before(async () => (server = await start({ wrap: new URL('interfering-database.mjs', import.meta.url) })));
after(() => server?.stop());

const send = (calls, between, token = NETWORK) =>
  server.report({ calls, oauth_token: token }, { path: PATH, headers: between ? { 'X-Test-Between': between } : {} });
const forget = () => server.rows("DELETE FROM calls WHERE transaction_id LIKE 'RACE-%'");

test('a token that is revoked in between is refused, and nothing is stored', async () => {
  await insertToken(server.db, { token: 'short', network: '3', permissions: ['calls:write'] }).run();
  const revoke = `UPDATE tokens SET revoked_at = 1 WHERE hash = '${hashOf('short')}'`;
  const stored = { transaction_id: 'RACE-1', start_time_t: START };
  await send([stored]);
  const before = await server.rows(CALLS);
  const imports = [
    [{ transaction_id: 'RACE-2', start_time_t: START }],
    [{ ...stored, duration_in_seconds: 5 }],
    [{ ...stored, duration_in_seconds: 5 }, { transaction_id: 'RACE-2', start_time_t: START }],
  ];
  for (const calls of imports) {
    assertError(await send(calls, revoke, 'short'), 401, 'token.invalid', 'NotAuthorized');
    assert.deepEqual(await server.rows(CALLS), before);
    await server.rows('UPDATE tokens SET revoked_at = NULL WHERE hash = ?1', hashOf('short'));
  }
  await forget();
});

test('so is the token of an import that only adds to the directory', async () => {
  const call = { transaction_id: 'RACE-1', start_time_t: START, advertiser_id_from_network: '700' };
  await send([call]);
  await server.rows("DELETE FROM advertisers WHERE id = '700'");
  const revoke = `UPDATE tokens SET revoked_at = 1 WHERE hash = '${hashOf('short')}'`;
  assertError(await send([call], revoke, 'short'), 401, 'token.invalid', 'NotAuthorized');
  assert.deepEqual(await server.rows("SELECT * FROM advertisers WHERE id = '700'"), []);
  await forget();
});

test('a call that is archived in between is stored as acknowledged', async () => {
  const call = { transaction_id: 'RACE-1', external_call_unique_id: 'race-1', start_time_t: START };
  const other = { transaction_id: 'RACE-2', start_time_t: START };
  await send([{ ...call, calling_phone_number: '+14155550100' }]);
  const leave = "DELETE FROM calls WHERE transaction_id = 'RACE-1'";
  const { status, json } = await send([{ ...call, duration_in_seconds: 60 }, other], leave);
  assert.deepEqual([status, json.summary], [201, { created: 1, updated: 1, unchanged: 0, failed: 0 }]);
  assert.deepEqual(await server.rows(CALLS), [
    { transaction_id: 'RACE-1', external_id: 'race-1', duration_s: 60, calling_phone: '+14155550100' },
    { transaction_id: 'RACE-2', external_id: null, duration_s: null, calling_phone: null },
  ]);
  await forget();
});

test('a call that another import stored in between is found', async () => {
  const call = { transaction_id: 'RACE-1', start_time_t: START };
  const insert = (duration) =>
    `INSERT INTO calls (network_id, transaction_id, start_ms, duration_s) VALUES ('3', 'RACE-1', 1450000000000, ${duration})`;
  const same = await send([call], insert(7));
  assert.deepEqual([same.status, same.json.results[0].call.duration_in_seconds], [200, '7']);
  await forget();
  const other = await send([{ ...call, duration_in_seconds: 8 }], insert(7));
  assert.deepEqual([other.status, other.json.summary.failed], [403, 1]);
  const filled = "UPDATE calls SET duration_s = 9 WHERE transaction_id = 'RACE-1' AND duration_s IS NULL";
  await forget();
  await send([call]);
  const late = await send([{ ...call, duration_in_seconds: 8 }], filled);
  assert.deepEqual([late.status, (await server.rows(CALLS))[0].duration_s], [403, 9]);
  await forget();
});
