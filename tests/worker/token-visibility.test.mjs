// What a token can see: it learns nothing about other data, neither from an answer nor from its cost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hashOf, insertToken } from '../../scripts/lib/token-store.mjs';
import { ADVERTISER, NETWORK, NO_PERMISSION, OTHER_NETWORK, assertError, start } from '../../tools/harness/server.mjs';

const ABSENT = '00000000-000000FF';
const OTHER_ADVERTISERS = '00000000-00000004';
const OTHER_NETWORKS = 'C624DA2C-CF3367C3';
const NO_ADVERTISER = 'AAAAAAAA-00000001';

let server;
before(async () => {
  server = await start();
  await server.addCalls([
    { transaction_id: NO_ADVERTISER, start_ms: 1_450_000_000_000, calling_phone: '+14155550199' },
  ]);
  const token = (text, fields) =>
    insertToken(server.db, { token: text, network: '3', advertiser: null, permissions: ['outcomes:write'], ...fields });
  await server.db.batch([
    token('revoked'),
    token('reader', { permissions: ['outcomes:read', 'calls:write'] }),
    token('writer', { permissions: ['outcomes:write'] }),
    token('empty network', { network: '77' }),
  ]);
  await server.rows('UPDATE tokens SET revoked_at = 1 WHERE hash = ?1', hashOf('revoked'));
});
after(() => server?.stop());

const report = (search, token = NETWORK, call_outcome = { outcome_name: 'Sale' }) =>
  server.report({ search, call_outcome, oauth_token: token });
const byId = (transaction_id, token) => report({ transaction_id }, token);
const byTime = (search, token) => report({ start_time_t: '1435993200', ...search }, token);

const isNotFound = (answer) =>
  assertError(answer, 404, 'call.not_found', 'RecordNotFound', 'No call found. Please refer to the documentation.');
const isFound = (answer, id) => {
  assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
  assert.equal(answer.json.call.transaction_id, id);
};
const isForbidden = (answer, what) => {
  const code = {
    Advertiser: 'advertiser_id_from_network',
    Campaign: 'advertiser_campaign_id_from_network',
    Network: 'network_id',
  }[what];
  const type = what === 'Network' ? 'UnauthorizedNetwork' : 'UnauthorizedAdvertiser';
  const whom = what === 'Network' ? 'network' : 'advertiser';
  assertError(answer, 403, `${code}.forbidden`, type, `You do not have access to this ${whom}`);
};

/** Asserts that two answers are indistinguishable; with `uncounted`, apart from their cost. */
function isSame(actual, expected, { uncounted = false } = {}) {
  const all = ({ status, text, headers }) => {
    const { date: _date, 'x-request-id': _id, 'x-database-cost': cost, ...rest } = Object.fromEntries(headers);
    return { status, text, headers: uncounted ? rest : { ...rest, cost } };
  };
  assert.ok(expected.headers.get('X-Database-Cost'), 'no cost to compare');
  assert.deepEqual(all(actual), all(expected));
}

describe('by id', () => {
  test("a network's token sees the calls of the network", async () => {
    isFound(await byId('00000000-00000001'), '00000000-00000001');
    isFound(await byId(OTHER_ADVERTISERS), OTHER_ADVERTISERS);
    isFound(await byId(NO_ADVERTISER), NO_ADVERTISER);
    isFound(await byId(OTHER_NETWORKS, OTHER_NETWORK), OTHER_NETWORKS);
  });

  test("an advertiser's token sees the calls of the advertiser", async () => {
    isFound(await byId('00000000-00000001', ADVERTISER), '00000000-00000001');
    isFound(await byId('00000000-00000003', ADVERTISER), '00000000-00000003');
  });

  const hidden = [
    ["another network's", NETWORK, OTHER_NETWORKS],
    ["another network's, the other way round", OTHER_NETWORK, '00000000-00000001'],
    ["another network's, for an advertiser user", ADVERTISER, OTHER_NETWORKS],
    ["another advertiser's", ADVERTISER, OTHER_ADVERTISERS],
    ['one without an advertiser, for an advertiser user', ADVERTISER, NO_ADVERTISER],
    ['any, for a network that has none', 'empty network', '00000000-00000001'],
  ];
  for (const [name, token, id] of hidden) {
    test(`${name} is as absent as one that is not there`, async () => {
      const answer = await byId(id, token);
      isNotFound(answer);
      isSame(answer, await byId(ABSENT, token));
    });
  }

  test("the id of an outcome and a malformed id find no call", async () => {
    const { transaction_id } = (await byId('00000000-00000001')).json.call_outcome;
    for (const token of [NETWORK, ADVERTISER, OTHER_NETWORK]) {
      const absent = await byId(ABSENT, token);
      isSame(await byId(transaction_id, token), absent);
      for (const id of ['?', 'x'.repeat(33), 'é']) isNotFound(await byId(id, token));
    }
  });

  test('a hidden call stays hidden when it has outcomes', async () => {
    await byId(OTHER_NETWORKS, OTHER_NETWORK);
    await byId(OTHER_ADVERTISERS);
    isSame(await byId(OTHER_NETWORKS), await byId(ABSENT));
    isSame(await byId(OTHER_ADVERTISERS, ADVERTISER), await byId(ABSENT, ADVERTISER));
  });
});

describe('by time', () => {
  const at = '1440607420';

  test('finds the closest of the calls that the token sees', async () => {
    isFound(await report({ start_time_t: at }), OTHER_ADVERTISERS);
    isFound(await report({ start_time_t: at }, ADVERTISER), '00000000-00000003');
    isFound(await byTime({}), '00000000-00000001');
    isFound(await byTime({}, OTHER_NETWORK), OTHER_NETWORKS);
    isFound(await report({ start_time_t: '1450000000' }), NO_ADVERTISER);
  });

  const phone = { calling_phone_number: '+14155550100' };
  const nobody = { calling_phone_number: '+14155550111' };
  const hidden = [
    ["another advertiser's", ADVERTISER, { start_time_t: at, ...phone }, { start_time_t: at, ...nobody }],
    ["another network's", OTHER_NETWORK, { start_time_t: at, ...phone }, { start_time_t: at, ...nobody }],
    ['one without an advertiser', ADVERTISER, { start_time_t: '1450000000' }, { start_time_t: '1400000000' }],
    ["any of another network's", 'empty network', { start_time_t: at }, { start_time_t: '1400000000' }],
  ];
  for (const [name, token, search, nothing] of hidden) {
    test(`${name} is as absent as one that is not there`, async () => {
      const answer = await report(search, token);
      isNotFound(answer);
      // A search reads past calls that the token does not see. Production does not expose the cost.
      isSame(answer, await report(nothing, token), { uncounted: true });
    });
  }
});

describe('the directory', () => {
  test("another network's advertiser is answered as one that does not exist", async () => {
    const answer = await byTime({ advertiser_id_from_network: '9' }, OTHER_NETWORK);
    isForbidden(answer, 'Advertiser');
    isSame(answer, await byTime({ advertiser_id_from_network: '99' }, OTHER_NETWORK));
  });

  test("an advertiser's token may not name an advertiser, whether it exists or not", async () => {
    const answers = [];
    for (const id of ['1', '9', '99']) answers.push(await byTime({ advertiser_id_from_network: id }, ADVERTISER));
    for (const answer of answers) {
      isForbidden(answer, 'Advertiser');
      isSame(answer, answers[2]);
    }
  });

  test("another advertiser's or network's campaign is answered as one that does not exist", async () => {
    for (const [token, id] of [
      [ADVERTISER, '7'],
      [OTHER_NETWORK, '7'],
      [OTHER_NETWORK, '5'],
    ]) {
      const answer = await byTime({ advertiser_campaign_id_from_network: id }, token);
      isForbidden(answer, 'Campaign');
      isSame(answer, await byTime({ advertiser_campaign_id_from_network: '99' }, token));
    }
  });

  test('another network is answered as one that does not exist', async () => {
    const answer = await byTime({ network_id: '4' });
    isForbidden(answer, 'Network');
    isSame(answer, await byTime({ network_id: '99' }));
  });

  test("an advertiser's token may name its campaigns and its network", async () => {
    isFound(await byTime({ advertiser_campaign_id_from_network: '2' }, ADVERTISER), '00000000-00000001');
    isFound(await byTime({ network_id: '3' }, ADVERTISER), '00000000-00000001');
  });

  test('the same ids in two networks are different', async () => {
    const search = { advertiser_id_from_network: '1', advertiser_campaign_id_from_network: '2' };
    isFound(await byTime(search), '00000000-00000001');
    isFound(await byTime(search, OTHER_NETWORK), OTHER_NETWORKS);
  });
});

describe('the order of checks', () => {
  // Each search has one fault fewer than the one before.
  const faults = {
    start_time_t: '1400000000',
    network_id: '4',
    advertiser_campaign_id_from_network: '99',
    advertiser_id_from_network: '99',
  };

  test('is token, permission, advertiser, campaign, network, call', async () => {
    assertError(await byTime(faults, 'nobody'), 401, 'token.invalid', 'NotAuthorized');
    assertError(await byTime(faults, NO_PERMISSION), 403, 'permission.missing', 'UnauthorizedOperation');
    isForbidden(await byTime(faults), 'Advertiser');
    const { advertiser_id_from_network: _advertiser, ...campaign } = faults;
    isForbidden(await byTime(campaign), 'Campaign');
    const { advertiser_campaign_id_from_network: _campaign, ...network } = campaign;
    isForbidden(await byTime(network), 'Network');
    const { network_id: _network, ...call } = network;
    isNotFound(await byTime(call));
  });

  test("is the same for an advertiser's token", async () => {
    isForbidden(await byTime({ ...faults, advertiser_id_from_network: '1' }, ADVERTISER), 'Advertiser');
    isForbidden(await byTime({ ...faults, advertiser_id_from_network: null }, ADVERTISER), 'Campaign');
  });

  test('with a transaction id, other fields of the search are not checked', async () => {
    isFound(await report({ ...faults, transaction_id: '00000000-00000001' }), '00000000-00000001');
    isFound(await report({ ...faults, transaction_id: '00000000-00000001' }, ADVERTISER), '00000000-00000001');
  });
});

describe('tokens', () => {
  test('a revoked token is answered as an unknown one', async () => {
    for (const send of [(token) => byId('00000000-00000001', token), (token) => byTime({}, token)]) {
      const answer = await send('revoked');
      assertError(answer, 401, 'token.invalid', 'NotAuthorized', 'Invalid or missing oauth token');
      assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer');
      const { status, text, headers } = await send('nobody');
      assert.deepEqual([answer.status, answer.text], [status, text]);
      assert.equal(answer.headers.get('WWW-Authenticate'), headers.get('WWW-Authenticate'));
    }
  });

  test('outcomes:write is required', async () => {
    for (const token of ['reader', NO_PERMISSION]) {
      assertError(
        await byId('00000000-00000001', token),
        403,
        'permission.missing',
        'UnauthorizedOperation',
        'You do not have permissions to perform the requested operation.',
      );
      isSame(await byId('00000000-00000001', token), await byId(ABSENT, token));
    }
    isFound(await byId('00000000-00000001', 'writer'), '00000000-00000001');
  });

  test('the hash of a token is not a token', async () => {
    assert.equal((await byId('00000000-00000001', hashOf(NETWORK))).status, 401);
  });

  test('two tokens that see a call see the same outcomes', async () => {
    const outcome = { outcome_name: 'Shared', description: 'x' };
    const first = await report({ transaction_id: '00000000-00000002' }, ADVERTISER, outcome);
    const again = await report({ transaction_id: '00000000-00000002' }, NETWORK, outcome);
    assert.deepEqual([first.status, again.status, again.text], [201, 200, first.text]);
  });
});

test('no refused report was stored', async () => {
  const rows = await server.rows('SELECT DISTINCT network_id AS network, name_key AS name FROM outcomes ORDER BY 1, 2');
  assert.deepEqual(rows, [
    { network: '3', name: 'sale' },
    { network: '3', name: 'shared' },
    { network: '4', name: 'sale' },
  ]);
});
