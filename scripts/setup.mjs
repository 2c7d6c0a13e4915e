// Everything that building, serving and testing need beyond Node, rustup and a C compiler. Runs first in every command,
// so it costs little when there is nothing to do, and only adds: nothing outside this folder and the tool cache is
// changed, except that rustup may be asked for the components and the target in rust-toolchain.toml.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Failure, isMain, main, root, run, step } from './run.mjs';
import {
  CARGO_DENY,
  CARGO_FUZZ,
  CARGO_MUTANTS,
  OPENAPI_SPEC_VALIDATOR,
  SCHEMATHESIS,
  WASM_BINDGEN_CLI,
  WORKER_BUILD,
} from './versions.mjs';

export const TARGET = 'wasm32-unknown-unknown';
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'call-outcomes');

// Built once for all clones of this version.
export const wasmBindgen = join(cache, `wasm-bindgen-cli-${WASM_BINDGEN_CLI}`, 'bin/wasm-bindgen');
export const wasmBindgenTestRunner = join(cache, `wasm-bindgen-cli-${WASM_BINDGEN_CLI}`, 'bin/wasm-bindgen-test-runner');
export const workerBuild = join(cache, `worker-build-${WORKER_BUILD}`, 'bin/worker-build');

/** The browser that pages are tested in. */
export const chromium = process.env.CHROMIUM || '/usr/bin/chromium';

/** The Node that runs wrangler and the tests. */
export const pinnedNode = join(root, 'node_modules/node/bin/node');

export async function setup() {
  quietTools();
  await rust();
  await crate('wasm-bindgen-cli', WASM_BINDGEN_CLI, wasmBindgen);
  await crate('worker-build', WORKER_BUILD, workerBuild);
  await packages();
}

/** No usage reports, and no request for a location that local requests do not need. */
function quietTools() {
  process.env.WRANGLER_SEND_METRICS ??= 'false';
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= 'false';
}

async function rust() {
  // rustup's installer puts this on the PATH of the next login only.
  process.env.PATH += delimiter + join(process.env.CARGO_HOME || join(homedir(), '.cargo'), 'bin');
  if (spawnSync('cc', ['--version']).error) {
    throw new Failure('A C compiler is missing (Rust links with it as `cc`). On Debian: apt-get install gcc libc6-dev');
  }
  let toolchain = inspect();
  if (!toolchain) {
    const channel = setting('rust-toolchain.toml', 'channel');
    await step(`Installing Rust ${channel}`, () => rustup('toolchain', 'install', channel, '--profile', 'minimal'));
    toolchain = inspect();
  }
  const floor = setting('Cargo.toml', 'rust-version');
  if (toolchain.version.localeCompare(floor, 'en', { numeric: true }) < 0) {
    throw new Failure(`Rust ${floor} or newer is needed and this is ${toolchain.version}. Run: rustup update`);
  }
  if (!['cargo-clippy', 'cargo-fmt'].every((tool) => existsSync(join(toolchain.sysroot, 'bin', tool)))) {
    await step('Adding clippy and rustfmt', () => rustup('component', 'add', 'clippy', 'rustfmt'));
  }
  if (!existsSync(toolchain.libraries) || readdirSync(toolchain.libraries).length === 0) {
    await step(`Adding Rust's ${TARGET}`, () => rustup('target', 'add', TARGET));
  }
}

function rustup(...args) {
  return run('rustup', args, { quiet: true });
}

/** The toolchain in force here, or nothing if rustup has yet to install it. */
function inspect() {
  const rustc = (...args) => spawnSync('rustc', args, { cwd: root, encoding: 'utf8' });
  const version = rustc('--version');
  if (version.error) {
    throw new Failure('Rust is missing. Install rustup as https://rustup.rs says, then run this again.');
  }
  if (version.status !== 0) return undefined;
  const paths = rustc('--print', 'sysroot', '--print', 'target-libdir', '--target', TARGET).stdout;
  const [sysroot, libraries] = paths.split('\n');
  return { version: version.stdout.split(' ')[1], sysroot, libraries };
}

export function setting(file, key) {
  return new RegExp(`^${key} = "(.+)"`, 'm').exec(readFileSync(join(root, file), 'utf8'))[1];
}

async function crate(name, version, binary) {
  if (existsSync(binary)) return;
  if (name === 'worker-build') openssl();
  const install = ['install', '--root', join(cache, `${name}-${version}`), '--version', `=${version}`, name];
  await step(`Installing ${name} ${version}, once, for a few minutes`, async () => {
    try {
      await run('cargo', [...install, '--locked'], { quiet: true });
    } catch {
      // A registry mirror may lack one of the exact versions the lock names.
      await run('cargo', install, { quiet: true });
    }
  });
}

/** worker-build links it on Linux, for downloads that it makes none of here. */
function openssl() {
  if (process.platform !== 'linux' || process.env.OPENSSL_DIR) return;
  if (spawnSync('pkg-config', ['--exists', 'openssl']).status === 0) return;
  throw new Failure('worker-build needs the headers of OpenSSL. On Debian: apt-get install pkg-config libssl-dev');
}

/** The tool that looks for inputs that break something. It needs nightly Rust, and nothing else here does. */
export async function fuzzer() {
  const binary = join(cache, `cargo-fuzz-${CARGO_FUZZ}`, 'bin/cargo-fuzz');
  await crate('cargo-fuzz', CARGO_FUZZ, binary);
  if (spawnSync('rustup', ['run', 'nightly', 'rustc', '--version']).status !== 0) {
    await step('Installing nightly Rust', () => rustup('toolchain', 'install', 'nightly', '--profile', 'minimal'));
  }
  return binary;
}

/** The tool that breaks the source, to see whether a test notices. */
export async function mutator() {
  const binary = join(cache, `cargo-mutants-${CARGO_MUTANTS}`, 'bin/cargo-mutants');
  await crate('cargo-mutants', CARGO_MUTANTS, binary);
  return binary;
}

/** The tool that holds the crates to deny.toml. */
export async function dependencyPolicy() {
  const binary = join(cache, `cargo-deny-${CARGO_DENY}`, 'bin/cargo-deny');
  await crate('cargo-deny', CARGO_DENY, binary);
  return binary;
}

/** A Python with the tools that the OpenAPI document is tested with. Nothing but the tests needs it. */
export async function apiTester() {
  const home = join(cache, `schemathesis-${SCHEMATHESIS}-openapi-spec-validator-${OPENAPI_SPEC_VALIDATOR}`);
  const python = join(home, 'bin/python');
  const complete = join(home, 'complete');
  if (existsSync(complete)) return python;
  const packages = [`schemathesis==${SCHEMATHESIS}`, `openapi-spec-validator==${OPENAPI_SPEC_VALIDATOR}`];
  await step('Installing the API tester, once', async () => {
    try {
      await run('python3', ['-m', 'venv', '--clear', home], { quiet: true });
    } catch (error) {
      throw new Failure(`${error.message}\nThe tests need Python 3 with venv. On Debian: apt-get install python3-venv`);
    }
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], { quiet: true });
    writeFileSync(complete, '');
  });
  return python;
}

/** The runtimes, bundlers and the browser that the npm package is tested with. Nothing but the tests needs them. */
export async function packageTester() {
  await packagesOf('tests/package/tools', 'Installing what the package is tested with');
  if (existsSync(chromium)) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).error) {
    throw new Failure(`The tests need Chromium at ${chromium}, or where CHROMIUM says. On Debian: apt-get install chromium`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', 'chromium'];
  await step('Installing Chromium', async () => {
    await run('apt-get', ['update', '--quiet'], { quiet: true });
    await run('apt-get', install, { quiet: true, env });
  });
}

/** What the benchmark measures beside this. Nothing else needs it. */
export async function benchPeers() {
  await packagesOf('bench', 'Installing what is measured beside this');
}

/** The packages of a folder that has a lock of its own. */
async function packagesOf(path, title) {
  const folder = join(root, path);
  if (installed(folder)) return;
  // Not `ci`, which a lock fails that lacks the optional packages of other systems.
  const install = ['install', '--no-save', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'];
  await step(title, () => run('npm', install, { quiet: true }));
}

async function packages() {
  if (existsSync(pinnedNode) && installed(root)) return;
  // npm is about to replace `node_modules`: it must not find its own Node there.
  const PATH = process.env.PATH.split(delimiter)
    .filter((path) => !path.endsWith('node_modules/.bin'))
    .join(delimiter);
  // Errors only, as an old Node brings warnings: the pinned one, which will run these packages, comes with them.
  const ci = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await step('Installing the npm packages', () => run('npm', ci, { quiet: true, env: { ...process.env, PATH } }));
  if (spawnSync(pinnedNode, ['--version']).status !== 0) {
    throw new Failure('npm ran no install scripts. Is `ignore-scripts` set? Run: npm ci --ignore-scripts=false');
  }
}

/** Whether what npm says it installed, by whatever command, is what the lock asks for. */
function installed(folder) {
  const record = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const packages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  const present = packages(record);
  const { '': _, ...wanted } = packages(join(folder, 'package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    present[path] ? present[path].version === version : optional,
  );
}

if (isMain(import.meta.url)) await main(setup);
