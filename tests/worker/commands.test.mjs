// The commands that move data: the archive and the directory, on the database that the Worker serves.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { archive } from '../../scripts/archive-calls.mjs';
import { importDirectory } from '../../scripts/directory.mjs';
import { NETWORK, start } from './harness.mjs';

const BEFORE = Date.parse('2015-01-01T00:00:00Z');

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
  test('a crash at either step loses nothing, and the next run goes on', async () => {
    await old(7);
    assert.equal((await report('OLD-3')).status, 201);
    const failing = (binding, method, times) =>
      new Proxy(binding, {
        get(target, name) {
          if (name === method && times-- <= 0) throw new Error('crash');
          const value = target[name];
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const everywhere = async () => {
      const kept = (await server.archive.list({ prefix: '3:OLD-' })).keys.map(({ name }) => name.slice(2));
      assert.deepEqual([...new Set([...(await ids()), ...kept])].sort(), [0, 1, 2, 3, 4, 5, 6].map((at) => `OLD-${at}`));
    };
    const crashing = [
      [server.db, failing(server.archive, 'put', 2)], // in the middle of copying
      [server.db, failing(server.archive, 'get', 0)], // copied, not read back
      [failing(server.db, 'prepare', 1), server.archive], // read back, not removed
    ];
    for (const [db, kv] of crashing) {
      await assert.rejects(archive(db, kv, BEFORE, { batch: 3 }), /crash/);
      await everywhere();
      assert.equal((await ids()).length, 7);
    }
    assert.equal(await archive(server.db, server.archive, BEFORE, { batch: 3 }), 6);
    await everywhere();
    assert.deepEqual(await ids(), ['OLD-3']);
    assert.equal(await archive(server.db, server.archive, BEFORE), 0);
  });

  test('an archived call is reported on as ever', async () => {
    const answer = await report('old-5');
    assert.equal(answer.status, 201);
    assert.equal(answer.json.call.start_time_t, String(Math.floor((BEFORE - 6) / 1000)));
  });

  test('a call that changed after it was copied stays', async () => {
    await server.addCalls([{ transaction_id: 'OLD-CHANGES', start_ms: 1 }]);
    const changing = new Proxy(server.archive, {
      get(target, name) {
        if (name !== 'get') return target[name].bind(target);
        return async (key) => {
          await server.rows("UPDATE calls SET duration_s = 5 WHERE transaction_id = 'OLD-CHANGES'");
          return target.get(key);
        };
      },
    });
    assert.equal(await archive(server.db, changing, BEFORE), 0);
    assert.ok((await ids()).includes('OLD-CHANGES'));
  });
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
    assert.deepEqual(await importDirectory(server.db, directory), []);
    assert.deepEqual(await server.rows("SELECT id, name FROM advertisers WHERE network_id = '8' ORDER BY id"), [
      { id: '5', name: 'Five' },
      { id: '6', name: null },
    ]);
    assert.deepEqual(await server.rows("SELECT id, advertiser_id, name FROM campaigns WHERE network_id = '8'"), [
      { id: '50', advertiser_id: '5', name: 'Fifty' },
      { id: '60', advertiser_id: '6', name: null },
    ]);
  }
  const moved = { campaigns: [{ ...directory.campaigns[0], advertiser_id_from_network: '6' }] };
  assert.deepEqual(await importDirectory(server.db, moved), [
    { network_id: '8', id: '50', advertiser_id: '5', wanted: '6' },
  ]);
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
    ['h.json', undefined, /h\.json` cannot be read\.$/],
  ]) {
    test(`as a file: ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'call-outcomes-directory-'));
      try {
        const file = join(folder, name);
        if (content !== undefined) await writeFile(file, content);
        const script = new URL('../../scripts/directory.mjs', import.meta.url).pathname;
        const { code, stderr } = await new Promise((resolve) =>
          execFile(process.execPath, [script, 'import', file], (error, _, err) => resolve({ code: error?.code, stderr: err })),
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
