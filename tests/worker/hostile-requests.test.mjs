// Hostile requests: SQL in texts, odd paths, methods and headers. Each is refused or has no effect, and no data changes.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const call = '00000000-00000001';
const sale = { search: { transaction_id: call }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK };

/** Sends a request as it is, with a path and headers that `fetch` would normalise. */
function raw(path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const sent = request({ hostname, port, path, method, headers }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    sent.on('error', reject).end(body);
  });
}

describe('SQL in a text is stored as text', () => {
  for (const text of [`'; DROP TABLE outcomes; --`, `" OR 1=1 --`, `\\'); DELETE FROM calls; --`, '?1 :token {{call}} $1', '%s%d\\']) {
    test(text, async () => {
      const fields = { partner_unique_id: text, description: text, custom_parameter_1: text };
      const stored = await server.report({ ...sale, call_outcome: { outcome_name: text, ...fields } });
      assert.equal(stored.status, 201, stored.text);
      const { transaction_id, ...rest } = stored.json.call_outcome;
      for (const [name, value] of Object.entries(fields)) assert.equal(rest[name], value);
      const found = await server.request(`${PATH}?transaction_id=${transaction_id}`, { headers: { Authorization: NETWORK } });
      assert.equal(found.json.call_outcome.outcome_name, text);
      const names = ['advertiser_id_from_network', 'advertiser_campaign_id_from_network', 'network_id'];
      for (const name of names) {
        const search = { start_time_t: '1440607300', [name]: text };
        assert.equal((await server.report({ ...sale, search })).status, 403, name);
      }
      assert.equal((await server.report({ ...sale, search: { transaction_id: text } })).status, 404);
      assert.equal((await server.report({ ...sale, oauth_token: text })).status, 401);
      const page = await server.request(`/api/2015-08-17/transactions?start_after_transaction_id=${encodeURIComponent(text)}`, {
        headers: { Authorization: NETWORK },
      });
      assert.ok(page.status >= 400 && page.status < 500, page.text);
    });
  }

  test('the tables are intact', async () => {
    const [{ calls }] = await server.rows('SELECT count(*) AS calls FROM calls');
    assert.equal(calls, 5);
    assert.equal((await server.records()).length, 5);
  });
});

describe('malformed requests', () => {
  const post = (options) => raw(PATH, { method: 'POST', ...options });

  test('a compressed body is not decompressed', async () => {
    const bomb = gzipSync(JSON.stringify({ ...sale, padding: ' '.repeat(1 << 22) }));
    const { status, text } = await post({ body: bomb, headers: { 'Content-Encoding': 'gzip' } });
    assert.equal(status, 400, text);
    assert.equal(JSON.parse(text).errors.class, 'ParseError');
  });

  test('two Authorization headers are refused', async () => {
    const { oauth_token, ...body } = sale;
    const headers = { Authorization: [`Bearer ${oauth_token}`, 'Bearer other'] };
    assert.equal((await post({ body: JSON.stringify(body), headers })).status, 401);
  });

  test('headers, paths and queries of 100 kB do not reach the database', async () => {
    const long = 'x'.repeat(100_000);
    for (const attempt of [post({ body: '{}', headers: { Authorization: long } }), raw(`/api/${long}/call_outcomes`), raw(`${PATH}?${long}`)]) {
      const { status, headers } = await attempt.catch(() => ({ status: 400, headers: {} }));
      assert.ok(status >= 400 && status < 500, `${status}`);
      assert.doesNotMatch(headers['x-database-cost'] ?? 'trips=0', /trips=[1-9]/);
    }
  });

  for (const path of [
    '//api/2015-08-17/call_outcomes',
    '/api//2015-08-17/call_outcomes',
    '/API/2015-08-17/call_outcomes',
    '/api/2015-08-17/%63all_outcomes',
    '/api/2015-08-17/call_outcomes/',
    '/api/2015-08-17/x/..%2fcall_outcomes',
    '/api/2015-08-17/call_outcomes%00',
    '/api/2015-08-17/3%2Fcall_outcomes',
  ]) {
    test(`the path is not normalised: ${path}`, async () => {
      const { status, text } = await raw(path, { method: 'POST', body: JSON.stringify(sale) });
      assert.ok([400, 404, 405].includes(status), `${status} ${text}`);
    });
  }

  for (const method of ['TRACE', 'PROPFIND', 'LOCK']) {
    test(`${method} is refused and echoes nothing`, async () => {
      const { status, text } = await raw(PATH, { method, headers: { Authorization: `Bearer ${NETWORK}` } });
      assert.ok([400, 404, 405, 501].includes(status), `${status}`);
      assert.ok(!text.includes(NETWORK));
    });
  }

  test('CORS allows neither the origin null nor an unknown one', async () => {
    for (const headers of [{ Origin: 'null' }, { Origin: 'https://evil.example' }]) {
      const { headers: answered } = await raw(PATH, { method: 'OPTIONS', headers: { ...headers, 'Access-Control-Request-Method': 'POST' } });
      assert.equal(answered['access-control-allow-origin'], undefined);
      assert.equal(answered['access-control-allow-credentials'], undefined);
    }
  });

  test('__proto__ and constructor are unknown keys', async () => {
    const body = `{"__proto__": {"oauth_token": "${NETWORK}"}, "constructor": {"prototype": {}}, "search": {"transaction_id": "${call}", "__proto__": {}}, "call_outcome": {"outcome_name": "Sale"}}`;
    const { status, headers } = await server.report(body, { headers: { Authorization: NETWORK } });
    assert.equal(status, 201);
    assert.match(headers.get('X-Warnings'), /key\.unknown/);
  });

  test('an empty token, the hash of a token and a token in capitals are unknown', async () => {
    const [{ hash }] = await server.rows('SELECT hash FROM tokens LIMIT 1');
    for (const oauth_token of ['', ' ', hash, `${NETWORK}\u0000`, NETWORK.toUpperCase()]) {
      assert.equal((await server.report({ ...sale, oauth_token })).status, 401, oauth_token);
    }
  });
});
