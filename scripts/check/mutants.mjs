// `npm run test:mutants`: breaks matching, merging and the rules of values, one place at a time, and expects a test to fail.
import { join } from 'node:path';
import { main, root, run } from '../lib/run.mjs';
import { mutator, setup } from '../build/setup.mjs';

await main(async () => {
  await setup();
  const output = join(root, 'target/mutants');
  await run(await mutator(), ['mutants', '--output', output, '--colors', 'never', ...process.argv.slice(2)]);
});
