// The worker of the page for files: it reads a file, checks it in WebAssembly, and writes and sends rows. Only the rows of
// the preview pass through the page.
import init, * as table from '/pkg/table.js';
import { loaded } from '../kept.js';
import { scratch } from './scratch.js';
import { isUnsure, send } from './send.js';
import { SAMPLE, chunks, detect, sample } from './text.js';
import { zoneOffsets } from './zones.js';

const PREVIEW_ROWS = 5;
/** The shortest time between two reports of progress, in milliseconds. */
const TICK = 100;

const ready = init({ module_or_path: '/pkg/table.wasm' });
let file;
let good;
let checked;
let results;
let unsure;
let job = new AbortController();
let last = Promise.resolve();

const commands = { open, preview, check: alone(checkAll), send: alone(sendRows), stop: () => job.abort(), loaded };

/** Runs a command after the previous ones have ended, as they write the same files. */
function alone(command) {
  return (options) => {
    const answer = last.then(() => command(options, (job = new AbortController()).signal));
    last = answer.catch(() => {});
    return answer;
  };
}

addEventListener('message', async ({ data: { command, id, ...options } }) => {
  try {
    await ready;
    postMessage({ id, answer: await commands[command](options) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});

/** Detects the encoding and the format of a file. */
async function open({ source, encoding, delimiter }) {
  file = source;
  encoding ??= await detect(file);
  const bytes = await sample(file, encoding);
  const format = table.detectFormat(bytes, { content: 'reports', delimiter, is_whole: file.size <= SAMPLE });
  return { encoding, format, parameters: table.columnParameters('reports'), build: table.build() };
}

function begin({ columns, ...settings }, previewRows) {
  return new table.FileCheck({
    ...settings,
    content: 'reports',
    columns: columns.map(({ zone, ...column }) => ({ ...column, zone: zoneOffsets(zone, table.offsetOf) })),
    strict: false,
    preview_rows: previewRows,
  });
}

async function preview({ settings: { encoding, ...settings } }) {
  const check = begin(settings, PREVIEW_ROWS);
  try {
    check.read(await sample(file, encoding));
    if (file.size <= SAMPLE) check.read(new Uint8Array());
    return check.preview();
  } finally {
    check.free();
  }
}

async function checkAll({ settings: { encoding, ...settings } }, signal) {
  checked = { encoding, ...settings };
  const check = begin(settings, 0);
  const [rows, bad] = [await scratch('good.ndjson'), await scratch('bad.csv')];
  const began = performance.now();
  let [told, read] = [began, 0];
  const step = (bytes) => {
    check.read(bytes);
    rows.write(check.takeGood());
    bad.write(check.takeBad());
  };
  try {
    for await (const chunk of chunks(file, encoding)) {
      if (signal.aborted) break;
      step(chunk.bytes);
      read += chunk.read;
      if (performance.now() - told < TICK) continue;
      told = performance.now();
      postMessage({ event: 'checking', read, counts: check.counts() });
      // Reading alone may never let the event loop handle a message.
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (!signal.aborted) step(new Uint8Array());
    const seconds = (performance.now() - began) / 1e3;
    const summary = check.summary();
    good = await rows.file();
    return { stopped: signal.aborted, summary, seconds, fingerprint: check.fingerprint(), good, bad: await bad.file() };
  } finally {
    bad.close();
    rows.close();
    check.free();
  }
}

/**
 * Sends the good rows after the first `from`. With `goesOn`, the files of results and of unsure rows are continued. With a
 * `threshold`, the server does not store rows whose match has a lower confidence.
 */
async function sendRows({ from, goesOn, url, token, threshold, limits }, signal) {
  if (goesOn) await results.open();
  else {
    results = await scratch('results.csv');
    results.write(table.toCsv(['row', 'status', 'transaction_id', 'confidence', 'class', 'message']));
    unsure = { places: [], confidences: [] };
  }
  if (threshold !== '') url += `?${new URLSearchParams({ explain: true, min_confidence: threshold })}`;
  const tell = (done, settled) => {
    const first = done - settled.length;
    for (const [at, result] of settled.entries()) {
      const { row, status, body } = result;
      const { call_outcome, errors, match } = body;
      const confidence = match?.confidence?.toString();
      const cells = [row, `${status}`, call_outcome?.transaction_id, confidence, errors?.class, errors?.invalid_data];
      results.write(table.toCsv(cells.map((cell) => cell ?? '')));
      if (!isUnsure(result)) continue;
      unsure.places.push(first + at);
      unsure.confidences.push(confidence);
    }
    postMessage({ event: 'sending', done, outcomes: settled.map((result) => (isUnsure(result) ? 'unsure' : result.status)) });
  };
  const wait = (seconds, isAsked) => postMessage({ event: 'waiting', seconds, isAsked });
  try {
    const why = await send({ rows: good, from, url, token, limits, signal, tell, wait });
    return { why, results: await results.file(), unsure: await unsureRows() };
  } finally {
    results.close();
  }
}

/** The rows that were not sure enough, as they stand in the file, or undefined if there are none. */
async function unsureRows() {
  if (unsure.places.length === 0) return undefined;
  const { encoding, ...settings } = checked;
  const check = begin(settings, 0);
  const rows = await scratch('unsure.csv');
  const step = (bytes) => {
    check.read(bytes);
    rows.write(check.takeBad());
  };
  try {
    check.setAside(Uint32Array.from(unsure.places), unsure.confidences);
    for await (const chunk of chunks(file, encoding)) step(chunk.bytes);
    step(new Uint8Array());
    return await rows.file();
  } finally {
    rows.close();
    check.free();
  }
}
