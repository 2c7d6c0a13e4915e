// `npm test`: runs all checks, the quick ones first, and stops at the first that fails.
import { buildAll } from '../build/build.mjs';
import { nodeTests } from './node-tests.mjs';
import { Failure, elapsed, main, pinnedEnvironment, pinnedNode, run } from '../lib/run.mjs';
import { apiTester, dependencyPolicy, setupTests, wasmTestRunner } from '../build/setup.mjs';

const WASM = ['--target', 'wasm32-unknown-unknown'];
const DENY = ['--', '-D', 'warnings'];
const strictDocs = { ...process.env, RUSTDOCFLAGS: '-D warnings' };

const checks = [
  ['formatting', formatting],
  ['clippy', () => cargo('clippy', '--locked', '--all-targets', '--features', 'openapi', ...DENY)],
  ['clippy for the Worker', () => cargo('clippy', '--locked', ...WASM, '--features', 'worker', ...DENY)],
  ['clippy for the npm package', () => cargo('clippy', '--locked', ...WASM, '--features', 'npm', ...DENY)],
  ['clippy for the page for CSV files', () => cargo('clippy', '--locked', ...WASM, '--features', 'table', ...DENY)],
  ['the features that exclude each other', excludedFeatures],
  ['the dependencies', dependencies],
  ['the documents and the imports', () => nodeTests('tests/docs')],
  ['documentation', () => run('cargo', ['doc', '--locked', '--no-deps'], { env: strictDocs })],
  ['tests of the crate', () => cargo('test', '--locked')],
  ['tests of the statements', () => cargo('test', '--locked', '--features', 'worker', '--lib', 'worker::store')],
  ['the table of cases in wasm', () => run('cargo', ['test', '--locked', ...WASM, '--test', 'rules'], { env: runner() })],
  // All builds come first: `npm run load-calls` reads files with the code of the page for CSV files.
  ['the builds', buildAll],
  ['tests of the Worker', () => nodeTests('tests/worker')],
  ['faults, the short form', () => nodeTests('tests/faults')],
  ['tests of the npm package', () => nodeTests('tests/package')],
  ['the OpenAPI document, and requests made up from it', apiTests],
];

await main(async () => {
  const start = performance.now();
  await setupTests();
  for (const [name, check] of checks) {
    console.log(`\n=== ${name}`);
    const began = performance.now();
    try {
      await check();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`${error.message}\nFAILED: ${name}, after ${elapsed(began)}`);
    }
    console.log(`=== ${name}: passed in ${elapsed(began)}`);
  }
  console.log(`\nAll ${checks.length} checks passed in ${elapsed(start)}.`);
});

async function formatting() {
  await cargo('fmt', '--check');
  await cargo('fmt', '--check', '--manifest-path', 'tools/bindgen/Cargo.toml');
}

async function dependencies() {
  // Fetches the crates of every platform, which the policy reads, so that the check itself runs offline.
  await cargo('fetch', '--locked');
  await run(await dependencyPolicy(), ['--locked', '--offline', 'check', 'bans', 'licenses', 'sources']);
}

async function apiTests() {
  const python = await apiTester();
  await run(python, ['-m', 'openapi_spec_validator', 'www/openapi.json']);
  await run(pinnedNode, ['tests/api/run.mjs', python], { env: pinnedEnvironment() });
}

function runner() {
  return { ...pinnedEnvironment(), CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: wasmTestRunner };
}

function cargo(...args) {
  return run('cargo', args);
}

/** An export of the npm package would become a method of the Worker, so both at once must not compile. */
async function excludedFeatures() {
  const both = run('cargo', ['check', '--locked', ...WASM, '--features', 'worker,npm'], { quiet: true });
  const output = await both.then(
    () => '',
    (failure) => failure.output ?? '',
  );
  if (!output.includes('`npm` and `worker` exclude each other')) {
    throw new Failure(`${output}\`--features worker,npm\` must fail, and say that they exclude each other.`);
  }
  console.log('It fails to compile, as it must.');
}
