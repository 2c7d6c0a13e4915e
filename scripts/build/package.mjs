// Builds the npm package into package/dist/, from where it is published, and into www/pkg/ what the site's pages load: parts
// of the package, and a WebAssembly file for the page for CSV files. Nothing is built again while its sources are the same.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildId } from '../lib/fingerprint.mjs';
import { isMain, kib, main, root, say, step } from '../lib/run.mjs';
import { setting, setup } from './setup.mjs';
import { compile, esbuild, optimize } from './wasm.mjs';

const source = join(root, 'package');
const work = join(root, 'target/package');
const dist = join(source, 'dist');
const stamp = join(work, 'fingerprint');
const page = join(root, 'www/pkg');
const editor = join(root, 'www/playground/editor.js');
const demo = join(root, 'fixtures/demo.json');

/** The other sources of the output. */
const own = [editor, demo, join(root, 'package-lock.json'), join(root, 'scripts/build/package.mjs')];

/** Without `optimized`, for development, the files are larger and this takes half the time. */
export async function buildPackage({ optimized = true } = {}) {
  const id = buildId();
  const best = `${id} ${hash([...sources(), ...own])}`;
  const fingerprint = optimized ? best : `${best} not optimized`;
  if ([stamp, dist, page].every(existsSync) && [best, fingerprint].includes(readFileSync(stamp, 'utf8'))) {
    return say(`The npm package is up to date (build ${id}).`);
  }
  rmSync(stamp, { force: true });
  await step(`Building the npm package (build ${id})`, async () => {
    await modules(id, optimized);
    for (const folder of [dist, page]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
    await entries();
    await texts();
    for (const name of ['slim.js', 'form.js', 'rules.wasm']) copyFileSync(join(dist, name), join(page, name));
    await playground();
    for (const name of ['table.js', 'table.wasm']) copyFileSync(join(work, name), join(page, name));
  });
  writeFileSync(stamp, fingerprint);
  for (const [name, size] of Object.entries(sizes())) say(`  ${name.padEnd(31)} ${kib(size).padStart(10)} gzip`);
}

function sources() {
  return readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(source, entry.name))
    .sort();
}

function hash(paths) {
  const sum = createHash('sha256');
  for (const path of paths) sum.update(`${path.slice(root.length)}\0`).update(readFileSync(path));
  return sum.digest('hex').slice(0, 12);
}

/** Builds the wasm files and wasm-bindgen's JavaScript for each. While one is optimised, the next is compiled. */
async function modules(id, optimized) {
  mkdirSync(work, { recursive: true });
  const jobs = [];
  for (const [feature, profile, name, file] of [
    ['npm', 'npm', 'core', 'rules.wasm'],
    ['npm', optimized ? 'fast' : 'npm', 'fast', 'fast.wasm'],
    ['table', 'npm', 'table', 'table.wasm'],
  ]) {
    await compile({ id, feature, profile, kind: 'web', folder: work, name });
    const job = shrink(join(work, `${name}_bg.wasm`), join(work, file), optimized);
    // `Promise.all` below reports a failure.
    job.catch(() => {});
    jobs.push(job);
  }
  await Promise.all(jobs);
}

async function shrink(from, to, optimized) {
  if (!optimized) return copyFileSync(from, to);
  const strip = ['--strip-debug', '--strip-producers', '--strip-target-features'];
  return optimize(from, to, ['-O3', '--converge', '--low-memory-unused', ...strip], ['bulk-memory-opt']);
}

function bundle(from, to, ...args) {
  const format = ['--bundle', '--format=esm', '--target=es2022', '--minify', '--log-level=warning'];
  return esbuild([from, ...format, `--outfile=${to}`, ...args]);
}

/** Bundles each entry point into one file. */
async function entries() {
  const aliases = (core, wasm) => [`--alias:core=${join(work, core)}`, `--alias:rules.wasm=${join(work, wasm)}`];
  const small = aliases('core.js', 'rules.wasm');
  const entry = (name, ...args) => bundle(join(source, name), join(dist, name), ...small, ...args);
  await entry('index.js', '--loader:.wasm=binary');
  await bundle(join(source, 'index.js'), join(dist, 'node.js'), ...aliases('fast.js', 'fast.wasm'), '--loader:.wasm=binary');
  await entry('workerd.js', '--external:./rules.wasm');
  await entry('slim.js');
  await entry('form.js');
  copyFileSync(join(work, 'rules.wasm'), join(dist, 'rules.wasm'));
}

/** Builds what only the playground loads: its editor, and the calls of the demo network. */
async function playground() {
  await bundle(editor, join(page, 'editor.js'));
  const { calls, tokens } = JSON.parse(readFileSync(demo, 'utf8'));
  const visible = calls.filter(({ network_id }) => network_id === tokens[0].network_id);
  writeFileSync(join(page, 'calls.json'), JSON.stringify(visible.map(({ network_id, ...call }) => call)));
}

/** Writes types, README, licences and metadata. Codes come from the package itself, the version from the crate. */
async function texts() {
  const { codes, limits } = await import(pathToFileURL(join(dist, 'index.js')));
  for (const path of sources().filter((path) => path.endsWith('.d.ts'))) {
    copyFileSync(path, join(dist, path.slice(source.length)));
  }
  writeFileSync(join(dist, 'codes.d.ts'), declarations(codes, limits));
  const readme = readFileSync(join(source, 'README.md'), 'utf8');
  writeFileSync(join(dist, 'README.md'), readme.replace('<!-- codes -->', () => table(codes)));
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(join(root, name), join(dist, name));
  const metadata = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const { name, ...others } = metadata;
  const full = { name, version: setting('Cargo.toml', 'version'), ...others };
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(full, null, 2)}\n`);
}

function declarations(codes, limits) {
  const union = (severity) => codes.filter((entry) => entry.severity === severity).map(documented);
  const documented = ({ code, title, advice }) => `  /** ${title}. ${advice} */\n  | '${code}'`;
  return `// Generated from the registry of codes.

/** A code that refuses a request. */
export type ErrorCode =
${union('error').join('\n')};

/** A code that doesn't refuse a request. In strict mode, the \`key.*\` ones do. */
export type WarningCode =
${union('warning').join('\n')};

/** Any code. */
export type Code = ErrorCode | WarningCode;

/** The limits of every server. */
export interface Limits {
${Object.keys(limits)
  .map((name) => `  /** ${name.replaceAll('_', ' ')}. */\n  readonly ${name}: number;`)
  .join('\n')}
}
`;
}

function table(codes) {
  const cell = (text) => text.replaceAll('|', '\\|');
  const rows = codes.map(({ code, severity, title, advice }) => `| \`${code}\` | ${severity} | ${cell(title)} | ${cell(advice)} |`);
  return ['| Code | Severity | What it means | What to do |', '|---|---|---|---|', ...rows].join('\n');
}

/** The size of each way to load the package and of its parts, in bytes of gzip. */
function sizes() {
  const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
  const size = (name) => gzip(readFileSync(join(dist, name)));
  const { code, data } = sections(readFileSync(join(dist, 'rules.wasm')));
  return {
    'call-outcomes, wasm inlined': size('index.js'),
    'call-outcomes, Node, Deno, Bun': size('node.js'),
    'call-outcomes/slim and its wasm': size('slim.js') + size('rules.wasm'),
    '  JavaScript': size('slim.js'),
    '  wasm: code': gzip(code),
    '  wasm: texts and tables': gzip(data),
    'call-outcomes/form': size('form.js'),
    'the page for CSV files': gzip(readFileSync(join(page, 'table.js'))) + gzip(readFileSync(join(page, 'table.wasm'))),
  };
}

/** The code and data sections of a wasm file. Each section begins with an id and its length in LEB128. */
function sections(wasm) {
  const found = {};
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      more = wasm[at] > 127;
      length |= (wasm[at++] & 127) << shift;
    }
    found[id] = wasm.subarray(at, (at += length));
  }
  return { code: found[10], data: found[11] };
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await buildPackage();
  });
}
