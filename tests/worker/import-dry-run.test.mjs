// Imports with ?validate_only and ?strict: what an import would do, and what strict mode refuses.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ADVERTISER, ID, NETWORK, NO_PERMISSION, assertError, start } from '../../tools/harness/server.mjs';

const PATH = '/api/2015-08-17/calls.json';
const START = '1450000000';

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const send = (body, query = '', token = NETWORK) => server.report({ ...body, oauth_token: token }, { path: PATH + query });
const everything = async () =>
  Promise.all(['calls', 'advertisers', 'campaigns'].map((table) => server.rows(`SELECT * FROM ${table}`)));

describe('validate_only', () => {
  const lists = [
    ['one that is new', [{ transaction_id: 'DRY-1', start_time_t: START, advertiser_id_from_network: '500' }]],
    ['one that is stored', [{ transaction_id: 'DRY-1', start_time_t: START }]],
    ['one that is filled in', [{ transaction_id: 'DRY-1', start_time_t: START, duration_in_seconds: 5 }]],
    [
      'ids that it would give, rows that see those before them, and bad rows',
      [
        { external_call_unique_id: 'dry-2', start_time_t: START },
        { external_call_unique_id: 'dry-2', start_time_t: START, duration_in_seconds: 5 },
        { external_call_unique_id: 'dry-2', start_time_t: START },
        { external_call_unique_id: 'dry-3', start_time_t: START, transaction_id: 'DRY-3' },
        { external_call_unique_id: 'dry-4', start_time_t: 'yesterday' },
        { transaction_id: 'DRY-1', start_time_t: '1450000001' },
      ],
    ],
    ['none that is good', [{}, { transaction_id: 'DRY-1', start_time_t: '1450000001' }]],
  ];
  for (const [what, calls] of lists) {
    test(`says what an import would answer, and stores nothing: ${what}`, async () => {
      const before = await everything();
      const dry = await send({ calls }, '?validate_only=true');
      assert.deepEqual([dry.cost.trips, dry.cost.written], [1, 0]);
      assert.deepEqual(await everything(), before);
      const real = await send({ calls });
      const { json } = real;
      // A refusal is one for a dry run too; anything else is 200.
      const isRefused = json.summary.failed === calls.length;
      assert.equal(isRefused, what.startsWith('none'));
      assert.equal(dry.status, isRefused ? 403 : 200);
      assert.equal(dry.headers.get('X-Error-Code'), isRefused ? real.headers.get('X-Error-Code') : null);
      const { validate_only, status, warnings = [], ...rest } = dry.json;
      assert.deepEqual([validate_only, status], [true, real.status]);
      assert.deepEqual(
        warnings.map(({ code, pointer }) => `${code} ${pointer}`),
        real.warnings,
      );
      assert.deepEqual(dry.warnings, real.warnings);
      // The ids that an import gives are not known before.
      const given = json.results.filter(({ call }) => ID.test(call?.transaction_id ?? ''));
      for (const { call } of given) call.transaction_id = null;
      assert.equal(given.length, what.startsWith('ids') ? 3 : 0);
      assert.deepEqual(rest, json);
      assert.deepEqual(Object.keys(dry.json).slice(0, 4), ['validate_only', 'status', 'results', 'summary']);
    });
  }

  test('refuses what an import refuses', async () => {
    const calls = [{ transaction_id: 'DRY-9', start_time_t: START }];
    const query = '?validate_only';
    assertError(await send({ calls }, query, 'nobody'), 401, 'token.invalid', 'NotAuthorized');
    assertError(await send({ calls }, query, NO_PERMISSION), 403, 'permission.missing', 'UnauthorizedOperation');
    assertError(await send({ calls: [] }, query), 403, 'calls.missing', 'RecordInvalid');
    assert.equal((await send({ calls }, query, ADVERTISER)).status, 403);
  });
});

describe('strict', () => {
  const good = { transaction_id: 'STRICT-1', start_time_t: START };

  test('an unknown or repeated key fails the row', async () => {
    const text =
      `{"calls":[{"transaction_id":"STRICT-1","start_time_t":"${START}","duration":5},` +
      `{"transaction_id":"STRICT-2","start_time_t":"x","start_time_t":"${START}"},` +
      `{"transaction_id":"STRICT-3","start_time_t":"${START}"}],"oauth_token":"${NETWORK}"}`;
    const { status, json, warnings } = await server.report(text, { path: `${PATH}?strict=true` });
    assert.deepEqual([status, warnings, json.summary], [207, [], { created: 1, updated: 0, unchanged: 0, failed: 2 }]);
    assert.deepEqual(
      json.results.map(({ errors }) => errors?.invalid_data),
      ['Validation failed: duration is not a known parameter', 'Validation failed: start_time_t is repeated', undefined],
    );
    const lenient = await server.report(text, { path: `${PATH}?strict=false` });
    assert.deepEqual([lenient.status, lenient.warnings.length], [201, 2]);
  });

  test('such a key beside the rows refuses the request', async () => {
    const answer = await send({ calls: [{ ...good, transaction_id: 'STRICT-4' }], source: 'x' }, '?strict');
    assertError(answer, 403, 'key.unknown', 'RecordInvalid', 'Validation failed: source is not a known parameter');
    assert.equal((await send({ calls: [], source: 'x' }, '?strict')).json.errors.invalid_data,
      'Validation failed: calls must be present, source is not a known parameter');
  });
});

describe('both `calls` and `call`', () => {
  const list = [{ transaction_id: 'LIST', start_time_t: START }];
  const single = { transaction_id: 'SINGLE', start_time_t: START };
  const raw = (members) => server.report(`{${members},"oauth_token":"${NETWORK}"}`, { path: PATH });

  test('are refused, in either order, whatever they hold', async () => {
    const before = await everything();
    for (const [calls, call] of [[list, single], [[], single], [5, single], [list, {}], [list, []], [list, 'x']]) {
      for (const body of [{ calls, call }, { call, calls }]) {
        const text = 'Validation failed: calls and call must not be sent together';
        assertError(await send(body), 403, 'calls.ambiguous', 'RecordInvalid', text);
      }
    }
    assert.deepEqual(await everything(), before);
  });

  test('count as one if the other is null', async () => {
    assert.equal((await send({ calls: list, call: null })).json.results[0].call.transaction_id, 'LIST');
    assert.equal((await send({ calls: null, call: single })).json.results[0].call.transaction_id, 'SINGLE');
  });

  test('the last of a repeated key counts', async () => {
    const [other, mistaken] = ['{"transaction_id":"LAST","start_time_t":"1450000000"}', '{"transaction_id":"FIRST","x":1}'];
    const last = await raw(`"calls":[${mistaken}],"calls":[${other}]`);
    assert.deepEqual([last.json.results[0].call.transaction_id, last.warnings], ['LAST', ['key.repeated /calls']]);
    const lastCall = await raw(`"call":${mistaken},"call":${other}`);
    assert.deepEqual([lastCall.json.results[0].call.transaction_id, lastCall.warnings], ['LAST', ['key.repeated /call']]);
    for (const none of ['"calls":[{}],"calls":null', '"call":{},"call":null', `"calls":[${other}],"calls":[]`]) {
      const answer = await raw(none);
      assertError(answer, 403, 'calls.missing', 'RecordInvalid', 'Validation failed: calls must be present');
      assert.deepEqual(answer.warnings, [`key.repeated /${none.includes('calls') ? 'calls' : 'call'}`]);
    }
    assertError(await raw(`"calls":[${other}],"calls":5`), 403, 'calls.type', 'RecordInvalid');
    const switched = await raw(`"calls":[${mistaken}],"call":${other},"calls":null`);
    assert.deepEqual(switched.json.results.map(({ call }) => call.transaction_id), ['LAST']);
  });
});
