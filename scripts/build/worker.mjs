// Builds the Worker into build/: index.js and index_bg.wasm, which are all that `wrangler deploy` uploads.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';
import { compile, esbuild, optimize } from './wasm.mjs';

const work = join(root, 'target/worker');
const at = (name) => join(work, name);

/** The events of a Worker, whose handlers get the environment and the context. */
const EVENTS = ['connect', 'email', 'fetch', 'queue', 'scheduled'];
/** The functions that the shim itself calls. */
const SYSTEM = ['__wbg_reset_state', '__worker_init_state'];

/** Builds the Worker. The previous build stays in build/ until the new one is complete. */
export async function buildWorker(id, { optimized }) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  await compile({ id, feature: 'worker', profile: 'release', kind: 'worker', folder: work, name: 'index' });
  writeFileSync(at('shim.js'), shim(readFileSync(at('index.js'), 'utf8')));
  await Promise.all([
    // `-O3` is smaller, gzipped, than `-Os` and `-Oz`. Names stay for the traces of panics.
    optimized
      ? optimize(at('index_bg.wasm'), at('optimized.wasm'), ['-O3', '--debuginfo'], ['exception-handling'])
      : copyFileSync(at('index_bg.wasm'), at('optimized.wasm')),
    bundle(),
  ]);
  const output = join(root, 'build');
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  renameSync(at('optimized.wasm'), join(output, 'index_bg.wasm'));
  renameSync(at('bundle.js'), join(output, 'index.js'));
}

async function bundle() {
  const external = ['--external:./index_bg.wasm', '--external:cloudflare:*'];
  await esbuild(['shim.js', '--bundle', '--format=esm', '--minify', '--log-level=warning', ...external, '--outfile=bundle.js'], work);
  // The runtime compiles the wasm that a module imports.
  const text = readFileSync(at('bundle.js'), 'utf8');
  writeFileSync(at('bundle.js'), text.replaceAll('import source ', 'import '));
}

/** scripts/build/shim.js, completed for the exports of wasm-bindgen's module. */
function shim(module) {
  const names = (pattern) => [...module.matchAll(pattern)].map(([, name, alias]) => name ?? alias);
  const functions = names(/^export (?:async )?function (\w+)|^export \{ \w+ as (\w+) \}/gm);
  const classes = names(/^export class (\w+)/gm);
  const handlers = functions.filter((name) => !SYSTEM.includes(name)).map(handler);
  const exported = classes.map((name) => `export const ${name} = new Proxy(exports.${name}, classProxyHooks);`);
  const template = readFileSync(join(root, 'scripts/build/shim.js'), 'utf8');
  return `${template.replace('// HANDLERS\n', () => handlers.join(''))}${exported.join('\n')}\n`;
}

function handler(name) {
  if (!EVENTS.includes(name)) return `Entrypoint.prototype.${name} = exports.${name};\n`;
  return `Entrypoint.prototype.${name} = function ${name}(arg) {
  return exports.${name}.call(this, arg, this.env, this.ctx);
};
`;
}
