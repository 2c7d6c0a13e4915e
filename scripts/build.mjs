// Builds the release Worker into build/ and the reference into www/, unless what is there was built from the same
// sources. `wrangler` runs this too, as its custom build, so it sets up first.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { reference } from './reference.mjs';
import { isMain, main, pinnedEnvironment, root, run, step } from './run.mjs';
import { setup, wasmBindgen, workerBuild } from './setup.mjs';

// All that `wrangler deploy` uploads; worker-build leaves a few more files.
const bundle = ['index.js', 'index_bg.wasm'].map((name) => join(root, 'build', name));
const stamp = join(root, 'build/.fingerprint');

const settings = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'package-lock.json'];
const scripts = ['scripts/versions.mjs', 'scripts/build.mjs', 'scripts/reference.mjs', 'examples/reference.rs'];
const written = ['www/docs.html', 'www/errors.json', 'www/openapi.json'].map((path) => join(root, path));

export async function build() {
  const id = buildId();
  if ([...bundle, ...written, stamp].every(existsSync) && readFileSync(stamp, 'utf8') === id) {
    console.log(`The Worker is up to date (build ${id}, ${kib(sizes().total)} gzip).`);
    return;
  }
  const release = ['--release', '--features', 'worker'];
  await step(`Building the Worker (build ${id})`, () =>
    run(workerBuild, release, { quiet: true, env: environment(id) }),
  );
  await step('Writing the reference', reference);
  writeFileSync(stamp, id);
  const { files, total } = sizes();
  for (const [name, size] of [...files, ['total', total]]) {
    console.log(`  ${name.padEnd(14)} ${kib(size).padStart(10)} gzip`);
  }
}

/** Of everything that the Worker is made from, and so of the rules; the npm package bears the same. */
export function buildId() {
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join((entry.parentPath ?? entry.path).slice(root.length), entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const path of [...sources, ...settings, ...scripts]) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}

/** worker-build downloads each tool that it is not pointed to. */
function environment(id) {
  return {
    ...pinnedEnvironment(),
    CALL_OUTCOMES_BUILD: id,
    WASM_BINDGEN_BIN: wasmBindgen,
    WASM_OPT_BIN: join(root, 'node_modules/.bin/wasm-opt'),
    ESBUILD_BIN: join(root, 'node_modules/.bin/esbuild'),
  };
}

function sizes() {
  const files = bundle.map((path) => [path.slice(join(root, 'build/').length), gzipSync(readFileSync(path)).length]);
  return { files, total: files.reduce((sum, [, size]) => sum + size, 0) };
}

export function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await build();
  });
}
