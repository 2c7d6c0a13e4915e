// Builds the release Worker into build/ and the reference into www/, unless what is there was built from the same
// sources; then the npm package, which pages in www/ load. `wrangler` runs this too, as its custom build, so it sets up
// first.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildId } from './fingerprint.mjs';
import { buildPackage } from './package.mjs';
import { reference } from './reference.mjs';
import { isMain, kib, main, pinnedEnvironment, root, run, step } from './run.mjs';
import { setup, wasmBindgen, workerBuild } from './setup.mjs';
import { wasmEnvironment } from './wasm-environment.mjs';

// All that `wrangler deploy` uploads; worker-build leaves a few more files.
const bundle = ['index.js', 'index_bg.wasm'].map((name) => join(root, 'build', name));
const stamp = join(root, 'build/.fingerprint');

const written = ['www/docs.html', 'www/errors.json', 'www/openapi.json'].map((path) => join(root, path));

export async function build() {
  const id = buildId();
  if ([...bundle, ...written, stamp].every(existsSync) && readFileSync(stamp, 'utf8') === id) {
    console.log(`The Worker is up to date (build ${id}, ${kib(sizes().total)} gzip).`);
    return;
  }
  const release = ['--release', '--features', 'worker'];
  await step(`Building the Worker (build ${id})`, async () =>
    run(workerBuild, release, { quiet: true, env: await environment(id) }),
  );
  await step('Writing the reference', reference);
  writeFileSync(stamp, id);
  const { files, total } = sizes();
  for (const [name, size] of [...files, ['total', total]]) {
    console.log(`  ${name.padEnd(14)} ${kib(size).padStart(10)} gzip`);
  }
}

/** worker-build downloads each tool that it is not pointed to. */
async function environment(id) {
  const { PATH } = pinnedEnvironment();
  return {
    ...(await wasmEnvironment(id)),
    PATH,
    WASM_BINDGEN_BIN: wasmBindgen,
    WASM_OPT_BIN: join(root, 'node_modules/.bin/wasm-opt'),
    ESBUILD_BIN: join(root, 'node_modules/.bin/esbuild'),
  };
}

function sizes() {
  const files = bundle.map((path) => [path.slice(join(root, 'build/').length), gzipSync(readFileSync(path)).length]);
  return { files, total: files.reduce((sum, [, size]) => sum + size, 0) };
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await build();
    await buildPackage();
  });
}
