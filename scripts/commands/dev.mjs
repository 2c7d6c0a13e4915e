// `npm run dev`: serves as `npm start` does, and rebuilds and restarts when a source changes. While a build fails, the last
// good build is served. Builds are not optimised, to be quick.
import { watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { buildAll } from '../build/build.mjs';
import { openDatabase } from '../lib/database.mjs';
import { Failure, elapsed, main, root, say } from '../lib/run.mjs';
import { options, requestedPort, serve } from '../lib/serve.mjs';

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

/** The watched folders, and files in the root of the repository. */
const FOLDERS = ['fixtures', 'migrations', 'package', 'src', 'www'];
const FILES = ['.dev.vars', 'Cargo.lock', 'Cargo.toml', 'wrangler.toml'];
/** Matches what builds and editors write there. */
const IGNORED = /^package\/dist|^www\/((docs\.html|(errors|mistakes|openapi)\.json)$|errors|pkg)|(^|\/)\.[^/]*\.sw|~$/;
/** How long to wait for files that are saved together, in milliseconds. */
const PAUSE = 100;

await main(async () => {
  const port = await requestedPort();
  let server;
  for await (const paths of changes()) {
    const began = performance.now();
    if (paths.length > 0) say(`\nChanged: ${paths.join(', ')}`);
    try {
      await buildAll({ optimized: false });
      if (!server || paths.some((path) => path.startsWith('migrations'))) await (await openDatabase()).close();
      // Before the server is stopped, so that an invalid wrangler.toml does not stop it.
      options();
      await server?.close();
      server = undefined;
      server = await serve(port);
      say(`Serving ${server.url} after ${elapsed(began)}. It restarts when a source changes. Ctrl-C stops it.`);
    } catch (error) {
      console.error(`\n${error instanceof Failure ? error.message : error.stack}`);
      say(server ? 'This failed. The last good build is still served.' : 'This failed. Nothing is served until it is fixed.');
    }
  }
});

/** Yields the changed paths whenever some change, and an empty list first. */
async function* changes() {
  const changed = new Set();
  let wake;
  const note = (path) => {
    if (IGNORED.test(path)) return;
    changed.add(path);
    wake?.();
  };
  for (const folder of FOLDERS) {
    watch(join(root, folder), { recursive: true }, (_, name) => name && note(join(folder, name)));
  }
  watch(root, (_, name) => FILES.includes(name) && note(name));
  for (;;) {
    const paths = [...changed].sort();
    changed.clear();
    yield paths;
    if (changed.size === 0) await new Promise((resolve) => (wake = resolve));
    await setTimeout(PAUSE);
  }
}
