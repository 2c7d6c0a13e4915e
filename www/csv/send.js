// Sends rows to the batch endpoint, in order. A row is safe to send again, so a batch without an answer is sent again.
import { backOff, outcomeOf } from './retry.js';

/** How often rows are sent again without an answer before sending stops. */
const TRIES = 5;
/** The status of a row that lost to concurrent writers. */
const OVERTAKEN = 503;

/** Whether the row of a result was not stored because its match is not sure enough. */
export const isUnsure = ({ status, body }) => status >= 400 && body.match?.ambiguous === true;

/**
 * Sends the lines of `rows` after the first `from`. `limits` are the server's. Calls `tell` for each batch with the number of
 * rows that are done and the results, and `wait` before a pause with its seconds and whether the server asked for it. Stops
 * between two batches when `signal` is aborted. Returns the reason if it stopped before the last row.
 */
export async function send({ rows, from, url, token, limits, signal, tell, wait }) {
  const headers = new Headers({ 'Content-Type': 'application/x-ndjson', Authorization: `Bearer ${token}` });
  const source = lines(rows);
  for (let skipped = 0; skipped < from; skipped += 1) await source.next();
  let next = (await source.next()).value;
  let batch = [];
  let done = from;
  let tries = 0;
  for (;;) {
    let size = batch.reduce((sum, line) => sum + line.length, 0);
    while (next && batch.length < limits.rows && size + next.length <= limits.bytes) {
      size += next.length;
      batch.push(next);
      next = (await source.next()).value;
    }
    if (batch.length === 0) return undefined;
    if (signal.aborted) return 'Paused.';
    const request = fetch(url, { method: 'POST', headers, body: new Blob(batch) });
    const { answer, refused, again, after } = await outcomeOf(request, hasResults);
    if (refused) return refused;
    const results = answer?.results;
    const settled = settle(results ?? [], tries);
    if (settled.length > 0) {
      done += settled.length;
      batch = batch.slice(settled.length);
      tries = 0;
      tell(done, settled);
    }
    if (results && settled.length === results.length) continue;
    tries += 1;
    if (!results && after === undefined && tries > TRIES) return `The server does not accept the rows: ${again}.`;
    await pause(after ?? backOff(tries), after !== undefined, signal, wait);
  }
}

/** The results before the first row to send again. The rows after it are sent again too, which keeps their order. */
function settle(results, tries) {
  const overtaken = results.findIndex(({ status }) => status === OVERTAKEN);
  return overtaken === -1 || tries === TRIES ? results : results.slice(0, overtaken);
}

const hasResults = (answer) => Array.isArray(answer?.results);

async function pause(seconds, isAsked, signal, wait) {
  wait(seconds, isAsked);
  if (signal.aborted) return;
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1e3);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
}

/** Reads the lines of a file, each with its line break. */
async function* lines(file) {
  const reader = file.stream().getReader();
  let rest = new Uint8Array();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array(rest.length + value.length);
    bytes.set(rest);
    bytes.set(value, rest.length);
    let start = 0;
    for (let end; (end = bytes.indexOf(10, start)) !== -1; start = end + 1) yield bytes.slice(start, end + 1);
    rest = bytes.slice(start);
  }
}
