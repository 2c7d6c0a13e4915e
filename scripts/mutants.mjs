// `npm run mutants`: breaks matching, merging and the values' rules, a place at a time, and expects a test to notice each.
import { join } from 'node:path';
import { main, root, run } from './run.mjs';
import { mutator, setup } from './setup.mjs';

await main(async () => {
  await setup();
  const output = join(root, 'target/mutants');
  await run(await mutator(), ['mutants', '--output', output, '--colors', 'never', ...process.argv.slice(2)]);
});
