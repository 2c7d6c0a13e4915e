// How an outcome's name is shown: in the casing of the first report of the name in the network.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { unstable_splitSqlQuery } from 'wrangler';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

const BATCH = '/api/2015-08-17/call_outcomes/batch';
const MIGRATION = new URL('../../migrations/0004_names_by_trigger.sql', import.meta.url);

let server;
before(async () => (server = await start({ wrap: new URL('interfering-database.mjs', import.meta.url) })));
after(() => server?.stop());

const report = (outcome_name, fields, transaction_id = '00000000-00000001') => ({
  search: { transaction_id },
  call_outcome: { outcome_name, ...fields },
});
const send = (...args) => server.report({ ...report(...args), oauth_token: NETWORK });
const sendBatch = (reports, headers = {}) =>
  server.report({ call_outcomes: reports }, { path: BATCH, headers: { Authorization: `Bearer ${NETWORK}`, ...headers } });
const shown = ({ status, json }) => [status, json.call_outcome.outcome_name];
const stored = (key) => server.rows('SELECT display FROM outcome_names WHERE key = ?1', key);

test('a correction, a re-post and a report on another call keep the first casing', async () => {
  assert.deepEqual(shown(await send('Quote')), [201, 'Quote']);
  assert.deepEqual(shown(await send('QUOTE', { description: 'b' })), [200, 'Quote']);
  assert.deepEqual(shown(await send('quote')), [200, 'Quote']);
  assert.deepEqual(shown(await send('qUOTE', {}, '00000000-00000002')), [201, 'Quote']);
  assert.deepEqual(await stored('quote'), [{ display: 'Quote' }]);
});

test('a refused report and a dry run bring no name', async () => {
  const dry = await server.report({ ...report('Lead'), oauth_token: NETWORK }, { path: `${PATH}?validate_only=true` });
  assert.equal(dry.json.call_outcome.outcome_name, 'Lead');
  assert.equal((await send('LEAD', {}, 'FF')).status, 404);
  assert.deepEqual(await stored('lead'), []);
  assert.deepEqual(shown(await send('leaD')), [201, 'leaD']);
});

test('in a batch, of which the first row brings the name', async () => {
  const { json } = await sendBatch([
    report('Callback'),
    report('CALLBACK', { description: 'b' }),
    report('callback', {}, '00000000-00000002'),
  ]);
  assert.deepEqual(json.results.map(({ status, body }) => [status, body.call_outcome.outcome_name]), [
    [201, 'Callback'],
    [200, 'Callback'],
    [201, 'Callback'],
  ]);
  assert.deepEqual(await stored('callback'), [{ display: 'Callback' }]);
});

test('a batch shows the casing of a report that stored the name while the batch was decided', async () => {
  const between = "INSERT INTO outcome_names (network_id, key, display) VALUES ('3', 'demo', 'DEMO')";
  const { json } = await sendBatch([report('Demo'), report('Other')], { 'X-Test-Between': between });
  const results = json.results.map(({ status, body }) => [status, body.call_outcome.outcome_name]);
  assert.deepEqual(results, [[201, 'DEMO'], [201, 'Other']]);
  assert.deepEqual(await stored('demo'), [{ display: 'DEMO' }]);
  const records = await server.rows("SELECT revision FROM outcomes WHERE name_key IN ('demo', 'other')");
  assert.deepEqual(records, [{ revision: 1 }, { revision: 1 }]);
});

describe('the migration that moves the names into a trigger', () => {
  test('keeps the names and the records of a database with data', async () => {
    // The schema before it, with a name as the Worker stored it then.
    await server.rows('DROP TRIGGER outcomes_bring_names');
    await server.rows('ALTER TABLE outcomes DROP COLUMN name');
    await server.rows(
      `INSERT INTO outcomes (network_id, transaction_id, call_id, name_key, partner_unique_id, revision, description,
         occurred_at, value, custom_1, custom_2, custom_3)
       SELECT '3', '00000000-0000ABCD', id, 'visit', '', 1, '', 1440607313, 1, '', '', '' FROM calls
       WHERE network_id = '3' AND transaction_id = '00000000-00000001'`,
    );
    await server.rows("INSERT INTO outcome_names (network_id, key, display) VALUES ('3', 'visit', 'Visit')");
    const before = await server.records();

    const statements = unstable_splitSqlQuery(await readFile(MIGRATION, 'utf8'));
    await server.db.batch(statements.map((statement) => server.db.prepare(statement)));

    assert.deepEqual(await server.records(), before.map((record) => ({ ...record, name: null })));
    assert.deepEqual(shown(await send('VISIT', { description: 'b' })), [200, 'Visit']);
    assert.deepEqual(shown(await send('VISIT', {}, '00000000-00000002')), [201, 'Visit']);
    assert.deepEqual(shown(await send('Fresh')), [201, 'Fresh']);
    assert.equal((await server.request('/healthz')).status, 200);
  });
});
