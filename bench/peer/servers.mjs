// The Workers that are measured side by side, each with a database of its own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { checkAnswer } from '../../tools/harness/answer.mjs';
import { expand, table } from '../../tools/harness/cases.mjs';
import { start } from '../../tools/harness/server.mjs';
import { statements } from './statements.mjs';

/** The Workers that pass the table of cases, by name, and the modules of those that are not ours. */
export const workers = {
  'call-outcomes': undefined,
  'Hono, zod': 'sequential.ts',
  'TypeScript, one batch': 'one-batch.ts',
};

/** The name and the module of the Worker that sends the statements and does nothing else. */
export const FLOOR = 'the statements alone';
const modules = { ...workers, [FLOOR]: 'floor.js' };

/** The name of an earlier build of our Worker. */
export const BEFORE = 'before';

/** Makes the recorded statements a module. */
const recordedStatements = {
  name: 'recorded-statements',
  setup(build) {
    build.onResolve({ filter: /^recorded:statements$/ }, ({ path }) => ({ path, namespace: 'recorded' }));
    build.onLoad({ filter: /./, namespace: 'recorded' }, async () => ({
      contents: JSON.stringify(await statements()),
      loader: 'json',
    }));
  },
};

/** Bundles a peer's module to text. */
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
    plugins: [recordedStatements],
  });
  return outputFiles[0].text;
}

/**
 * Serves a Worker by its name, as tools/harness/server.mjs does with `options`. `before` is the folder of an earlier build.
 */
export async function serve(name, { before, ...options } = {}) {
  if (name === BEFORE) {
    const [script, wasm] = ['index.js', 'index_bg.wasm'].map((file) => readFileSync(join(before, file)));
    return start({ ...options, script: script.toString(), wasm: () => wasm });
  }
  const file = modules[name];
  return start({ ...options, script: file && (await bundle(file)) });
}

/** Asserts that a Worker passes every row of the table of cases. */
export async function holdToTable(name) {
  const server = await serve(name);
  try {
    // Each row begins without outcomes, which a trigger keeps from being deleted.
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
