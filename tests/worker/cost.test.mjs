// The cost of a request: trips to the database, and the rows that D1 bills as read and written.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ADVERTISER, NETWORK, NO_PERMISSION, PATH, start } from '../../tools/harness/server.mjs';

const byId = { transaction_id: '00000000-00000001' };
const near = { start_time_t: '1435993300' };
const phone = { ...near, calling_phone_number: '+18885551212' };
const absent = { transaction_id: '00000000-000000FF' };
const nobodys = { ...near, calling_phone_number: '+14155550111' };

// A request and what it costs, exactly: trips, rows read, rows written. `given` is reported before. The figures are the
// same for every size of the table below.
const costs = [
  // By id.
  ['a first report', byId, {}, [1, 9, 5]],
  ['a first report of a name that is known', byId, { partner_unique_id: '2' }, [1, 10, 4], { given: [{}] }],
  ['a re-post', byId, {}, [1, 13, 0], { given: [{}] }],
  ['a re-post of a correction', byId, { description: 'b' }, [1, 13, 0], { given: [{}, { description: 'b' }] }],
  ['a correction', byId, { description: 'b' }, [1, 14, 4], { given: [{}] }],
  [
    'a correction of a long chain',
    byId,
    { description: 'z' },
    [1, 14, 4],
    { given: [...'abcdefghijklmnopqrst'].map((description) => ({ description })) },
  ],
  [
    'a first report beside many',
    byId,
    {},
    [1, 10, 4],
    { given: [...'abcdefghijklmnopqrst'].map((partner_unique_id) => ({ partner_unique_id })) },
  ],
  // By time.
  ['a first report, by time and phone', phone, {}, [1, 17, 5]],
  ['a re-post, by time and phone', phone, {}, [1, 21, 0], { given: [{}] }],
  ['a correction, by time and phone', phone, { description: 'b' }, [1, 22, 4], { given: [{}] }],
  ['a first report, by time, phone and duration', { ...phone, duration_in_seconds: 120 }, {}, [1, 29, 5]],
  // Explained, and with a threshold, which takes a second trip if the match is sure.
  ['a first report, by time and phone, explained', phone, {}, [1, 36, 5], { query: '?explain=true' }],
  ['a first report, by time alone', near, {}, [1, 17, 5]],
  ['a first report, by time alone, explained', near, {}, [1, 233, 5], { query: '?explain=true' }],
  ['a first report, by id, with a threshold', byId, {}, [1, 9, 5], { query: '?min_confidence=0.95' }],
  ['a sure first report, by time and phone', phone, {}, [2, 35, 5], { query: '?min_confidence=0.95' }],
  ['a re-post with a threshold', phone, {}, [2, 42, 0], { query: '?min_confidence=0.95', given: [{}] }],
  ['an unsure report, by time and phone', phone, {}, [1, 26, 0], { query: '?min_confidence=1' }],
  ['an unsure report, by time alone', near, {}, [1, 223, 0], { query: '?unambiguous=true' }],
  // Refused by the database.
  ['an unknown id', absent, {}, [1, 8, 0]],
  ['an unknown phone number', nobodys, {}, [1, 10, 0]],
  ['a forbidden advertiser', { ...phone, advertiser_id_from_network: '99' }, {}, [1, 4, 0]],
  [
    'a forbidden campaign',
    { ...phone, advertiser_campaign_id_from_network: '7' },
    {},
    [1, 7, 0],
    { token: ADVERTISER },
  ],
  ['a forbidden network', { ...phone, network_id: '4' }, {}, [1, 4, 0]],
  ['an unknown token', byId, {}, [1, 2, 0], { token: 'nobody' }],
  ['no permission', byId, {}, [1, 4, 0], { token: NO_PERMISSION }],
  // Refused without it.
  ['no token', byId, {}, [0, 0, 0], { token: null }],
  ['an invalid report', byId, { value: 'maybe' }, [0, 0, 0]],
  ['an invalid report with an unknown token', byId, { value: 'maybe' }, [0, 0, 0], { token: 'nobody' }],
];

// How many calls there are in the table.
const SIZES = [1_000, 1_000_000];
const CHUNK = 100_000;

let server;
const report = (search, fields, token = NETWORK, query = '') =>
  server.report({ search, call_outcome: { outcome_name: 'Sale', ...fields }, oauth_token: token }, { path: PATH + query });

/** The most rows that an explanation reads besides searching for the call once more, and then for the next best one. */
const MOST_TO_EXPLAIN = 250;

/** The same caller's calls, one a day for a year, and as many others, ten seconds apart around the one in question. */
async function fill(size) {
  const start_ms = 1_435_993_200_000;
  const days = 365;
  await server.addCalls(
    Array.from({ length: days }, (_, at) => ({
      transaction_id: `B0000000-${at}`,
      calling_phone: '+18885551212',
      start_ms: start_ms + (at - days / 2) * 86_400_000,
    })),
  );
  const others = size - days - 5;
  for (let from = 0; from < others; from += CHUNK) {
    await server.rows(
      `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
       INSERT INTO calls (network_id, transaction_id, advertiser_id, campaign_id, calling_phone, start_ms, duration_s)
       SELECT '3', printf('A0000000-%d', i), '9', '7', printf('+1415%07d', i),
              CAST(?3 + (i - ?4) * 10000 AS INTEGER), CAST(i % 600 AS INTEGER) FROM n`,
      from,
      Math.min(from + CHUNK, others),
      start_ms,
      Math.floor(others / 2),
    );
  }
  const [{ count }] = await server.rows('SELECT count(*) AS count FROM calls');
  assert.equal(count, size);
}

for (const size of SIZES) {
  describe(`with ${size} calls`, () => {
    before(async () => {
      server = await start();
      await server.rows('DROP TRIGGER outcomes_are_kept');
      await fill(size);
    });
    after(() => server?.stop());

    for (const [name, search, fields, [trips, read, written], { given = [], token, query } = {}] of costs) {
      test(`${name}: ${trips} trips, ${read} rows read, ${written} written`, async () => {
        await server.db.batch(['outcomes', 'outcome_names'].map((table) => server.db.prepare(`DELETE FROM ${table}`)));
        for (const earlier of given) await report(byId, earlier);
        const { cost } = await report(search, fields, token, query);
        assert.deepEqual(cost, { trips, read, written });
      });
    }

    test(`an explanation reads at most ${MOST_TO_EXPLAIN} rows besides its searches`, async () => {
      for (const search of [near, phone, nobodys]) {
        // Where many calls are searched by duration, finding the next best one, or the nearest miss, can take longer.
        for (const duration_in_seconds of search === phone ? [undefined, 0, 120, 599, 4_000] : [undefined]) {
          const ask = (query) => report({ ...search, duration_in_seconds }, {}, NETWORK, `?validate_only=1${query}`);
          const [plain, explained] = [await ask(''), await ask('&explain=1')];
          const searches = duration_in_seconds === undefined ? 1 : 3;
          const more = explained.cost.read - searches * plain.cost.read;
          assert.ok(more <= MOST_TO_EXPLAIN, `${more} for ${JSON.stringify({ ...search, duration_in_seconds })}`);
          assert.deepEqual([explained.cost.trips, explained.cost.written], [1, 0]);
        }
      }
    });
  });
}

test('the cost is exposed only if the configuration says so', async () => {
  const other = await start({ vars: { EXPOSE_COST: 'false' } });
  try {
    const answer = await other.report({ search: byId, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
    assert.deepEqual([answer.status, answer.headers.get('X-Database-Cost')], [201, null]);
  } finally {
    await other.stop();
  }
});
