// Builds the npm package into package/dist/, from where it is published, and into www/pkg/ what pages of this site load:
// of the package, and for the page for files a wasm file of its own. Nothing is built again while its sources are the same.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildId } from './fingerprint.mjs';
import { isMain, kib, main, root, run, step } from './run.mjs';
import { TARGET, setting, setup, wasmBindgen } from './setup.mjs';
import { wasmEnvironment } from './wasm-environment.mjs';

const source = join(root, 'package');
const work = join(root, 'target/package');
const dist = join(source, 'dist');
const stamp = join(work, 'fingerprint');
const page = join(root, 'www/pkg');
const editor = join(root, 'www/playground/editor.js');
const demo = join(root, 'fixtures/demo.json');

/** What else an output is made of. */
const own = [editor, demo, join(root, 'package-lock.json'), join(root, 'scripts/package.mjs')];

/** What wasm-opt may use: what every runtime of the package has, and rustc emits. */
const FEATURES = [
  'bulk-memory',
  'bulk-memory-opt',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
];

export async function buildPackage() {
  const id = buildId();
  const fingerprint = `${id} ${hash([...sources(), ...own])}`;
  if ([stamp, dist, page].every(existsSync) && readFileSync(stamp, 'utf8') === fingerprint) {
    console.log(`The npm package is up to date (build ${id}).`);
    return;
  }
  rmSync(stamp, { force: true });
  await step(`Building the npm package (build ${id})`, async () => {
    await wasm(id, 'npm', 'npm', 'core', 'rules.wasm');
    await wasm(id, 'npm', 'fast', 'fast', 'fast.wasm');
    await wasm(id, 'table', 'table', 'table', 'table.wasm');
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
  for (const [name, size] of Object.entries(sizes())) console.log(`  ${name.padEnd(31)} ${kib(size).padStart(10)} gzip`);
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

/** The crate as wasm, and wasm-bindgen's JavaScript for it. */
async function wasm(id, feature, profile, module, file) {
  const cargo = ['build', '--locked', '--lib', '--profile', profile, '--target', TARGET, '--features', feature];
  await run('cargo', cargo, { quiet: true, env: await wasmEnvironment(id) });
  mkdirSync(work, { recursive: true });
  const crate = join(root, 'target', TARGET, profile, 'call_outcomes.wasm');
  const bindgen = ['--target', 'web', '--omit-default-module-path', '--no-typescript', '--out-name', module];
  await run(wasmBindgen, [...bindgen, '--out-dir', work, crate], { quiet: true });
  const strip = ['--strip-debug', '--strip-producers', '--strip-target-features'];
  const features = FEATURES.map((name) => `--enable-${name}`);
  const files = [join(work, `${module}_bg.wasm`), '--output', join(work, file)];
  const optimise = ['-O3', '--converge', '--low-memory-unused', ...features, ...strip, ...files];
  await run(join(root, 'node_modules/.bin/wasm-opt'), optimise, { quiet: true });
}

function esbuild(from, to, ...args) {
  const format = ['--bundle', '--format=esm', '--target=es2022', '--minify', '--log-level=warning'];
  return run(join(root, 'node_modules/.bin/esbuild'), [from, ...format, `--outfile=${to}`, ...args], { quiet: true });
}

/** Each entry as one file. */
async function entries() {
  const modules = (core, wasm) => [`--alias:core=${join(work, core)}`, `--alias:rules.wasm=${join(work, wasm)}`];
  const small = modules('core.js', 'rules.wasm');
  const entry = (name, ...args) => esbuild(join(source, name), join(dist, name), ...small, ...args);
  await entry('index.js', '--loader:.wasm=binary');
  await esbuild(join(source, 'index.js'), join(dist, 'node.js'), ...modules('fast.js', 'fast.wasm'), '--loader:.wasm=binary');
  await entry('workerd.js', '--external:./rules.wasm');
  await entry('slim.js');
  await entry('form.js');
  copyFileSync(join(work, 'rules.wasm'), join(dist, 'rules.wasm'));
}

/** What only the playground loads: its editor, and the calls of the demo's network. */
async function playground() {
  await esbuild(editor, join(page, 'editor.js'));
  const { calls, tokens } = JSON.parse(readFileSync(demo, 'utf8'));
  const visible = calls.filter(({ network_id }) => network_id === tokens[0].network_id);
  writeFileSync(join(page, 'calls.json'), JSON.stringify(visible.map(({ network_id, ...call }) => call)));
}

/** Types, README, licences and metadata. Codes come from the package itself, the version from the crate. */
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

/** A code that refuses nothing; in strict mode the \`key.*\` ones refuse. */
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

/** What each way to load the package weighs, in bytes of gzip, and what of it is what. */
function sizes() {
  const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
  const size = (name) => gzip(readFileSync(join(dist, name)));
  const { code, data } = sections(readFileSync(join(dist, 'rules.wasm')));
  return {
    'call-outcomes, wasm inlined': size('index.js'),
    'the same for Node, Deno and Bun': size('node.js'),
    'call-outcomes/slim and its wasm': size('slim.js') + size('rules.wasm'),
    '  JavaScript': size('slim.js'),
    '  wasm: code': gzip(code),
    '  wasm: texts and tables': gzip(data),
    'call-outcomes/form': size('form.js'),
    'the page for files': gzip(readFileSync(join(page, 'table.js'))) + gzip(readFileSync(join(page, 'table.wasm'))),
  };
}

/** The code and the data of a wasm file, whose sections each begin with an id and a length in LEB128. */
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
