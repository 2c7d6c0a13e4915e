// Calls in the archive: a report by id finds them, nobody else's token does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADVERTISER, NETWORK, OTHER_NETWORK, assertError, start } from './harness.mjs';

let server;
before(async () => (server = await start({ wrap: new URL('failing-archive.mjs', import.meta.url) })));
after(() => server?.stop());

/** An archived call. */
async function archive(transaction_id, advertiser_id = '1') {
  const call = {
    network_id: '3',
    transaction_id,
    external_id: `external ${transaction_id}`,
    advertiser_id,
    campaign_id: null,
    calling_phone: '+18885551212',
    destination_phone: null,
    start_ms: 1_300_000_000_123,
    duration_s: 61,
  };
  await server.addArchived([call]);
  return call;
}

const report = (transaction_id, token = NETWORK, fields = {}) =>
  server.report({
    search: { transaction_id },
    call_outcome: { outcome_name: 'Sale', ...fields },
    oauth_token: token,
  });
const stored = (id) => server.rows('SELECT * FROM calls WHERE transaction_id = ?1', id);

test('a report by id puts the call back and runs as ever', async () => {
  const call = await archive('A0000000-00000001');
  const answer = await report('a0000000-00000001');
  assert.deepEqual([answer.status, answer.cost.trips], [201, 2]);
  assert.deepEqual(answer.json.call, { transaction_id: call.transaction_id, start_time_t: '1300000000' });
  const [{ id: _id, ...row }, ...others] = await stored(call.transaction_id);
  assert.deepEqual([row, others], [call, []]);
  // From now on it is a call like any other.
  const again = await report(call.transaction_id);
  assert.deepEqual([again.status, again.cost.trips], [200, 1]);
  assert.equal((await report(call.transaction_id, NETWORK, { description: 'x' })).status, 200);
});

test('its own advertiser reports on it too', async () => {
  await archive('A0000000-00000002');
  assert.equal((await report('A0000000-00000002', ADVERTISER)).status, 201);
});

test("another advertiser's and another network's are as absent as one that is not there", async () => {
  await archive('A0000000-00000003', '9');
  for (const token of [ADVERTISER, OTHER_NETWORK]) {
    const [foreign, absent] = [await report('A0000000-00000003', token), await report('A0000000-000000FF', token)];
    assertError(foreign, 404, 'call.not_found', 'RecordNotFound');
    assert.deepEqual([foreign.text, foreign.cost], [absent.text, absent.cost]);
  }
  assert.deepEqual(await stored('A0000000-00000003'), []);
});

test('a hundred reports at once on an archived call: one record', async () => {
  await archive('A0000000-00000004');
  const answers = await Promise.all(Array.from({ length: 100 }, () => report('A0000000-00000004')));
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(201), count(200)], [1, 99]);
  assert.equal((await stored('A0000000-00000004')).length, 1);
});

test('a damaged value fails the look-up: what is not there cannot be told', async () => {
  const { transaction_id } = await archive('A0000000-00000005');
  const { keys } = await server.archive.list({ prefix: 'ids:' });
  const values = await Promise.all(keys.map(({ name }) => server.archive.get(name)));
  await Promise.all(keys.map(({ name }) => server.archive.put(name, 'not JSON')));
  assertError(await report(transaction_id), 500, 'internal', 'InternalServiceError');
  await Promise.all(keys.map(({ name }, at) => server.archive.put(name, values[at])));
  assert.equal((await report(transaction_id)).status, 201);
});

test('an archive that fails is asked again later: 503, and nothing is stored', async () => {
  const { transaction_id } = await archive('A0000000-00000006');
  const down = { 'X-Test-Archive': 'down' };
  const sale = { search: { transaction_id }, call_outcome: { outcome_name: 'Sale' } };
  const batch = { path: '/api/2015-08-17/call_outcomes/batch', headers: down };
  const asks = {
    'a report': () => server.report({ ...sale, oauth_token: NETWORK }, { headers: down }),
    'a batch': () => server.report({ call_outcomes: [sale], oauth_token: NETWORK }, batch),
    reading: () =>
      server.request(`/api/2015-08-17/call_outcomes?transaction_id=${transaction_id}`, {
        headers: { ...down, Authorization: `Bearer ${NETWORK}` },
      }),
  };
  for (const [name, ask] of Object.entries(asks)) {
    const answer = await ask();
    const [row = answer.json] = answer.json.results ?? [];
    assert.equal(row.status ?? answer.status, 503, `${name}: ${answer.text}`);
    if (answer.status === 503) assert.equal(answer.headers.get('Retry-After'), '2', name);
  }
  assert.deepEqual(await stored(transaction_id), []);
  assert.equal((await report(transaction_id)).status, 201);
});
