// The commands that move data: the archive and the directory, on the database that the Worker serves, and the bulk load
// through the endpoint that it calls.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { archive } from '../../scripts/archive-calls.mjs';
import { importDirectory } from '../../scripts/directory.mjs';
import { NETWORK, start } from './harness.mjs';

const BEFORE = Date.parse('2015-01-01T00:00:00Z');

let server;
let folder;
before(async () => {
  server = await start();
  folder = await mkdtemp(join(tmpdir(), 'call-outcomes-commands-'));
});
after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

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

describe('load-calls', () => {
  async function load(name, content) {
    const file = join(folder, name);
    await writeFile(file, content);
    const script = new URL('../../scripts/load-calls.mjs', import.meta.url).pathname;
    const { code, stdout } = await new Promise((resolve) =>
      execFile(process.execPath, [script, file, '--url', server.url, '--token', NETWORK], (error, out) =>
        resolve({ code: error?.code ?? 0, stdout: out }),
      ),
    );
    const rejected = await readFile(`${file}.rejected.ndjson`, 'utf8').catch(() => '');
    const bad = rejected.split('\n').filter(Boolean).map(JSON.parse);
    return { code, summary: stdout.replace(/ in .*?:/, ':').trim(), bad };
  }

  test('CSV: good rows are kept, bad ones are written with their lines', async () => {
    const rows = Array.from({ length: 2_500 }, (_, at) => `CSV-${at},${1_400_000_000 + at},,"(415) 555-0100"`);
    rows[1_200] = 'CSV 1200,yesterday,,';
    const content = `\uFEFFtransaction_id,start_time_t,duration_in_seconds,calling_phone_number\r\n${rows.join('\r\n')}\r\n`;
    const first = await load('calls.csv', content);
    assert.equal(first.code, 1);
    assert.match(first.summary, /^2500 rows: 2499 created, 0 updated, 0 unchanged, 1 failed/);
    assert.deepEqual(
      first.bad.map(({ line, error }) => [line, error]),
      [[1_202, 'Validation failed: transaction_id is invalid, start_time_t is invalid']],
    );
    assert.match((await load('calls.csv', content)).summary, /0 created, 0 updated, 2499 unchanged/);
  });

  test('NDJSON: a line that is not JSON is a bad row', async () => {
    const { code, summary, bad } = await load(
      'calls.ndjson',
      '{"transaction_id":"ND-1","start_time_t":1400000000}\n\nnonsense\n{"transaction_id":"ND-2","start_time_t":"1400000000123"}\n',
    );
    assert.equal(code, 1);
    assert.match(summary, /^3 rows: 2 created, 0 updated, 0 unchanged, 1 failed/);
    assert.deepEqual(bad, [{ line: 3, error: 'not JSON', row: 'nonsense' }]);
  });
});
