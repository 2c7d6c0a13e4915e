// The database fails at each statement of each kind of request, and after each commit: the answer is truthful, nothing is
// stored in part, and a retry succeeds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

const LOST = 'D1_ERROR: Network connection lost.';
const OVERLOADED = 'D1_ERROR: D1 DB is overloaded. Too many requests queued.';
const UNEXPECTED = 'D1_ERROR: malformed JSON: SQLITE_ERROR';

const BATCH = PATH.replace('.json', '/batch.json');
const CALLS = PATH.replace('call_outcomes', 'calls');
const EXPORT = PATH.replace('call_outcomes', 'transactions');
const headers = { Authorization: `Bearer ${NETWORK}` };

let server;
let made = 0;
before(async () => {
  server = await start({ wrap: new URL('failing-statements.mjs', import.meta.url) });
});
after(() => server?.stop());

const byId = { transaction_id: '00000000-00000001' };
const byTime = { start_time_t: '1435993260', calling_phone_number: '888 555 1212', duration_in_seconds: 120 };
const reportOf = (search, name, fields = {}) => ({ search, call_outcome: { outcome_name: name, ...fields } });

function send({ path, body }, more = {}) {
  const sent = body && { method: 'POST', body: JSON.stringify(body) };
  return server.request(path, { ...sent, headers: { ...headers, ...more } });
}

const ok = async (request) => {
  const answer = await send(request);
  assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
};

/** Stores an archived call that no report has put back yet. */
async function archived(name) {
  const transaction_id = `A0000000-${name.padStart(8, '0')}`;
  await server.addArchived([{ transaction_id, start_ms: 1_300_000_000_000, duration_s: 61 }]);
  return { transaction_id };
}

// Each makes a new request, and the data that it needs. `name` is a hexadecimal number.
const kinds = {
  'a first report by id': (name) => ({ path: PATH, body: reportOf(byId, name) }),
  'a first report by time': (name) => ({ path: PATH, body: reportOf(byTime, name) }),
  'a first report by time, explained': (name) => ({ path: `${PATH}?explain=true`, body: reportOf(byTime, name) }),
  'a first report of an archived call': async (name) => ({ path: PATH, body: reportOf(await archived(name), name) }),
  'a correction': async (name) => {
    await ok({ path: PATH, body: reportOf(byId, name, { description: 'a' }) });
    return { path: PATH, body: reportOf(byTime, name, { description: 'b' }) };
  },
  'a re-post': async (name) => {
    await ok({ path: PATH, body: reportOf(byId, name) });
    return { path: PATH, body: reportOf(byId, name) };
  },
  'a dry run': (name) => ({ path: `${PATH}?validate_only=true`, body: reportOf(byId, name) }),
  'a batch': async (name) => {
    await ok({ path: PATH, body: reportOf(byId, `${name} A`, { description: 'a' }) });
    const call_outcomes = [
      reportOf(byId, `${name} A`, { description: 'b' }),
      reportOf(byTime, `${name} B`),
      reportOf(await archived(name), `${name} C`),
    ];
    return { path: BATCH, body: { call_outcomes } };
  },
  'an import': async (name) => {
    const call = { transaction_id: `B0000000-${name}`, start_time_t: '1450000000' };
    await ok({ path: CALLS, body: { calls: [call] } });
    const calls = [
      { ...call, duration_in_seconds: 5 },
      { ...call, transaction_id: `C0000000-${name}`, advertiser_id_from_network: name },
    ];
    return { path: CALLS, body: { calls } };
  },
  'reading an outcome': async (name) => ({ path: `${PATH}?transaction_id=${await idOf(name)}` }),
  'reading a call': () => ({ path: `${PATH}?transaction_id=00000000-00000001` }),
  'a page of the export': () => ({ path: `${EXPORT}?limit=5` }),
  'a page of the export as CSV': () => ({ path: `${EXPORT.replace('.json', '.csv')}?limit=5` }),
};

async function idOf(name) {
  return JSON.parse((await send({ path: PATH, body: reportOf(byId, name) })).text).call_outcome.transaction_id;
}

const TABLES = ['outcomes', 'outcome_names', 'calls', 'advertisers', 'campaigns'];
async function sizes() {
  const count = TABLES.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ');
  return (await server.rows(`SELECT ${count}`))[0];
}

/** The status of an answer, or those of its rows. */
function statuses({ status, text }) {
  return status === 207 ? JSON.parse(text).results.map((row) => row.status) : [status];
}

for (const [kind, make] of Object.entries(kinds)) {
  test(kind, async (context) => {
    const next = async () => make((made += 1).toString(16).toUpperCase());
    // The trips and records of a request without faults.
    const clean = await next();
    const before = await sizes();
    const answer = await send(clean, { 'X-Count': `${made}` });
    assert.ok([200, 201].includes(answer.status), answer.text);
    const stores = difference(before, await sizes());
    const trips = JSON.parse(await server.archive.get(`trips:${made}`));

    let faults = 0;
    for (const [at, count] of trips.entries()) {
      for (const statement of [...Array(count).keys(), undefined]) {
        for (const message of [LOST, OVERLOADED, UNEXPECTED]) {
          for (const persists of [false, true]) {
            await fails({ trip: at + 1, statement, message, persists }, await next(), stores);
            faults += 1;
          }
        }
      }
    }
    const statements = trips.reduce((sum, count) => sum + count, 0);
    context.diagnostic(`${trips.length} trips, ${statements} statements: ${faults} faults`);
  });
}

async function fails(fault, request, stores) {
  const what = JSON.stringify(fault);
  const before = await sizes();
  // The status of a list that is being sent can't change any more, so the answer breaks off.
  const brokenOff = (error) => (error instanceof TypeError && !request.body ? null : Promise.reject(error));
  const answer = await send(request, { 'X-Fault': JSON.stringify(fault) }).catch(brokenOff);
  const between = await sizes();
  const expected = { [LOST]: 503, [OVERLOADED]: 503, [UNEXPECTED]: 500 }[fault.message];
  const healed = fault.message === LOST && !fault.persists;
  if (answer) {
    for (const status of statuses(answer)) {
      const isHonest = status === expected || (healed && (status === 200 || status === 201));
      assert.ok(isHonest, `${what}: ${answer.status} ${answer.text}`);
    }
    if (answer.status === 503) assert.match(answer.headers.get('Retry-After') ?? '', /^[1-9]\d*$/, what);
  }
  // Everything that was answered as done is stored.
  const isDone = answer?.status < 203 && request.body;
  if (isDone) assert.deepEqual(difference(before, between), stores, what);
  // After a retry, what was done is unchanged, and the rest is done once.
  const again = await send(request);
  assert.ok([200, 201].includes(again.status), `${what}: ${again.status} ${again.text}`);
  assert.deepEqual(difference(before, await sizes()), stores, what);
  if (isDone && request.path === PATH) assert.equal(again.text, answer.text, what);
}

function difference(before, after) {
  return Object.fromEntries(TABLES.map((table) => [table, after[table] - before[table]]));
}
