// `npm run dev` on a copy of the project: it serves changes, and keeps serving the last good build while a build fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MADE = /\/(node_modules|target|\.git|\.wrangler)$/;

let copy;
let url;
let dev;
let said = '';
const listeners = new Set();
before(async () => {
  copy = await mkdtemp(join(tmpdir(), 'call-outcomes-dev-'));
  await cp(root, copy, { recursive: true, filter: (path) => !MADE.test(path) });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  // The npm package was built there; its fingerprint says so.
  await cp(join(root, 'target/package'), join(copy, 'target/package'), { recursive: true });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  dev = spawn(process.execPath, [join(copy, 'scripts/commands/dev.mjs')], {
    cwd: copy,
    // What was compiled there is compiled, but for the crate itself.
    env: { ...process.env, PORT: `${port}`, CARGO_TARGET_DIR: join(root, 'target') },
  });
  for (const stream of [dev.stdout, dev.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
      for (const listener of listeners) listener();
    });
  }
  dev.on('exit', () => listeners.forEach((listener) => listener()));
  await until(/Serving http/);
});
after(async () => {
  if (dev && dev.exitCode === null) {
    dev.kill('SIGINT');
    await once(dev, 'exit');
  }
  await rm(copy, { recursive: true, force: true });
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits for a text in the output, and drops the output so far. */
function until(text) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const isSaid = text.test(said);
      if (!isSaid && dev.exitCode === null) return;
      listeners.delete(look);
      if (!isSaid) return reject(new Error(`it ended:\n${said}`));
      const all = said;
      said = '';
      resolve(all);
    };
    listeners.add(look);
    look();
  });
}

const get = async (path) => (await fetch(url + path)).text();

test('a changed page is served', async () => {
  await appendFile(join(copy, 'www/style.css'), '\n/* changed */\n');
  assert.match(await until(/Serving http/), /Changed: www\/style\.css/);
  assert.match(await get('/style.css'), /changed/);
});

test('a changed variable takes effect', async () => {
  const path = join(copy, 'wrangler.toml');
  await writeFile(path, (await readFile(path, 'utf8')).replaceAll('DURATION_WEIGHT = "20"', 'DURATION_WEIGHT = "6"'));
  await until(/Serving http/);
  assert.equal(JSON.parse(await get('/config.json')).duration_weight, 6);
});

test('a migration is applied', async () => {
  await writeFile(join(copy, 'migrations/9999_more.sql'), 'CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;');
  assert.match(await until(/Serving http/), /Applying the migrations/);
});

test('while a build fails, its error is shown and the last good build is served', async () => {
  const path = join(copy, 'src/lib.rs');
  const good = await readFile(path, 'utf8');
  await writeFile(path, `${good}\nfn broken() -> u8 { "text" }\n`);
  assert.match(await until(/The last good build is still served/), /error\[E0308\]: mismatched types/);
  assert.equal(JSON.parse(await get('/config.json')).duration_weight, 6);
  await writeFile(path, good);
  await until(/Serving http/);
});

test('an invalid wrangler.toml does not stop the server', async () => {
  await appendFile(join(copy, 'wrangler.toml'), '\nbroken = \n');
  await until(/The last good build is still served/);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
