// Searches by roughly when the call started: hand-made cases, then random ones compared with a full scan in this file.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { insertToken } from '../../scripts/lib/token-store.mjs';
import { assertError, start } from '../../tools/harness/server.mjs';
import { generator } from './random.mjs';

const DAY = 86_400_000;
const T = 1_600_000_000_000;

// So that small differences of both add up. closest.test.mjs has other weights.
const WEIGHT = { DURATION_WEIGHT: '1' };
let server;
before(async () => {
  server = await start({ vars: WEIGHT });
  await prepare(server);
});
after(() => server?.stop());

// Network 50 is for the hand-made cases, 51 and 52 for the random ones. Each has two advertisers with two campaigns.
async function prepare({ db }) {
  const token = (text, network, advertiser) =>
    insertToken(db, { token: text, network, advertiser, permissions: ['outcomes:write'] });
  const directory = ['50', '51', '52'].flatMap((network) => [
    token(`network ${network}`, network),
    token(`advertiser ${network}`, network, 'A'),
    ...['A', 'B'].map((id) => db.prepare('INSERT INTO advertisers VALUES (?1, ?2, NULL)').bind(network, id)),
    ...['A1', 'A2', 'B1', 'B2'].map((id) =>
      db.prepare('INSERT INTO campaigns VALUES (?1, ?2, ?3, NULL)').bind(network, id, id[0]),
    ),
  ]);
  await db.batch(directory);
}

const report = (search, token, to = server) =>
  to.report({ search, call_outcome: { outcome_name: 'Match' }, oauth_token: token });

let days = 0;
/**
 * Stores calls and searches among them. Times are in milliseconds from a start far from all other cases. Calls without an id
 * get ids in their order.
 */
async function closest(calls, { at = 0, digits = 13, token = 'network 50', ...search }, to = server) {
  const origin = T + (days += 10) * DAY;
  const id = (number) => `${String(days).padStart(8, '0')}-${String(number).padStart(8, '0')}`;
  await to.addCalls(
    calls.map(({ number, start: offset = 0, duration = null, phone, advertiser, campaign }, index) => ({
      network_id: '50',
      transaction_id: id(number ?? index),
      start_ms: origin + offset,
      duration_s: duration,
      calling_phone: phone ?? null,
      advertiser_id: advertiser ?? campaign?.[0] ?? null,
      campaign_id: campaign ?? null,
    })),
  );
  const start_time_t = `${origin + at}`.slice(0, digits);
  const answer = await report({ start_time_t, ...search }, token, to);
  if (answer.status === 404) {
    assertError(answer, 404, 'call.not_found', 'RecordNotFound', 'No call found. Please refer to the documentation.');
    return null;
  }
  assert.ok(answer.status < 300, answer.text);
  const found = answer.json.call.transaction_id;
  const index = calls.findIndex(({ number }, at) => id(number ?? at) === found);
  assert.ok(index >= 0, `${found} is of another case`);
  assert.equal(answer.json.call.start_time_t, `${Math.floor((origin + (calls[index].start ?? 0)) / 1000)}`);
  return index;
}

/** Defines a case: `expected` is the index of the call to be found, or null. */
function finds(name, expected, calls, search = {}) {
  test(name, async () => assert.equal(await closest(calls, search), expected));
}

describe('by start alone', () => {
  finds('an exact hit', 1, [{ start: -1 }, { start: 0 }, { start: 1 }]);
  finds('the one before is closer', 0, [{ start: -10_000 }, { start: 10_001 }]);
  finds('the one after is closer', 1, [{ start: -10_001 }, { start: 10_000 }]);
  finds('a single millisecond decides', 1, [{ start: -500 }, { start: 499 }]);
  finds('a tie: the earlier', 1, [{ start: 5_000 }, { start: -5_000 }]);
  finds('a tie of starts: the lower id', 2, [{ number: 5 }, { number: 4 }, { number: 3 }, { number: 6 }]);
  finds('a tie of starts before: the lower id', 1, [
    { number: 2, start: -7 },
    { number: 1, start: -7 },
    { number: 0, start: 8 },
  ]);
  finds('a tie of starts after: the lower id', 1, [
    { number: 2, start: 7 },
    { number: 1, start: 7 },
    { number: 0, start: -8 },
  ]);
  finds('a tie: the earlier, though its id is higher', 0, [
    { number: 9, start: -5 },
    { number: 1, start: 5 },
  ]);
  finds('durations do not matter', 0, [{ start: 1, duration: 10_000 }, { start: 2, duration: 0 }, { start: 3 }]);
  finds('seconds are the start of the second', 0, [{ start: -300 }, { start: 400 }], { at: 0, digits: 10 });
  finds('milliseconds keep their precision', 1, [{ start: 0 }, { start: 1000 }], { at: 501 });
  finds('milliseconds cut to seconds would find another', 0, [{ start: 0 }, { start: 1000 }], { at: 501, digits: 10 });
});

describe('the window', () => {
  finds('its far end', 0, [{ start: DAY }]);
  finds('a millisecond beyond its far end', null, [{ start: DAY + 1 }]);
  finds('its near end', 0, [{ start: -DAY }]);
  finds('a millisecond beyond its near end', null, [{ start: -DAY - 1 }]);
  finds('from a millisecond within a second', 0, [{ start: DAY + 1 }], { at: 1 });
  finds('both ends: the earlier', 1, [{ start: DAY }, { start: -DAY }]);
  finds(
    'a better duration outside does not count',
    0,
    [
      { start: -DAY, duration: 500_000 },
      { start: DAY + 1, duration: 0 },
    ],
    { duration_in_seconds: 0 },
  );
  finds('its end, with a duration', 0, [{ start: DAY, duration: 60 }], { duration_in_seconds: 60 });
  finds('no call at all', null, []);
});

describe('by start and duration', () => {
  const duration_in_seconds = 60;
  finds(
    'the duration outweighs the start',
    1,
    [
      { start: 1_000, duration: 100 },
      { start: 10_000, duration: 60 },
    ],
    { duration_in_seconds },
  );
  finds(
    'the start outweighs the duration',
    0,
    [
      { start: 1_000, duration: 68 },
      { start: 10_000, duration: 60 },
    ],
    { duration_in_seconds },
  );
  finds(
    'shorter or longer is the same',
    1,
    [
      { start: -2_000, duration: 70 },
      { start: 1_000, duration: 50 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a millisecond decides',
    1,
    [
      { start: 10_000, duration: 60 },
      { start: 9_999, duration: 60 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a millisecond of the start decides beside whole seconds of the duration',
    0,
    [
      { start: 1_999, duration: 62 },
      { start: 3_000, duration: 61 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a tie: the smaller difference of the start',
    1,
    [
      { start: -10_000, duration: 60 },
      { start: 4_000, duration: 66 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a tie in both: the earlier',
    1,
    [
      { start: 4_000, duration: 66 },
      { start: -4_000, duration: 54 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a tie in all: the lower id',
    1,
    [
      { number: 8, start: -4_000, duration: 66 },
      { number: 7, start: -4_000, duration: 54 },
    ],
    { duration_in_seconds },
  );
  finds(
    'far away with the very duration',
    1,
    [
      { start: 1_000, duration: 50_000 },
      { start: -40_000_000, duration: 60 },
    ],
    { duration_in_seconds },
  );
  finds(
    'not so far away as to lose',
    0,
    [
      { start: 1_000, duration: 50_000 },
      { start: -49_941_001, duration: 60 },
    ],
    { duration_in_seconds },
  );
  finds(
    'a duration of 0',
    1,
    [
      { start: 0, duration: 5 },
      { start: 4_999, duration: 0 },
    ],
    { duration_in_seconds: 0 },
  );
  finds(
    'the longest there is',
    0,
    [
      { start: 0, duration: 1 },
      { start: 1_000, duration: 0 },
    ],
    { duration_in_seconds: 999_999_999 },
  );
  finds(
    'as text',
    1,
    [
      { start: 1_000, duration: 100 },
      { start: 10_000, duration: 60 },
    ],
    { duration_in_seconds: '060' },
  );
  finds('it ranks and never filters', 0, [{ start: 0, duration: 500_000 }], { duration_in_seconds });

  describe('with calls of unknown duration', () => {
    finds('one counts as if all of it were missing', 1, [{ start: 0 }, { start: 30_000, duration: 89 }], {
      duration_in_seconds,
    });
    finds('which may still be the closest', 0, [{ start: 0 }, { start: 30_000, duration: 91 }], {
      duration_in_seconds,
    });
    finds('a tie: the smaller difference of the start', 0, [{ start: 0 }, { start: 30_000, duration: 90 }], {
      duration_in_seconds,
    });
    finds(
      'a tie with one of duration 0: the lower id',
      1,
      [
        { number: 6, start: 0 },
        { number: 5, start: 0, duration: 0 },
      ],
      { duration_in_seconds },
    );
    finds('nothing is missing of 0 seconds', 0, [{ start: 999 }, { start: 0, duration: 1 }], {
      duration_in_seconds: 0,
    });
    finds('one alone', 0, [{ start: 12_345_678 }], { duration_in_seconds: 999_999_999 });
    finds('the closest of several', 2, [{ start: -3_000 }, { start: 4_000 }, { start: 2_000 }], {
      duration_in_seconds,
    });
  });

  const crowd = (count, make) => Array.from({ length: count }, (_, at) => make(at));
  finds(
    'behind a crowd of closer starts',
    300,
    [...crowd(300, (at) => ({ start: (at - 150) * 1_000, duration: 2_000 })), { start: 900_000, duration: 60 }],
    { duration_in_seconds },
  );
  finds(
    'before a crowd of closer starts',
    300,
    [...crowd(300, (at) => ({ start: (at - 150) * 1_000, duration: 2_000 })), { start: -900_000, duration: 60 }],
    { duration_in_seconds },
  );
  finds(
    'within a crowd of the very same start',
    150,
    crowd(300, (at) => ({ duration: 60 + Math.abs(at - 150) })),
    { duration_in_seconds },
  );
  finds(
    'behind a crowd of better durations',
    300,
    [...crowd(300, (at) => ({ start: 10_000_000 + at, duration: 60 })), { start: 0, duration: 10_030 }],
    { duration_in_seconds, at: 10_000 },
  );
});

describe('filters', () => {
  const [mine, yours] = ['+18885551212', '+14155550100'];
  const calling_phone_number = mine;
  finds('a phone number', 1, [{ start: 0, phone: yours }, { start: 80_000_000, phone: mine }, { start: 1 }], {
    calling_phone_number,
  });
  finds('a phone number, as people write it', 1, [{ phone: yours }, { start: 5, phone: mine }], {
    calling_phone_number: '(888) 555-1212',
  });
  finds('a phone number, as a number', 1, [{ phone: yours }, { start: 5, phone: mine }], {
    calling_phone_number: 8885551212,
  });
  finds('a phone number no call has', null, [{ phone: yours }, {}], { calling_phone_number });
  finds(
    'a phone number and a duration',
    2,
    [
      { phone: yours, duration: 60 },
      { phone: mine, duration: 100 },
      { start: 5_000, phone: mine, duration: 61 },
    ],
    { calling_phone_number, duration_in_seconds: 60 },
  );
  finds('an advertiser', 1, [{ advertiser: 'B' }, { start: 9, advertiser: 'A' }, {}], {
    advertiser_id_from_network: 'A',
  });
  finds('an advertiser without a call', null, [{ advertiser: 'B' }, {}], { advertiser_id_from_network: 'A' });
  finds('a campaign', 2, [{ campaign: 'A1' }, { advertiser: 'A' }, { start: 9, campaign: 'A2' }], {
    advertiser_campaign_id_from_network: 'A2',
  });
  finds('an advertiser and a campaign of it', 1, [{ campaign: 'A1' }, { start: 9, campaign: 'A2' }], {
    advertiser_id_from_network: 'A',
    advertiser_campaign_id_from_network: 'A2',
  });
  finds("an advertiser and another's campaign", null, [{ campaign: 'A1' }, { campaign: 'B1' }], {
    advertiser_id_from_network: 'A',
    advertiser_campaign_id_from_network: 'B1',
  });
  finds("an advertiser and another's campaign, though a call bears both", null, [{ campaign: 'B1', advertiser: 'A' }], {
    advertiser_id_from_network: 'A',
    advertiser_campaign_id_from_network: 'B1',
  });
  finds(
    'a campaign and a phone number',
    2,
    [
      { campaign: 'A1', phone: yours },
      { campaign: 'A2', phone: mine },
      { start: 9, campaign: 'A1', phone: mine },
    ],
    { advertiser_campaign_id_from_network: 'A1', calling_phone_number },
  );
  finds(
    'all of them',
    4,
    [
      { campaign: 'A1', phone: yours, duration: 60 },
      { campaign: 'A2', phone: mine, duration: 60 },
      { campaign: 'B1', phone: mine, duration: 60 },
      { campaign: 'A1', phone: mine, duration: 90 },
      { start: 9_000, campaign: 'A1', phone: mine, duration: 60 },
    ],
    {
      advertiser_id_from_network: 'A',
      advertiser_campaign_id_from_network: 'A1',
      network_id: '50',
      calling_phone_number,
      duration_in_seconds: 60,
    },
  );
  finds("an advertiser user's own calls", 1, [{ advertiser: 'B' }, { start: 9, advertiser: 'A' }, {}], {
    token: 'advertiser 50',
  });
  finds(
    "an advertiser user's own calls, by duration",
    1,
    [
      { advertiser: 'B', duration: 60 },
      { start: 9, advertiser: 'A', duration: 90 },
    ],
    { token: 'advertiser 50', duration_in_seconds: 60 },
  );
  finds(
    "an advertiser user's own campaign",
    2,
    [{ campaign: 'B1' }, { campaign: 'A1' }, { start: 9, campaign: 'A2' }],
    { token: 'advertiser 50', advertiser_campaign_id_from_network: 'A2' },
  );
  finds(
    "an advertiser user, and a campaign's call that is another advertiser's",
    null,
    [{ campaign: 'A2', advertiser: 'B' }],
    { token: 'advertiser 50', advertiser_campaign_id_from_network: 'A2' },
  );
});

describe('random searches find what a full scan finds', () => {
  const random = generator(20150817);
  const pick = (values) => values[Math.floor(random() * values.length)];
  const upTo = (max) => Math.floor(random() * (max + 1));
  const phones = ['+18885551212', '+14155550100', '+4930123456'];

  async function compare({ network, calls, searches }) {
    await server.addCalls(calls);
    for (const search of searches) {
      const token = `${search.token} ${network}`;
      const { start_time_t, duration, phone, advertiser, campaign } = search;
      const answer = await report(
        {
          start_time_t,
          duration_in_seconds: duration,
          calling_phone_number: phone,
          advertiser_id_from_network: advertiser,
          advertiser_campaign_id_from_network: campaign,
        },
        token,
      );
      const expected = plainSearch(calls, search)?.transaction_id;
      const found = answer.json.call?.transaction_id;
      assert.equal(found, expected, `${answer.status} for ${JSON.stringify(search)}`);
      assert.ok(expected ? answer.status < 300 : answer.status === 404);
    }
  }

  const hexId = (at) =>
    `${pick(['00000000', 'FFFFFFFF', '7F000000'])}-${((at * 7919) % 65_536).toString(16).toUpperCase().padStart(8, '0')}`;

  test('among few values with many ties', async () => {
    const calls = Array.from({ length: 400 }, (_, at) => {
      const campaign = pick([null, 'A1', 'A2', 'B1', 'B2']);
      return {
        network_id: '51',
        transaction_id: hexId(at),
        start_ms: T + pick([0, 0, 0.5, 1]) * DAY + upTo(40) * 500,
        duration_s: pick([null, ...Array(6).keys()]),
        calling_phone: pick([null, ...phones]),
        advertiser_id: campaign ? campaign[0] : pick([null, 'A', 'B']),
        campaign_id: campaign,
      };
    });
    const searches = Array.from({ length: 250 }, () => {
      const token = pick(['network', 'network', 'advertiser']);
      const advertiser = token === 'network' ? pick([undefined, undefined, 'A', 'B']) : undefined;
      const campaigns =
        token === 'advertiser' || advertiser === 'A' ? ['A1', 'A2'] : advertiser === 'B' ? ['B1', 'B2'] : ['A1', 'B2'];
      return {
        token,
        start_time_t: String(T + pick([-1, 0, 0, 0, 0.25, 0.5, 1, 2]) * DAY + upTo(80) * 250 - 100).slice(
          0,
          pick([10, 13]),
        ),
        duration: pick([undefined, ...Array(9).keys()]),
        phone: pick([undefined, undefined, ...phones]),
        advertiser,
        campaign: pick([undefined, undefined, ...campaigns]),
      };
    });
    await compare({ network: '51', calls, searches });
  });

  test('in an hour with thousands of calls', async () => {
    const calls = Array.from({ length: 4_000 }, (_, at) => ({
      network_id: '52',
      transaction_id: hexId(at),
      start_ms: T + upTo(3_600_000),
      duration_s: pick([null, upTo(30), upTo(300), upTo(300), upTo(300) * 10]),
      calling_phone: pick(phones),
      advertiser_id: pick(['A', 'B']),
      campaign_id: null,
    }));
    const searches = Array.from({ length: 100 }, () => ({
      token: pick(['network', 'network', 'advertiser']),
      start_time_t: String(T + upTo(3_600_000)).slice(0, pick([10, 13])),
      duration: pick([undefined, 0, upTo(300), upTo(3_000), upTo(3_000), 7_000]),
      phone: pick([undefined, undefined, undefined, ...phones]),
    }));
    await compare({ network: '52', calls, searches });
  });
});

describe('other windows', () => {
  const withWindow = (MATCH_WINDOW_SECONDS, cases) =>
    test(`MATCH_WINDOW_SECONDS=${MATCH_WINDOW_SECONDS}`, async () => {
      const other = await start({ vars: { ...WEIGHT, MATCH_WINDOW_SECONDS } });
      try {
        await prepare(other);
        for (const [expected, calls, search] of cases) {
          assert.equal(
            await closest(calls, { calling_phone_number: '+18885551212', ...search }, other),
            expected,
            JSON.stringify(calls),
          );
        }
      } finally {
        await other.stop();
      }
    });
  const phone = '+18885551212';

  withWindow('60', [
    [0, [{ start: 60_000, phone }]],
    [null, [{ start: 60_001, phone }]],
    [0, [{ start: -60_000, phone }]],
    [null, [{ start: -60_001, phone }]],
    [
      1,
      [
        { start: -60_001, duration: 5, phone },
        { start: 60_000, duration: 500, phone },
      ],
      { duration_in_seconds: 5 },
    ],
  ]);
  // 0 means no window, so calls of any time match and each case needs its own caller.
  const [second, third] = ['+14155550100', '+4930123456'];
  withWindow('0', [
    [
      0,
      [
        { start: 3_000 * DAY, phone },
        { start: 3_001 * DAY, phone },
      ],
    ],
    [
      1,
      [
        { start: 300 * DAY, duration: 999_999_999, phone: second },
        { start: -3_000 * DAY, duration: 5, phone: second },
      ],
      { calling_phone_number: second, duration_in_seconds: 5 },
    ],
    [
      0,
      [
        { start: 300 * DAY, duration: 100_000, phone: third },
        { start: -303 * DAY, duration: 5, phone: third },
      ],
      { calling_phone_number: third, duration_in_seconds: 5 },
    ],
  ]);
});

/** The specification in its plainest form: filter, measure, take the closest. */
function plainSearch(calls, { token, start_time_t, duration, phone, advertiser, campaign }) {
  const at = Number(start_time_t.padEnd(13, '0'));
  const measured = calls
    .filter((call) => token === 'network' || call.advertiser_id === 'A')
    .filter((call) => phone === undefined || call.calling_phone === phone)
    .filter((call) => advertiser === undefined || call.advertiser_id === advertiser)
    .filter((call) => campaign === undefined || call.campaign_id === campaign)
    .map((call) => ({ ...call, off: Math.abs(call.start_ms - at) }))
    .filter((call) => call.off <= DAY)
    .map((call) => ({
      ...call,
      distance: call.off + (duration === undefined ? 0 : Math.abs((call.duration_s ?? 0) - duration) * 1000),
    }));
  const order = (a, b) =>
    a.distance - b.distance ||
    a.off - b.off ||
    a.start_ms - b.start_ms ||
    (a.transaction_id < b.transaction_id ? -1 : 1);
  return measured.sort(order)[0];
}
