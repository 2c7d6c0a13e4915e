// The statements that the Worker sends to the database for a report, recorded from the built Worker itself. The Workers in
// TypeScript that send the same statements take them from here, so that they cannot differ.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NETWORK, start } from '../../tools/harness/server.mjs';

export const wrap = fileURLToPath(new URL('wrap.mjs', import.meta.url));

const DAY = 86_400_000;
const ID = /^[0-9A-F]{8}-[0-9A-F]{8}$/;

/** Every combination of parameters that has a statement of its own. */
const searches = [
  ['transaction_id'],
  ...Array.from({ length: 16 }, (_, bits) => [
    'start_time_t',
    ...['calling_phone_number', 'duration_in_seconds', 'advertiser_id_from_network', 'advertiser_campaign_id_from_network'].filter(
      (_, at) => bits & (1 << at),
    ),
  ]),
];

/**
 * Sends one or more requests, with headers to add to their own, and returns what `send` does and the statements of each
 * round trip. The server has the wrap of this folder.
 */
export async function record(server, send, requests = 1) {
  const id = randomUUID();
  const answer = await send({ 'X-Record': id, 'X-Request-Id': id });
  // The last line that a request logs has its id.
  const isDone = (line) => line.includes(`"request_id":"${id}"`);
  while (server.logs.filter(isDone).length < requests) await setTimeout(1);
  const lines = server.logs.filter((line) => line.startsWith(`{"recording":"${id}"`));
  return { answer, trips: lines.map((line) => JSON.parse(line).trip) };
}

let recorded;

/**
 * The statements of a report by the parameters of its search, in alphabetical order and without `network_id`. Each has its
 * `sql`, and where each bound value comes from: a name, or a constant.
 */
export function statements() {
  recorded ??= recordAll();
  return recorded;
}

async function recordAll() {
  const server = await start({ wrap });
  try {
    const all = {};
    for (const names of searches) {
      const [first, second] = [await recordOne(server, names, 1), await recordOne(server, names, 2)];
      // A value that no source was found for has to be the same in every request.
      assert.deepEqual(first, second, `The source of a value is unknown, for a search by ${names}`);
      all[names.toSorted().join()] = first;
    }
    return all;
  } finally {
    await server.stop();
  }
}

/** Records a report in which no two values are alike. */
async function recordOne(server, names, number) {
  const start = 1_435_993_200_000 + number;
  const sent = {
    transaction_id: `FEDCBA98-0000000${number}`,
    start_time_t: `${start}`,
    calling_phone_number: `+1415555010${number}`,
    duration_in_seconds: `${1_200 + number}`,
    advertiser_id_from_network: `98710${number}`,
    advertiser_campaign_id_from_network: `98720${number}`,
  };
  const networks = names.includes('start_time_t') ? [`98730${number}`, `98740${number}`] : [];
  const [network_id, path] = networks;
  const search = { ...Object.fromEntries(names.map((name) => [name, sent[name]])), network_id };
  const outcome = { outcome_name: `Recorded ${number}`, partner_unique_id: `unique ${number}`, description: `recorded ${number}` };
  const body = { search, call_outcome: outcome, oauth_token: NETWORK };
  const { trips } = await record(server, (headers) =>
    server.report(body, { path: `/api/2015-08-17/${path ? `${path}/` : ''}call_outcomes.json`, headers }),
  );
  const values = new Map([
    ['token', createHash('sha256').update(NETWORK).digest('hex')],
    ['name', outcome.outcome_name],
    ['name_key', outcome.outcome_name.toLowerCase()],
    ['partner_unique_id', outcome.partner_unique_id],
    ['transaction_id', sent.transaction_id],
    ['start', `${start}`],
    ['earliest', `${start - DAY}`],
    ['latest', `${start + DAY}`],
    ['calling_phone', sent.calling_phone_number],
    ['duration', sent.duration_in_seconds],
    ['advertiser_id', sent.advertiser_id_from_network],
    ['campaign_id', sent.advertiser_campaign_id_from_network],
    ['network_id', network_id],
    ['path_network_id', path],
  ]);
  const isNow = (value) => typeof value === 'number' && Math.abs(value - Date.now() / 1000) < 60;
  const source = (value) => {
    for (const [name, known] of values) if (`${value}` === known) return { name };
    if (isNow(value)) return { name: 'now' };
    if (ID.test(value)) return { name: 'candidate' };
    if (typeof value === 'string' && value.includes(outcome.description)) return { name: 'patch' };
    return { constant: value };
  };
  assert.ok(trips.length > 0, `No statement was recorded for a search by ${names}`);
  // Behind the first trip, only what looks for archived calls.
  return trips[0].map(({ sql, values }) => ({ sql, sources: values.map(source) }));
}
