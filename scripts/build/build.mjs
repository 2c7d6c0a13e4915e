// `npm run build`: builds the Worker into build/, the API reference into www/, and the npm package, which the pages in www/
// load. What is up to date is not built again. wrangler runs this as its custom build, so it sets up first.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildId } from '../lib/fingerprint.mjs';
import { buildPackage } from './package.mjs';
import { reference } from './reference.mjs';
import { isMain, kib, main, root, say, step, together } from '../lib/run.mjs';
import { setup } from './setup.mjs';
import { buildWorker } from './worker.mjs';

// Everything that `wrangler deploy` uploads.
const bundle = ['index.js', 'index_bg.wasm'].map((name) => join(root, 'build', name));
const stamp = join(root, 'build/.fingerprint');

const written = ['www/docs.html', 'www/errors.json', 'www/openapi.json'].map((path) => join(root, path));

/** Builds the Worker and the reference. Without `optimized`, for development, this takes half the time. */
export async function build({ optimized = true } = {}) {
  const id = buildId();
  const fingerprint = optimized ? id : `${id} not optimized`;
  const good = [id, fingerprint];
  if ([...bundle, ...written, stamp].every(existsSync) && good.includes(readFileSync(stamp, 'utf8'))) {
    return say(`The Worker is up to date (build ${id}, ${kib(sizes().total)} gzip).`);
  }
  await together(
    () => step(`Building the Worker (build ${id})`, () => buildWorker(id, { optimized })),
    () => step('Writing the reference', reference),
  );
  writeFileSync(stamp, fingerprint);
  const { files, total } = sizes();
  for (const [name, size] of [...files, ['total', total]]) say(`  ${name.padEnd(14)} ${kib(size).padStart(10)} gzip`);
}

/** Builds everything that a server serves. */
export function buildAll(options) {
  return together(
    () => build(options),
    () => buildPackage(options),
  );
}

function sizes() {
  const files = bundle.map((path) => [path.slice(join(root, 'build/').length), gzipSync(readFileSync(path)).length]);
  return { files, total: files.reduce((sum, [, size]) => sum + size, 0) };
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await buildAll();
  });
}
