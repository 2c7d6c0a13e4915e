// The time from the start of a runtime to the first answer, next to the peers, which are started in turn; and how much of it
// is compiling WebAssembly.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import runtime from 'workerd';
import { root } from '../scripts/lib/run.mjs';
import { PATH } from '../tools/harness/server.mjs';
import { median } from './median.mjs';
import { bundle, workers } from './peer/servers.mjs';

const STARTS = 15;
const COMPILATIONS = 21;
/** Refused by the rules, before any database is involved. */
const refused = { search: {}, call_outcome: {}, oauth_token: 'token' };
const compatibilityDate = /^compatibility_date = "(.+)"/m.exec(readFileSync(join(root, 'wrangler.toml'), 'utf8'))[1];

/** Milliseconds from the start of the runtime to the first answer, by Worker. */
export async function starts() {
  const folder = mkdtempSync(join(tmpdir(), 'call-outcomes-starts-'));
  try {
    const servers = [];
    for (const [name, file] of Object.entries(workers)) {
      const own = join(folder, `${servers.length}`);
      mkdirSync(own);
      servers.push({ name, config: await configure(own, file), times: [] });
    }
    for (let round = 0; round < STARTS; round += 1) {
      for (const { config, times } of round % 2 ? servers : servers.toReversed()) times.push(await firstAnswer(config));
    }
    return servers.map(({ name, times }) => ({ name, milliseconds: median(times) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a configuration of the bare runtime. The Worker's database and archive are never used. */
async function configure(folder, file) {
  const modules = ['(name = "index.js", esModule = embed "index.js")'];
  if (file) writeFileSync(join(folder, 'index.js'), await bundle(file, { minify: true }));
  else {
    for (const name of ['index.js', 'index_bg.wasm']) copyFileSync(join(root, 'build', name), join(folder, name));
    modules.push('(name = "./index_bg.wasm", wasm = embed "index_bg.wasm")');
  }
  const config = join(folder, 'config.capnp');
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${modules.join(', ')}],
      compatibilityDate = "${compatibilityDate}",
      bindings = [
        (name = "DB", wrapped = (
          moduleName = "cloudflare-internal:d1-api",
          innerBindings = [(name = "fetcher", service = "nowhere")]
        )),
        (name = "ARCHIVE", kvNamespace = "nowhere")
      ]
    )),
    (name = "nowhere", external = (address = "127.0.0.1:9", http = ()))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);\n`,
  );
  return config;
}

async function firstAnswer(config) {
  const began = performance.now();
  const child = spawn(runtime.default, ['serve', '--control-fd=3', config], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  try {
    const port = await new Promise((resolve, reject) => {
      child.stdio[3].on('data', (line) => resolve(JSON.parse(line).port));
      child.on('exit', () => reject(new Error(`workerd ended: ${config}`)));
    });
    const { status } = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: 'POST', body: JSON.stringify(refused) });
    if (status !== 403) throw new Error(`${status} in place of 403`);
    return performance.now() - began;
  } finally {
    child.kill('SIGKILL');
  }
}

/** Milliseconds to compile and to instantiate each wasm file here, in Node. */
export function compilations() {
  return ['build/index_bg.wasm', 'package/dist/rules.wasm', 'www/pkg/table.wasm'].map((file) => {
    const wasm = readFileSync(join(root, file));
    const compile = [];
    const instantiate = [];
    for (let round = 0; round < COMPILATIONS; round += 1) {
      const bytes = Buffer.concat([wasm, Buffer.from(customSection(round))]);
      const began = performance.now();
      const module = new WebAssembly.Module(bytes);
      const compiled = performance.now();
      new WebAssembly.Instance(module, imports(module));
      compile.push(compiled - began);
      instantiate.push(performance.now() - compiled);
    }
    return { file, compile: median(compile), instantiate: median(instantiate) };
  });
}

/** A custom section, which makes a module differ from those that the runtime has compiled already. */
const customSection = (round) => [0, 3, 1, 0x78, round];

/** Imports of a module as functions that do nothing. */
function imports(module) {
  const all = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    (all[from] ??= {})[name] = kind === 'tag' ? WebAssembly.JSTag : () => {};
  }
  return all;
}
