// Serves the built Worker (`npm run build`) on a loopback port, for one test file: the real runtime over real HTTP,
// with a D1 of its own that has the migrations and the demo data.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { archive as archiveCalls } from '../../scripts/lib/archive.mjs';
import { loadDemo } from '../../scripts/lib/demo.mjs';
import { migrate } from '../../scripts/lib/migrations.mjs';
import { databaseWorker, openDatabase } from './database.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NAME = 'call-outcomes';
const DATABASE = 'database';

export const PATH = '/api/2015-08-17/call_outcomes.json';
export const NETWORK = 'demo-network-token';
export const ADVERTISER = 'demo-advertiser-token';
export const OTHER_NETWORK = 'demo-other-network-token';
export const NO_PERMISSION = 'demo-no-permission-token';

/** Matches a transaction id that the server made. */
export const ID = /^[0-9A-F]{8}-[0-9A-F]{8}$/;

// Tests send more requests than a client may.
const UNLIMITED = { TOKEN_RATE_LIMIT: 'off', ADDRESS_RATE_LIMIT: 'off' };

/** The routes in the OpenAPI document, by their names in the log. */
const { paths } = JSON.parse(await readFile(join(root, 'www/openapi.json'), 'utf8'));
const documented = new Set(Object.keys(paths).map((path) => path.replace(/\.csv$/, '')));

/**
 * Starts a server. `vars` are set over those of the dev environment without rate limits, `ratelimits` are limiters in
 * place of its own. `wrap` is the URL of a module whose default export takes the Worker's `env` and the request, and
 * returns the `env` that the Worker gets. `folder` keeps the data for a later start. `wasm` changes the bytes of the
 * Worker's WebAssembly. `script` is the text of another Worker's module, served in place of the built one; it has the
 * WebAssembly only with `wasm`.
 */
export async function start({ vars = {}, ratelimits, wrap, folder, wasm, script } = {}) {
  const log = newLog();
  const directory = folder ?? (await mkdtemp(join(tmpdir(), 'call-outcomes-test-')));
  const isNew = (await readdir(directory)).length === 0;
  const config = unstable_readConfig({ config: join(root, 'wrangler.toml'), env: 'dev' });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, 'dev');
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: '127.0.0.1',
      log: new Log(LogLevel.NONE),
      // Keeps the Worker's log out of the tests' output.
      handleStructuredLogs: ({ message }) => log.add(message),
      resourcePersistencePath: directory,
      workers: [
        {
          ...workerOptions,
          name: NAME,
          rootPath: root,
          modulesRoot: 'build',
          modules: await modules(wrap, wasm, script),
          // Not the bindings of `workerOptions`, which include a developer's .dev.vars.
          bindings: { ...config.vars, ...UNLIMITED, ...vars },
          ...(ratelimits && { ratelimits }),
          // No proxy in front of the Worker, only the static assets, so that its answers arrive byte for byte.
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
        databaseWorker(DATABASE, workerOptions.d1Databases),
      ],
    }),
  );
  const stop = async () => {
    await miniflare.dispose();
    if (!folder) await rm(directory, { recursive: true, force: true });
    // Every route that a test used is in the document.
    if (!script) for (const route of log.routes()) assert.ok(documented.has(route), `${route} is not in the document`);
  };
  try {
    const url = (await miniflare.unsafeGetDirectURL(NAME)).origin;
    const db = openDatabase(await miniflare.unsafeGetDirectURL(DATABASE));
    const archive = await miniflare.getKVNamespace('ARCHIVE', NAME);
    if (isNew) {
      await migrate(db);
      await loadDemo(db);
    }
    /** Sends a request as if to another host, or over HTTPS. */
    const dispatch = (address, options) => miniflare.dispatchFetch(address, options);
    const requests = client(url);
    /**
     * Returns the log so far. The line of a request can arrive after its answer, so this sends one more request and waits for
     * its line: all earlier lines have arrived then.
     */
    const logged = async () => {
      const id = randomUUID();
      const lines = log.before(id);
      await requests.request('/api/logged', { headers: { 'X-Request-Id': id } });
      return lines;
    };
    return { url, db, archive, logs: log.lines, logged, stop, dispatch, ...requests, ...sql(db, archive) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The Worker's log. */
function newLog() {
  const lines = [];
  const waiting = new Map();
  const member = (name, line) => new RegExp(`"${name}":"([^"]*)"`).exec(line)?.[1];
  return {
    /** The lines that have arrived. */
    lines,
    add(line) {
      const resolve = waiting.get(member('request_id', line));
      if (resolve) resolve([...lines]);
      else lines.push(line);
    },
    /** Waits for the line of a request, and returns the lines before it. */
    before: (id) => new Promise((resolve) => waiting.set(id, resolve)),
    /** The routes that were answered. */
    routes: () => new Set(lines.flatMap((line) => member('route', line) ?? [])),
  };
}

async function modules(wrap, wasm, script) {
  const path = 'build/index_bg.wasm';
  const worker = [{ type: 'ESModule', path: 'build/index.js', ...(script && { contents: script }) }];
  if (wasm || !script) {
    const bytes = await readFile(join(root, path));
    worker.push({ type: 'CompiledWasm', path, contents: wasm ? wasm(bytes) : bytes });
  }
  if (!wrap) return worker;
  const entry = `
    import { WorkerEntrypoint } from 'cloudflare:workers';
    import Worker from './index.js';
    import wrap from './wrap.js';
    export default class extends WorkerEntrypoint {
      fetch(request) {
        return new Worker(this.ctx, wrap(this.env, request)).fetch(request);
      }
    }`;
  return [
    { type: 'ESModule', path: 'build/entry.js', contents: entry },
    { type: 'ESModule', path: 'build/wrap.js', contents: await readFile(wrap, 'utf8') },
    ...worker,
  ];
}

function client(url) {
  /** Sends a request and reads all of the answer. */
  async function request(path, options) {
    const response = await fetch(url + path, options);
    return answer(response.status, response.headers, await response.text());
  }

  /** Sends a report. `body` is a value to send as JSON, or the text or bytes of the body. */
  function report(body, { path = PATH, method = 'POST', headers = {} } = {}) {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return request(path, { method, headers: { 'Content-Type': 'application/json', ...headers }, body: text });
  }

  return { fetch: (path, options) => fetch(url + path, options), request, report };
}

function answer(status, headers, text) {
  return {
    status,
    headers,
    text,
    get json() {
      return JSON.parse(text);
    },
    /** `code pointer`, decoded. */
    get warnings() {
      const header = headers.get('X-Warnings');
      return header === null ? [] : header.split(', ').map(decodeURIComponent);
    },
    /** The cost of the answer to the database, zero without the header. */
    get cost() {
      const header = headers.get('X-Database-Cost');
      if (header === null) return { trips: 0, read: 0, written: 0 };
      const [, ...numbers] = /^trips=(\d+) rows_read=(\d+) rows_written=(\d+)$/.exec(header) ?? assert.fail(header);
      const [trips, read, written] = numbers.map(Number);
      return { trips, read, written };
    },
  };
}

function sql(db, archive) {
  /** Returns the rows of a statement. For a TEXT column, bind text: a number would become text like `5.0`. */
  async function rows(statement, ...values) {
    const { results } = await db
      .prepare(statement)
      .bind(...values)
      .run();
    return results;
  }

  /** Returns all records in the order of commits. */
  const records = () => rows('SELECT * FROM outcomes ORDER BY seq');

  /** Stores calls. Without another value, they are of network 3, and other fields are unknown. */
  async function addCalls(calls) {
    const columns = [
      'network_id',
      'transaction_id',
      'external_id',
      'advertiser_id',
      'campaign_id',
      'calling_phone',
      'destination_phone',
      'start_ms',
      'duration_s',
    ];
    const insert = `
      INSERT INTO calls (${columns.join(', ')})
      SELECT ${columns.map((column) => `value ->> '${column}'`).join(', ')} FROM json_each(?1)`;
    await rows(insert, JSON.stringify(calls.map((call) => ({ network_id: '3', ...call }))));
  }

  /** Stores calls and archives them, together with all other calls that started at the same times. */
  async function addArchived(calls) {
    await addCalls(calls);
    const times = new Set(calls.map(({ start_ms }) => start_ms));
    for (const from of times) await archiveCalls(db, archive, { from, before: from + 1 });
  }

  return { rows, records, addCalls, addArchived };
}

/** Asserts that an answer is an error, with exactly these two members. */
export function assertError(actual, status, code, type, text) {
  assert.equal(
    actual.text,
    JSON.stringify({ errors: { class: type, invalid_data: text ?? actual.json.errors?.invalid_data } }),
  );
  assert.deepEqual([actual.status, actual.headers.get('X-Error-Code')], [status, code]);
}
