// ?validate_only, ?explain and ?unambiguous. cases.test.mjs compares dry runs with every case of the table, and
// closest.test.mjs compares explanations with the specification.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ADVERTISER, ID, NETWORK, OTHER_NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const DAY = 86_400;
const AT = 1_440_607_300;

let server;
before(async () => {
  server = await start();
});
after(() => server?.stop());

function ask(query, search, { outcome = {}, token = NETWORK, ...options } = {}) {
  const body = { search, call_outcome: { outcome_name: 'Sale', ...outcome }, oauth_token: token };
  return server.report(body, { path: `${PATH}?${query}`, ...options });
}

describe('validate_only', () => {
  const search = { transaction_id: '00000000-00000002' };

  test('says what a report would do, at each step, and writes nothing', async () => {
    const first = { description: 'a', occurred_at_time_t: '1440607999' };
    const would = async (outcome) => {
      const before = await server.records();
      const { status, json, cost } = await ask('validate_only=true', search, { outcome });
      assert.deepEqual([status, cost.trips, cost.written], [200, 1, 0]);
      assert.deepEqual(await server.records(), before);
      assert.deepEqual(Object.keys(json), ['validate_only', 'status', 'call_outcome', 'call']);
      const { transaction_id, corrects_transaction_id, description } = json.call_outcome;
      return [json.status, transaction_id, corrects_transaction_id, description];
    };

    assert.deepEqual(await would(first), [201, null, null, 'a']);
    const { json } = await ask('', search, { outcome: first });
    const id = json.call_outcome.transaction_id;
    assert.match(id, ID);
    assert.deepEqual(await would(first), [200, id, null, 'a']);
    assert.deepEqual(await would({ description: 'b' }), [200, null, id, 'b']);
  });

  test('is on for any value other than false and 0', async () => {
    const written = async (query) => {
      const before = (await server.records()).length;
      const { status } = await ask(query, search, { outcome: { partner_unique_id: query } });
      assert.ok(status < 300);
      return (await server.records()).length > before;
    };
    for (const value of ['=true', '=1', '=yes', '=TRUE', '=', '']) assert.ok(!(await written(`validate_only${value}`)));
    for (const value of ['=false', '=0']) assert.ok(await written(`validate_only${value}`));
    assert.ok(await written('source=true'), 'another name');
  });

  test('shows warnings in full', async () => {
    const { json } = await ask('validate_only=true', search, { outcome: { descripton: 'x' } });
    assert.deepEqual(json.warnings, [
      {
        code: 'key.unknown',
        pointer: '/call_outcome/descripton',
        detail: 'descripton is not a known parameter',
        fix: 'description',
      },
    ]);
  });

  test('finds a call in the archive and leaves it there', async () => {
    const call = { network_id: '4', transaction_id: 'OLD-1', start_ms: 1_300_000_000_500, duration_s: 5 };
    await server.addArchived([call]);
    const old = (token) => ask('validate_only=true&explain=true', { transaction_id: 'OLD-1' }, { token });
    const { status, json } = await old(OTHER_NETWORK);
    assert.deepEqual([status, json.status, json.match], [200, 201, { by: 'transaction_id' }]);
    assert.deepEqual(json.call, { transaction_id: 'OLD-1', start_time_t: '1300000000' });
    assert.deepEqual(await server.rows("SELECT * FROM calls WHERE transaction_id = 'OLD-1'"), []);
    const foreign = await ask('validate_only=true', { transaction_id: 'OLD-1' });
    assertError(foreign, 404, 'call.not_found', 'RecordNotFound');
  });
});

describe('explain', () => {
  test('by id', async () => {
    const { json } = await ask('explain=true', { transaction_id: '00000000-00000001' });
    assert.deepEqual(Object.keys(json), ['call_outcome', 'call', 'match']);
    assert.deepEqual(json.match, { by: 'transaction_id' });
    const none = await ask('explain=true', { transaction_id: '00000000-000000FF' });
    assert.deepEqual(none.json.match, { by: 'transaction_id', reason: 'call.not_found' });
    assert.deepEqual([none.status, none.headers.get('X-Error-Code')], [404, 'call.not_found']);
  });

  test('by time: the distance, the next best call and the margin', async () => {
    const search = { start_time_t: `${AT + 1}877`, duration_in_seconds: 60 };
    const { json } = await ask('explain=true&validate_only=true', search);
    assert.equal(json.call.transaction_id, '00000000-00000002');
    assert.deepEqual(json.match, {
      by: 'closest',
      distance_seconds: 3.877,
      start_difference_seconds: 1.877,
      duration_difference_seconds: 2,
      candidates: 3,
      runner_up: { transaction_id: '00000000-00000004', distance_seconds: 133.123 },
      margin_seconds: 129.246,
      ambiguous: false,
    });
  });

  // Why a search finds nothing, in the order in which the reasons are decided, and the nearest call there was.
  const nearest = (number, distance_seconds) => ({ transaction_id: `00000000-0000000${number}`, distance_seconds });
  const reasons = [
    ['no_such_number', { calling_phone_number: '+19999999999' }, nearest(2, 0)],
    ['filtered_out', { calling_phone_number: '+11234567890', advertiser_id_from_network: '9' }, nearest(2, 0)],
    ['filtered_out', { advertiser_id_from_network: '9', advertiser_campaign_id_from_network: '2' }, nearest(2, 0)],
    ['outside_window', { start_time_t: `${AT + 3 * DAY}` }, nearest(4, 3 * DAY - 120)],
    ['none', {}, null, 'token of nobody'],
  ];
  for (const [reason, search, expected, token] of reasons) {
    test(`no call: ${reason}, with ${Object.keys(search).join(' and ') || 'nothing to see'}`, async () => {
      if (token) await addToken(token, 'nobody');
      const answer = await ask('explain=true', { start_time_t: `${AT}`, ...search }, { token });
      assert.deepEqual(answer.json, {
        errors: { class: 'RecordNotFound', invalid_data: 'No call found. Please refer to the documentation.' },
        match: { by: 'closest', reason: `call.not_found.${reason}`, nearest: expected },
      });
      assert.deepEqual([answer.status, answer.cost.trips], [404, 1]);
    });
  }

  test('never names a call that the token may not see', async () => {
    const search = { start_time_t: `${AT + 120}`, calling_phone_number: '+14155550100' };
    const { json } = await ask('explain=true', search, { token: ADVERTISER });
    assert.deepEqual(json.match, {
      by: 'closest',
      reason: 'call.not_found.no_such_number',
      nearest: nearest(3, 20),
    });
  });

  test('does not change a refusal for another reason', async () => {
    const answer = await ask('explain=true', { start_time_t: `${AT}`, network_id: '4' });
    assertError(answer, 403, 'network_id.forbidden', 'UnauthorizedNetwork');
    assertError(await ask('explain=true', {}), 403, 'search.missing', 'RecordInvalid');
  });

  test('is in a problem document too', async () => {
    const headers = { Accept: 'application/problem+json' };
    const { json } = await ask('explain=true', { transaction_id: 'FF' }, { headers });
    assert.deepEqual(json.match, { by: 'transaction_id', reason: 'call.not_found' });
  });

  test('the limit of ambiguity, and at most 100 counted candidates', async () => {
    const start = 1_600_000_000_000;
    const calls = Array.from({ length: 101 }, (_, at) => ({ transaction_id: `MANY-${at}`, start_ms: start - 5_000 * at }));
    await server.addCalls(calls);
    const match = async (time) => (await ask('validate_only=true&explain=true', { start_time_t: `${time}` })).json.match;
    const { margin_seconds, ambiguous, candidates, candidates_capped } = await match(start);
    assert.deepEqual([margin_seconds, ambiguous, candidates, candidates_capped], [5, false, 100, true]);
    const nearer = await match(start - 1);
    assert.deepEqual([nearer.margin_seconds, nearer.ambiguous], [4.998, true]);
  });
});

describe('unambiguous', () => {
  // Two calls of one caller, whose distances are five seconds apart ten seconds after the first, and less a millisecond later.
  const noon = 1_620_000_000_000;
  const search = (time) => ({ start_time_t: `${time}`, calling_phone_number: '+14155550123' });
  before(() =>
    server.addCalls(
      [0, 25_000].map((after, at) => ({
        transaction_id: `TWIN-${at}`,
        start_ms: noon + after,
        calling_phone: '+14155550123',
      })),
    ),
  );

  for (const query of ['unambiguous=true', 'unambiguous=true&explain=true', 'unambiguous=true&validate_only=true']) {
    test(`refuses two calls that are about equally close: ${query}`, async () => {
      const before = await server.records();
      const answer = await ask(query, search(noon + 10_001));
      assert.deepEqual([answer.status, answer.headers.get('X-Error-Code')], [404, 'call.ambiguous']);
      assert.equal(answer.json.errors.invalid_data, 'No call found. Please refer to the documentation.');
      const { runner_up, margin_seconds, ambiguous } = answer.json.match;
      assert.deepEqual(
        { runner_up, margin_seconds, ambiguous },
        { runner_up: { transaction_id: 'TWIN-1', distance_seconds: 14.999 }, margin_seconds: 4.998, ambiguous: true },
      );
      assert.deepEqual(await server.records(), before);
    });
  }

  test('accepts a call that is clearly the closest', async () => {
    const { status, json } = await ask('unambiguous=true', search(noon + 10_000));
    assert.deepEqual([status, json.call.transaction_id, json.match], [201, 'TWIN-0', undefined]);
    const byId = await ask('unambiguous=true', { transaction_id: 'TWIN-1' });
    assert.equal(byId.status, 201);
  });

  test('AMBIGUITY_SECONDS sets the limit', async () => {
    const strict = await start({ vars: { AMBIGUITY_SECONDS: '60' } });
    try {
      const near = { start_time_t: `${AT}`, calling_phone_number: '' };
      const body = { search: near, call_outcome: { outcome_name: 'Sale' }, oauth_token: ADVERTISER };
      const answer = await strict.report(body, { path: `${PATH}?unambiguous=true` });
      assert.equal(answer.status, 201, 'the next best is 100 s away');
      const between = { ...body, search: { start_time_t: `${AT + 25}` } };
      const ambiguous = await strict.report(between, { path: `${PATH}?unambiguous=true` });
      assert.deepEqual([ambiguous.status, ambiguous.json.match.margin_seconds], [404, 50]);
    } finally {
      await strict.stop();
    }
  });
});

async function addToken(token, network) {
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))).toString('hex');
  const insert = "INSERT INTO tokens (hash, network_id, permissions) VALUES (?1, ?2, 'outcomes:write')";
  await server.rows(insert, hash, network);
}
