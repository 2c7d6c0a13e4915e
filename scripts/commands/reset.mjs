// `npm run reset`: deletes the local database and archive. The next start creates them again, with the demo data.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';

await rm(join(root, '.wrangler/state'), { recursive: true, force: true });
console.log('The local data is deleted. If `npm start` is running, restart it.');
