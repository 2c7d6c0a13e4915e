// `npm run test:faults`: the long form of what `npm test` does to the server: 20 kills, two minutes of too much load.
import { build } from '../build/build.mjs';
import { nodeTests } from './node-tests.mjs';
import { main } from '../lib/run.mjs';
import { setup } from '../build/setup.mjs';

await main(async () => {
  await setup();
  await build();
  await nodeTests('tests/faults', { FAULTS: 'long' });
});
