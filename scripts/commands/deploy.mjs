// `npm run deploy`: checks, migrates, then deploys, in this order. A Worker that runs before its migrations fails where a
// statement names an index that the database does not have yet; the Worker before it does not mind having more.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { build } from '../build/build.mjs';
import { config, wrangler } from '../lib/database.mjs';
import { migrate } from '../lib/migrations.mjs';
import { buildPackage } from '../build/package.mjs';
import { Failure, commandLine, isMain, main, root, run, step } from '../lib/run.mjs';

const help = `Usage: npm run deploy [-- --dry-run]

Builds, checks what was built with the variables of wrangler.toml, creates the database if the account has none,
applies the migrations to it, and deploys.

  --dry-run   Builds and checks, and shows what it would do then
  --help      Shows this`;

const SIGN_IN = `Nobody is signed in to Cloudflare here. Run \`npx wrangler login\`; or, where there is no browser, set
CLOUDFLARE_API_TOKEN to a token that may edit Workers, D1 and KV, and CLOUDFLARE_ACCOUNT_ID if it sees several accounts.`;

// The top level of wrangler.toml is production.
const PRODUCTION = '--env=';

/** What a deployment works with; the tests of its order bring others. */
const real = {
  async build() {
    await build();
    await buildPackage();
  },
  check,
  /** The output of a command. */
  ask: wrangler,
  /** A command whose output is for the person at the terminal. */
  do: (...args) => run(process.execPath, [join(root, 'node_modules/wrangler/bin/wrangler.js'), ...args]),
  say: console.log,
};

export async function deploy({ dryRun = false, tools = real } = {}) {
  await tools.build();
  await tools.check();
  const isSignedIn = await signedIn(tools);
  if (!isSignedIn && !dryRun) throw new Failure(`${SIGN_IN}\nNothing was changed.`);
  const steps = await plan(tools, isSignedIn);
  if (dryRun) {
    const lines = steps.map(({ args, when = '' }) => `  npx wrangler ${args.join(' ')}${when}`);
    tools.say(`\nWhat \`npm run deploy\` would do now:\n\n${lines.join('\n')}\n`);
    if (!isSignedIn) tools.say(`It could not, as yet. ${SIGN_IN}`);
    return;
  }
  for (const { args, failed } of steps) {
    try {
      await tools.do(...args);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`${error.message}\n${failed}`);
    }
  }
  tools.say('\nDeployed. A first token: npm run tokens -- create --network 3 --remote');
}

async function signedIn(tools) {
  try {
    return JSON.parse(await tools.ask('whoami', '--json')).loggedIn;
  } catch (error) {
    // It fails where nobody is.
    if (/"loggedIn": *false/.test(error.output ?? '')) return false;
    throw error;
  }
}

/** The commands, in their order. Where nobody is signed in, it is not known which databases there are. */
async function plan(tools, isSignedIn) {
  const { d1_databases: databases } = unstable_readConfig({ config });
  const existing = isSignedIn && JSON.parse(await tools.ask('d1', 'list', '--json')).map(({ name }) => name);
  const before = 'Nothing was deployed: the Worker that runs, if one does, is as it was.';
  const steps = databases.flatMap(({ binding, database_name, database_id }) => {
    const create = { args: ['d1', 'create', database_name, '--update-config=false'], failed: before };
    if (!existing) create.when = '   (if the account has none)';
    const isThere = database_id !== undefined || (existing && existing.includes(database_name));
    const apply = { args: ['d1', 'migrations', 'apply', binding, '--remote', PRODUCTION], failed: before };
    return isThere ? [apply] : [create, apply];
  });
  const failed = 'The database has its migrations, and the Worker that runs is as it was: run this again.';
  return [...steps, { args: ['deploy', PRODUCTION], failed }];
}

/** Runs what was built, with the variables and bindings of production, on an empty database with the migrations. */
async function check() {
  await step('Checking the bundle', () => wrangler('deploy', '--dry-run', PRODUCTION));
  await step('Checking the variables and the migrations', async () => {
    const { vars, name } = unstable_readConfig({ config });
    const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
    const folder = await mkdtemp(join(tmpdir(), 'call-outcomes-check-'));
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        log: new Log(LogLevel.NONE),
        handleStructuredLogs() {},
        resourcePersistencePath: folder,
        workers: [
          {
            ...workerOptions,
            name,
            rootPath: root,
            modulesRoot: 'build',
            // Not those of .dev.vars, which are not deployed.
            bindings: vars,
            modules: [
              { type: 'ESModule', path: 'build/index.js' },
              { type: 'CompiledWasm', path: 'build/index_bg.wasm' },
            ],
          },
        ],
      }),
    );
    try {
      await migrate(await miniflare.getD1Database('DB', name));
      const response = await miniflare.dispatchFetch('http://127.0.0.1/healthz');
      const answer = await response.text();
      if (!response.ok) throw new Failure(`It would not work. /healthz answers ${response.status}: ${answer}`);
    } finally {
      await miniflare.dispose();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function parse() {
  return commandLine({ options: { 'dry-run': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }, help).values;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const values = parse();
    if (values.help) return console.log(help);
    await deploy({ dryRun: values['dry-run'] });
  });
}
