// The package, installed from its tarball in an empty project, in every runtime and through every bundler.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { buildId } from '../../scripts/lib/fingerprint.mjs';
import { open, program, project, run, serve, tool, write } from './harness.mjs';

const NODE_24 = process.execPath;
const NODE_20 = program('node');

const TEXT = '{"search":{"start_time_t":1435993260},"call_outcome":{"outcome_name":"é","sale_amount":"$5"}}';
const AMOUNT = TEXT.indexOf('"$5"');

/** Code that uses each export of `rules` and stores the results in `result`. */
const USE = `
const text = ${JSON.stringify(TEXT)};
const places = (answer) => answer.problems.map(({ code, range }) => [code, range]);
const calls = [{ transaction_id: 'A', start_time_t: 1435993200 }, { transaction_id: 'B', start_time_t: 1435993261 }];
const result = {
  text: places(rules.validate(text)),
  bytes: places(rules.validate(new TextEncoder().encode(text))),
  value: rules.validateValue({ search: { transaction_id: 'a-1' }, call_outcome: { outcome_name: 'Sale' } }).request,
  closest: rules.closestCall({ start_time_t: 1435993260 }, calls).call,
  codes: rules.codes.length > 50,
  limits: Number.isInteger(rules.limits.body_bytes),
  version: rules.version,
  build: rules.build,
};
`;

const { version } = JSON.parse(await readFile(new URL('../../package/dist/package.json', import.meta.url), 'utf8'));

const EXPECTED = {
  text: [['sale_amount.currency', [AMOUNT, AMOUNT + 4]]],
  bytes: [['sale_amount.currency', [AMOUNT + 1, AMOUNT + 5]]],
  value: { search: { transaction_id: 'A-1' }, call_outcome: { outcome_name: 'Sale', partner_unique_id: '' } },
  closest: { transaction_id: 'B', start_time_t: 1435993261 },
  codes: true,
  limits: true,
  version,
  build: buildId(),
};

const IMPORT = `import * as rules from 'call-outcomes';\n${USE}`;
const PRINT = 'console.log(JSON.stringify(result));';
const SHOW = 'globalThis.result = result;';

async function prints(name, source, command, ...args) {
  const folder = await project({ [name]: source });
  assert.deepEqual(JSON.parse(await run(command, [...args, name], folder)), EXPECTED);
}

for (const [version, node] of [['20', NODE_20], ['24', NODE_24]]) {
  test(`Node ${version}, import`, () => prints('main.js', IMPORT + PRINT, node));
  test(`Node ${version}, require`, () =>
    prints('main.cjs', `const rules = require('call-outcomes');\n${USE}${PRINT}`, node, '--no-warnings'));
}

test('Deno', () => prints('main.js', IMPORT + PRINT, program('deno'), 'run', '--cached-only', '--no-prompt'));
test('Bun', () => prints('main.js', IMPORT + PRINT, program('bun'), 'run', '--no-install'));

test('workerd, as wrangler bundles it', async () => {
  const source = `${IMPORT}export default { fetch: () => Response.json(result) };`;
  const folder = await project({ 'main.js': source });
  const wrangler = new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url).pathname;
  const date = '2026-11-17';
  const args = ['deploy', 'main.js', '--dry-run', '--outdir', 'out', '--name', 'x', '--compatibility-date', date];
  await run(NODE_24, [wrangler, ...args], folder);
  const out = join(folder, 'out');
  const names = await readdir(out);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.NONE),
      workers: [
        {
          name: 'x',
          rootPath: out,
          modulesRoot: '.',
          compatibilityDate: date,
          modules: [
            { type: 'ESModule', path: 'main.js' },
            ...names.filter((name) => name.endsWith('.wasm')).map((path) => ({ type: 'CompiledWasm', path })),
          ],
        },
      ],
    }),
  );
  try {
    const response = await miniflare.dispatchFetch('http://localhost/');
    assert.deepEqual(await response.json(), EXPECTED);
  } finally {
    await miniflare.dispose();
  }
});

/** Returns the result of a folder's page in a browser, under a strict policy. */
async function shows(folder, path = 'index.html') {
  const { origin } = await serve(folder);
  const { page, errors } = await open(`${origin}/${path}`);
  await page.waitForFunction('globalThis.result').catch(() => assert.fail(errors.join('\n')));
  assert.deepEqual(await page.evaluate('result'), EXPECTED);
  assert.deepEqual(errors, []);
}

const PAGE = (script) => `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

test('Vite', async () => {
  const folder = await project({ 'index.html': PAGE('/main.js'), 'main.js': IMPORT + SHOW });
  await tool('vite').build({ root: folder, logLevel: 'error' });
  await shows(join(folder, 'dist'));
});

test('webpack', async () => {
  const folder = await project({ 'main.js': IMPORT + SHOW, 'out/index.html': PAGE('/bundle.js') });
  const output = { path: join(folder, 'out'), filename: 'bundle.js' };
  const webpack = tool('webpack');
  const stats = await new Promise((resolve, reject) =>
    webpack({ mode: 'production', context: folder, entry: './main.js', output }, (error, stats) =>
      error ? reject(error) : resolve(stats),
    ),
  );
  assert.ok(!stats.hasErrors() && !stats.hasWarnings(), stats.toString());
  await shows(join(folder, 'out'));
});

test('esbuild', async () => {
  const folder = await project({ 'main.js': IMPORT + SHOW, 'out/index.html': PAGE('/bundle.js') });
  const format = { bundle: true, format: 'esm', logLevel: 'silent' };
  const { warnings } = await tool('esbuild').build({
    ...format,
    absWorkingDir: folder,
    entryPoints: ['main.js'],
    outfile: 'out/bundle.js',
  });
  assert.deepEqual(warnings, []);
  await shows(join(folder, 'out'));
});

test('Rollup', async () => {
  const folder = await project({ 'main.js': IMPORT + SHOW, 'out/index.html': PAGE('/bundle.js') });
  const { nodeResolve } = tool('@rollup/plugin-node-resolve');
  const onwarn = (warning) => assert.fail(warning.message);
  const bundle = await tool('rollup').rollup({ input: join(folder, 'main.js'), plugins: [nodeResolve()], onwarn });
  await bundle.write({ file: join(folder, 'out/bundle.js'), format: 'es' });
  await shows(join(folder, 'out'));
});

test('a plain <script type="module">', async () => {
  const folder = await project({});
  await write(folder, {
    'index.html': PAGE('/main.js'),
    'main.js': IMPORT.replace("'call-outcomes'", "'./node_modules/call-outcomes/index.js'") + SHOW,
  });
  await shows(folder);
});

test('a page that loads the wasm itself', async () => {
  const folder = await project({});
  const load = `import { load } from './node_modules/call-outcomes/slim.js';
const rules = await load(new URL('./node_modules/call-outcomes/rules.wasm', import.meta.url));`;
  await write(folder, { 'index.html': PAGE('/main.js'), 'main.js': `${load}\n${USE}${SHOW}` });
  await shows(folder);
});
