// ?validate_only, ?explain, ?unambiguous and ?min_confidence. cases.test.mjs compares dry runs with every case of the table, and
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
    assert.deepEqual([status, json.status, json.match], [200, 201, { by: 'transaction_id', confidence: 1 }]);
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
    assert.deepEqual(json.match, { by: 'transaction_id', confidence: 1 });
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
      distance_seconds: 41.877,
      start_difference_seconds: 1.877,
      duration_difference_seconds: 2,
      duration_weight: 20,
      candidates: 3,
      runner_up: { transaction_id: '00000000-00000004', distance_seconds: 418.123 },
      margin_seconds: 376.246,
      // By tools/match-quality/model.py.
      confidence: 0.942,
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

  test('at most 100 candidates are counted', async () => {
    const start = 1_600_000_000_000;
    const calls = Array.from({ length: 101 }, (_, at) => ({ transaction_id: `MANY-${at}`, start_ms: start - 5_000 * at }));
    await server.addCalls(calls);
    const { json } = await ask('validate_only=true&explain=true', { start_time_t: `${start}` });
    const { margin_seconds, confidence, ambiguous, candidates, candidates_capped } = json.match;
    assert.deepEqual([margin_seconds, candidates, candidates_capped], [5, 100, true]);
    // By tools/match-quality/model.py.
    assert.deepEqual([confidence, ambiguous], [0.074, true]);
  });
});

describe('a threshold', () => {
  // Two calls of one caller, an hour apart: a report close to the first one is sure, one in between is not.
  const noon = 1_620_000_000_000;
  const search = (time) => ({ start_time_t: `${time}`, calling_phone_number: '+14155550123' });
  const [sure, unsure] = [search(noon + 10_000), search(noon + 1_750_000)];
  before(() =>
    server.addCalls(
      [0, 3_600_000].map((after, at) => ({
        transaction_id: `TWIN-${at}`,
        start_ms: noon + after,
        calling_phone: '+14155550123',
      })),
    ),
  );

  const refusals = ['unambiguous=true', 'unambiguous=true&explain=true', 'unambiguous=true&validate_only=true', 'min_confidence=0.95'];
  for (const query of refusals) {
    test(`refuses a match that is not sure: ${query}`, async () => {
      const before = await server.records();
      const answer = await ask(query, unsure);
      assert.deepEqual([answer.status, answer.headers.get('X-Error-Code')], [404, 'call.ambiguous']);
      assert.equal(answer.json.errors.invalid_data, 'No call found. Please refer to the documentation.');
      const { confidence, runner_up, margin_seconds, ambiguous } = answer.json.match;
      assert.deepEqual(
        { confidence, runner_up, margin_seconds, ambiguous },
        {
          confidence: 0.355,
          runner_up: { transaction_id: 'TWIN-1', distance_seconds: 1_850 },
          margin_seconds: 100,
          ambiguous: true,
        },
      );
      assert.deepEqual(await server.records(), before);
      assert.equal(answer.cost.trips, 1);
    });
  }

  test('stores a match that is sure, in a second trip', async () => {
    const { status, json, cost } = await ask('unambiguous=true', sure);
    assert.deepEqual([status, json.call.transaction_id, json.match, cost.trips], [201, 'TWIN-0', undefined, 2]);
    const explained = await ask('min_confidence=0.95&explain=true', sure);
    assert.deepEqual([explained.status, explained.json.match.by], [200, 'closest']);
    assert.ok(explained.json.match.confidence >= 0.95);
    const byId = await ask('unambiguous=true', { transaction_id: 'TWIN-1' });
    assert.deepEqual([byId.status, byId.cost.trips], [201, 1]);
  });

  test('equal to the confidence accepts the match, and one above it does not', async () => {
    const [equal, above] = await Promise.all(
      ['0.355', '0.356'].map((value) => ask(`min_confidence=${value}&explain=true&validate_only=true`, unsure)),
    );
    assert.deepEqual([equal.status, equal.json.match.confidence, equal.json.match.ambiguous], [200, 0.355, false]);
    assert.deepEqual([above.status, above.json.match.confidence, above.json.match.ambiguous], [404, 0.355, true]);
  });

  test('corrects and repeats a report as without it', async () => {
    const outcome = { partner_unique_id: 'corrected', occurred_at_time_t: '1440607999' };
    const send = async (description) => {
      const answer = await ask('min_confidence=0.9', sure, { outcome: { ...outcome, description } });
      const { transaction_id, corrects_transaction_id } = answer.json.call_outcome;
      return [answer.status, transaction_id, corrects_transaction_id];
    };
    const [created, first] = await send('a');
    const [corrected, second, corrects] = await send('b');
    assert.deepEqual([created, corrected, corrects], [201, 200, first]);
    assert.deepEqual(await send('b'), [200, second, first]);
    assert.deepEqual((await ask('', sure, { outcome: { ...outcome, description: 'b' } })).json.call_outcome.transaction_id, second);
  });

  test('changes no other refusal, and an answer without a call says why there is none', async () => {
    const none = await ask('min_confidence=0.5', { ...sure, calling_phone_number: '+19999999999' });
    assertError(none, 404, 'call.not_found', 'RecordNotFound');
    const explained = await ask('min_confidence=0.5&explain=true', { ...sure, calling_phone_number: '+19999999999' });
    assert.equal(explained.json.match.reason, 'call.not_found.no_such_number');
    assertError(await ask('min_confidence=0.5', { ...sure, network_id: '4' }), 403, 'network_id.forbidden', 'UnauthorizedNetwork');
    assertError(await ask('min_confidence=0.5', {}), 403, 'search.missing', 'RecordInvalid');
  });

  test('shows the match in a problem document too', async () => {
    const headers = { Accept: 'application/problem+json' };
    const { status, json } = await ask('min_confidence=0.95', unsure, { headers });
    assert.deepEqual([status, json.status, json.errors[0].code], [404, 404, 'call.ambiguous']);
    assert.deepEqual([json.match.confidence, json.match.ambiguous], [0.355, true]);
    const malformed = await ask('min_confidence=1.1', sure, { headers });
    const [{ code, pointer }] = malformed.json.errors;
    assert.deepEqual([malformed.status, code, pointer], [403, 'min_confidence.format', '?min_confidence']);
  });

  test('of the request wins over that of the server', async () => {
    const accepted = await ask('unambiguous=true&min_confidence=0.1&validate_only=true&explain=true', unsure);
    assert.deepEqual([accepted.status, accepted.json.match.ambiguous], [200, false]);
    for (const query of ['min_confidence=1', 'min_confidence=0.999&unambiguous=false']) {
      assert.equal((await ask(`${query}&validate_only=true`, unsure)).headers.get('X-Error-Code'), 'call.ambiguous', query);
    }
    assert.equal((await ask('min_confidence=0&validate_only=true', unsure)).status, 200);
  });

  for (const value of ['', 'x', '1.1', '2', '-0.5', '0.9999', '.5', '5e-1', 'true', 'false']) {
    test(`that is none is refused: ${JSON.stringify(value)}`, async () => {
      const answer = await ask(`min_confidence=${value}`, sure);
      const { invalid_data } = answer.json.errors;
      assert.deepEqual([answer.status, answer.headers.get('X-Error-Code')], [403, 'min_confidence.format']);
      assert.equal(invalid_data, 'Validation failed: min_confidence is invalid');
    });
  }

  test('is set for the server by MIN_CONFIDENCE', async () => {
    const strict = await start({ vars: { MIN_CONFIDENCE: '1' } });
    try {
      const body = { search: { start_time_t: `${AT}` }, call_outcome: { outcome_name: 'Sale' }, oauth_token: ADVERTISER };
      const answer = await strict.report(body, { path: `${PATH}?unambiguous=true` });
      assert.equal(answer.headers.get('X-Error-Code'), 'call.ambiguous');
      assert.equal((await strict.report(body)).status, 201, 'a plain report asks for no confidence');
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
