// `npm run load-calls`: loads calls from a CSV or NDJSON file of any size through the import endpoint.
//
// The file is streamed; a thousand rows travel in a request, two requests at a time. Bad rows are reported with their
// line and written beside the file, good rows are kept. Loading a file again changes nothing.
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse as parseCsv } from 'csv-parse';
import { build } from './build.mjs';
import { openDatabase } from './database.mjs';
import { Failure, elapsed, main } from './run.mjs';
import { HOST, serve } from './serve.mjs';

const ROWS = 1_000;
const BYTES = 3_500_000; // A request's limit is 4 MiB.
const AT_ONCE = 2;
const TRIES = 5;
const SHOWN = 20;

const help = `Usage: npm run load-calls -- FILE.csv|FILE.ndjson [options]

  The columns or members are the parameters of a call: transaction_id, external_call_unique_id, start_time_t,
  duration_in_seconds, calling_phone_number, destination_phone_number, advertiser_id_from_network,
  advertiser_campaign_id_from_network. An empty cell is not sent.

  --url <url>      The server (default: http://${HOST}:8787, or one of its own where none runs)
  --token <token>  A token with calls:write (default: CALL_OUTCOMES_TOKEN, or the demo network's)`;

const options = { url: { type: 'string' }, token: { type: 'string' }, help: { type: 'boolean', short: 'h' } };

await main(async () => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(help);
  const [file, ...rest] = positionals;
  const format = /\.(csv|ndjson|jsonl)$/i.exec(file ?? '')?.[1].toLowerCase();
  if (!format || rest.length > 0) throw new Failure(`Name one file that ends in .csv or .ndjson.\n\n${help}`);
  const { size } = await stat(file).catch(() => {
    throw new Failure(`\`${file}\` cannot be read.`);
  });
  const server = await reach(values.url);
  try {
    const token = values.token ?? process.env.CALL_OUTCOMES_TOKEN ?? 'demo-network-token';
    const failed = await load({ file, size, rows: format === 'csv' ? csv : ndjson, url: server.url, token });
    if (failed > 0) process.exitCode = 1;
  } finally {
    await server.close();
  }
});

/** The server that runs, or one for as long as this takes. */
async function reach(url) {
  const running = url ?? `http://${HOST}:${process.env.PORT || 8787}`;
  const answers = await fetch(`${running}/healthz`).then(
    (response) => response.ok,
    () => false,
  );
  if (answers) return { url: running, close() {} };
  if (url) throw new Failure(`No server answers at ${url}.`);
  await build();
  await (await openDatabase()).close();
  return serve(0, { quiet: true });
}

async function load({ file, size, rows, url, token }) {
  const rejected = `${file}.rejected.ndjson`;
  const total = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0 };
  const began = performance.now();
  const source = createReadStream(file);
  let writer;
  const reject = (line, row, error) => {
    total.failed += 1;
    if (total.failed <= SHOWN) console.error(`\nline ${line}: ${error}`);
    writer ??= createWriteStream(rejected);
    writer.write(`${JSON.stringify({ line, error, row })}\n`);
  };
  await rm(rejected, { force: true });

  const send = async (chunk) => {
    const body = `{"calls":[${chunk.map(({ json }) => json).join(',')}]}`;
    const { results, summary } = await post(`${url}/api/2015-08-17/calls.json`, token, body);
    for (const name of ['created', 'updated', 'unchanged']) total[name] += summary[name];
    for (const { index, errors } of results) {
      if (errors) reject(chunk[index].line, chunk[index].row, errors.invalid_data);
    }
    progress(total, source.bytesRead / size, began);
  };

  const sending = new Set();
  const enqueue = async (chunk) => {
    const request = send(chunk).finally(() => sending.delete(request));
    sending.add(request);
    if (sending.size >= AT_ONCE) await Promise.race(sending);
  };
  let chunk = [];
  let bytes = 0;
  for await (const item of rows(source)) {
    total.rows += 1;
    if (item.error) {
      reject(item.line, item.row, item.error);
      continue;
    }
    if (chunk.length === ROWS || bytes + item.json.length * 2 > BYTES) {
      await enqueue(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += item.json.length * 2; // At most: a character of JavaScript is up to three bytes, rarely more than one.
  }
  if (chunk.length > 0) await enqueue(chunk);
  await Promise.all(sending);
  if (writer) await new Promise((resolve) => writer.end(resolve));

  if (process.stderr.isTTY) console.error();
  const { created, updated, unchanged, failed } = total;
  console.log(
    `${total.rows} rows in ${elapsed(began)}: ${created} created, ${updated} updated, ${unchanged} unchanged, ` +
      `${failed} failed${failed > 0 ? ` (see ${rejected})` : ''}.`,
  );
  return failed;
}

/** Idempotent, so that it is sent again where the server or the connection had a bad moment. */
async function post(url, token, body) {
  for (let attempt = 1; ; attempt += 1) {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: 'POST', headers, body }).catch((error) => error);
    const answer = response instanceof Error ? null : await response.json();
    if (answer?.results) return answer;
    const passing = !answer || [429, 500, 503].includes(response.status);
    if (!passing || attempt === TRIES) {
      throw new Failure(answer ? `${response.status}: ${answer.errors?.invalid_data}` : `${response.message}`);
    }
    const wait = response.headers?.get('Retry-After');
    await setTimeout(wait ? wait * 1000 : 200 * 2 ** attempt);
  }
}

async function* csv(source) {
  const parser = parseCsv({ columns: true, bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  source.on('error', (error) => parser.destroy(error)).pipe(parser);
  for await (const { record, info } of parser) {
    const sent = Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ''));
    yield { line: info.lines, row: record, json: JSON.stringify(sent) };
  }
}

async function* ndjson(source) {
  let line = 0;
  for await (const row of createInterface({ input: source, crlfDelay: Infinity })) {
    line += 1;
    if (row.trim() === '') continue;
    try {
      JSON.parse(row);
      // As it was written: parsing and writing again would round long numbers.
      yield { line, row, json: row };
    } catch {
      yield { line, row, error: 'not JSON' };
    }
  }
}

/** A bar on a terminal; elsewhere a line for each 100,000 rows. */
function progress({ rows }, part, began) {
  const speed = Math.round(rows / ((performance.now() - began) / 1000));
  const text = `${String(Math.floor(part * 100)).padStart(3)} %  ${rows} rows, ${speed} a second`;
  const done = Math.round(part * 30);
  if (process.stderr.isTTY) process.stderr.write(`\r[${'#'.repeat(done)}${' '.repeat(30 - done)}] ${text}  `);
  else if (rows % 100_000 === 0) console.error(text);
}
