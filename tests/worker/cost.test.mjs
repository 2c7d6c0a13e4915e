// What a request costs the database: trips to it, and the rows that D1 bills as read and written.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADVERTISER, NETWORK, NO_PERMISSION, start } from './harness.mjs';

const byId = { transaction_id: '00000000-00000001' };
const near = { start_time_t: '1435993300' };
const phone = { ...near, calling_phone_number: '+18885551212' };
const absent = { transaction_id: '00000000-000000FF' };
const nobodys = { ...near, calling_phone_number: '+14155550111' };

// A request and the most it may cost: trips, rows read, rows written. `given` is reported before.
const costs = [
  // By id.
  ['a first report', byId, {}, [1, 12, 6]],
  ['a first report of a name that is known', byId, { partner_unique_id: '2' }, [1, 12, 6], { given: [{}] }],
  ['a re-post', byId, {}, [1, 16, 0], { given: [{}] }],
  ['a re-post of a correction', byId, { description: 'b' }, [1, 16, 0], { given: [{}, { description: 'b' }] }],
  ['a correction', byId, { description: 'b' }, [1, 16, 5], { given: [{}] }],
  [
    'a correction of a long chain',
    byId,
    { description: 'z' },
    [1, 16, 5],
    { given: [...'abcdefghijklmnopqrst'].map((description) => ({ description })) },
  ],
  [
    'a first report beside many',
    byId,
    {},
    [1, 12, 6],
    { given: [...'abcdefghijklmnopqrst'].map((partner_unique_id) => ({ partner_unique_id })) },
  ],
  // By time.
  ['a first report, by time and phone', phone, {}, [1, 40, 6]],
  ['a re-post, by time and phone', phone, {}, [1, 40, 0], { given: [{}] }],
  ['a correction, by time and phone', phone, { description: 'b' }, [1, 40, 5], { given: [{}] }],
  ['a first report, by time, phone and duration', { ...phone, duration_in_seconds: 120 }, {}, [1, 40, 6]],
  // Refused by the database.
  ['an unknown id', absent, {}, [1, 12, 0]],
  ['an unknown phone number', nobodys, {}, [1, 40, 0]],
  ['a forbidden advertiser', { ...phone, advertiser_id_from_network: '99' }, {}, [1, 40, 0]],
  [
    'a forbidden campaign',
    { ...phone, advertiser_campaign_id_from_network: '7' },
    {},
    [1, 40, 0],
    { token: ADVERTISER },
  ],
  ['a forbidden network', { ...phone, network_id: '4' }, {}, [1, 40, 0]],
  ['an unknown token', byId, {}, [1, 12, 0], { token: 'nobody' }],
  ['no permission', byId, {}, [1, 12, 0], { token: NO_PERMISSION }],
  // Refused without it.
  ['no token', byId, {}, [0, 0, 0], { token: null }],
  ['an invalid report', byId, { value: 'maybe' }, [0, 0, 0]],
  ['an invalid report with an unknown token', byId, { value: 'maybe' }, [0, 0, 0], { token: 'nobody' }],
];

let server;
before(async () => {
  server = await start();
  await server.rows('DROP TRIGGER outcomes_are_kept');
  // Enough calls that a scan would show: two years of the same caller's, and thousands around the one in question.
  const calls = (count, make) => server.addCalls(Array.from({ length: count }, (_, at) => make(at)));
  const start_ms = 1_435_993_200_000;
  await calls(700, (at) => ({
    transaction_id: `B0000000-${at}`,
    calling_phone: '+18885551212',
    start_ms: start_ms + (at - 350.5) * 86_400_000,
  }));
  await calls(5_000, (at) => ({
    transaction_id: `A0000000-${at}`,
    calling_phone: '+14155550100',
    start_ms: start_ms + (at - 2_500) * 10_000,
    duration_s: at % 600,
  }));
});
after(() => server?.stop());

const report = (search, fields, token = NETWORK) =>
  server.report({ search, call_outcome: { outcome_name: 'Sale', ...fields }, oauth_token: token });

for (const [name, search, fields, [trips, read, written], { given = [], token } = {}] of costs) {
  test(`${name}: at most ${trips} trips, ${read} rows read, ${written} written`, async (t) => {
    await server.db.batch(['outcomes', 'outcome_names'].map((table) => server.db.prepare(`DELETE FROM ${table}`)));
    for (const earlier of given) await report(byId, earlier);
    const { cost } = await report(search, fields, token);
    t.diagnostic(`trips=${cost.trips} rows_read=${cost.read} rows_written=${cost.written}`);
    assert.equal(cost.trips, trips);
    assert.ok(cost.read <= read, `${cost.read} rows read`);
    assert.ok(cost.written <= written, `${cost.written} rows written`);
    if (written === 0) assert.equal(cost.written, 0);
  });
}

test('what does not parse costs nothing', async () => {
  assert.deepEqual((await server.report('{')).cost, { trips: 0, read: 0, written: 0 });
});

test('the cost is not told where it is not asked for', async () => {
  const other = await start({ vars: { EXPOSE_COST: 'false' } });
  try {
    const answer = await other.report({ search: byId, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
    assert.deepEqual([answer.status, answer.headers.get('X-Database-Cost')], [201, null]);
  } finally {
    await other.stop();
  }
});
