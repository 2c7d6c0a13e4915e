// `npm run test:faults`: the long form of the fault tests of `npm test`, with 20 kills and two minutes of overload.
import { build } from '../build/build.mjs';
import { nodeTests } from './node-tests.mjs';
import { main } from '../lib/run.mjs';
import { setup } from '../build/setup.mjs';

await main(async () => {
  await setup();
  await build();
  await nodeTests('tests/faults', { FAULTS: 'long' });
});
