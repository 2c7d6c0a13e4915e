// The Workers that are measured side by side, each with a database of its own, and all held to the table of cases.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { checkAnswer } from '../../tools/harness/answer.mjs';
import { expand, table } from '../../tools/harness/cases.mjs';
import { start } from '../../tools/harness/server.mjs';

/** Their names, and the modules of those that are not ours. */
export const workers = {
  'call-outcomes': undefined,
  'Hono, zod': 'sequential.ts',
  'TypeScript, one batch': 'one-batch.ts',
};

/** The text of a peer's module. */
export async function bundle(file, { minify = false } = {}) {
  const contents = `
    import { WorkerEntrypoint } from 'cloudflare:workers';
    import app from './${file}';
    export default class extends WorkerEntrypoint {
      fetch(request) {
        return app.fetch(request, this.env, this.ctx);
      }
    }`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify,
    write: false,
    format: 'esm',
    target: 'es2023',
    external: ['cloudflare:*'],
    loader: { '.sql': 'text' },
  });
  return outputFiles[0].text;
}

/** Serves a Worker by its name, as tools/harness/server.mjs does with `options`. */
export async function serve(name, options = {}) {
  const file = workers[name];
  return start({ ...options, script: file && (await bundle(file)) });
}

/** Asserts that a Worker answers every row of the table as it says. */
export async function holdToTable(name) {
  const server = await serve(name);
  try {
    // Each row begins with no outcomes: the trigger that keeps them has to go.
    await server.rows('DROP TRIGGER outcomes_are_kept');
    const failures = [];
    for (const row of table) {
      if (row.stage === 'database') {
        await server.db.batch(['outcomes', 'outcome_names'].map((table) => server.db.prepare(`DELETE FROM ${table}`)));
      }
      try {
        for (const body of row.given ?? []) await server.report(expand(body));
        checkAnswer(row, await server.report(row.text ?? expand(row.body)));
      } catch (error) {
        failures.push(`${row.name}\n${error.message}`);
      }
    }
    assert.equal(failures.length, 0, `${name}: ${failures.length} of ${table.length}\n${failures.join('\n\n')}`);
    return table.length;
  } finally {
    await server.stop();
  }
}
