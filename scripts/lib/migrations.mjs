// Applies the migrations to a database of this process, as `wrangler d1 migrations apply` does, for tests and for the check
// before a deployment.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unstable_splitSqlQuery } from 'wrangler';
import { root } from './run.mjs';

/** Returns the names of the migrations in the order in which they are applied. */
export async function migrations() {
  return (await readdir(join(root, 'migrations'))).filter((name) => name.endsWith('.sql')).sort();
}

/** Applies all migrations to an empty database, and records them in wrangler's table. */
export async function migrate(db) {
  const table =
    'CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, ' +
    'applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)';
  await db.prepare(table).run();
  for (const name of await migrations()) {
    const statements = unstable_splitSqlQuery(await readFile(join(root, 'migrations', name), 'utf8'));
    const note = db.prepare('INSERT INTO d1_migrations (name) VALUES (?1)').bind(name);
    await db.batch([...statements.map((statement) => db.prepare(statement)), note]);
  }
}
