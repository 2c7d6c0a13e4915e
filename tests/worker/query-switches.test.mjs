// Query switches on every route: each is honoured or refused by name, however it is spelt, and other parameters get a
// warning. tests/query.rs tests the table of switches and operations itself.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const BASE = '/api/2015-08-17';
const authorized = { headers: { Authorization: `Bearer ${NETWORK}` } };
const search = { transaction_id: '00000000-00000001' };
const sale = { search, call_outcome: { outcome_name: 'Sale' } };
const call = { transaction_id: 'NEW-1', start_time_t: '1450000000' };

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const post = (path, body) => server.report({ ...body, oauth_token: NETWORK }, { path });
const routes = {
  report: [(query) => post(PATH + query, sale), 'post', '/api/{version}/call_outcomes'],
  'report in a network': [
    (query) => post(`${BASE}/3/call_outcomes${query}`, sale),
    'post',
    '/api/{version}/{network_id}/call_outcomes',
  ],
  batch: [(query) => post(`${BASE}/call_outcomes/batch${query}`, { call_outcomes: [sale] }), 'post', '/api/{version}/call_outcomes/batch'],
  import: [(query) => post(`${BASE}/calls${query}`, { calls: [call] }), 'post', '/api/{version}/calls'],
  read: [
    (query) => server.request(`${PATH}${query || '?'}&transaction_id=00000000-00000001`, authorized),
    'get',
    '/api/{version}/call_outcomes',
  ],
  export: [(query) => server.request(`${BASE}/transactions${query}`, authorized), 'get', '/api/{version}/transactions'],
  'export as CSV': [
    (query) => server.request(`${BASE}/transactions.csv${query}`, authorized),
    'get',
    '/api/{version}/transactions.csv',
  ],
};
const tables = ['outcomes', 'outcome_names', 'calls', 'advertisers', 'campaigns'];
const everything = () => Promise.all(tables.map((table) => server.rows(`SELECT * FROM ${table}`)));

for (const [name, [send, method, path]] of Object.entries(routes)) {
  describe(name, () => {
    test('each switch is documented and honoured, or refused by name', async () => {
      const { paths, components } = JSON.parse(await readFile(new URL('../../www/openapi.json', import.meta.url), 'utf8'));
      const listed = paths[path][method].parameters.map(({ $ref }) => components.parameters[$ref.split('/').pop()].name);
      for (const name of ['validate_only', 'explain', 'unambiguous', 'strict', 'min_confidence']) {
        const before = await everything();
        const isThreshold = name === 'min_confidence';
        const answer = await send(`?${name}=${isThreshold ? '0.5' : 'true'}`);
        if (listed.includes(name)) {
          assert.ok([200, 201].includes(answer.status), `${name}: ${answer.text}`);
          assert.deepEqual(answer.warnings, [], name);
        } else {
          const text = `Validation failed: ${name} is not supported here`;
          assertError(answer, 403, 'query.unsupported', 'RecordInvalid', text);
          assert.deepEqual(await everything(), before);
        }
        if (isThreshold && listed.includes(name)) continue;
        assert.ok((await send(`?${name}=false`)).status < 300, 'what is off asks for nothing');
      }
    });

    test('no spelling of validate_only stores anything', async () => {
      const spellings = ['validate%5Fonly=1', '%76alidate_only', 'validate+only=1', 'Validate-Only=true', 'validate%255Fonly=1', 'validate_onyl=1'];
      for (const query of spellings) {
        const before = await everything();
        const answer = await send(`?${query}`);
        const isDryRun = answer.status === 200 && (answer.text.includes('"validate_only":true') || answer.cost.written === 0);
        assert.ok(isDryRun || answer.headers.get('X-Error-Code') === 'query.unsupported', `${query}: ${answer.text}`);
        assert.deepEqual(await everything(), before, query);
      }
      assert.ok((await send('?validate_only=%66alse')).status < 300);
    });

    test('an unknown parameter gets a warning that points to the query', async () => {
      const answer = await send('?source=crm&a%2Cb%0A=1');
      assert.ok(answer.status < 300, answer.text);
      assert.deepEqual(answer.warnings, ['query.unknown ?source', 'query.unknown ?a%2Cb%0A'].map(decodeURIComponent));
    });
  });
}

test('routes of the server itself take no switches', async () => {
  for (const path of ['/healthz', '/config.json']) {
    const { status, warnings } = await server.request(`${path}?validate_only=true&x=1`);
    assert.deepEqual([status, warnings], [200, ['query.unknown ?validate_only', 'query.unknown ?x']]);
  }
});

test("a problem of a switch comes after those of the body and suggests the right name", async () => {
  const headers = { Accept: 'application/problem+json' };
  const path = `${PATH}?validate_onyl=1&explian=1`;
  const { status, json } = await server.report({ oauth_token: NETWORK }, { path, headers });
  assert.equal(status, 403);
  assert.deepEqual(
    json.errors.map(({ code, pointer, fix }) => [code, pointer, fix]),
    [
      ['search.missing', '/search', undefined],
      ['outcome_name.missing', '/call_outcome/outcome_name', undefined],
      ['query.unsupported', '?validate_onyl', 'validate_only'],
    ],
  );
  assert.deepEqual(json.warnings, [
    { code: 'query.unknown', pointer: '?explian', detail: 'explian is not a known parameter of the query', fix: 'explain' },
  ]);
  // Without a token, there are no warnings about the query.
  assertError(await server.report(sale, { path }), 401, 'token.missing', 'NotAuthorized');
});

test('a dry run shows the warnings about its query in full', async () => {
  const { json } = await post(`${PATH}?validate_only=1&x=1`, sale);
  assert.deepEqual(json.warnings.map(({ code, pointer }) => [code, pointer]), [['query.unknown', '?x']]);
});
