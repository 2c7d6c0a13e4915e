// `?strict=true`: a request with unknown or repeated keys is refused; its other problems come first.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const report = (members, query) =>
  server.report(
    `{"search":{"transaction_id":"00000000-00000001"${members.search ?? ''}},` +
      `"call_outcome":{"outcome_name":"Sale"${members.call_outcome ?? ''}},"oauth_token":"${NETWORK}"${members.root ?? ''}}`,
    { path: PATH + query },
  );
const cases = [
  [{ call_outcome: ',"outcome":1' }, 'key.unknown', 'outcome is not a known parameter'],
  [{ search: ',"x":1' }, 'key.unknown', 'x is not a known parameter'],
  [{ root: ',"x":1,"x":2' }, 'key.unknown', 'x is not a known parameter, x is repeated'],
  [{ call_outcome: ',"value":"1","value":"0"' }, 'key.repeated', 'value is repeated'],
  [{ call_outcome: ',"x":1,"value":"perhaps"' }, 'value.format', 'value is invalid, x is not a known parameter'],
];

for (const [members, code, text] of cases) {
  test(`is refused: ${text}`, async () => {
    assertError(await report(members, '?strict=true'), 403, code, 'RecordInvalid', `Validation failed: ${text}`);
    assert.deepEqual(await server.records(), []);
  });
}

test('other warnings stay warnings, and without strict mode all of them do', async () => {
  const { status, warnings } = await report({ search: ',"network_id":"3"' }, '?strict=true');
  assert.deepEqual([status, warnings], [201, ['search.ignored /search/network_id']]);
  for (const query of ['', '?strict=false', '?strict=0', '?other=1']) {
    assert.equal((await report({ root: ',"x":1' }, query)).status, 200, query);
  }
});

// A body can have a key for every few bytes.
describe('of 5,000 unknown keys the first 100 are listed', () => {
  const COUNT = 5_000;
  const keys = Array.from({ length: COUNT }, (_, at) => `k${at}`);
  const members = { call_outcome: `,${keys.map((key) => `"${key}":0`).join()}` };
  const named = keys.slice(0, 100);
  const rest = { code: 'problems.more', pointer: '/call_outcome', detail: `not listed here: ${COUNT - 100} more` };
  const isEach = (listed) => {
    const [last, ...others] = listed.toReversed();
    assert.deepEqual(last, rest);
    assert.deepEqual(others.toReversed().map(({ code, pointer }) => `${code} ${pointer}`), named.map((key) => `key.unknown /call_outcome/${key}`));
  };

  test('in the message', async () => {
    const messages = [...named.map((key) => `${key} is not a known parameter`), rest.detail];
    assertError(await report(members, '?strict=true'), 403, 'key.unknown', 'RecordInvalid', `Validation failed: ${messages.join(', ')}`);
  });

  test('in a problem document, as errors and as warnings', async () => {
    const Accept = 'application/problem+json';
    const body = (outcome) =>
      `{"search":{"transaction_id":"00000000-00000001"},"call_outcome":{${outcome}${members.call_outcome}},"oauth_token":"${NETWORK}"}`;
    const strict = await server.report(body('"outcome_name":"Sale"'), { path: `${PATH}?strict=true`, headers: { Accept } });
    isEach(strict.json.errors);
    const plain = await server.report(body('"outcome_name":""'), { headers: { Accept } });
    assert.deepEqual(plain.json.errors.map(({ code }) => code), ['outcome_name.missing']);
    isEach(plain.json.warnings);
  });

  test('in a dry run', async () => {
    const { status, json, headers } = await report(members, '?validate_only=true');
    assert.equal(status, 200);
    isEach(json.warnings);
    assert.match(headers.get('X-Warnings'), new RegExp(`, more=${COUNT - 20}$`));
  });

  test('in the rows of a batch: warnings are counted together, and each refused row says why', async () => {
    const outcome = (at) => `"call_outcome":{"outcome_name":"Sale","partner_unique_id":"${at}"`;
    const strays = keys.slice(0, 20).map((key) => `"${key}":0`).join();
    const row = (at) => `{"search":{"transaction_id":"00000000-00000001"},${outcome(at)},${strays}}}`;
    const body = `{"call_outcomes":[${Array.from({ length: 1_000 }, (_, at) => row(at)).join()}],"oauth_token":"${NETWORK}"}`;
    const send = (query) => server.report(body, { path: `/api/2015-08-17/call_outcomes/batch${query}` });
    const plain = await send('?validate_only=true');
    assert.equal(plain.status, 200);
    assert.match(plain.headers.get('X-Warnings'), new RegExp(`, more=${20 * 1_000 - 20}$`));
    const counts = plain.json.results.map(({ body }) =>
      body.warnings.reduce((sum, { detail }) => sum + Number(/not listed here: (\d+)/.exec(detail)?.[1] ?? 1), 0),
    );
    assert.deepEqual(new Set(counts), new Set([20]));
    const strict = await send('?strict=true');
    assert.deepEqual(strict.json.summary, { created: 0, corrected: 0, unchanged: 0, failed: 1_000 });
    for (const { body } of strict.json.results) assert.match(body.errors.invalid_data, /k0 is not a known parameter/);
    assert.match(strict.json.results[999].body.errors.invalid_data, /not listed here: 19 more$/);
  });

  test('in the rows of an import', async () => {
    const strays = keys.map((key) => `"${key}":0`).join();
    const row = (at) => `{"transaction_id":"S-${at}","start_time_t":"1435993200",${strays}}`;
    const body = `{"calls":[${[0, 1, 2].map(row).join()}],"oauth_token":"${NETWORK}"}`;
    const { status, headers } = await server.report(body, { path: '/api/2015-08-17/calls' });
    assert.equal(status, 201);
    assert.match(headers.get('X-Warnings'), new RegExp(`, more=${3 * COUNT - 20}$`));
  });
});
