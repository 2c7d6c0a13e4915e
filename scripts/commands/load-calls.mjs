// `npm run load-calls`: loads calls from a CSV or NDJSON file of any size through the import endpoint.
//
// The file is streamed; a thousand rows travel in a request, two requests at a time. Bad rows are reported with their
// line and written beside the file with its own columns, good rows are kept. Loading a file again changes nothing.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { parse as parsePath, format as formatPath } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { backOff, outcomeOf } from '../../www/csv/retry.js';
import { help as fileHelp, openCalls, options as fileOptions } from '../lib/calls-file.mjs';
import { buildPackage } from '../build/package.mjs';
import { Failure, commandLine, elapsed, main } from '../lib/run.mjs';

const AT_ONCE = 2;
const TRIES = 5;
const SHOWN = 20;
/** A row that was overtaken by other writers. */
const OVERTAKEN = 503;
const LOCAL = 'http://127.0.0.1';
const ROUTE = '/api/2015-08-17/calls.json';

const help = `Usage: npm run load-calls -- FILE.csv|FILE.ndjson [options]

  The columns or members are the parameters of a call: transaction_id, external_call_unique_id, start_time_t,
  duration_in_seconds, calling_phone_number, destination_phone_number, advertiser_id_from_network,
  advertiser_campaign_id_from_network. An empty cell is not sent. Rows that fail are written to FILE.rejected.csv with an
  error each; corrected, that file can be loaded as it is. A file of that name is never overwritten: the next one is
  FILE.rejected-2.csv.

  --url <url>         The server (default: ${LOCAL}:8787, or one of its own where none runs)
  --token <token>     A token with calls:write (default: CALL_OUTCOMES_TOKEN, or the demo network's)
${fileHelp}`;

const options = {
  url: { type: 'string' },
  token: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  ...fileOptions,
};

await main(async () => {
  const { values, positionals } = read();
  if (values.help) return console.log(help);
  const [path, ...rest] = positionals;
  if (!path || rest.length > 0) throw new Failure(`Name one file.\n\n${help}`);
  await buildPackage();
  const file = await openCalls(path, values);
  for (const note of file.notes) console.error(note);
  const server = await reach(values.url);
  try {
    const token = values.token ?? process.env.CALL_OUTCOMES_TOKEN ?? 'demo-network-token';
    if (!/^[\x20-\x7e]+$/.test(token)) throw new Failure('The token has characters that no token has.');
    console.error(`Loading \`${path}\` into ${server.url}.`);
    if (!(await load({ path, file, server, token }))) process.exitCode = 1;
  } finally {
    await server.close();
  }
});

function read() {
  return commandLine({ options, allowPositionals: true }, help);
}

/** The server that runs, or one for as long as this takes; with its limits and the country of its phone numbers. */
async function reach(url) {
  if (url !== undefined && !URL.canParse(url)) throw new Failure(`--url ${url} is not a URL.`);
  const running = (url ?? `${LOCAL}:${process.env.PORT || 8787}`).replace(/\/+$/, '');
  const configuration = (base, tries) => persist(() => fetch(`${base}/config.json`), (answer) => Boolean(answer?.limits), { tries });
  const found = await configuration(running, url === undefined ? 1 : TRIES);
  if (found.answer) return { url: running, config: found.answer, close() {} };
  if (url !== undefined) throw new Failure(`No server of this API answers at ${url}: ${found.refused ?? found.again}.`);
  // Loaded only here, as they take longer than a small file does.
  const [{ build }, { openDatabase }, { serve }] = await Promise.all(
    ['build/build', 'lib/database', 'lib/serve'].map((name) => import(`../${name}.mjs`)),
  );
  await build();
  await (await openDatabase()).close();
  const own = await serve(0, { quiet: true });
  return { ...own, config: (await configuration(own.url, 1)).answer };
}

/** Sends a request until it has an answer, is refused, or was tried often enough. */
async function persist(request, isAnswer, { tries = TRIES, signal } = {}) {
  for (let tried = 1; ; tried += 1) {
    const outcome = await outcomeOf(request(), isAnswer);
    if (!outcome.again || tried === tries || signal?.aborted) return outcome;
    await pause(outcome.after ?? backOff(tried - 2), signal);
  }
}

/** Waits for some seconds, or until `signal` says that it is no use. */
async function pause(seconds, signal) {
  if (seconds >= 10) console.error(`\nThe server asks to wait ${seconds} seconds.`);
  await setTimeout(seconds * 1e3, undefined, { signal }).catch(() => {});
}

/** Loads a file, and says how that went; returns whether every row was taken. */
async function load({ path, file, server, token }) {
  const { config } = server;
  const checking = file.check(config.default_country_code);
  const total = { created: 0, updated: 0, unchanged: 0, refused: 0, sent: 0, told: 0 };
  const rejected = rejectedFile(path);
  const warnings = counter();
  const stop = new AbortController();
  const began = performance.now();
  let bytesRead = 0;

  /** The good rows of the file, each as JSON. */
  async function* rows() {
    for await (const { bytes, read } of file.chunks()) {
      checking.read(bytes);
      bytesRead += read;
      yield* take();
    }
    checking.read(new Uint8Array());
    yield* take();
  }
  function* take() {
    const good = new TextDecoder().decode(checking.takeGood());
    rejected.write(checking.takeBad(), checking.counts()[2] > 0);
    rejected.writeUnread(checking.takeUnread());
    for (const line of good.split('\n')) {
      if (line === '') continue;
      const row = JSON.parse(line);
      const json = JSON.stringify(row.call);
      yield { ...row, json, bytes: Buffer.byteLength(json) + 1 };
    }
  }
  async function send(batch) {
    let left = batch;
    for (let tried = 1; left.length > 0; tried += 1) {
      const now = left;
      const body = `{"calls":[${now.map(({ json }) => json).join(',')}]}`;
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
      const request = () => fetch(`${server.url}${ROUTE}`, { method: 'POST', headers, body, signal: stop.signal });
      const isAnswer = (answer) => answer?.results?.length === now.length;
      const outcome = await persist(request, isAnswer, { signal: stop.signal });
      if (stop.signal.aborted) return;
      if (!outcome.answer) throw new Failure(`Stopped at lines ${now[0].line} to ${now.at(-1).line}: ${why(outcome)}`);
      const again = settle(now, outcome.answer, tried === TRIES);
      warn(now, outcome.headers.get('X-Warnings'), warnings);
      left = again;
      if (left.length > 0) await pause(backOff(tried - 2), stop.signal);
    }
    progress(total, bytesRead / file.size, began);
  }
  /** Counts what was stored, and rejects what was refused; returns the rows to send again. */
  function settle(batch, { results, summary }, isLast) {
    for (const name of ['created', 'updated', 'unchanged']) total[name] += summary[name];
    const again = [];
    for (const { index, status, errors } of results) {
      const row = batch[index];
      if (status === OVERTAKEN && !isLast) again.push(row);
      else if (errors) {
        total.refused += 1;
        if (total.refused <= SHOWN) console.error(`\nline ${row.line}: ${errors.invalid_data}`);
        checking.reject(row.line, row.cells, errors.invalid_data);
        rejected.write(checking.takeBad(), true);
      }
    }
    total.sent += batch.length - again.length;
    return again;
  }

  let failure;
  try {
    const source = batches(rows(), config.limits);
    const sender = async () => {
      try {
        for await (const batch of source) {
          await send(batch);
          if (stop.signal.aborted) break;
        }
      } catch (error) {
        failure ??= error;
        stop.abort();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
  } finally {
    rejected.close();
  }
  if (process.stderr.isTTY) console.error();
  const { rows: read, bad, first, kinds } = checking.summary();
  for (const { line, column, message, code } of first.slice(0, SHOWN)) {
    // A column that is called like its parameter is in the message.
    const place = column && !column.startsWith('/') && !message.startsWith(column) ? `\`${column}\`: ` : '';
    console.error(`line ${line}: ${place}${message} (${code})`);
  }
  for (const { code, count, first: [{ message }] } of kinds.filter((kind) => kind.is_warning)) {
    warnings.add(code, count, message);
  }
  warnings.tell();
  const failed = bad + total.refused;
  const { created, updated, unchanged } = total;
  console.log(
    `${read} rows in ${elapsed(began)}: ${created} created, ${updated} updated, ${unchanged} unchanged, ` +
      `${failed} failed${failed > 0 ? ` (see ${rejected.path})` : ''}.`,
  );
  if (failure instanceof Failure) throw new Failure(`${failure.message}\nWhat was loaded is stored: load the file again to go on.`);
  if (failure) throw unreadable(path, failure);
  return failed === 0;
}

/** Rows in batches of at most so many rows and bytes as the server takes. A batch is asked for by one sender. */
async function* batches(rows, { import_rows: most, import_body_bytes: room }) {
  let batch = [];
  let bytes = 0;
  for await (const row of rows) {
    // The list and the object around it take less than this.
    if (batch.length === most || bytes + row.bytes > room - 64) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += row.bytes;
  }
  if (batch.length > 0) yield batch;
}

function why({ again, refused, status }) {
  if (again) return `${again}, ${TRIES} times.`;
  if (![401, 403].includes(status)) return refused;
  return `${refused}\nThe token must be known to the server and have the permission calls:write: pass it by --token or CALL_OUTCOMES_TOKEN.`;
}

/** A file that went away or changed, rather than a fault of ours. */
function unreadable(path, error) {
  const isFile = error.name === 'NotReadableError' || error.syscall !== undefined;
  return isFile ? new Failure(`\`${path}\` could not be read to its end: ${error.message}`) : error;
}

/**
 * The file of rejected rows, next to the loaded file. It is created with the first rejected row, after the header. A file of
 * an earlier run may be half corrected, so a new name is used instead of overwriting it. Text that could not be split into
 * rows comes last, because an unclosed quote in it would merge whatever follows.
 */
function rejectedFile(path) {
  const { dir, name, ext } = parsePath(path);
  const named = (number) => formatPath({ dir, name: `${name}.rejected${number > 1 ? `-${number}` : ''}`, ext });
  let header = [];
  let file;
  let unread;
  let at;
  const unreadPath = () => `${at}.unread`;
  const append = (to, bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(to, bytes, done);
  };
  function open() {
    for (let number = 1; file === undefined; number += 1) {
      at = named(number);
      try {
        file = openSync(at, 'wx');
      } catch (error) {
        if (error.code !== 'EEXIST') throw new Failure(`\`${at}\` cannot be written: ${error.message}`);
      }
    }
  }
  return {
    get path() {
      return at;
    },
    write(bytes, isNeeded) {
      header.push(bytes);
      if (!isNeeded && file === undefined) return;
      open();
      for (const part of header) append(file, part);
      header = [];
    },
    writeUnread(bytes) {
      if (bytes.length === 0) return;
      this.write(new Uint8Array(), true);
      unread ??= openSync(unreadPath(), 'w+');
      append(unread, bytes);
    },
    close() {
      if (unread !== undefined) {
        const bytes = Buffer.alloc(1 << 20);
        for (let from = 0; ; ) {
          const length = readSync(unread, bytes, 0, bytes.length, from);
          if (length === 0) break;
          append(file, bytes.subarray(0, length));
          from += length;
        }
        closeSync(unread);
        rmSync(unreadPath());
      }
      if (file !== undefined) closeSync(file);
    },
  };
}

/** The server's warnings: a list of codes and pointers, of which the header holds the first ones. */
function warn(batch, header, warnings) {
  for (const entry of header?.split(', ') ?? []) {
    const more = /^more=(\d+)$/.exec(entry);
    if (more) {
      warnings.add('more', Number(more[1]));
      continue;
    }
    const [code, pointer] = entry.split(' ').map(decodeURIComponent);
    const [, at, name] = /^\/calls\/(\d+)\/(.+)$/.exec(pointer) ?? [];
    const row = batch[at];
    warnings.add(code, 1, row ? `line ${row.line}: ${name} ${row.call[name]}` : pointer);
  }
}

/** Warnings by their code: how many, and the first ones. */
function counter() {
  const kinds = new Map();
  return {
    add(code, count, text) {
      const kind = kinds.get(code) ?? { count: 0, first: [] };
      kinds.set(code, kind);
      kind.count += count;
      if (text && kind.first.length < SHOWN) kind.first.push(text);
    },
    tell() {
      const all = [...kinds].map(([code, { count }]) => (code === 'more' ? `${count} more of the server` : `${count} ${code}`));
      for (const [code, { first }] of kinds) for (const text of first) console.error(`warning ${code}: ${text}`);
      if (all.length > 0) console.log(`Warnings: ${all.join(', ')}.`);
    },
  };
}

/** A bar on a terminal; elsewhere a line for each 100,000 rows. */
function progress(total, part, began) {
  const { sent } = total;
  const speed = Math.round(sent / ((performance.now() - began) / 1000));
  const text = `${String(Math.floor(part * 100)).padStart(3)} %  ${sent} rows, ${speed} a second`;
  const done = Math.round(part * 30);
  if (process.stderr.isTTY) process.stderr.write(`\r[${'#'.repeat(done)}${' '.repeat(30 - done)}] ${text}  `);
  else if (sent - total.told >= 100_000) {
    total.told = sent;
    console.error(text);
  }
}
