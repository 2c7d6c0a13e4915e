// Importing calls: the result of each row, what is stored, and that importing again changes nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { insertToken } from '../../scripts/lib/token-store.mjs';
import { ADVERTISER, ID, NETWORK, NO_PERMISSION, assertError, start } from '../../tools/harness/server.mjs';

const PATH = '/api/2015-08-17/calls.json';
const START = '1450000000';

let server;
before(async () => {
  server = await start();
  // A token of an advertiser with permission to import.
  await server.rows("UPDATE tokens SET permissions = permissions || ' calls:write' WHERE advertiser_id = '1'");
});
after(() => server?.stop());

const send = (calls, token = NETWORK) => server.report({ calls, oauth_token: token }, { path: PATH });
const stored = async (id) =>
  (await server.rows("SELECT * FROM calls WHERE network_id = '3' AND transaction_id = ?1", id))[0];

/** The result of a row in a word. */
async function one(call, token) {
  const { status, json } = await send([call], token);
  const { failed, ...rest } = json.summary;
  const word = failed ? 'failed' : Object.keys(rest).find((name) => rest[name] === 1);
  assert.equal(status, { created: 201, updated: 200, unchanged: 200, failed: 403 }[word]);
  return { word, row: json.results[0] };
}

test('a call is created, left unchanged, filled in or in conflict', async () => {
  const call = { transaction_id: 'aaaa-1', start_time_t: START, calling_phone_number: '(415) 555-0100' };
  const { word, row } = await one(call);
  assert.deepEqual(
    [word, row],
    [
      'created',
      {
        index: 0,
        status: 201,
        call: {
          transaction_id: 'AAAA-1',
          external_call_unique_id: null,
          start_time_t: START,
          duration_in_seconds: null,
          calling_phone_number: '+14155550100',
          destination_phone_number: null,
          advertiser_id_from_network: null,
          advertiser_campaign_id_from_network: null,
        },
      },
    ],
  );
  assert.equal((await one(call)).word, 'unchanged');
  assert.equal((await one({ ...call, duration_in_seconds: 60 })).word, 'updated');
  assert.equal((await one(call)).word, 'unchanged');
  const before = await stored('AAAA-1');
  for (const other of [{ duration_in_seconds: 61 }, { start_time_t: '1450000001' }, { calling_phone_number: '+14155550101' }]) {
    const { word: came, row: refused } = await one({ ...call, ...other });
    assert.equal(came, 'failed');
    assert.equal(refused.errors.class, 'RecordInvalid');
    assert.match(refused.errors.invalid_data, new RegExp(`^Validation failed: ${Object.keys(other)[0]} differs`));
  }
  assert.deepEqual(await stored('AAAA-1'), before);
});

test('a single call, with its start in milliseconds', async () => {
  const call = { transaction_id: 'SINGLE', start_time_t: 1450000000123 };
  const answer = await server.report({ call, oauth_token: NETWORK }, { path: PATH.replace('.json', '') });
  assert.equal(answer.status, 201);
  assert.equal((await stored('SINGLE')).start_ms, 1450000000123);
});

test('a call without a transaction id gets one and is found by its external id', async () => {
  const call = { external_call_unique_id: 'ext é 1', start_time_t: START };
  const first = await one(call);
  assert.match(first.row.call.transaction_id, ID);
  const again = await one({ ...call, duration_in_seconds: 5 });
  assert.equal(again.word, 'updated');
  assert.equal(again.row.call.transaction_id, first.row.call.transaction_id);
  assert.equal((await one({ ...call, transaction_id: 'ANOTHER' })).word, 'failed');
});

test('ids of two different calls, or of an outcome, are in conflict', async () => {
  await send([
    { transaction_id: 'TWO-1', start_time_t: START },
    { external_call_unique_id: 'two-2', start_time_t: START },
  ]);
  const mixed = { transaction_id: 'TWO-1', external_call_unique_id: 'two-2', start_time_t: START };
  assert.equal((await one(mixed)).word, 'failed');
  const { json } = await server.report({
    search: { transaction_id: 'TWO-1' },
    call_outcome: { outcome_name: 'Sale' },
    oauth_token: NETWORK,
  });
  const { word } = await one({ transaction_id: json.call_outcome.transaction_id, start_time_t: START });
  assert.equal(word, 'failed');
});

test('rows see the rows before them, and valid rows are stored beside invalid ones', async () => {
  const { status, json } = await send([
    { transaction_id: 'MIX-1', start_time_t: START },
    { transaction_id: 'MIX-1', start_time_t: START, duration_in_seconds: 7 },
    { transaction_id: 'MIX-1', start_time_t: START },
    { transaction_id: 'MIX-2', start_time_t: 'yesterday' },
    'not a call',
    { start_time_t: START },
  ]);
  assert.equal(status, 207);
  assert.deepEqual(
    json.results.map((row) => row.status),
    [201, 200, 200, 403, 403, 403],
  );
  assert.deepEqual(json.summary, { created: 1, updated: 1, unchanged: 1, failed: 3 });
  assert.equal((await stored('MIX-1')).duration_s, 7);
  assert.equal(await stored('MIX-2'), undefined);
});

describe('the directory', () => {
  test('gets a new advertiser and campaign, with a warning', async () => {
    const call = {
      transaction_id: 'DIR-1',
      start_time_t: START,
      advertiser_id_from_network: '77',
      advertiser_campaign_id_from_network: '770',
    };
    assert.deepEqual((await send([call])).warnings, [
      'directory.new /calls/0/advertiser_id_from_network',
      'directory.new /calls/0/advertiser_campaign_id_from_network',
    ]);
    assert.deepEqual((await send([call])).warnings, []);
    assert.deepEqual(
      await server.rows("SELECT id, advertiser_id FROM campaigns WHERE network_id = '3' AND id = '770'"),
      [{ id: '770', advertiser_id: '77' }],
    );
  });

  test('says which advertiser a known campaign belongs to', async () => {
    const call = { transaction_id: 'DIR-2', start_time_t: START, advertiser_campaign_id_from_network: '7' };
    assert.equal((await one(call)).row.call.advertiser_id_from_network, '9');
    const { word, row } = await one({ ...call, transaction_id: 'DIR-3', advertiser_id_from_network: '1' });
    assert.equal(word, 'failed');
    assert.match(row.errors.invalid_data, /belongs to another advertiser$/);
  });

  test("does not give an advertiser's token a campaign that has no owner", async () => {
    const campaign = { advertiser_campaign_id_from_network: 'NOBODYS', start_time_t: START };
    assert.equal((await send([{ ...campaign, transaction_id: 'OWN-1' }])).status, 201);
    const token = 'an importing advertiser';
    await insertToken(server.db, { token, network: '3', advertiser: '9', permissions: ['calls:write'] }).run();
    assert.equal((await send([{ ...campaign, transaction_id: 'OWN-2' }], token)).status, 201);
    const later = await send([{ ...campaign, transaction_id: 'OWN-3', advertiser_id_from_network: '1' }]);
    assert.equal(later.status, 201, later.text);
  });

  test("assigns the calls of an advertiser's token to that advertiser", async () => {
    const call = { transaction_id: 'DIR-4', start_time_t: START };
    assert.equal((await one(call, ADVERTISER)).row.call.advertiser_id_from_network, '1');
    const other = await one({ ...call, transaction_id: 'DIR-5', advertiser_id_from_network: '9' }, ADVERTISER);
    assert.equal(other.row.errors.class, 'UnauthorizedAdvertiser');
    // It can't fill in a call that it does not see.
    assert.equal((await one({ ...call, transaction_id: 'AAAA-1' }, ADVERTISER)).word, 'failed');
  });
});

test('a token without the permission, and bodies that are no import, are refused', async () => {
  const call = { transaction_id: 'NO', start_time_t: START };
  assertError(await send([call], NO_PERMISSION), 403, 'permission.missing', 'UnauthorizedOperation');
  assertError(await send([call], 'nobody'), 401, 'token.invalid', 'NotAuthorized');
  assertError(await send([call], null), 401, 'token.missing', 'NotAuthorized');
  assertError(await send([]), 403, 'calls.missing', 'RecordInvalid', 'Validation failed: calls must be present');
  assertError(await send({}), 403, 'calls.type', 'RecordInvalid', 'Validation failed: calls is invalid');
  assertError(await send(Array(1001).fill(call)), 413, 'calls.too_many', 'PayloadTooLarge');
  assert.equal(await stored('NO'), undefined);
});

test('a thousand calls in two trips, and at most 8 rows written for each', async () => {
  const calls = Array.from({ length: 1000 }, (_, at) => ({
    transaction_id: `BULK-${at}`,
    external_call_unique_id: `bulk-${at}`,
    start_time_t: 1_450_000_000 + at,
    duration_in_seconds: at,
    calling_phone_number: '+14155550100',
    advertiser_id_from_network: '1',
    advertiser_campaign_id_from_network: '2',
  }));
  const { status, cost } = await send(calls);
  assert.equal(status, 201);
  assert.equal(cost.trips, 2);
  assert.ok(cost.written <= 8000, `${cost.written} rows written`);
  const again = await send(calls);
  assert.deepEqual([again.status, again.json.summary.unchanged, again.cost.trips], [200, 1000, 1]);
  // Filling in later: each call is looked up by its id, not among all others of the request.
  const later = await send(calls.map((call) => ({ ...call, destination_phone_number: '+14155550101' })));
  assert.deepEqual([later.status, later.json.summary.updated, later.cost.trips], [200, 1000, 2]);
  assert.ok(later.cost.read <= 20_000 && later.cost.written <= 8000, JSON.stringify(later.cost));
});

test('twenty concurrent imports of the same calls store each call once', async () => {
  const calls = Array.from({ length: 50 }, (_, at) => ({ transaction_id: `RACE-${at}`, start_time_t: START }));
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(calls)));
  const created = answers.reduce((sum, { json }) => sum + json.summary.created, 0);
  assert.deepEqual([created, new Set(answers.map(({ status }) => status))], [50, new Set([200, 201])]);
});
