// `?strict=true`: unknown and repeated keys refuse the request, after its other problems.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, assertError, start } from './harness.mjs';

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
  test(text, async () => {
    assertError(await report(members, '?strict=true'), 403, code, 'RecordInvalid', `Validation failed: ${text}`);
    assert.deepEqual(await server.records(), []);
  });
}

test('other warnings stay warnings, and without it all of them do', async () => {
  const { status, warnings } = await report({ search: ',"network_id":"3"' }, '?strict=true');
  assert.deepEqual([status, warnings], [201, ['search.ignored /search/network_id']]);
  for (const query of ['', '?strict=false', '?strict=0', '?other=1']) {
    assert.equal((await report({ root: ',"x":1' }, query)).status, 200, query);
  }
});
