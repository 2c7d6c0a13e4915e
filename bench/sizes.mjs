// Sizes of what is downloaded or deployed, next to alternatives in JavaScript, in bytes compressed with gzip.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../scripts/lib/run.mjs';
import { bundle } from './peer/servers.mjs';

const gzip = (content) => gzipSync(content, { level: 9 }).length;
const files = (...paths) => paths.reduce((sum, path) => sum + gzip(readFileSync(join(root, path))), 0);

/** Names and bytes, in groups of alternatives. */
export async function sizes() {
  return [
    ['The Worker', files('build/index.js', 'build/index_bg.wasm')],
    ['  its wasm', files('build/index_bg.wasm')],
    ['Hono, zod', gzip(await bundle('sequential.ts', { minify: true }))],
    ['The package, wasm inlined', files('package/dist/index.js')],
    ['The package, for Node, Deno and Bun', files('package/dist/node.js')],
    ['The package, slim and its wasm', files('package/dist/slim.js', 'package/dist/rules.wasm')],
    ['The package, form', files('package/dist/form.js')],
    ['The rules in zod', await validator("export * from './zod.mjs';")],
    ['The rules in valibot', await validator("export * from './valibot.mjs';")],
    ['ajv, without a schema', await validator("export { default } from 'ajv/dist/2020.js';")],
    ['typebox, without a schema', await validator("export { default } from 'typebox/schema';")],
    ['The editor of the playground', files('www/pkg/editor.js')],
    ['The page for files, its wasm', files('www/pkg/table.js', 'www/pkg/table.wasm')],
  ];
}

async function validator(contents) {
  const resolveDir = fileURLToPath(new URL('validators', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
  });
  return gzip(outputFiles[0].text);
}
