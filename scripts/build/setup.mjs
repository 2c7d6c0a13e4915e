// Installs everything that building, serving and testing need beyond Node, rustup and a C compiler. Every command runs this
// first, so it is quick when there is nothing to do. It changes nothing outside this folder and the tool cache, except that
// it may ask rustup for the components and the target in rust-toolchain.toml.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Failure, chromium, isMain, main, pinnedNode, root, run, step, together } from '../lib/run.mjs';
import { CARGO_DENY, CARGO_FUZZ, CARGO_MUTANTS, OPENAPI_SPEC_VALIDATOR, SCHEMATHESIS } from './versions.mjs';

export const TARGET = 'wasm32-unknown-unknown';
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'call-outcomes');

const tool = join(root, 'tools/bindgen');
const toolSources = ['Cargo.toml', 'Cargo.lock', 'src/bin/bindgen.rs', 'src/bin/test-runner.rs'];
/** Where tools/bindgen is built, once for all clones with the same version. */
const toolTarget = join(cache, `bindgen-${hashOf(toolSources.map((name) => join(tool, name)))}`);

/** The program that writes the JavaScript of a wasm build. */
export const bindgen = join(toolTarget, 'release/bindgen');
/** The program that runs tests compiled to wasm. */
export const wasmTestRunner = join(toolTarget, 'release/test-runner');

/** Installs what building and serving need. */
export async function setup() {
  begin();
  await toolchain();
  await together(bindgenTool, packages);
}

/** Installs what the tests need too, so that nothing is missing when the first check begins. */
export async function setupTests() {
  begin({ tests: true });
  await toolchain();
  await together(
    async () => {
      await bindgenTool();
      await testRunner();
      await dependencyPolicy();
    },
    async () => {
      await packages();
      await packageTester();
    },
    async () => {
      await apiTester();
      await browser();
    },
  );
}

function begin({ tests = false } = {}) {
  // No usage reports, and no request for a location, which local requests don't need.
  process.env.WRANGLER_SEND_METRICS ??= 'false';
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= 'false';
  // rustup's installer adds this to the PATH only from the next login on.
  process.env.PATH += delimiter + join(process.env.CARGO_HOME || join(homedir(), '.cargo'), 'bin');
  const missing = [...missingToBuild(), ...(tests ? missingToTest() : [])];
  if (missing.length > 0) {
    throw new Failure(['Please install what is missing:', ...missing.map((line) => `  - ${line}`)].join('\n'));
  }
}

const runs = (command, ...args) => spawnSync(command, args, { cwd: root }).status === 0;
const isRoot = process.getuid?.() === 0;

/** What building needs and has to be installed by hand. */
function missingToBuild() {
  const missing = [];
  const [major] = process.versions.node.split('.');
  if (Number(major) < 20) missing.push(`Node 20 or newer (this is ${process.versions.node}): https://nodejs.org`);
  if (!runs('npm', '--version')) missing.push('npm, which comes with Node: https://nodejs.org');
  else if (!hasPackages() && spawnSync('npm', ['config', 'get', 'ignore-scripts'], { encoding: 'utf8' }).stdout.trim() === 'true') {
    missing.push('npm is configured not to run install scripts. Run: npm config set ignore-scripts false');
  }
  if (!runs('cc', '--version')) missing.push('A C compiler, as Rust links with `cc`. On Debian: apt-get install gcc libc6-dev');
  const found = inspect();
  const floor = setting('Cargo.toml', 'rust-version');
  if (found && isOlder(found.version, floor)) {
    missing.push(`Rust ${floor} or newer (this is ${found.version}). Run: rustup update`);
  }
  if ((!found || lacks(found).length > 0) && !runs('rustup', '--version')) missing.push('rustup: https://rustup.rs');
  return missing;
}

/** What only the tests need and has to be installed by hand. */
function missingToTest() {
  const missing = [];
  if (!runs('python3', '-c', 'import ensurepip, venv')) {
    missing.push('Python 3 with venv. On Debian: apt-get install python3-venv');
  }
  if (!runs('curl', '--version')) missing.push('curl. On Debian: apt-get install curl');
  if (!existsSync(chromium) && !(isRoot && runs('apt-get', '--version'))) {
    missing.push(`Chromium at ${chromium} (set CHROMIUM to another path). On Debian: apt-get install chromium`);
  }
  return missing;
}

const isOlder = (version, floor) => version.localeCompare(floor, 'en', { numeric: true }) < 0;

async function toolchain() {
  const channel = setting('rust-toolchain.toml', 'channel');
  if (!inspect()) {
    await step(`Installing Rust ${channel}`, () => rustup('toolchain', 'install', channel, '--profile', 'minimal'));
  }
  const found = inspect();
  const floor = setting('Cargo.toml', 'rust-version');
  if (isOlder(found.version, floor)) throw new Failure(`Rust ${floor} or newer is needed and this is ${found.version}. Run: rustup update`);
  for (const [title, ...args] of lacks(found)) await step(`Adding ${title}`, () => rustup(...args));
}

function rustup(...args) {
  return run('rustup', args, { quiet: true });
}

/** The active toolchain, or nothing if rustup has yet to install it. */
function inspect() {
  const rustc = (...args) => spawnSync('rustc', args, { cwd: root, encoding: 'utf8' });
  const version = rustc('--version');
  if (version.error || version.status !== 0) return undefined;
  const paths = rustc('--print', 'sysroot', '--print', 'target-libdir', '--target', TARGET).stdout;
  const [sysroot, libraries] = paths.split('\n');
  return { version: version.stdout.split(' ')[1], sysroot, libraries };
}

/** What a toolchain lacks, each with the rustup command that adds it. */
function lacks({ sysroot, libraries }) {
  const lacking = [];
  if (!['cargo-clippy', 'cargo-fmt'].every((name) => existsSync(join(sysroot, 'bin', name)))) {
    lacking.push(['clippy and rustfmt', 'component', 'add', 'clippy', 'rustfmt']);
  }
  if (!existsSync(libraries) || readdirSync(libraries).length === 0) {
    lacking.push([`Rust's ${TARGET}`, 'target', 'add', TARGET]);
  }
  return lacking;
}

/** The value of a key in a TOML file of the repository. */
export function setting(file, key) {
  return new RegExp(`^${key} = "(.+)"`, 'm').exec(readFileSync(join(root, file), 'utf8'))[1];
}

function bindgenTool() {
  return buildTool(bindgen, 'Building the binding generator', '--bin', 'bindgen');
}

/** The test runner is part of wasm-bindgen's command line, not of its library. */
function testRunner() {
  return buildTool(wasmTestRunner, 'Building the runner of tests in wasm', '--features', 'test-runner', '--bin', 'test-runner');
}

async function buildTool(binary, title, ...args) {
  if (existsSync(binary)) return;
  const build = ['build', '--release', '--locked', '--manifest-path', join(tool, 'Cargo.toml'), '--target-dir', toolTarget];
  await step(`${title}, once`, () => run('cargo', [...build, ...args], { quiet: true }));
}

/** Settings that make a quick build: each tool is built once and never runs for long. */
const quickly = {
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  CARGO_PROFILE_RELEASE_LTO: 'false',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
};

async function crate(name, version, binary) {
  if (existsSync(binary)) return;
  const install = ['install', '--root', join(cache, `${name}-${version}`), '--version', `=${version}`, name];
  const options = { quiet: true, env: { ...process.env, ...quickly } };
  await step(`Installing ${name} ${version}, once`, async () => {
    try {
      await run('cargo', [...install, '--locked'], options);
    } catch {
      // A registry mirror may lack one of the exact versions the lock names.
      await run('cargo', install, options);
    }
  });
}

/** Installs cargo-fuzz, which looks for inputs that break an invariant. Only this needs nightly Rust. */
export async function fuzzer() {
  const binary = join(cache, `cargo-fuzz-${CARGO_FUZZ}`, 'bin/cargo-fuzz');
  await crate('cargo-fuzz', CARGO_FUZZ, binary);
  if (spawnSync('rustup', ['run', 'nightly', 'rustc', '--version']).status !== 0) {
    await step('Installing nightly Rust', () => rustup('toolchain', 'install', 'nightly', '--profile', 'minimal'));
  }
  return binary;
}

/** Installs cargo-mutants, which breaks the source to see whether a test notices. */
export async function mutator() {
  const binary = join(cache, `cargo-mutants-${CARGO_MUTANTS}`, 'bin/cargo-mutants');
  await crate('cargo-mutants', CARGO_MUTANTS, binary);
  return binary;
}

/** Installs cargo-deny, which checks the dependencies against deny.toml. */
export async function dependencyPolicy() {
  const binary = join(cache, `cargo-deny-${CARGO_DENY}`, 'bin/cargo-deny');
  await crate('cargo-deny', CARGO_DENY, binary);
  return binary;
}

/** Installs the Python packages that test the OpenAPI document. Returns their Python. */
export async function apiTester() {
  const home = join(cache, `schemathesis-${SCHEMATHESIS}-openapi-spec-validator-${OPENAPI_SPEC_VALIDATOR}`);
  const python = join(home, 'bin/python');
  const complete = join(home, 'complete');
  if (existsSync(complete)) return python;
  const packages = [`schemathesis==${SCHEMATHESIS}`, `openapi-spec-validator==${OPENAPI_SPEC_VALIDATOR}`];
  await step('Installing the API tester, once', async () => {
    await run('python3', ['-m', 'venv', '--clear', home], { quiet: true });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], { quiet: true });
    writeFileSync(complete, '');
  });
  return python;
}

/** Installs the runtimes and bundlers that the npm package is tested with, and Playwright. */
export function packageTester() {
  return packagesOf('tests/package/tools', 'Installing what the package is tested with');
}

/** Installs the browser, which only tests and measurements need. */
export async function browser() {
  if (existsSync(chromium)) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', 'chromium'];
  await step('Installing Chromium', async () => {
    await run('apt-get', ['update', '--quiet'], { quiet: true });
    await run('apt-get', install, { quiet: true, env });
  });
}

/** Installs what the benchmark compares with. */
export async function benchPeers() {
  await packagesOf('bench', 'Installing what the benchmark compares with');
}

/** Installs the packages of a folder that has a lock file of its own. */
async function packagesOf(path, title) {
  const folder = join(root, path);
  if (installed(folder)) return;
  // Not `ci`, which fails if the lock lacks the optional packages of other systems.
  const install = ['install', '--no-save', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'];
  await step(title, () => run('npm', install, { quiet: true }));
}

const hasPackages = () => existsSync(pinnedNode) && installed(root);

async function packages() {
  if (hasPackages()) return;
  // npm is about to replace `node_modules`, so it must not run on the Node in there.
  const PATH = process.env.PATH.split(delimiter)
    .filter((path) => !path.endsWith('node_modules/.bin'))
    .join(delimiter);
  // Errors only: on an old Node npm warns, but the packages will run on the pinned Node, which comes with them.
  const ci = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await step('Installing the npm packages', () => run('npm', ci, { quiet: true, env: { ...process.env, PATH } }));
  if (spawnSync(pinnedNode, ['--version']).status !== 0) {
    throw new Failure('npm ran no install scripts. Run: npm ci --ignore-scripts=false');
  }
}

/** Whether the installed packages are those of the lock, whichever command installed them. */
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

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}

if (isMain(import.meta.url)) await main(setup);
