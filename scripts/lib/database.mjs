// Opens the Worker's D1 and KV from Node, for the commands: the local ones, even while `npm start` serves them, or the
// deployed ones. Needs the pinned Node (see launch.mjs).
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { getPlatformProxy, unstable_readConfig } from 'wrangler';
import { loadDemo } from './demo.mjs';
import { migrations } from './migrations.mjs';
import { Failure, root, run, step } from './run.mjs';

/** The folder of the local D1 and KV. It is wrangler's own, so that its commands see the same data. */
export const state = join(root, '.wrangler/state');
export const config = join(root, 'wrangler.toml');

/** Returns `{ DB, ARCHIVE, close }`. Migrates the local database and, if it was empty, loads the demo data. */
export async function openDatabase({ remote = false } = {}) {
  const local = { configPath: config, environment: 'dev', persist: { path: join(state, 'v3') }, remoteBindings: false };
  // Names a file that doesn't exist, so that wrangler reads no .dev.vars: it would report it on stdout.
  const { env, dispose } = await getPlatformProxy({
    envFiles: ['no-variables'],
    ...(remote ? { configPath: await remoteConfig(), persist: false } : local),
  });
  if (!remote) await prepare(env.DB);
  return { DB: env.DB, ARCHIVE: env.ARCHIVE, close: dispose };
}

/** Runs an action on the database, and retries it while local SQLite is busy, as the server is writing. */
export async function whenFree(action) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt === 20 || !/SQLITE_BUSY/.test(error.message)) throw error;
      await setTimeout(10 * attempt);
    }
  }
}

async function prepare(DB) {
  const applied = await DB.prepare('SELECT name FROM d1_migrations')
    .run()
    .then(({ results }) => results.map((row) => row.name))
    .catch(() => []); // The first migration creates the table.
  if (!(await migrations()).every((name) => applied.includes(name))) {
    await step('Applying the migrations', () => wrangler('d1', 'migrations', 'apply', 'DB', '--local', '--env', 'dev'));
  }
  await loadDemo(DB);
}

/**
 * Writes a configuration that reaches the deployed database and namespace, and returns its path. wrangler.toml has no ids, as
 * the first deployment creates both, so they are looked up by name.
 */
async function remoteConfig() {
  const { name, compatibility_date, d1_databases, kv_namespaces } = unstable_readConfig({ config });
  const databases = JSON.parse(await wrangler('d1', 'list', '--json'));
  const namespaces = JSON.parse(await wrangler('kv', 'namespace', 'list'));
  const database = ({ binding, database_name, database_id }) => {
    const found = databases.find((one) => one.name === database_name);
    return { binding, database_name, database_id: database_id ?? existing(found, database_name).uuid, remote: true };
  };
  const namespace = ({ binding, id }) => {
    const title = `${name}-${binding.toLowerCase()}`;
    const found = namespaces.find((one) => one.title === title);
    return { binding, id: id ?? existing(found, title).id, remote: true };
  };
  const path = join(root, '.wrangler/remote.json');
  const bindings = {
    name,
    compatibility_date,
    d1_databases: d1_databases.map(database),
    kv_namespaces: kv_namespaces.map(namespace),
  };
  await mkdir(join(root, '.wrangler'), { recursive: true });
  await writeFile(path, JSON.stringify(bindings, null, 2));
  return path;
}

function existing(found, name) {
  if (!found) throw new Failure(`This account has no \`${name}\`. Deploy first: npm run deploy`);
  return found;
}

/** Runs a wrangler command and returns its output. */
export function wrangler(...args) {
  return run(process.execPath, [join(root, 'node_modules/wrangler/bin/wrangler.js'), ...args], { quiet: true });
}
