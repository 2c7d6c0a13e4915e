// Serves the built Worker with the local database, for `npm start` and for commands that need a server.
//
// This uses Miniflare, on which `wrangler dev` is built, directly. `wrangler dev` puts a second runtime in front of the
// Worker, and Miniflare a Worker of its own. A direct socket has neither: it serves three times the requests a second and, if
// the Worker fails, shows what a client of the deployed Worker would see. dev.mjs adds reloading.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { config, state } from './database.mjs';
import { Failure, root } from './run.mjs';

export const HOST = '127.0.0.1';
const NAME = 'call-outcomes';

/** Returns the configuration of wrangler.toml in Miniflare's form. */
export function options() {
  return unstable_getMiniflareWorkerOptions(config, 'dev').workerOptions;
}

/** Returns the port of the variable PORT, or 8787. Fails if it is in use, with a clearer message than workerd's. */
export async function requestedPort() {
  const port = Number(process.env.PORT || 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Failure(`PORT must be a number from 1 to 65535, not \`${process.env.PORT}\`.`);
  }
  await new Promise((resolve, reject) => {
    createServer()
      .once('error', (error) => {
        const reason = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.code})`;
        reject(new Failure(`Port ${port} ${reason}. Stop the program that uses it, or set another port: PORT=8788 npm start`));
      })
      .listen(port, HOST, function () {
        this.close(resolve);
      });
  });
  return port;
}

/**
 * Starts the server; returns `{ url, close }`. Port 0 is any free port. `quiet`, for commands, drops the Worker's log and has
 * no rate limits.
 */
export async function serve(port, { quiet = false } = {}) {
  const workerOptions = options();
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
  try {
    const url = (await miniflare.unsafeGetDirectURL(NAME)).origin;
    const response = await fetch(`${url}/healthz`);
    if (!response.ok) {
      throw new Failure(`The Worker started, but /healthz answered ${response.status}: ${await response.text()}`);
    }
    return { url, close: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}
