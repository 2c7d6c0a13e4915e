// `npm run reset`: forgets the local database and archive. The next start makes them anew, with the demo data.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';

await rm(join(root, '.wrangler/state'), { recursive: true, force: true });
console.log('The local data is gone. If `npm start` is running, restart it.');
