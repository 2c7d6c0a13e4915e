// `npm run tokens` beside a running server, as a developer has them, on a copy of the project with data of its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashOf } from '../../scripts/lib/token-store.mjs';
import { PATH } from '../../tools/harness/server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

let copy;
let server;
before(async () => {
  copy = await mkdtemp(join(tmpdir(), 'call-outcomes-tokens-'));
  for (const name of ['scripts', 'migrations', 'fixtures', 'wrangler.toml']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  for (const name of ['build', 'node_modules', 'www']) await symlink(join(root, name), join(copy, name));
  // wrangler tells of it on the standard output.
  await writeFile(join(copy, '.dev.vars'), 'EXPOSE_COST=false\n');
  await tokens('list');
  const { serve } = await import(join(copy, 'scripts/lib/serve.mjs'));
  server = await serve(0, { quiet: true });
});
after(async () => {
  await server?.close();
  await rm(copy, { recursive: true, force: true });
});

function tokens(...args) {
  return new Promise((resolve) =>
    execFile(process.execPath, [join(copy, 'scripts/commands/tokens.mjs'), ...args], { cwd: copy }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  );
}

async function report(token) {
  const body = { search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'Sale' } };
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(server.url + PATH, { method: 'POST', headers, body: JSON.stringify(body) })).status;
}

test('a token is shown once, good from the next request on, and refused from the next one after it is revoked', async () => {
  const { code, stdout } = await tokens('create', '--network', '3', '--permissions', 'outcomes:write');
  assert.equal(code, 0);
  assert.match(stdout, /^[\w-]{43}\n$/);
  const token = stdout.trim();
  assert.equal(await report(token), 201);

  const digits = hashOf(token).slice(0, 12);
  const listed = await tokens('list');
  assert.match(listed.stdout, new RegExp(`^${digits} +3 +- +\\S+ \\S+ +- +outcomes:write *$`, 'm'));
  assert.ok(!listed.stdout.includes(token));

  assert.equal((await tokens('revoke', digits)).stdout, `Revoked ${digits}…\n`);
  assert.equal(await report(token), 401);
  assert.equal((await tokens('revoke', token)).stdout, `${digits}… was revoked before.\n`);
});

test('no file of the database holds the text of a token', async () => {
  const { stdout } = await tokens('create', '--network', '3', '--advertiser', '1');
  const state = join(copy, '.wrangler/state');
  const entries = await readdir(state, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')));
  assert.ok(contents.some((content) => content.includes(hashOf(stdout.trim()))), 'it looks where tokens are');
  assert.ok(!contents.some((content) => content.includes(stdout.trim())));
});

test('a network or an advertiser that the directory does not have is made a token for, with a warning', async () => {
  const warned = async (...args) => {
    const { code, stdout, stderr } = await tokens('create', ...args);
    assert.deepEqual([code, stdout.length], [0, 44]);
    return stderr;
  };
  assert.match(await warned('--network', '33'), /^Warning: network `33` is not in the directory, which has .*\b3\b/m);
  assert.match(await warned('--network', '3', '--advertiser', 'none'), /^Warning: network `3` has no advertiser `none` in the directory/m);
  assert.doesNotMatch(await warned('--network', '3', '--advertiser', '1'), /Warning/);
});

test('what cannot be meant is refused', async () => {
  for (const args of [
    [],
    ['create'],
    ['create', '--network', ' 3'],
    ['create', '--network', ' '],
    ['create', '--network', '3', '--advertiser', '1 '],
    ['create', '--network', '3', '--permissions', 'outcomes:delete'],
    ['create', '--network', '3', '--permissions='],
    ['revoke', '1234'],
    ['revoke', 'nobody-has-this'],
  ]) {
    const { code, stdout, stderr } = await tokens(...args);
    assert.deepEqual([code, stdout], [1, ''], `${args}`);
    assert.notEqual(stderr, '');
  }
});
