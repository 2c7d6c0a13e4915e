// The environment in which cargo builds wasm that is published. Its output has no path of this machine, and is the same in
// any folder.
import { dirname, join } from 'node:path';
import { run } from '../lib/run.mjs';
import { TARGET } from './setup.mjs';

/** The environment for the build with an id from `buildId`. */
export async function wasmEnvironment(id) {
  const renamed = Object.entries(await names()).map(([path, name]) => `--remap-path-prefix=${path}=${name}`);
  // Cargo reads flags from one variable only, and in this one a path may have spaces.
  const flags = [...ownFlags(), ...renamed].join('\x1f');
  return { ...process.env, CALL_OUTCOMES_BUILD: id, CARGO_ENCODED_RUSTFLAGS: flags };
}

function ownFlags() {
  const { CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain } = process.env;
  return encoded?.split('\x1f') ?? plain?.split(' ').filter(Boolean) ?? [];
}

/** The name of each source folder in the output. A folder inside another comes later and takes precedence. */
async function names() {
  const filters = ['--locked', '--all-features', '--filter-platform', TARGET];
  const metadata = JSON.parse(await run('cargo', ['metadata', '--format-version', '1', ...filters], { quiet: true }));
  const crates = metadata.packages.filter(({ source }) => source).map(({ manifest_path }) => dirname(dirname(manifest_path)));
  const version = await run('rustc', ['-vV'], { quiet: true });
  const sysroot = await run('rustc', ['--print', 'sysroot'], { quiet: true });
  return {
    [metadata.workspace_root]: '',
    [metadata.target_directory]: 'target',
    ...Object.fromEntries(crates.map((folder) => [folder, ''])),
    // The standard library, under the name that it has where its sources are not installed.
    [join(sysroot.trim(), 'lib/rustlib/src/rust')]: `/rustc/${/^commit-hash: (.+)$/m.exec(version)?.[1]}`,
  };
}
