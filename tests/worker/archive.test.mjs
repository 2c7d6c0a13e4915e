// Reports and imports of archived calls: they are found and put back, but only for tokens that may see them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { archive as archiveCalls } from '../../scripts/lib/archive.mjs';
import { insertToken } from '../../scripts/lib/token-store.mjs';
import { ADVERTISER, NETWORK, OTHER_NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

let server;
before(async () => (server = await start({ wrap: new URL('failing-archive.mjs', import.meta.url) })));
after(() => server?.stop());

/** A row of the database's calls. */
function call(transaction_id, more = {}) {
  return {
    network_id: '3',
    transaction_id,
    external_id: `external ${transaction_id}`,
    advertiser_id: '1',
    campaign_id: null,
    calling_phone: '+18885551212',
    destination_phone: null,
    start_ms: 1_300_000_000_123,
    duration_s: 61,
    ...more,
  };
}

/** Stores and archives a call. */
async function archive(transaction_id, advertiser_id = '1') {
  const archived = call(transaction_id, { advertiser_id });
  await server.addArchived([archived]);
  return archived;
}

const report = (transaction_id, token = NETWORK, fields = {}) =>
  server.report({
    search: { transaction_id },
    call_outcome: { outcome_name: 'Sale', ...fields },
    oauth_token: token,
  });
const stored = (id) => server.rows('SELECT * FROM calls WHERE transaction_id = ?1', id);

test('a report by id puts the call back, and later reports find it in the database', async () => {
  const archived = await archive('A0000000-00000001');
  const answer = await report('a0000000-00000001');
  assert.deepEqual([answer.status, answer.cost.trips], [201, 2]);
  assert.deepEqual(answer.json.call, { transaction_id: archived.transaction_id, start_time_t: '1300000000' });
  const [{ id: _id, ...row }, ...others] = await stored(archived.transaction_id);
  assert.deepEqual([row, others], [archived, []]);
  // From now on it is a call like any other.
  const again = await report(archived.transaction_id);
  assert.deepEqual([again.status, again.cost.trips], [200, 1]);
  assert.equal((await report(archived.transaction_id, NETWORK, { description: 'x' })).status, 200);
});

test('the token of its advertiser can report on it', async () => {
  await archive('A0000000-00000002');
  assert.equal((await report('A0000000-00000002', ADVERTISER)).status, 201);
});

test("another advertiser's or network's archived call is answered as one that does not exist", async () => {
  await archive('A0000000-00000003', '9');
  for (const token of [ADVERTISER, OTHER_NETWORK]) {
    const [foreign, absent] = [await report('A0000000-00000003', token), await report('A0000000-000000FF', token)];
    assertError(foreign, 404, 'call.not_found', 'RecordNotFound');
    assert.deepEqual([foreign.text, foreign.cost], [absent.text, absent.cost]);
  }
  assert.deepEqual(await stored('A0000000-00000003'), []);
});

test('a hundred concurrent reports on an archived call store one record', async () => {
  await archive('A0000000-00000004');
  const answers = await Promise.all(Array.from({ length: 100 }, () => report('A0000000-00000004')));
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(201), count(200)], [1, 99]);
  assert.equal((await stored('A0000000-00000004')).length, 1);
});

test('a damaged archive value answers 500, not that there is no such call', async () => {
  const { transaction_id } = await archive('A0000000-00000005');
  const { keys } = await server.archive.list({ prefix: 'ids:' });
  const values = await Promise.all(keys.map(({ name }) => server.archive.get(name)));
  await Promise.all(keys.map(({ name }) => server.archive.put(name, 'not JSON')));
  assertError(await report(transaction_id), 500, 'internal', 'InternalServiceError');
  await Promise.all(keys.map(({ name }, at) => server.archive.put(name, values[at])));
  assert.equal((await report(transaction_id)).status, 201);
});

test('a failing archive answers 503 with Retry-After and stores nothing', async () => {
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

test('a report by time finds an archived call beside a live one of the same hour', async () => {
  const at = 1_620_003_000_000;
  const live = { transaction_id: 'L0000000-00000001', start_ms: at };
  await server.addArchived([call('L0000000-00000002', { start_ms: at + 100_000 })]);
  await server.addCalls([call(live.transaction_id, live)]);
  const search = { start_time_t: `${(at + 100_000) / 1000}` };
  for (const [more, query] of [
    [{}, '?validate_only=1'],
    [{ calling_phone_number: '+18885551212' }, '?validate_only=1'],
    [{ duration_in_seconds: 61 }, '?validate_only=1'],
    [{ calling_phone_number: '+18885551212', duration_in_seconds: 5 }, ''],
  ]) {
    const body = { search: { ...search, ...more }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK };
    const { json, text } = await server.report(body, { path: PATH + query });
    assert.equal(json.call?.transaction_id, 'L0000000-00000002', text);
  }
});

test('an ambiguous row of a batch puts nothing back', async () => {
  const at = 1_240_000_000_000;
  await server.addArchived([0, 1].map((more) => call(`B0000000-0000000${more}`, { start_ms: at + more * 1_000 })));
  const row = { search: { start_time_t: `${at}` }, call_outcome: { outcome_name: 'Sale' } };
  const body = { call_outcomes: [row], oauth_token: NETWORK };
  const { json, cost } = await server.report(body, { path: '/api/2015-08-17/call_outcomes/batch?unambiguous=1' });
  assert.equal(json.results[0].status, 404);
  assert.match(JSON.stringify(json.results[0].body), /"ambiguous":true/);
  assert.equal(cost.written, 0);
  assert.deepEqual(await stored('B0000000-00000000'), []);
});

test('a batch with explanations that finds nothing makes few trips, however much is archived', async () => {
  const [hour, at] = [3_600_000, 1_210_000_000_000];
  const calls = Array.from({ length: 400 }, (_, hours) => call(`H0000000-${hours}`, { start_ms: at + hours * hour }));
  await server.addCalls(calls);
  await archiveCalls(server.db, server.archive, { from: at, before: at + 400 * hour, network: '3' });
  const call_outcomes = Array.from({ length: 200 }, (_, row) => ({
    search: { start_time_t: `${at + row * 2 * hour}`, calling_phone_number: `+1415777${1_000 + row}` },
    call_outcome: { outcome_name: 'Sale' },
  }));
  const body = { call_outcomes, oauth_token: NETWORK };
  const { json, cost } = await server.report(body, { path: '/api/2015-08-17/call_outcomes/batch?explain=1' });
  assert.equal(json.summary.failed, 200);
  assert.ok(cost.trips <= 6 && cost.read <= 200 * 400, JSON.stringify(cost));
});

describe('an import of archived calls', () => {
  const CALLS = '/api/2015-08-17/calls.json';
  const load = (calls, { token = NETWORK, query = '' } = {}) =>
    server.report({ calls, oauth_token: token }, { path: CALLS + query });
  const sent = (transaction_id, more = {}) => ({
    transaction_id,
    external_call_unique_id: `external ${transaction_id}`,
    start_time_t: '1300000000123',
    duration_in_seconds: '61',
    calling_phone_number: '+18885551212',
    advertiser_id_from_network: '1',
    ...more,
  });
  const outcomes = async (...request) => {
    const { json } = await load(...request);
    return json.results.map(({ status, errors }) => errors?.invalid_data ?? status);
  };

  test('treats them as calls of the database, by either id', async () => {
    const ids = ['I0000000-00000001', 'I0000000-00000002'];
    await server.addArchived(ids.map((id) => call(id)));
    const [one, two] = ids.map((id) => sent(id));
    const { json } = await load([one, two, { ...one, transaction_id: undefined }]);
    assert.deepEqual(json.summary, { created: 0, updated: 0, unchanged: 3, failed: 0 });
    assert.equal(json.results[2].call.transaction_id, ids[0]);
    for (const [row, message] of [
      [sent(ids[0], { duration_in_seconds: '62' }), 'duration_in_seconds differs from the call that is stored'],
      [sent(ids[0], { start_time_t: '1300000001' }), 'start_time_t differs from the call that is stored'],
      [sent('I0000000-000000FF', { external_call_unique_id: `external ${ids[0]}` }), 'transaction_id differs'],
      [sent(ids[0], { external_call_unique_id: `external ${ids[1]}` }), 'external_call_unique_id differs'],
    ]) {
      const [answer] = await outcomes([row]);
      assert.ok(String(answer).includes(message), `${answer} for ${JSON.stringify(row)}`);
    }
    // It was neither put back nor stored a second time.
    for (const id of ids) assert.deepEqual(await stored(id), []);
  });

  test('fills in missing fields and puts them back', async () => {
    const id = 'I0000000-00000005';
    const [start_ms, calling_phone] = [1_250_000_000_123, '+14155550177'];
    await server.addArchived([call(id, { start_ms, calling_phone, duration_s: null })]);
    const filled = sent(id, { start_time_t: `${start_ms}`, calling_phone_number: calling_phone });
    assert.deepEqual(await outcomes([filled], { query: '?validate_only=true' }), [200]);
    assert.deepEqual(await stored(id), []);
    assert.deepEqual(await outcomes([filled]), [200]);
    assert.deepEqual((await stored(id)).map((row) => row.duration_s), [61]);
    // Its archived copy no longer counts.
    const search = { start_time_t: `${start_ms}`, duration_in_seconds: 61, calling_phone_number: calling_phone };
    const body = { search, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK };
    const { json } = await server.report(body, { path: `${PATH}?validate_only=1&explain=1` });
    assert.deepEqual([json.match.candidates, json.match.distance_seconds], [1, 0]);
  });

  test("does not show an advertiser another's call: a taken id fails as one in the database does", async () => {
    const token = 'importing advertiser';
    await insertToken(server.db, { token, network: '3', advertiser: '1', permissions: ['calls:write'] }).run();
    await archive('I0000000-00000006', '9');
    const row = (transaction_id) => ({ transaction_id, start_time_t: '1300000000123' });
    const [live] = await outcomes([row('00000000-00000004')], { token });
    assert.ok(live.includes('transaction_id differs'), live);
    assert.deepEqual(await outcomes([row('I0000000-00000006')], { token }), [live]);
  });

  test('creates nothing when a whole file is imported again', async () => {
    const calls = Array.from({ length: 300 }, (_, at) => ({
      transaction_id: `F0000000-${at}`,
      start_time_t: `${1_200_000_000 + at * 60}`,
      calling_phone_number: '+18885551212',
    }));
    assert.equal((await load(calls)).json.summary.created, 300);
    const range = { from: 1_200_000_000_000, before: 1_200_100_000_000, network: '3' };
    assert.equal(await archiveCalls(server.db, server.archive, range), 300);
    assert.deepEqual((await load(calls)).json.summary, { created: 0, updated: 0, unchanged: 300, failed: 0 });
  });
});
