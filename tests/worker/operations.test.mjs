// Operation: CORS, rate limits, the public configuration, security headers, and logs without private data.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const BATCH = '/api/2015-08-17/call_outcomes/batch';
const CALLS = '/api/2015-08-17/calls';
const EXPORT = '/api/2015-08-17/transactions';
const report = (outcome_name = 'Sale') => ({
  search: { transaction_id: '00000000-00000001' },
  call_outcome: { outcome_name },
  oauth_token: NETWORK,
});

describe('CORS', () => {
  const OWN = 'https://crm.example';
  const preflight = { Origin: OWN, 'Access-Control-Request-Method': 'POST' };
  let closed;
  let open;
  let any;
  before(async () => {
    closed = await start();
    open = await start({ vars: { ALLOWED_ORIGINS: `https://other.example, ${OWN}` } });
    any = await start({ vars: { ALLOWED_ORIGINS: '*' } });
  });
  after(() => Promise.all([closed, open, any].map((server) => server?.stop())));

  const corsHeaders = ({ headers }) => [...headers.keys()].filter((name) => /^(access-control|vary)/.test(name));

  test('without allowed origins, a preflight only names the methods', async () => {
    for (const [path, methods] of [[PATH, 'GET, POST, PUT'], [BATCH, 'POST'], [EXPORT, 'GET'], ['/config.json', 'GET, HEAD']]) {
      const answer = await closed.request(path, { method: 'OPTIONS', headers: preflight });
      assert.deepEqual([answer.status, answer.headers.get('Allow'), answer.text], [204, methods, '']);
      assert.deepEqual(corsHeaders(answer), []);
    }
    assert.deepEqual(corsHeaders(await closed.report(report(), { headers: { Origin: OWN } })), []);
  });

  test('a preflight from an allowed origin is allowed', async () => {
    const { status, headers } = await open.request(PATH, { method: 'OPTIONS', headers: preflight });
    assert.equal(status, 204);
    assert.deepEqual(Object.fromEntries([...headers].filter(([name]) => /^(access|vary|allow)/.test(name))), {
      'access-control-allow-headers': 'Accept, Authorization, Content-Type, X-Request-Id',
      'access-control-allow-methods': 'GET, POST, PUT',
      'access-control-allow-origin': OWN,
      'access-control-max-age': '7200',
      allow: 'GET, POST, PUT',
      vary: 'Origin',
    });
  });

  test('answers and errors to an allowed origin expose our headers', async () => {
    const answers = [
      await open.report(report(), { headers: { Origin: OWN } }),
      await open.report('{', { headers: { Origin: OWN } }),
      await open.request('/api/x/calls', { headers: { Origin: OWN } }),
      await any.report(report(), { headers: { Origin: OWN } }),
    ];
    for (const { headers } of answers) {
      assert.deepEqual([headers.get('Access-Control-Allow-Origin'), headers.get('Vary')], [OWN, 'Origin']);
      assert.equal(headers.get('Access-Control-Allow-Credentials'), null);
      const exposed = headers.get('Access-Control-Expose-Headers').toLowerCase().split(', ');
      for (const name of headers.keys()) {
        if (name.startsWith('x-') && name !== 'x-content-type-options') assert.ok(exposed.includes(name), name);
      }
    }
  });

  test('another origin, or none, is not allowed', async () => {
    for (const origin of ['https://crm.example.evil', 'http://crm.example', 'https://CRM.example', 'null', undefined]) {
      const answer = await open.report(report(), { headers: origin ? { Origin: origin } : {} });
      assert.deepEqual(corsHeaders(answer), ['vary']);
      assert.ok(answer.status < 300, 'the API itself does not ask for an origin');
    }
  });

  test('a preflight for an unknown path names no methods', async () => {
    const answer = await open.request('/api/nothing', { method: 'OPTIONS', headers: preflight });
    assertError(answer, 404, 'route.not_found', 'RouteNotFound');
  });
});

describe('rate limits', () => {
  let server;
  // The counters reset at each full period, at most once during a test, so twice the limit is always too many.
  before(async () => {
    server = await start({
      wrap: new URL('failing-database.mjs', import.meta.url),
      vars: { TOKEN_RATE_LIMIT: '5/60', ADDRESS_RATE_LIMIT: '3/60' },
      ratelimits: {
        TOKEN_RATE_LIMITER: { namespace_id: '1', simple: { limit: 5, period: 60 } },
        ADDRESS_RATE_LIMITER: { namespace_id: '2', simple: { limit: 3, period: 60 } },
      },
    });
  });
  after(() => server?.stop());

  async function until429(send, most) {
    const statuses = [];
    for (let sent = 0; sent < most; sent += 1) {
      const answer = await send();
      if (answer.status === 429) return [answer, statuses];
      statuses.push(answer.status);
    }
    return assert.fail(`no 429 after ${statuses}`);
  }

  function assertLimited(answer, policy) {
    assertError(answer, 429, 'rate.limited', 'TooManyRequests', 'too many requests');
    assert.deepEqual([answer.headers.get('Retry-After'), answer.headers.get('RateLimit-Policy')], ['60', policy]);
  }

  test('of a token, across all routes, without a trip to the database', async () => {
    const authorized = { headers: { Authorization: `Bearer ${NETWORK}` } };
    const routes = [
      () => server.report(report()),
      () => server.report({ call_outcomes: [report()] }, { path: BATCH, ...authorized }),
      () => server.report({ call: { transaction_id: 'X', start_time_t: '1435993200' } }, { path: CALLS, ...authorized }),
      () => server.request(`${PATH}?transaction_id=00000000-00000001`, authorized),
      () => server.request(EXPORT, authorized),
    ];
    const [, statuses] = await until429(routes[0], 11);
    assert.ok(statuses.length >= 5, `${statuses}`);
    for (const send of routes) {
      const [answer] = await until429(send, 11);
      assertLimited(answer, '"token";q=5;w=60');
      assert.equal(answer.cost.trips, 0);
    }
  });

  test('do not count invalid requests, and do not affect other tokens', async () => {
    for (let sent = 0; sent < 15; sent += 1) {
      assert.equal((await server.report({ oauth_token: 'demo-other-network-token' })).status, 403);
    }
    const other = { ...report(), oauth_token: 'demo-advertiser-token' };
    assert.ok((await server.report(other)).status < 300);
  });

  test('of an address after refused tokens, without affecting valid tokens', async () => {
    const from = (address) => ({ headers: { 'CF-Connecting-IP': address } });
    const guess = (address) => () => server.report({ ...report(), oauth_token: crypto.randomUUID() }, from(address));
    const [answer, statuses] = await until429(guess('192.0.2.1'), 7);
    assert.deepEqual(new Set(statuses), new Set([401]));
    assertLimited(answer, '"address";q=3;w=60');
    assert.equal((await guess('192.0.2.2')()).status, 401);
    const good = { ...report(), oauth_token: 'demo-other-network-token' };
    assert.equal((await server.report(good, from('192.0.2.1'))).status, 404);
    // A client can have a whole IPv6 network.
    let host = 0;
    await until429(() => guess(`2001:db8::${(host += 1)}`)(), 7);
    assert.equal((await guess('2001:db8:0:1::1')()).status, 401);
    // A missing token counts as refused too.
    const { oauth_token, ...without } = report();
    assertLimited((await until429(() => server.report(without, from('192.0.2.3')), 7))[0], '"address";q=3;w=60');
  });

  describe('of an address after any refusal, unless the token is valid', () => {
    const once = { 'X-Test-Failure': 'before 1 D1_ERROR: no such table: calls' };
    const OTHER = 'demo-other-network-token';
    const refusals = [
      ['a body that is not JSON', 400, (headers) => server.report('{', { headers })],
      ['a version', 400, (headers) => server.report(report(), { path: '/api/latest/call_outcomes', headers })],
      ['an invalid report', 403, (headers) => server.report({}, { headers })],
      ['an empty list', 403, (headers) => server.report({ call_outcomes: [] }, { path: BATCH, headers })],
      ['a body that is too large', 413, (headers) => server.report('x'.repeat(65_537), { headers })],
      ['a path', 404, (headers) => server.report({}, { path: '/api/nothing', headers })],
      ['a method', 405, (headers) => server.report({}, { method: 'DELETE', headers })],
      ['a failure', 500, (headers) => server.report({ ...report(), oauth_token: null }, { headers: { ...headers, ...once } })],
    ];
    for (const [at, [name, status, send]] of refusals.entries()) {
      test(name, async () => {
        const headers = (address, token) => ({ 'CF-Connecting-IP': `198.51.100.${address}`, Authorization: token });
        // A different unknown token each time, so the limit by token does not apply.
        const bad = () => send(headers(2 * at, crypto.randomUUID()));
        const [answer, statuses] = await until429(bad, 7);
        assert.deepEqual(new Set(statuses), new Set([status]));
        assertLimited(answer, '"address";q=3;w=60');
        const good = await send(headers(2 * at, OTHER));
        assert.equal(good.status, status, 'a good token behind the same address');
      });
    }
  });

  test('do not count failures of the database', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.1', 'X-Test-Failure': 'before 99 D1_ERROR: D1 DB is overloaded.' };
    for (let sent = 0; sent < 7; sent += 1) {
      assert.equal((await server.report({ ...report(), oauth_token: crypto.randomUUID() }, { headers })).status, 503);
    }
  });
});

test('/config.json has the public configuration', async () => {
  const matching = { DURATION_WEIGHT: '7', START_ERROR_SECONDS: '30', DURATION_ERROR_SECONDS: '10', MIN_CONFIDENCE: '0.9' };
  const vars = { DEFAULT_COUNTRY_CODE: '49', MATCH_WINDOW_SECONDS: '0', BATCH_MAX_ROWS: '100', ...matching };
  const server = await start({ vars });
  try {
    const { status, json } = await server.request('/config.json');
    const { build } = (await server.request('/healthz')).json;
    assert.equal(status, 200);
    assert.match(build, /^[0-9a-f]{12}$/);
    const { limits, ...rest } = json;
    assert.deepEqual(rest, {
      default_country_code: '49',
      match_window_seconds: 0,
      duration_weight: 7,
      start_error_seconds: 30,
      duration_error_seconds: 10,
      min_confidence: 0.9,
      version: '0.1.0',
      build,
    });
    assert.deepEqual([limits.batch_rows, limits.body_bytes, limits.name_characters], [100, 65_536, 255]);
    const rows = Array(101).fill(report());
    const answer = await server.report({ call_outcomes: rows, oauth_token: NETWORK }, { path: BATCH });
    assertError(answer, 413, 'call_outcomes.too_many', 'PayloadTooLarge', 'call_outcomes is too long (maximum is 100 rows)');
  } finally {
    await server.stop();
  }
});

describe('headers and logs', () => {
  let server;
  before(async () => {
    server = await start({ wrap: new URL('failing-database.mjs', import.meta.url) });
  });
  after(() => server?.stop());

  test('every answer forbids content sniffing, referrers and caching', async () => {
    for (const path of ['/healthz', '/config.json', '/api/nothing', PATH]) {
      const { headers } = await server.request(path);
      const names = ['X-Content-Type-Options', 'Referrer-Policy', 'Cache-Control'];
      assert.deepEqual(names.map((name) => headers.get(name)), ['nosniff', 'no-referrer', 'no-store']);
    }
  });

  test('pages load nothing from other sites and cannot be framed', async () => {
    const { headers } = await server.request('/');
    assert.deepEqual([headers.get('X-Content-Type-Options'), headers.get('Referrer-Policy')], ['nosniff', 'no-referrer']);
    assert.match(headers.get('Content-Security-Policy'), /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    assert.match(headers.get('Content-Security-Policy'), /frame-ancestors 'none'$/);
  });

  test('HSTS is set over HTTPS, and never on a development server', async () => {
    for (const path of ['/', '/style.css', '/healthz', '/api/nothing', PATH]) {
      const asked = async (origin) => {
        const response = await server.dispatch(origin + path);
        await response.arrayBuffer();
        return response.headers.get('Strict-Transport-Security');
      };
      assert.deepEqual([await asked('http://127.0.0.1:8787'), await asked('http://localhost:8787')], [null, null], path);
      assert.equal(await asked('https://outcomes.example'), 'max-age=63072000', path);
    }
  });

  test('the log never has a token, phone number or text of a request, whatever fails', async () => {
    // Each text is sent in a request of every kind, and is in none of our own texts.
    const secrets = {
      token: 'Secret-Token-7261',
      phone: '+14155557261',
      text: 'secret text 7261',
      id: 'SECRET-7261',
    };
    const search = { start_time_t: '1435993200', calling_phone_number: secrets.phone };
    const call_outcome = { outcome_name: secrets.text, description: secrets.text, partner_unique_id: secrets.id };
    const call = {
      transaction_id: secrets.id,
      external_call_unique_id: secrets.text,
      start_time_t: '1435993200',
      calling_phone_number: secrets.phone,
      advertiser_id_from_network: secrets.text,
      [secrets.text]: secrets.text,
    };
    const bodies = [
      [PATH, { search, call_outcome }],
      [PATH, { search: { transaction_id: secrets.id }, call_outcome, [secrets.text]: 1 }],
      [PATH, { search: { ...search, advertiser_id_from_network: secrets.text }, call_outcome }],
      [PATH, { search, call_outcome: { ...call_outcome, sale_amount: secrets.text } }],
      [PATH, `{"${secrets.text}`],
      [`/api/2015-08-17/${encodeURIComponent(secrets.text)}/call_outcomes`, { search, call_outcome }],
      [`/api/${secrets.id}/call_outcomes`, { search, call_outcome }],
      [`/${secrets.id}`, { search, call_outcome }],
      [BATCH, { call_outcomes: [{ search, call_outcome, row: secrets.text }] }],
      [CALLS, { calls: [call, { ...call, transaction_id: '!' }] }],
    ];
    const queries = ['', '?validate_only=true&explain=true', `?strict=true&x=${secrets.id}`];
    const failures = [
      undefined,
      'before 9 D1_ERROR: Network connection lost.',
      'before 9 D1_ERROR: D1 DB is overloaded.',
      `before 9 D1_ERROR: no such column: "${NETWORK}"`,
    ];
    for (const [path, body] of bodies) {
      for (const query of queries) {
        for (const failure of failures) {
          for (const token of [secrets.token, NETWORK]) {
            const headers = { Authorization: `Bearer ${token}`, ...(failure && { 'X-Test-Failure': failure }) };
            await server.report(body, { path: `${path}${query}`, headers });
            const inBody = typeof body === 'string' ? body : { ...body, oauth_token: token };
            await server.report(inBody, { path: `${path}${query}`, headers: failure ? { 'X-Test-Failure': failure } : {} });
          }
        }
      }
    }
    for (const path of [`${PATH}?transaction_id=${secrets.id}`, `${EXPORT}?from=${secrets.id}`]) {
      for (const token of [secrets.token, NETWORK]) {
        await server.request(path, { headers: { Authorization: token, Cookie: secrets.text, 'User-Agent': secrets.text } });
      }
    }
    const lines = await server.logged();
    assert.ok(lines.length > 400, `${lines.length} lines`);
    const told = lines.join('\n');
    for (const secret of [...Object.values(secrets), encodeURIComponent(secrets.text), secrets.phone.slice(1)]) {
      assert.ok(!told.toLowerCase().includes(secret.toLowerCase()), secret);
    }
    for (const line of lines) JSON.parse(line);
    assert.ok(told.includes('no such column'), 'what was unexpected is told');
  });

  test('the log has one line for each request, with its route and its cost', async () => {
    await server.report(report(), { headers: { 'X-Request-Id': 'mine-1' } });
    await server.report('{', { headers: { 'X-Request-Id': 'mine-2' } });
    const lines = (await server.logged()).filter((line) => line.includes('mine-')).map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ milliseconds, ...line }) => line),
      [
        { request_id: 'mine-1', route: '/api/{version}/call_outcomes', status: 201, class: null, code: null, trips: 1, statements: 2, rows_read: 9, rows_written: 5 },
        { request_id: 'mine-2', route: '/api/{version}/call_outcomes', status: 400, class: 'ParseError', code: 'json.syntax', trips: 0, statements: 0, rows_read: 0, rows_written: 0 },
      ],
    );
  });
});
