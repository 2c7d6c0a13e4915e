// Concurrent reports on the same outcome.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';

const MANY = 100;
const search = { transaction_id: '00000000-00000001' };

let server;
before(async () => (server = await start()));
after(() => server?.stop());

/** Posts one report for each of the outcomes, all before the first answer. */
const atOnce = (outcomes) =>
  Promise.all(outcomes.map((call_outcome) => server.report({ search, call_outcome, oauth_token: NETWORK })));
const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));
const recordsOf = (key) => server.rows('SELECT * FROM outcomes WHERE name_key = ?1 ORDER BY seq', key);

function count(answers) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('identical first reports store one record', async () => {
  const answers = await atOnce(times(MANY, () => ({ outcome_name: 'Same', description: 'x', sale_amount: 5 })));
  assert.deepEqual(count(answers), { 200: MANY - 1, 201: 1 });
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  const records = await recordsOf('same');
  assert.equal(records.length, 1);
  assert.equal(answers[0].json.call_outcome.transaction_id, records[0].transaction_id);
});

test('identical first reports without a time store one record', async () => {
  // Each has another default for the time it occurred at; only the first one's may count.
  const answers = await atOnce(times(MANY, () => ({ outcome_name: 'Timeless' })));
  assert.deepEqual(count(answers), { 200: MANY - 1, 201: 1 });
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.equal((await recordsOf('timeless')).length, 1);
});

test('different corrections form one unbroken chain', async () => {
  await atOnce([{ outcome_name: 'Chain', description: 'first' }]);
  const answers = await atOnce(times(MANY, (at) => ({ outcome_name: 'Chain', description: `${at}` })));
  assert.deepEqual(count(answers), { 200: MANY });
  await isChain('chain', MANY + 1);
  await areStored('chain', answers);
});

test('different first reports form one unbroken chain', async () => {
  const answers = await atOnce(times(MANY, (at) => ({ outcome_name: 'Race', description: `${at}` })));
  assert.deepEqual(count(answers), { 200: MANY - 1, 201: 1 });
  await isChain('race', MANY);
  await areStored('race', answers);
});

test('corrections of different fields lose nothing', async () => {
  await atOnce([{ outcome_name: 'Merge' }]);
  const fields = [
    { description: 'd' },
    { sale_amount: '1.5' },
    { value: false },
    { custom_parameter_1: 'a' },
    { custom_parameter_2: 'b' },
    { custom_parameter_3: 'c' },
    { occurred_at_time_t: '1440607313' },
  ];
  const answers = await atOnce(fields.map((field) => ({ outcome_name: 'Merge', ...field })));
  assert.deepEqual(count(answers), { 200: fields.length });
  await isChain('merge', fields.length + 1);
  const { description, sale_cents, value, custom_1, custom_2, custom_3, occurred_at } = (await recordsOf('merge')).at(
    -1,
  );
  assert.deepEqual(
    [description, sale_cents, value, custom_1, custom_2, custom_3, occurred_at],
    ['d', 150, 0, 'a', 'b', 'c', 1440607313],
  );
});

test('identical corrections store one record', async () => {
  await atOnce([{ outcome_name: 'Fix', description: 'wrong' }]);
  const answers = await atOnce(times(MANY, () => ({ outcome_name: 'Fix', description: 'right' })));
  assert.deepEqual(count(answers), { 200: MANY });
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  await isChain('fix', 2);
});

test('each partner id has a record of its own', async () => {
  const answers = await atOnce(times(MANY, (at) => ({ outcome_name: 'Items', partner_unique_id: `${at}` })));
  assert.deepEqual(count(answers), { 201: MANY });
  assert.equal(new Set(answers.map(({ json }) => json.call_outcome.transaction_id)).size, MANY);
  assert.equal((await recordsOf('items')).length, MANY);
});

test('different casings of a name share one record', async () => {
  const casing = (at) =>
    [...'subscription'].map((letter, place) => ((at >> (place % 6)) & 1 ? letter.toUpperCase() : letter)).join('');
  const names = times(50, casing);
  assert.equal(new Set(names).size, 50);

  const others = await atOnce(names.map((outcome_name, at) => ({ outcome_name, partner_unique_id: `${at}` })));
  assert.deepEqual(count(others), { 201: 50 });
  const same = await atOnce(names.map((outcome_name) => ({ outcome_name })));
  assert.deepEqual(count(same), { 200: 49, 201: 1 });

  const shown = new Set([...others, ...same].map(({ json }) => json.call_outcome.outcome_name));
  assert.equal(shown.size, 1, [...shown].join());
  const stored = await server.rows("SELECT display FROM outcome_names WHERE key = 'subscription'");
  assert.deepEqual(stored, [{ display: [...shown][0] }]);
  assert.equal((await recordsOf('subscription')).length, 51);
});

/** Revisions 1, 2, …, each of which corrects the one before. */
async function isChain(key, length) {
  const records = await recordsOf(key);
  assert.deepEqual(
    records.map(({ revision, corrects_transaction_id }) => [revision, corrects_transaction_id]),
    times(length, (at) => [at + 1, at ? records[at - 1].transaction_id : null]),
  );
}

/** Each answer is a record of its own, as it was answered. */
async function areStored(key, answers) {
  const records = await recordsOf(key);
  const stored = new Map(records.map((row) => [row.transaction_id, row]));
  for (const { json } of answers) {
    const { transaction_id, corrects_transaction_id, description } = json.call_outcome;
    const row = stored.get(transaction_id);
    assert.ok(row, `${transaction_id} was acknowledged and is not there`);
    assert.deepEqual([row.corrects_transaction_id, row.description], [corrects_transaction_id, description]);
    stored.delete(transaction_id);
  }
}
