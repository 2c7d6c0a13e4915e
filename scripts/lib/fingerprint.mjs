// Identifies a build by its sources, so that a page and a server can tell whether they have the same rules.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const settings = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'package-lock.json'];
const scripts = [
  'build.rs',
  'scripts/build/build.mjs',
  'scripts/lib/fingerprint.mjs',
  'scripts/build/reference.mjs',
  'scripts/build/versions.mjs',
  'scripts/build/shim.js',
  'scripts/build/wasm-environment.mjs',
  'scripts/build/wasm.mjs',
  'scripts/build/worker.mjs',
  'tools/bindgen/Cargo.lock',
  'tools/bindgen/src/bin/bindgen.rs',
  'tools/reference.rs',
];

/** Returns the id of a build: a hash of all sources of the Worker. The npm package has the same id. */
export function buildId() {
  const sources = ['src', 'migrations']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
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
