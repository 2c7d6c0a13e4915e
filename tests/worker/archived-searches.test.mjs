// Searches by time find the same call, for the same reason, however many of the calls are archived. Two networks have the
// same calls: those of one stay in the database, those of the other are archived bit by bit.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { archive, restore } from '../../scripts/lib/archive.mjs';
import { insertToken } from '../../scripts/lib/token-store.mjs';
import { PATH, start } from '../../tools/harness/server.mjs';
import { generator } from './random.mjs';

const BATCH = PATH.replace('.json', '/batch');
const HOUR = 3_600_000;
const T = 1_600_000_000_000 - (1_600_000_000_000 % HOUR);
const [LIVE, ARCHIVED] = ['61', '62'];
const phones = ['+18885551212', '+14155550100', '+4930123456'];

const random = generator(20150817);
const pick = (values) => values[Math.floor(random() * values.length)];
const upTo = (max) => Math.floor(random() * (max + 1));

let server;
after(() => server?.stop());

async function prepare(options) {
  server = await start(options);
  for (const network of [LIVE, ARCHIVED]) {
    const token = (text, advertiser) =>
      insertToken(server.db, { token: `${text} ${network}`, network, advertiser, permissions: ['outcomes:write'] });
    await server.db.batch([
      token('network'),
      token('advertiser', 'A'),
      ...['A', 'B'].map((id) => server.db.prepare('INSERT INTO advertisers VALUES (?1, ?2, NULL)').bind(network, id)),
      ...['A1', 'A2', 'B1', 'B2'].map((id) =>
        server.db.prepare('INSERT INTO campaigns VALUES (?1, ?2, ?3, NULL)').bind(network, id, id[0]),
      ),
    ]);
  }
}

async function addCalls(count, spread, first) {
  const calls = Array.from({ length: count }, (_, at) => {
    const campaign = pick([null, 'A1', 'A2', 'B1', 'B2']);
    return {
      transaction_id: `${pick(['A', 'B', 'C'])}-${first + at}`,
      start_ms: T + upTo(spread / 500) * 500,
      duration_s: pick([null, ...Array(6).keys(), upTo(300)]),
      calling_phone: pick([null, ...phones]),
      advertiser_id: campaign ? campaign[0] : pick([null, 'A', 'B']),
      campaign_id: campaign,
    };
  });
  for (const network_id of [LIVE, ARCHIVED]) await server.addCalls(calls.map((call) => ({ ...call, network_id })));
}

function someSearch(spread) {
  const token = pick(['network', 'network', 'advertiser']);
  const advertiser = token === 'network' ? pick([undefined, undefined, 'A', 'B']) : undefined;
  const own = advertiser ?? (token === 'advertiser' ? 'A' : pick(['A', 'B']));
  const start = T - 2 * HOUR + upTo(spread + 4 * HOUR) + pick([0, 0, 0, -40, 40, 4_000]) * HOUR;
  return {
    token,
    search: {
      start_time_t: String(start).slice(0, pick([10, 13])),
      duration_in_seconds: pick([undefined, ...Array(6).keys(), upTo(400)]),
      calling_phone_number: pick([undefined, undefined, ...phones, '+3312345678']),
      advertiser_id_from_network: advertiser,
      advertiser_campaign_id_from_network: pick([undefined, undefined, `${own}1`, `${own}2`]),
    },
  };
}

/** Sends the same request to both networks, each of which has a `network` and an `advertiser` token. */
async function both(token, body, path) {
  const to = (network) => server.report(body, { path, headers: { Authorization: `${token} ${network}` } });
  return Promise.all([to(LIVE), to(ARCHIVED)]);
}

const call_outcome = { outcome_name: 'Match', occurred_at_time_t: '1600000000' };

async function compare(searches, spread, query) {
  const found = { archived: 0, live: 0, none: 0 };
  for (let at = 0; at < searches; at += 1) {
    const { token, search } = someSearch(spread);
    const body = { search, call_outcome: { ...call_outcome, outcome_name: 'Never stored' } };
    const [live, archived] = await both(token, body, `${PATH}?validate_only=true${query}`);
    assert.deepEqual([archived.status, archived.text], [live.status, live.text], JSON.stringify({ token, search }));
    found[archived.status === 404 ? 'none' : archived.cost.trips > 1 ? 'archived' : 'live'] += 1;
  }
  return found;
}

for (const [name, spread, count, searches, vars] of [
  ['a quarter of an hour, full of ties', HOUR / 4, 300, 200, {}],
  ['two days', 48 * HOUR, 400, 200, {}],
  ['two months, without a window', 1_500 * HOUR, 100, 50, { MATCH_WINDOW_SECONDS: '0' }],
]) {
  describe(`calls of ${name}`, () => {
    before(async () => {
      await server?.stop();
      await prepare({ vars });
      await addCalls(count, spread, 0);
    });
    const move = (share) => {
      const before = T + Math.floor((spread * share) / HOUR + 1) * HOUR;
      return archive(server.db, server.archive, { before, network: ARCHIVED, part: 20, bucket: 5 });
    };

    test('nothing is archived', async () => {
      const found = await compare(50, spread, '&explain=true');
      assert.equal(found.archived, 0);
    });

    test('some, then all calls are archived', async () => {
      for (const share of [0.3, 1]) {
        assert.ok((await move(share)) > 0 || spread < HOUR);
        const plain = await compare(searches, spread, '');
        const explained = await compare(searches, spread, '&explain=true');
        const unambiguous = await compare(searches / 2, spread, '&unambiguous=true');
        const sure = await compare(searches / 2, spread, '&min_confidence=0.3&explain=true');
        assert.ok(plain.archived + explained.archived + unambiguous.archived + sure.archived > searches / 2);
      }
    });

    test('live calls beside archived ones of the same hour', async () => {
      // Restores every other archived call, so that a search can reach both kinds.
      const rows = await server.rows("SELECT transaction_id FROM calls WHERE network_id = '61' AND id % 2 = 0");
      for (let at = 0; at < rows.length; at += 50) {
        const call_outcomes = rows
          .slice(at, at + 50)
          .map(({ transaction_id }) => ({ search: { transaction_id }, call_outcome: { outcome_name: 'Back' } }));
        const [live, archived] = await both('network', { call_outcomes }, BATCH);
        assert.deepEqual(archived.json.summary, live.json.summary);
      }
      const plain = await compare(searches * 2, spread, '');
      assert.ok(plain.archived > searches / 4, JSON.stringify(plain));
    });

    test('reports put calls back, in batches too', async () => {
      for (let at = 0; at < 12; at += 1) {
        const { token, search } = someSearch(spread);
        const [live, archived] = await both(token, { search, call_outcome }, PATH);
        assert.deepEqual([archived.status, archived.json.call], [live.status, live.json.call]);
      }
      for (let at = 0; at < 12; at += 1) {
        const { token, search } = someSearch(spread);
        const body = { search, call_outcome: { ...call_outcome, outcome_name: 'Sure' } };
        const [live, archived] = await both(token, body, `${PATH}?explain=true&min_confidence=0.3`);
        const shown = ({ status, json: { call, match } }) => [status, call, match];
        assert.deepEqual(shown(archived), shown(live));
      }
      const queries = ['', '?explain=true', '?unambiguous=true', '?min_confidence=0.3', '?validate_only=true&explain=true', ''];
      for (const query of queries) {
        const call_outcomes = Array.from({ length: 60 }, (_, row) => ({ row: `${row}`, ...someSearch(spread), call_outcome }));
        // Some by their ids, before and after searches that may find the same call.
        for (let at = 0; at < 60; at += 7) {
          const [{ transaction_id }] = await server.rows(
            "SELECT transaction_id FROM calls WHERE network_id = '61' ORDER BY (id * 7919 + CAST(?1 AS INTEGER)) % 1000 LIMIT 1",
            upTo(1000),
          );
          call_outcomes[at].search = { transaction_id };
        }
        const [live, archived] = await both('network', { call_outcomes }, BATCH + query);
        const shown = ({ json }) =>
          json.results.map(({ row, status, body }) => [row, status, body.call, body.match, body.errors]);
        assert.deepEqual(shown(archived), shown(live));
        assert.ok(archived.cost.trips <= 8, `${archived.cost.trips} trips`);
      }
      assert.ok((await compare(searches / 2, spread, '&explain=true')).archived > 0);
    });

    test('more calls are added, archived and restored', async () => {
      await addCalls(Math.floor(count / 3), spread, count);
      await compare(searches / 2, spread, '&explain=true');
      assert.ok((await move(1)) > 0);
      await compare(searches, spread, '&explain=true');
      const range = { from: T, before: T + 24 * HOUR * 400, network: ARCHIVED };
      assert.ok((await restore(server.db, server.archive, range)) > 0);
      const found = await compare(100, spread, '&explain=true');
      assert.equal(found.archived, 0);
      const left = await server.rows('SELECT * FROM archived_hours UNION ALL SELECT *, 0, 0 FROM archived_copies');
      assert.deepEqual(left, []);
    });
  });
}
