// Bodies of any size that are made to cost memory or time, for every route that takes a body.
import { PATH } from './server.mjs';

export const KIB = 1_024;
export const MAX_ROWS = 1_000;
// The largest report, which is also the largest line.
const MAX_REPORT = 64 * KIB;

const BASE = '/api/2015-08-17';
export const ROUTES = {
  report: PATH,
  batch: `${BASE}/call_outcomes/batch`,
  lines: `${BASE}/call_outcomes/batch`,
  calls: `${BASE}/calls`,
};

export const search = '"search":{"transaction_id":"00000000-00000001"}';
const outcome = (members) => `"call_outcome":{"outcome_name":"Hostile"${members}}`;
const call = '"transaction_id":"00000000-00000001","start_time_t":"1435993200"';

/** Repeats `item`, a text or a function from a number to one, to about so many bytes. */
function fill(bytes, item, separator = ',') {
  const one = typeof item === 'string' ? () => item : item;
  const items = [];
  for (let at = 0, left = bytes; ; at += 1) {
    const text = one(at);
    left -= Buffer.byteLength(text) + separator.length;
    if (left < 0) return items.join(separator);
    items.push(text);
  }
}

// Members of an object, repeated to its size.
const members = {
  'stray keys': (bytes) => fill(bytes, (at) => `"${at.toString(36)}":0`),
  'the same stray key': (bytes) => fill(bytes, '"k":0'),
  'the shortest key': (bytes) => fill(bytes, '"":0'),
  'escaped stray keys': (bytes) => fill(bytes, '"\\u0073\\u0065\\u0061":0'),
  'keys like known ones': (bytes) => fill(bytes, (at) => `"custom_paramete_${at}":0`),
  'keys of 255 characters': (bytes) => fill(bytes, (at) => `"${`${at}`.padEnd(255, '~')}":0`),
  'keys of 255 emoji': (bytes) => fill(bytes, (at) => `"${`${at}`.padEnd(509, '😀')}":0`),
  'keys of control characters': (bytes) => fill(bytes, `"${'\\u0001'.repeat(255)}":0`),
  'one long key': (bytes) => `"${'k'.repeat(bytes - 8)}":0`,
  'one long key of tildes': (bytes) => `"${'~'.repeat(bytes - 8)}":0`,
  'one long key of escapes': (bytes) => `"${'\\u0001'.repeat((bytes - 8) / 6)}":0`,
  'deep values': (bytes) => fill(bytes, `"d":${'['.repeat(28)}${']'.repeat(28)}`),
  'an array of scalars': (bytes) => `"a":[${fill(bytes - 8, '0')}]`,
  'a long number': (bytes) => `"n":${'1'.repeat(bytes - 8)}`,
};
// Values of a field, of its size. In a report each is too long or invalid; in a call the key is unknown or the value invalid.
const values = {
  'a long text': (bytes) => `"${'x'.repeat(bytes - 2)}"`,
  'a long text of escapes': (bytes) => `"${'\\u0041'.repeat((bytes - 2) / 6)}"`,
  'a long text of pairs': (bytes) => `"${'\\ud83d\\ude00'.repeat((bytes - 2) / 12)}"`,
  'a long text of U+0000': (bytes) => `"${'\\u0000'.repeat((bytes - 2) / 6)}"`,
  'a long number': (bytes) => '9'.repeat(bytes),
  'a long array': (bytes) => `[${fill(bytes - 2, '{}')}]`,
};
const FIELDS = {
  outcome: ['outcome_name', 'description', 'sale_amount', 'custom_paramter_1'],
  search: ['transaction_id', 'calling_phone_number'],
};

/** The members of a request on a route, without the token. */
const rowOf = {
  report: (text) => `{${text}`,
  batch: (text) => `{"call_outcomes":[{${text}}]`,
  lines: (text) => `{${text}}`,
  calls: (text) => `{"call":{${text}}`,
};

/** A request with the token of its route. Lines have no place for it, so it goes into a header. */
export function request(route, open, token) {
  const headers = { ...(route === 'lines' && { 'Content-Type': 'application/x-ndjson' }) };
  if (route === 'lines') return [open, { ...headers, ...(token && { Authorization: token }) }];
  return [`${open}${token ? `,"oauth_token":"${token}"` : ''}}`, headers];
}

/** Yields bodies by name, without the token and the end of the object, with a check of the status. */
export function* bodies(route, bytes) {
  const room = bytes - 512;
  if (route !== 'report') yield* lists(route, room);
  // A line can't be larger than this.
  if (route === 'lines' && bytes > MAX_REPORT) return;
  const base = route === 'calls' ? call : `${search},${outcome('')}`;
  for (const [name, make] of Object.entries(members)) {
    const [atRoot, inside] = [make(room), inRow(route, make(room))];
    yield [`${name} in the root`, route === 'lines' ? `{${base},${atRoot}}` : root(route, base, atRoot), isAccepted];
    yield [`${name} in a row`, inside, isAccepted];
  }
  for (const [name, make] of Object.entries(values)) {
    for (const field of FIELDS.outcome) {
      const text = `"${field}":${make(room)}`;
      yield [`${field}: ${name}`, rowOf[route](route === 'calls' ? `${call},${text}` : `${search},${outcome(`,${text}`)}`)];
    }
    for (const field of FIELDS.search) {
      const text = `"${field}":${make(room)}`;
      yield [`${field}: ${name}`, rowOf[route](route === 'calls' ? `${call},${text}` : `"search":{${text}},${outcome('')}`)];
    }
    if (route !== 'lines') yield [`oauth_token: ${name}`, root(route, base, `"oauth_token":${make(room)}`)];
  }
  for (const opening of ['[', '{"x":', '[{"x":', '"', '\\']) yield [`nothing but ${opening}`, opening.repeat(room / opening.length)];
  yield ['a syntax error at the end', `${root(route, base, members['stray keys'](room))}]`];
}

/** The expected status with unknown keys, which refuse a request only in strict mode. */
function isAccepted(status, { route, size, token, strict }) {
  if (route === 'report' && size > MAX_REPORT) return status === 413;
  if (token !== 'good') return status === 401 || (token === 'unknown' && strict && status === 403);
  return strict ? [207, 403].includes(status) : [200, 201].includes(status);
}

const root = (route, base, text) => `${rowOf[route](base)},${text}`;
const inRow = (route, text) =>
  rowOf[route](route === 'calls' ? `${call},${text}` : `${search.slice(0, -1)},${text}},${outcome('')}`);

/** Yields lists with far too many rows, or with as many and as large rows as possible. */
function* lists(route, room) {
  const separator = route === 'lines' ? '\n' : ',';
  const list = (rows) =>
    ({ batch: `{"call_outcomes":[${rows}]`, calls: `{"calls":[${rows}]`, lines: rows })[route];
  for (const row of ['{}', '0', 'null', '""', '[]', '{"a":0}']) {
    yield [`nothing but ${row}`, list(fill(room, row, separator))];
  }
  if (route === 'lines') {
    for (const line of ['', ' ', '\r', '{']) yield [`lines of ${JSON.stringify(line)}`, fill(room, line, '\n')];
  }
  const each = Math.floor(room / MAX_ROWS) - 200;
  const rows = (make) => list(Array.from({ length: MAX_ROWS }, (_, at) => make(at)).join(separator));
  const wrong = route === 'calls' ? fields(CALL_KEYS, '{}') : `"search":{"start_time_t":{},${fields(SEARCH_KEYS, '{}')}},"call_outcome":{${fields(OUTCOME_KEYS, '{}')}}`;
  yield ['rows that are wrong in every field', list(fill(Math.min(room, MAX_ROWS * wrong.length), `{${wrong}}`, separator))];
  for (const name of each > 0 ? ['stray keys', 'the same stray key', 'keys of 255 characters', 'keys of control characters', 'one long key of escapes'] : []) {
    const text = (parts) => members[name](Math.max(16, Math.floor(each / parts)));
    if (route === 'calls') yield [`rows of ${name}`, rows((at) => `{"transaction_id":"H-${at}","start_time_t":"1435993200",${text(1)}}`)];
    else yield [`rows of ${name}`, rows((at) => `{${text(3)},${search.slice(0, -1)},${text(3)}},${outcome(`,"partner_unique_id":"${at}",${text(3)}`)}}`)];
    yield [`bad rows of ${name}`, rows(() => `{${text(1)}}`)];
  }
}
const SEARCH_KEYS = ['calling_phone_number', 'duration_in_seconds', 'advertiser_id_from_network', 'advertiser_campaign_id_from_network', 'network_id'];
const OUTCOME_KEYS = ['outcome_name', 'partner_unique_id', 'description', 'occurred_at_time_t', 'sale_amount', 'value', 'custom_parameter_1', 'custom_parameter_2', 'custom_parameter_3'];
const CALL_KEYS = ['transaction_id', 'external_call_unique_id', 'start_time_t', ...SEARCH_KEYS.slice(0, 4), 'destination_phone_number'];
const fields = (names, value) => names.map((name) => `"${name}":${value}`).join();
