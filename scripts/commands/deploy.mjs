// `npm run deploy`: builds and checks the Worker, migrates the database, then deploys.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { build } from '../build/build.mjs';
import { buildPackage } from '../build/package.mjs';
import { config, wrangler } from '../lib/database.mjs';
import { PRODUCTION, deploy } from '../lib/deployment.mjs';
import { migrate } from '../lib/migrations.mjs';
import { Failure, commandLine, main, root, run, step } from '../lib/run.mjs';

const help = `Usage: npm run deploy [-- --dry-run]

Builds the Worker and checks it with the variables of wrangler.toml, creates the database if the account has none,
applies the migrations, and deploys.

  --dry-run   Builds and checks, then shows the steps instead of running them
  --help      Shows this`;

/** What {@link deploy} works with. */
const tools = {
  async build() {
    await build();
    await buildPackage();
  },
  check,
  /** Returns the output of a wrangler command. */
  ask: wrangler,
  /** Runs a wrangler command that prints to the terminal. */
  do: (...args) => run(process.execPath, [join(root, 'node_modules/wrangler/bin/wrangler.js'), ...args]),
  say: console.log,
};

/** Runs the built Worker with the variables and bindings of production, on an empty database with the migrations. */
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
            // Without those of .dev.vars, which are not deployed.
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
      if (!response.ok) throw new Failure(`The Worker would not work: /healthz answers ${response.status}: ${answer}`);
    } finally {
      await miniflare.dispose();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function parse() {
  return commandLine({ options: { 'dry-run': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }, help).values;
}

await main(async () => {
  const values = parse();
  if (values.help) return console.log(help);
  await deploy(tools, { dryRun: values['dry-run'] });
});
