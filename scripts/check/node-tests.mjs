// Runs the tests in Node, against the built Worker or package.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedEnvironment, pinnedNode, root, run } from '../lib/run.mjs';

/** Runs the tests of a folder, under the pinned Node. */
export async function nodeTests(folder, env = {}) {
  const path = join(root, folder);
  const files = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.test.mjs')) : [];
  if (files.length === 0) return console.log(`There are no tests in ${folder}.`);
  // One file at a time, as each starts a runtime of its own. The timeout ends a test that hangs.
  const options = ['--test', '--test-concurrency=1', '--test-timeout=1800000', '--test-reporter=spec'];
  await run(pinnedNode, [...options, ...files.map((name) => join(folder, name))], { env: { ...pinnedEnvironment(), ...env } });
}
