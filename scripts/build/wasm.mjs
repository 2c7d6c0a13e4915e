// Compiles the crate to optimised wasm and its JavaScript, for the Worker and the npm package.
import { join } from 'node:path';
import { pinnedEnvironment, root, run } from '../lib/run.mjs';
import { TARGET, bindgen } from './setup.mjs';
import { wasmEnvironment } from './wasm-environment.mjs';

/** The WebAssembly features that rustc emits and every runtime has. */
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];

/**
 * Builds the crate with one feature, in a profile, and writes `NAME.js` and `NAME_bg.wasm` into a folder. `kind` is `worker`
 * for a module that imports the wasm, or `web` for a module that is given it. Run one build of a profile at a time.
 */
export async function compile({ id, feature, profile, kind, folder, name }) {
  const args = ['build', '--locked', '--lib', '--profile', profile, '--target', TARGET, '--features', feature];
  await run('cargo', args, { quiet: true, env: await wasmEnvironment(id) });
  const compiled = join(process.env.CARGO_TARGET_DIR || join(root, 'target'), TARGET, profile, 'call_outcomes.wasm');
  await run(bindgen, [kind, compiled, folder, name], { quiet: true });
}

/** Optimises a wasm file, which may use `features` beside the common ones. */
export async function optimize(from, to, args, features = []) {
  const enabled = [...FEATURES, ...features].map((name) => `--enable-${name}`);
  await run(join(root, 'node_modules/.bin/wasm-opt'), [from, '--output', to, ...args, ...enabled], {
    quiet: true,
    env: pinnedEnvironment(),
  });
}

/** Runs esbuild in a folder. */
export function esbuild(args, folder = root) {
  return run(join(root, 'node_modules/.bin/esbuild'), args, { quiet: true, cwd: folder, env: pinnedEnvironment() });
}
