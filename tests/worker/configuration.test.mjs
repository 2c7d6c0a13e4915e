// What `wrangler deploy` uploads: the production configuration, with nothing of the development environment.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unstable_readConfig } from 'wrangler';

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = fileURLToPath(new URL('../../wrangler.toml', import.meta.url));
// 9 KiB of it are the confidence of matches: its model, its variables, and the answers that it is shown in or that it refuses.
const MAX_GZIP = 360 * 1024;

test('the top level is production', async () => {
  const production = unstable_readConfig({ config });
  assert.equal(production.name, 'call-outcomes');
  assert.deepEqual(Object.keys(production.vars).sort(), [
    'ADDRESS_RATE_LIMIT',
    'DEFAULT_COUNTRY_CODE',
    'DURATION_ERROR_SECONDS',
    'DURATION_WEIGHT',
    'MATCH_WINDOW_SECONDS',
    'MIN_CONFIDENCE',
    'START_ERROR_SECONDS',
    'TOKEN_RATE_LIMIT',
  ]);
  assert.deepEqual(
    production.d1_databases.map(({ binding, migrations_dir }) => [binding, migrations_dir]),
    [['DB', 'migrations']],
  );
  assert.deepEqual(
    production.kv_namespaces.map(({ binding }) => binding),
    ['ARCHIVE'],
  );
  assert.match(production.assets.directory, /www$/);
  const { tokens } = JSON.parse(await readFile(`${root}/fixtures/demo.json`, 'utf8'));
  for (const { token } of tokens) assert.ok(!JSON.stringify(production).includes(token), token);
});

test('only the development environment exposes costs, and it has its own database', () => {
  const development = unstable_readConfig({ config, env: 'dev' });
  assert.equal(development.vars.EXPOSE_COST, 'true');
  assert.notEqual(development.d1_databases[0].database_name, unstable_readConfig({ config }).d1_databases[0].database_name);
});

for (const env of [undefined, 'dev']) {
  test(`the variables state the rate limits of the limiters: ${env ?? 'production'}`, () => {
    const { vars, ratelimits } = unstable_readConfig({ config, env });
    const policies = ratelimits.map(({ name, simple }) => [name, `${simple.limit}/${simple.period}`]);
    assert.deepEqual(policies, [
      ['TOKEN_RATE_LIMITER', vars.TOKEN_RATE_LIMIT],
      ['ADDRESS_RATE_LIMITER', vars.ADDRESS_RATE_LIMIT],
    ]);
    assert.equal(new Set(ratelimits.map(({ namespace_id }) => namespace_id)).size, 2);
  });
}

test('a deployment succeeds up to the upload', async () => {
  const wrangler = fileURLToPath(new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--env='], {
    cwd: root,
  });
  assert.match(stdout, /env\.DB[^]*--dry-run: exiting now/);
  assert.doesNotMatch(stdout, /EXPOSE_COST/);
});

test(`the bundle is at most ${MAX_GZIP / 1024} KiB, gzipped`, async (t) => {
  const files = await Promise.all(['index.js', 'index_bg.wasm'].map((name) => readFile(`${root}/build/${name}`)));
  const size = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  t.diagnostic(`${(size / 1024).toFixed(1)} KiB`);
  assert.ok(size <= MAX_GZIP, `${size} bytes`);
});
