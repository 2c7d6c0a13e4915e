// Serves the built Worker with the local database, for `npm start` and for commands that need a server.
//
// This drives Miniflare, the runtime below `wrangler dev`, by itself. `wrangler dev` puts a second runtime in front, and
// Miniflare a Worker of its own. A direct socket has neither: it answers three times the requests a second and, where
// the Worker fails, shows what a client of the deployed one would see. What is lost is reloading when a source changes.
import { join } from 'node:path';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { config, state } from './database.mjs';
import { Failure, root } from './run.mjs';

export const HOST = '127.0.0.1';
const NAME = 'call-outcomes';

/** `{ url, close }`. Port 0 is any free one; `quiet`, for commands, drops the Worker's log and has no rate limits. */
export async function serve(port, { quiet = false } = {}) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, 'dev');
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: HOST,
      log: new Log(quiet ? LogLevel.NONE : LogLevel.WARN),
      ...(quiet && { handleStructuredLogs() {} }),
      resourcePersistencePath: join(state, 'v3'),
      workers: [
        {
          ...workerOptions,
          name: NAME,
          rootPath: root,
          modulesRoot: 'build',
          ...(quiet && { bindings: { ...workerOptions.bindings, TOKEN_RATE_LIMIT: 'off', ADDRESS_RATE_LIMIT: 'off' } }),
          modules: [
            { type: 'ESModule', path: 'build/index.js' },
            { type: 'CompiledWasm', path: 'build/index_bg.wasm' },
          ],
          unsafeDirectSockets: [{ host: HOST, port }],
        },
      ],
    }),
  );
  const url = (await miniflare.unsafeGetDirectURL(NAME)).origin;
  const response = await fetch(`${url}/healthz`);
  if (!response.ok) {
    throw new Failure(`The Worker started, but /healthz answered ${response.status}: ${await response.text()}`);
  }
  return { url, close: () => miniflare.dispose() };
}
