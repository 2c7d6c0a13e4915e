// Access control: every operation of the OpenAPI document with every kind of token and every resource. What a token may not
// see is answered as what does not exist, at the same cost. The rule for the expected answers is in `expected`.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashOf, insertToken } from '../../scripts/lib/token-store.mjs';
import { start } from '../../tools/harness/server.mjs';

const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const { paths } = JSON.parse(await read('www/openapi.json'));
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => ({ path, method: method.toUpperCase(), key: `${method.toUpperCase()} ${path}` })),
);

const ALL = ['outcomes:write', 'outcomes:read', 'calls:write'];
const tokens = {
  none: {},
  wrong: { token: 'wrong' },
  revoked: { token: 'revoked', network: '3', permissions: ALL, revoked: true },
  full: { token: 'full', network: '3', permissions: ALL },
  "the other network's": { token: 'other', network: '4', permissions: ALL },
  "the advertiser's own": { token: 'own', network: '3', advertiser: '11', permissions: ALL.slice(0, 2) },
  "the advertiser's own, which imports": { token: 'importer', network: '3', advertiser: '11', permissions: ALL },
  "another advertiser's": { token: 'another', network: '3', advertiser: '19', permissions: ALL.slice(0, 2) },
  'read-only': { token: 'reader', network: '3', permissions: ['outcomes:read'] },
  'write-only': { token: 'writer', network: '3', permissions: ['outcomes:write'] },
  'without permissions': { token: 'nothing', network: '3', permissions: [] },
};

// Each owner, and one that does not exist. No two owners share a phone, start, advertiser or campaign.
const owners = [
  { network: '3', advertiser: '11', campaign: '15', call: 'AAAAAAAA-00000010', phone: '+14155550001' },
  { network: '3', advertiser: '19', campaign: '17', call: 'AAAAAAAA-00000020', phone: '+14155550002' },
  { network: '4', advertiser: '44', campaign: '44', call: 'AAAAAAAA-00000030', phone: '+14155550003' },
];
/** What does not exist, in place of an owner's. Its id precedes the owner's, so that looking it up costs the same. */
function insteadOf({ call, outcome, advertiser, campaign }) {
  const before = (id) => {
    const number = (BigInt(`0x${id.replace('-', '')}`) - 1n).toString(16).toUpperCase().padStart(16, '0');
    return `${number.slice(0, 8)}-${number.slice(8)}`;
  };
  return {
    network: '99',
    advertiser: String(advertiser - 1),
    campaign: String(campaign - 1),
    call: before(call),
    phone: '+14155550099',
    outcome: before(outcome),
  };
}
const START = '1460000000';

const sameNetwork = (token, owner) => token.network === owner.network;
const sees = (token, owner) =>
  sameNetwork(token, owner) && (token.advertiser === undefined || token.advertiser === owner.advertiser);
const never = () => false;

const outcome = { outcome_name: 'Probe' };
const searches = [
  { what: 'call id', search: ({ call }) => ({ transaction_id: call }), visible: sees },
  { what: 'outcome id', search: (of) => ({ transaction_id: of.outcome }), visible: never },
  {
    what: 'phone and time',
    search: ({ phone }) => ({ start_time_t: START, calling_phone_number: phone }),
    visible: sees,
    // A search reads past the calls from the number that belong to the network's other advertisers: see docs/security.md.
    counted: (token) => token.advertiser === undefined,
  },
  {
    what: 'advertiser id',
    search: ({ advertiser }) => ({ start_time_t: START, advertiser_id_from_network: advertiser }),
    visible: (token, owner) => sameNetwork(token, owner) && token.advertiser === undefined,
  },
  {
    what: 'campaign id',
    search: ({ campaign }) => ({ start_time_t: START, advertiser_campaign_id_from_network: campaign }),
    visible: sees,
  },
  {
    what: 'network id',
    search: ({ network }) => ({ start_time_t: START, network_id: network }),
    visible: sameNetwork,
  },
];
const reports = (body) =>
  searches.map(({ search, ...rest }) => ({
    ...rest,
    permission: 'outcomes:write',
    body: (of) => body({ search: search(of), call_outcome: outcome }),
  }));
const exported = [
  {
    what: 'cursor',
    permission: 'outcomes:read',
    query: (of) => `?start_after_transaction_id=${of.outcome}`,
    visible: sees,
  },
];

// The questions for each operation. An operation without questions fails.
const questions = {
  'GET /healthz': [],
  'GET /config.json': [],
  'GET /api/{version}/call_outcomes': ['call', 'outcome'].map((what) => ({
    what: `${what} id`,
    permission: 'outcomes:read',
    query: (of) => `?transaction_id=${of[what]}`,
    visible: sees,
  })),
  'POST /api/{version}/call_outcomes': reports((report) => report),
  'PUT /api/{version}/call_outcomes': reports((report) => report),
  'POST /api/{version}/call_outcomes/batch': reports((report) => ({ call_outcomes: [report] })),
  ...Object.fromEntries(
    ['POST', 'PUT'].map((method) => [
      `${method} /api/{version}/{network_id}/call_outcomes`,
      [
        {
          what: 'network in the path',
          permission: 'outcomes:write',
          network: (of) => of.network,
          body: () => ({ search: { start_time_t: START }, call_outcome: outcome }),
          visible: sameNetwork,
        },
      ],
    ]),
  ),
  'GET /api/{version}/transactions': exported,
  'GET /api/{version}/transactions.csv': exported,
  'POST /api/{version}/calls': imports(),
};

/** Imports find what the token sees. What it does not see is answered as what does not exist. */
function imports() {
  // A token always sees the advertiser of its own calls, so that is never in question.
  const own = (token) => owners.find((owner) => sees(token, owner)) ?? owners[0];
  const fresh = { transaction_id: 'FRESH-1', start_time_t: START };
  const questions = [
    // An id is unique in a network, so storing it again shows that it exists: see docs/security.md. Other networks differ.
    ['transaction_id', ({ call }) => ({ ...fresh, transaction_id: call }), sameNetwork],
    ["an outcome's id", (of) => ({ ...fresh, transaction_id: of.outcome }), sameNetwork],
    ['external_call_unique_id', ({ call }) => ({ ...fresh, external_call_unique_id: call }), sameNetwork],
    ['campaign id', ({ campaign }) => ({ ...fresh, advertiser_campaign_id_from_network: campaign }), sameNetwork],
    // Everything else is answered the same.
    ['advertiser id', ({ advertiser }) => ({ ...fresh, advertiser_id_from_network: advertiser }), sees],
    ["its own external id and another's id", ({ call }, { call: external }) => ({ transaction_id: call, external_call_unique_id: external, start_time_t: START }), sees],
    ["its own external id and an outcome's id", (of, { call: external }) => ({ transaction_id: of.outcome, external_call_unique_id: external, start_time_t: START }), sees],
    ["its own id and another's external id", ({ call: external }, { call }) => ({ transaction_id: call, external_call_unique_id: external, start_time_t: START }), sees],
    ["its own call, which differs, and another's campaign", ({ campaign }, { call }) => ({ transaction_id: call, start_time_t: '1460000001', advertiser_campaign_id_from_network: campaign }), sees],
    ["its own call and another's campaign", ({ campaign }, { call }) => ({ transaction_id: call, start_time_t: START, advertiser_campaign_id_from_network: campaign }), sees],
  ];
  return ['', '?validate_only=true'].flatMap((query) =>
    questions.map(([what, call, visible]) => ({
      what: what + query,
      permission: 'calls:write',
      query: () => query,
      body: (of, token) => ({ calls: [call(of, own(token))] }),
      visible,
      free: true,
    })),
  );
}

let server;
let imported;
const directory = { advertisers: [], campaigns: [] };
before(async () => {
  server = await start();
  const { db, rows, report, addCalls } = server;
  for (const { token, network, advertiser, permissions, revoked } of Object.values(tokens)) {
    if (!network) continue;
    await insertToken(db, { token, network, advertiser, permissions }).run();
    if (revoked) await rows('UPDATE tokens SET revoked_at = 1 WHERE hash = ?1', hashOf(token));
  }
  for (const { network, advertiser, campaign } of owners) {
    await rows('INSERT INTO advertisers (network_id, id) VALUES (?1, ?2)', network, advertiser);
    const insert = 'INSERT INTO campaigns (network_id, id, advertiser_id) VALUES (?1, ?2, ?3)';
    await rows(insert, network, campaign, advertiser);
  }
  await addCalls(
    owners.map(({ network, advertiser, campaign, call, phone }) => ({
      network_id: network,
      transaction_id: call,
      advertiser_id: advertiser,
      campaign_id: campaign,
      calling_phone: phone,
      start_ms: Number(START) * 1000,
    })),
  );
  await rows("UPDATE calls SET external_id = transaction_id WHERE transaction_id LIKE 'AAAAAAAA-%'");
  for (const table of Object.keys(directory)) {
    for (const { network_id, id } of await rows(`SELECT network_id, id FROM ${table}`)) directory[table].push(`${network_id} ${id}`);
  }
  [{ id: imported }] = await rows('SELECT max(id) AS id FROM calls');
  for (const owner of owners) {
    const oauth_token = owner.network === '3' ? 'full' : 'other';
    const body = { search: { transaction_id: owner.call }, call_outcome: outcome, oauth_token };
    owner.outcome = (await report(body)).json.call_outcome.transaction_id;
  }
});
after(() => server?.stop());

/** Sends a question about one owner's resource, and masks the ids in the answer. */
async function ask({ path, method }, { query, body, network }, of, { token, ...rights }) {
  const address = path.replace('{version}', '2015-08-17').replace('{network_id}', network?.(of)) + (query?.(of) ?? '');
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await server.request(address, { method, headers, body: body && JSON.stringify(body(of, rights)) });
  // Removes what was imported, so that what does not exist stays that way.
  if (body) {
    await server.rows('DELETE FROM calls WHERE id > ?1', imported);
    for (const [table, ids] of Object.entries(directory)) {
      const others = `DELETE FROM ${table} WHERE network_id || ' ' || id NOT IN (SELECT value FROM json_each(?1))`;
      await server.rows(others, JSON.stringify(ids));
    }
  }
  const masked = (text) =>
    [of.call, of.outcome, of.advertiser, of.campaign].reduce((text, id) => text.replaceAll(`"${id}"`, 'ID'), text);
  const { date: _date, 'x-request-id': id, ...rest } = Object.fromEntries(answer.headers);
  const text = masked(answer.text).replaceAll(id, 'REQUEST');
  return { status: answer.status, headers: rest, text, raw: answer };
}

/** The status with which a token is refused before anything is looked up, or nothing if it may ask. */
function expected(token, permission) {
  if (!token.network || token.revoked) return 401;
  return token.permissions.includes(permission) ? undefined : 403;
}

/** The status of the answer, or of the only row in it. */
function statusOf({ raw }) {
  const isRows = (raw.headers.get('Content-Type') ?? '').startsWith('application/json') && raw.json.results;
  return isRows ? raw.json.results[0].status : raw.status;
}

// The harness checks that every route that a test uses is in the document.
test('every path of the document is a route with these methods', async () => {
  for (const [path, methods] of Object.entries(paths)) {
    const address = path.replace('{version}', '2015-08-17').replace('{network_id}', '3');
    const { headers } = await server.request(address, { method: 'OPTIONS' });
    const taken = headers.get('Allow').split(', ').filter((method) => method !== 'HEAD');
    assert.deepEqual(taken, Object.keys(methods).map((method) => method.toUpperCase()).sort(), path);
  }
  assert.deepEqual(Object.keys(questions).sort(), operations.map(({ key }) => key).sort());
});

for (const operation of operations) {
  describe(operation.key, () => {
    for (const question of questions[operation.key] ?? []) {
      for (const [kind, token] of Object.entries(tokens)) {
        test(`${question.what}, token: ${kind}`, () => judge(operation, question, token));
      }
    }
  });
}

async function judge(operation, question, token) {
  const refused = expected(token, question.permission);
  for (const owner of owners) {
    const before = await server.records();
    const nothing = await ask(operation, question, insteadOf(owner), token);
    const answer = await ask(operation, question, owner, token);
    const isVisible = refused !== 401 && question.visible(token, owner);
    if (refused) assert.equal(statusOf(answer), refused, answer.raw.text);
    else if (!question.free) assert.ok((isVisible ? [200, 201] : [403, 404]).includes(statusOf(answer)), answer.raw.text);
    if (refused || !isVisible) {
      // Refusing a token's own resource may cost more.
      const isCounted = !isVisible && (question.counted?.(token) ?? true);
      const told = ({ status, text, headers: { 'x-database-cost': cost, ...headers } }) =>
        isCounted ? { status, text, headers, cost } : { status, text, headers };
      assert.deepEqual(told(answer), told(nothing), owner.call);
      if (!question.free) assert.deepEqual(await server.records(), before);
    }
  }
}

test('every route and file forbids content sniffing, referrers and frames, and no answer of a route is cached', async () => {
  const www = new URL('../../www/', import.meta.url);
  const entries = await readdir(www, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name !== '_headers')
    .map(({ parentPath, name }) => `/${relative(fileURLToPath(www), join(parentPath, name))}`);
  assert.ok(files.length > 30, `${files.length} files`);
  const routes = Object.keys(paths).map((path) => path.replace('{version}', '2015-08-17').replace('{network_id}', '3'));
  for (const path of [...files, ...routes, '/api/nothing', '/nothing']) {
    const { headers } = await server.request(path);
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff', path);
    assert.equal(headers.get('Referrer-Policy'), 'no-referrer', path);
    assert.match(headers.get('Content-Security-Policy'), /^default-src 'none';.* frame-ancestors 'none'$/, path);
    if (!files.includes(path)) assert.equal(headers.get('Cache-Control'), 'no-store', path);
  }
});
