// If the statement that merges and its specification in Rust disagree, which is a bug of ours, the client gets the record
// that was stored, and the bug is logged with the id of the request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';

const TEXT = 'the statement and the specification disagree';

let server;
before(async () => (server = await start({ wrap: new URL('interfering-database.mjs', import.meta.url) })));
after(() => server?.stop());

const search = { transaction_id: '00000000-00000001' };
const at = { start_time_t: '1435993200', calling_phone_number: '+18885551212' };
const CURRENT = 10;
const PERMISSIONS = 3;
const CALL = 7;
const record = ['00000000-0000000A', null, 1, 'other', 1440607313, 500, 1, '', '', ''];

// The facts that the Worker gets, which differ from those in the database.
const cases = [
  ['a first report, told of a record', {}, search, { [CURRENT]: record }, 201],
  ['a correction, told of no record', { given: {} }, search, { [CURRENT]: null }, 200],
  ['a correction, told of another record', { given: {} }, search, { [CURRENT]: record }, 200],
  ['a first report, told that the same is there', {}, search, { [CURRENT]: [...record.slice(0, 3), 'new', 1440607313, null, 1, '', '', ''] }, 201],
  ['a first report, told of no permission', {}, search, { [PERMISSIONS]: '' }, 201],
  ['a first report, told of no call', {}, search, { [CALL]: null }, 201],
  ['a first report by time, told of no call', {}, at, { [CALL]: null }, 201],
];

for (const [what, { given }, search, facts, status] of cases) {
  test(what, async () => {
    const id = `handle-${cases.findIndex(([name]) => name === what)}`;
    const report = (fields, headers) =>
      server.report(
        {
          search,
          call_outcome: { outcome_name: what, occurred_at_time_t: '1440607313', ...fields },
          oauth_token: NETWORK,
        },
        { headers },
      );
    if (given) assert.equal((await report(given)).status, 201);
    server.logs.length = 0;
    const headers = { 'X-Request-Id': id, 'X-Test-Facts': JSON.stringify(facts) };
    const answer = await report({ description: 'new' }, headers);
    assert.equal(answer.status, status, answer.text);
    const records = await server.rows('SELECT * FROM outcomes WHERE name_key = ?1 ORDER BY seq', what.toLowerCase());
    const last = records.at(-1);
    assert.equal(records.length, given ? 2 : 1);
    const { transaction_id, corrects_transaction_id, description } = answer.json.call_outcome;
    assert.deepEqual(
      [transaction_id, corrects_transaction_id, description, answer.json.call.transaction_id],
      [last.transaction_id, last.corrects_transaction_id, 'new', '00000000-00000001'],
    );
    const errors = (await server.logged()).map((line) => JSON.parse(line)).filter(({ error }) => error);
    assert.deepEqual(errors, [{ error: TEXT, handle: id }]);
    // Sending it again changes nothing.
    const again = await report({ description: 'new' });
    assert.deepEqual([again.status, again.json.call_outcome.transaction_id], [200, transaction_id]);
  });
}

test('nothing is logged if they agree', async () => {
  server.logs.length = 0;
  await server.report({ search, call_outcome: { outcome_name: 'agreed' }, oauth_token: NETWORK });
  assert.deepEqual((await server.logged()).filter((line) => JSON.parse(line).error), []);
});
