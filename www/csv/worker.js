// The web worker of the page for CSV files. It reads the file, checks the rows with the core, writes the results and sends
// them. Only the rows of the preview pass through the page.
import init, * as table from '/pkg/table.js';
import { loaded } from '../kept.js';
import { scratch } from './scratch.js';
import { send } from './send.js';
import { SAMPLE, chunks, detect, sample } from './text.js';
import { changes } from './zones.js';

/** The number of rows in the preview. */
const SHOWN = 5;
/** The minimum time between two reports of progress, in milliseconds. */
const TICK = 100;

const ready = init({ module_or_path: '/pkg/table.wasm' });
let file;
let good;
let results;
let job = new AbortController();
let last = Promise.resolve();

const commands = { open, preview, check: alone(check), send: alone(sendRows), stop: () => job.abort(), loaded };

/** Runs a command after the previous one has ended, because they write the same files. */
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

/** Opens a file, and guesses its format from the first rows. */
async function open({ source, encoding, delimiter }) {
  file = source;
  encoding ??= await detect(file);
  const guess = JSON.parse(table.guess(await sample(file, encoding), file.size <= SAMPLE, delimiter?.charCodeAt(0)));
  return { encoding, guess, choices: JSON.parse(table.choices()), build: table.build() };
}

function begin({ delimiter, columns, country }, show) {
  const made = new table.Table(delimiter?.charCodeAt(0));
  for (const { parameter, format, zone } of columns) made.column(parameter, format, changes(zone, table.offsetOf));
  made.begin(country, show, false);
  return made;
}

async function preview({ settings }) {
  const made = begin(settings, SHOWN);
  try {
    made.read(await sample(file, settings.encoding));
    if (file.size <= SAMPLE) made.read(new Uint8Array());
    return JSON.parse(made.shown());
  } finally {
    made.free();
  }
}

async function check({ settings }, signal) {
  const made = begin(settings, 0);
  const [rows, bad] = [await scratch('good.ndjson'), await scratch('bad.csv')];
  const began = performance.now();
  let [told, read] = [began, 0];
  const step = (bytes) => {
    made.read(bytes);
    rows.write(made.takeGood());
    bad.write(made.takeBad());
  };
  try {
    for await (const chunk of chunks(file, settings.encoding)) {
      if (signal.aborted) break;
      step(chunk.bytes);
      read += chunk.read;
      if (performance.now() - told < TICK) continue;
      told = performance.now();
      postMessage({ event: 'checking', read, counts: made.counts() });
      // Lets the messages of the page in, which reading alone may never do.
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (!signal.aborted) step(new Uint8Array());
    const seconds = (performance.now() - began) / 1e3;
    const tally = JSON.parse(made.tally());
    good = await rows.file();
    return { stopped: signal.aborted, tally, seconds, fingerprint: made.fingerprint(), good, bad: await bad.file() };
  } finally {
    bad.close();
    rows.close();
    made.free();
  }
}

/** Sends the valid rows after the first `from`. `goesOn` says whether to append to the file of results. */
async function sendRows({ from, goesOn, url, token, limits }, signal) {
  if (goesOn) await results.open();
  else {
    results = await scratch('results.csv');
    results.write(table.toCsv(['row', 'status', 'transaction_id', 'class', 'message']));
  }
  const tell = (done, settled) => {
    for (const { row, status, body } of settled) {
      const { call_outcome, errors } = body;
      const cells = [row, `${status}`, call_outcome?.transaction_id, errors?.class, errors?.invalid_data];
      results.write(table.toCsv(cells.map((cell) => cell ?? '')));
    }
    postMessage({ event: 'sending', done, statuses: settled.map(({ status }) => status) });
  };
  const wait = (seconds, isAsked) => postMessage({ event: 'waiting', seconds, isAsked });
  try {
    const why = await send({ rows: good, from, url, token, limits, signal, tell, wait });
    return { why, results: await results.file() };
  } finally {
    results.close();
  }
}
