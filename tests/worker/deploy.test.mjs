// `npm run deploy`: its steps and their order. As tests have no Cloudflare account, wrangler's commands are recorded
// instead of run. In the last tests, the build and the check are real.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deploy } from '../../scripts/lib/deployment.mjs';
import { Failure } from '../../scripts/lib/run.mjs';

const CREATE = 'do d1 create call-outcomes --update-config=false';
const MIGRATE = 'do d1 migrations apply DB --remote --env=';
const DEPLOY = 'do deploy --env=';
const ASKS = ['ask whoami --json', 'ask d1 list --json'];

/** What an account would answer, and what was asked and done, in order. */
function account({ databases = [], signedIn = true, fails } = {}) {
  const done = [];
  const said = [];
  const act = (...words) => {
    done.push(words.join(' '));
    if (fails && done.at(-1).startsWith(fails)) throw new Failure(`${fails} failed`);
  };
  const tools = {
    build: async () => act('build'),
    check: async () => act('check'),
    async ask(...args) {
      act('ask', ...args);
      if (args[0] !== 'whoami') return JSON.stringify(databases.map((name) => ({ name, uuid: name })));
      if (signedIn) return '{"loggedIn":true}';
      throw Object.assign(new Failure('wrangler failed'), { output: '{\n  "loggedIn": false\n}' });
    },
    do: async (...args) => act('do', ...args),
    say: (text) => said.push(text),
  };
  return { tools, done, said };
}

test('the first deployment creates the database, migrates it, then deploys the Worker', async () => {
  const { tools, done } = account({ databases: ['another'] });
  await deploy(tools);
  assert.deepEqual(done, ['build', 'check', ...ASKS, CREATE, MIGRATE, DEPLOY]);
});

test('a later deployment migrates the database, then deploys the Worker', async () => {
  const { tools, done } = account({ databases: ['call-outcomes', 'another'] });
  await deploy(tools);
  assert.deepEqual(done, ['build', 'check', ...ASKS, MIGRATE, DEPLOY]);
});

test('a failing step ends the deployment, and the message says what was changed', async () => {
  const stages = [
    ['build', [], /build failed$/],
    ['check', [], /check failed$/],
    ['ask d1 list', [], /ask d1 list failed$/],
    [CREATE, [CREATE], /Nothing was deployed/],
    [MIGRATE, [CREATE, MIGRATE], /Nothing was deployed/],
    [DEPLOY, [CREATE, MIGRATE, DEPLOY], /The database has its migrations, .* run this again/],
  ];
  for (const [fails, changes, text] of stages) {
    const { tools, done } = account({ fails });
    await assert.rejects(deploy(tools), text);
    assert.deepEqual(done.filter((line) => line.startsWith('do ')), changes);
  }
});

test('a dry run shows the commands and changes nothing', async () => {
  const { tools, done, said } = account({ databases: ['call-outcomes'] });
  await deploy(tools, { dryRun: true });
  assert.deepEqual(done, ['build', 'check', ...ASKS]);
  const commands = said.join('\n').match(/npx wrangler .*/g);
  assert.deepEqual(commands, [MIGRATE, DEPLOY].map((line) => line.replace('do', 'npx wrangler')));
});

test('without an account it says how to sign in, and a dry run still shows the steps', async () => {
  const { tools, done } = account({ signedIn: false });
  await assert.rejects(deploy(tools), /npx wrangler login[^]*CLOUDFLARE_API_TOKEN[^]*Nothing was changed/);
  assert.deepEqual(done, ['build', 'check', 'ask whoami --json']);
  const dry = account({ signedIn: false });
  await deploy(dry.tools, { dryRun: true });
  assert.deepEqual(dry.done, ['build', 'check', 'ask whoami --json']);
  assert.match(dry.said.join('\n'), /d1 create call-outcomes .*\(if the account has none\)[^]*d1 migrations apply[^]*deploy --env=/);
  assert.match(dry.said.join('\n'), /CLOUDFLARE_API_TOKEN/);
});

/** Runs the command itself, as somebody who is not signed in. */
async function run(...args) {
  const home = await mkdtemp(join(tmpdir(), 'call-outcomes-home-'));
  const { CLOUDFLARE_API_TOKEN: _, CLOUDFLARE_API_KEY: __, ...env } = process.env;
  const options = {
    env: { ...env, HOME: home, XDG_CONFIG_HOME: home, WRANGLER_SEND_METRICS: 'false' },
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  };
  // The cache of tools stays where it is.
  options.env.XDG_CACHE_HOME ??= join(process.env.HOME, '.cache');
  options.env.CARGO_HOME ??= join(process.env.HOME, '.cargo');
  options.env.RUSTUP_HOME ??= join(process.env.HOME, '.rustup');
  const script = fileURLToPath(new URL('../../scripts/commands/deploy.mjs', import.meta.url));
  try {
    return await new Promise((resolve) =>
      execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      ),
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

test('the command checks the build, and with --dry-run shows the steps', async () => {
  const { code, stdout, stderr } = await run('--dry-run');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Checking the bundle … [\d.]+ s\nChecking the variables and the migrations … [\d.]+ s/);
  assert.match(stdout, /npx wrangler d1 migrations apply DB --remote --env=\n +npx wrangler deploy --env=/);
  assert.match(stdout, /You are not signed in to Cloudflare/);
});

test('the command refuses an unknown option', async () => {
  const { code, stderr } = await run('--dryrun');
  assert.equal(code, 1);
  assert.match(stderr, /--dryrun[^]*Usage: npm run deploy/);
});
