// The steps of a deployment, in their order: build, check, create the database, migrate, deploy. A Worker that runs before
// its migrations fails where a statement names an index that the database doesn't have yet. The Worker before it is not
// disturbed by a newer database.
import { unstable_readConfig } from 'wrangler';
import { config } from './database.mjs';
import { Failure } from './run.mjs';

const SIGN_IN = `You are not signed in to Cloudflare. Run \`npx wrangler login\` or, without a browser, set
CLOUDFLARE_API_TOKEN to a token that may edit Workers, D1 and KV, and CLOUDFLARE_ACCOUNT_ID if it has several accounts.`;

/** The top level of wrangler.toml. */
export const PRODUCTION = '--env=';

/**
 * Deploys, or with `dryRun` shows the steps. `tools` has what it works with: `build()`, `check()`, `ask(...args)`, which
 * returns the output of a wrangler command, `do(...args)`, which shows it, and `say(text)`.
 */
export async function deploy(tools, { dryRun = false } = {}) {
  await tools.build();
  await tools.check();
  const isSignedIn = await signedIn(tools);
  if (!isSignedIn && !dryRun) throw new Failure(`${SIGN_IN}\nNothing was changed.`);
  const steps = await plan(tools, isSignedIn);
  if (dryRun) {
    const lines = steps.map(({ args, when = '' }) => `  npx wrangler ${args.join(' ')}${when}`);
    tools.say(`\n\`npm run deploy\` would run:\n\n${lines.join('\n')}\n`);
    if (!isSignedIn) tools.say(`It can't yet. ${SIGN_IN}`);
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
  tools.say('\nDeployed. Create a token: npm run tokens -- create --network 3 --remote');
}

async function signedIn(tools) {
  try {
    return JSON.parse(await tools.ask('whoami', '--json')).loggedIn;
  } catch (error) {
    // wrangler fails if nobody is signed in.
    if (/"loggedIn": *false/.test(error.output ?? '')) return false;
    throw error;
  }
}

/** The commands in their order. If nobody is signed in, the existing databases are unknown. */
async function plan(tools, isSignedIn) {
  const { d1_databases: databases } = unstable_readConfig({ config });
  const existing = isSignedIn && JSON.parse(await tools.ask('d1', 'list', '--json')).map(({ name }) => name);
  const before = 'Nothing was deployed. A Worker that was deployed before is unchanged.';
  const steps = databases.flatMap(({ binding, database_name, database_id }) => {
    const create = { args: ['d1', 'create', database_name, '--update-config=false'], failed: before };
    if (!existing) create.when = '   (if the account has none)';
    const isThere = database_id !== undefined || (existing && existing.includes(database_name));
    const apply = { args: ['d1', 'migrations', 'apply', binding, '--remote', PRODUCTION], failed: before };
    return isThere ? [apply] : [create, apply];
  });
  const failed = 'The database has its migrations, and the deployed Worker is unchanged. To try again, run this again.';
  return [...steps, { args: ['deploy', PRODUCTION], failed }];
}
