// `npm run archive-calls` and `npm run import-directory`, on the database that the Worker serves.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { archive, restore } from '../../scripts/lib/archive.mjs';
import { importDirectory } from '../../scripts/lib/directory.mjs';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

const BEFORE = Date.parse('2015-01-01T00:00:00Z');
const hours = { from: Date.parse('2014-12-31T00:00:00Z'), before: BEFORE };

let server;
before(async () => {
  server = await start();
});
after(() => server?.stop());

const report = (transaction_id) =>
  server.report({ search: { transaction_id }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
const ids = async () => {
  const rows = await server.rows("SELECT transaction_id FROM calls WHERE transaction_id LIKE 'OLD-%' ORDER BY id");
  return rows.map(({ transaction_id }) => transaction_id);
};
const old = (count) =>
  server.addCalls(
    Array.from({ length: count }, (_, at) => ({
      transaction_id: `OLD-${at}`,
      advertiser_id: '1',
      calling_phone: '+18885551212',
      start_ms: BEFORE - 1 - at,
    })),
  );

describe('archive-calls', () => {
  const range = { ...hours, network: '3' };
  const run = (db, kv, sizes) => archive(db, kv, { ...range, ...sizes });
  const failing = (binding, method, times) =>
    new Proxy(binding, {
      get(target, name) {
        if (name === method && times-- <= 0) throw new Error('crash');
        const value = target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  /** Whether a report finds a call, as a client would see it. */
  const isFound = async (id, at) => {
    const { status, json } = await server.report(
      { search: { transaction_id: id }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK },
      { path: `${PATH}?validate_only=true` },
    );
    return status === 200 && json.call.start_time_t === `${Math.floor((BEFORE - 1 - at) / 1000)}`;
  };

  test('a crash at any step loses no call, and the next run continues', async () => {
    const names = Array.from({ length: 7 }, (_, at) => `OLD-${at}`);
    await old(7);
    assert.equal((await report('OLD-3')).status, 201);
    const sizes = { part: 2, batch: 2, chunk: 4, bucket: 3 };
    let runs = 0;
    for (const [binding, method] of [
      ['archive', 'put'],
      ['archive', 'get'],
      ['archive', 'delete'],
      ['db', 'batch'],
      ['db', 'prepare'],
    ]) {
      for (let times = 0; times < 40; times += 1) {
        const bindings = { db: server.db, archive: server.archive };
        bindings[binding] = failing(server[binding], method, times);
        const crashed = await run(bindings.db, bindings.archive, sizes).then(
          () => false,
          (error) => assert.match(error.message, /crash/) ?? true,
        );
        // As if the process had been killed: this one is still running.
        await server.rows('DELETE FROM archive_runs');
        for (const [at, id] of names.entries()) assert.ok(await isFound(id, at), `${id} after ${method} ${times}`);
        runs += crashed;
        if (!crashed) break;
        // Every other time, from the beginning.
        if (times % 2) await restore(server.db, server.archive, hours);
      }
      await run(server.db, server.archive, sizes);
      assert.deepEqual(await ids(), ['OLD-3']);
      await restore(server.db, server.archive, hours);
      assert.deepEqual((await ids()).sort(), names);
    }
    assert.ok(runs > 20, `${runs} crashes`);
    assert.equal(await run(server.db, server.archive, sizes), 6);
    assert.equal(await run(server.db, server.archive, sizes), 0);
  });

  test('an archived call can be reported on', async () => {
    const answer = await report('old-5');
    assert.equal(answer.status, 201);
    assert.equal(answer.json.call.start_time_t, String(Math.floor((BEFORE - 6) / 1000)));
  });

  test('a call that changed after it was copied stays in the database and is found as it is now', async () => {
    await server.addCalls([{ transaction_id: 'OLD-CHANGES', start_ms: 1, advertiser_id: '1' }]);
    const changing = new Proxy(server.archive, {
      get(target, name) {
        if (name !== 'get') return target[name].bind(target);
        return async (key) => {
          await server.rows("UPDATE calls SET duration_s = 5 WHERE transaction_id = 'OLD-CHANGES'");
          return target.get(key);
        };
      },
    });
    assert.equal(await archive(server.db, changing, { before: 1000, network: '3' }), 0);
    assert.ok((await ids()).includes('OLD-CHANGES'));
    const search = { start_time_t: '0000000000', duration_in_seconds: 5, calling_phone_number: undefined };
    const { json } = await server.report(
      { search, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK },
      { path: `${PATH}?validate_only=true&explain=true` },
    );
    assert.deepEqual([json.match.candidates, json.match.distance_seconds], [1, 0.001]);
  });

  test('only one run at a time; a run that was killed or is silent is replaced', async () => {
    const claim = (process, age) =>
      server.rows(
        'INSERT INTO archive_runs VALUES (1, 1, ?1, unixepoch() - CAST(?2 AS INTEGER)) ON CONFLICT DO UPDATE SET process = ?1, seen_at = excluded.seen_at',
        process,
        age,
      );
    await claim('another-host:1', 5);
    await assert.rejects(run(server.db, server.archive), /^Error: Another run is in progress: process another-host:1, active \d+ s ago/);
    await claim('another-host:1', 61);
    assert.equal(await run(server.db, server.archive), 0);
    // A process that has ended.
    const { pid } = spawnSync(process.execPath, ['--version']);
    await claim(`${hostname()}:${pid}`, 0);
    assert.equal(await run(server.db, server.archive), 0);
    assert.deepEqual(await server.rows('SELECT * FROM archive_runs'), []);
  });

  test('a replaced run moves no more calls', async () => {
    await server.addCalls([{ transaction_id: 'OLD-LATE', start_ms: BEFORE - 100 }]);
    const replaced = new Proxy(server.archive, {
      get(target, name) {
        if (name !== 'get') return target[name].bind(target);
        return async (keys) => {
          await server.rows("UPDATE archive_runs SET run = 7, process = 'another-host:1'");
          return target.get(keys);
        };
      },
    });
    await assert.rejects(run(server.db, replaced), /Another run has taken over/);
    assert.ok((await ids()).includes('OLD-LATE'));
    await server.rows('DELETE FROM archive_runs');
  });

  test('generations are merged, so that few remain', async () => {
    const T = Date.parse('2010-06-01T00:00:00Z');
    for (let run = 0; run < 20; run += 1) {
      const start = T + run * 60_000;
      await server.addCalls([{ network_id: '4', transaction_id: `GEN-${run}`, external_id: `e${run}`, start_ms: start }]);
      await archive(server.db, server.archive, { from: start, before: start + 1, network: '4' });
    }
    const generations = await server.rows("SELECT * FROM archived_ids WHERE network_id = '4'");
    assert.ok(generations.length <= 4, `${generations.length}`);
    const keys = (await server.archive.list({ prefix: `ids:${createHash('sha256').update('4').digest('hex')}` })).keys;
    assert.equal(keys.length, generations.reduce((sum, { buckets }) => sum + buckets, 0));
  });

  const command = (...args) => {
    const script = fileURLToPath(new URL('../../scripts/commands/archive-calls.mjs', import.meta.url));
    return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  };
  for (const [args, message] of [
    [[], /--before takes a calendar date/],
    [['--before', '2025-02-30'], /--before takes a calendar date such as 2025-01-01/],
    [['--before', '2025-1-1'], /--before takes a calendar date/],
    [['--before', '2025-01-01', '--from', '2024-13-01'], /--from takes a calendar date/],
    [['--before', '2025-01-01', '--from', '2025-01-01'], /--from must be earlier than --before/],
    [['--before', '2099-01-01'], /--before must not be later than today/],
    [['--until', '2025-01-01'], /Unknown option '--until'/],
  ]) {
    test(`archive-calls ${args.join(' ')}`, () => {
      const { status, stderr } = command(...args);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }
});

test('a directory is loaded, again without effect, and a campaign keeps its advertiser', async () => {
  const directory = {
    advertisers: [{ network_id: '8', advertiser_id_from_network: 5, name: 'Five' }],
    campaigns: [
      { network_id: '8', advertiser_id_from_network: 5, advertiser_campaign_id_from_network: 50, name: 'Fifty' },
      { network_id: '8', advertiser_id_from_network: '6', advertiser_campaign_id_from_network: '60' },
    ],
  };
  for (let times = 0; times < 2; times += 1) {
    await importDirectory(server.db, directory);
    assert.deepEqual(await server.rows("SELECT id, name FROM advertisers WHERE network_id = '8' ORDER BY id"), [
      { id: '5', name: 'Five' },
      { id: '6', name: null },
    ]);
    assert.deepEqual(await server.rows("SELECT id, advertiser_id, name FROM campaigns WHERE network_id = '8'"), [
      { id: '50', advertiser_id: '5', name: 'Fifty' },
      { id: '60', advertiser_id: '6', name: null },
    ]);
  }
  // A campaign in conflict refuses all of it, and each is named.
  const campaign = (id, advertiser) => ({ network_id: '8', advertiser_id_from_network: advertiser, advertiser_campaign_id_from_network: id });
  const moved = {
    advertisers: [{ network_id: '8', advertiser_id_from_network: '7' }],
    campaigns: [campaign('70', '7'), campaign('50', '6'), campaign('60', '6'), campaign('70', '5')],
  };
  const before = await server.rows('SELECT * FROM advertisers UNION ALL SELECT network_id, id, name FROM campaigns');
  await assert.rejects(importDirectory(server.db, moved), ({ message }) => {
    assert.deepEqual(message.split('\n').map((line) => line.trim()), [
      'Nothing was loaded.',
      'campaigns[1]: campaign 50 of network 8 belongs to advertiser 5, not 6',
      'campaigns[3]: campaign 70 of network 8 belongs to advertiser 7, not 5',
    ]);
    return true;
  });
  assert.deepEqual(await server.rows('SELECT * FROM advertisers UNION ALL SELECT network_id, id, name FROM campaigns'), before);
  // One that comes between the check and the writing refuses all of it too.
  const db = {
    prepare: (sql) => server.db.prepare(sql),
    async batch(statements) {
      await importDirectory(server.db, { campaigns: [campaign('80', '6')] });
      return server.db.batch(statements);
    },
  };
  const late = { campaigns: [campaign('81', '7'), campaign('80', '7')] };
  await assert.rejects(importDirectory(db, late), /campaigns\[1\]: campaign 80 of network 8 belongs to advertiser 6, not 7/);
  assert.deepEqual(await server.rows("SELECT id FROM campaigns WHERE id = '81' OR id = '70'"), []);
});

describe('a directory with mistakes is not loaded, and all of them are named with their places', () => {
  const stored = () => server.rows("SELECT 1 FROM advertisers WHERE network_id = '9' UNION ALL SELECT 1 FROM campaigns WHERE network_id = '9'");
  const good = { network_id: '9', advertiser_id_from_network: 5 };

  test('as values', async () => {
    const directory = {
      advertisers: [good, { ...good, advertiser_id_from_network: {} }, { network_id: [1], advertiser_id_from_network: ' ' }, 'x'],
      campaigns: [
        { ...good, advertiser_campaign_id_from_network: 'x'.repeat(256), name: false },
        { ...good, advertiser_campaign_id: '1' },
        { ...good, advertiser_campaign_id_from_network: 'a\0' },
      ],
      campaign: [],
    };
    await assert.rejects(importDirectory(server.db, directory), ({ message }) => {
      assert.deepEqual(message.split('\n').map((line) => line.trim()), [
        'Nothing was loaded.',
        'campaign is not known: a directory has `advertisers` and `campaigns`',
        'advertisers[1].advertiser_id_from_network must be a string or a number',
        'advertisers[2].network_id must be a string or a number',
        'advertisers[2].advertiser_id_from_network must be present',
        'advertisers[3] must be an object',
        'campaigns[0].name must be a string or a number',
        'campaigns[0].advertiser_campaign_id_from_network is too long (maximum is 255 characters)',
        'campaigns[1].advertiser_campaign_id_from_network must be present',
        'campaigns[1].advertiser_campaign_id is not known: there are network_id, advertiser_id_from_network, name, advertiser_campaign_id_from_network',
        'campaigns[2].advertiser_campaign_id_from_network must not have U+0000',
      ]);
      return true;
    });
    for (const wrong of [[], null, 5, { advertisers: {} }]) await assert.rejects(importDirectory(server.db, wrong), /Nothing was loaded/);
    assert.deepEqual(await stored(), []);
  });

  for (const [name, content, said] of [
    ['a.json', '{\n  "advertisers": [\n    {"network_id": "9",}\n  ]\n}', /`.*a\.json`: not JSON: expected a key at line 3, column 24$/],
    ['b.json', 'nonsense', /not JSON: expected a value at line 1, column 1$/],
    ['c.json', '{"advertisers": [', /not JSON: .* at line 1, column 18$/],
    ['d.json', '{"advertisers":[{"network_id":{},"advertiser_id_from_network":12345678901234567890}]}', /advertisers\[0\]\.network_id must be a string or a number$/],
    ['e.csv', 'network_id,advertiser_id_from_network,nmae\n9,,x\n9,5,\n', /line 2: advertiser_id_from_network must be present\n  line 2: nmae is not known/],
    ['f.csv', Buffer.from('network_id,advertiser_id_from_network,advertiser_name\n9,5,M\xfcller\n', 'latin1'), /f\.csv`: not UTF-8: save it as UTF-8\.$/],
    ['g.csv', 'network_id,advertiser_id_from_network\n9,5,6\n', /on line 2/],
    ['i.csv', 'sep=;\r\nnetwork_id;advertiser_id_from_network\r\n9;\r\n', /line 3: advertiser_id_from_network must be present$/],
    ['j.tsv', 'network_id\tadvertiser_id_from_network\n9\t\n', /line 2: advertiser_id_from_network must be present$/],
    ['k.csv', 'network_id;advertiser_id_from_network;advertiser_campaign_id_from_network\n9;1;1\n9;2;1\n', /Nothing was loaded\.\n  line 3: campaign 1 of network 9 belongs to advertiser 1, not 2$/],
    ['h.json', undefined, /h\.json` cannot be read\.$/],
  ]) {
    test(`as a file: ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'call-outcomes-directory-'));
      try {
        const file = join(folder, name);
        if (content !== undefined) await writeFile(file, content);
        const script = new URL('../../scripts/commands/import-directory.mjs', import.meta.url).pathname;
        const { code, stderr } = await new Promise((resolve) =>
          execFile(process.execPath, [script, file], (error, _, err) => resolve({ code: error?.code, stderr: err })),
        );
        assert.equal(code, 1);
        assert.match(stderr.trimEnd(), said);
        assert.doesNotMatch(stderr, /^ +at /m);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
