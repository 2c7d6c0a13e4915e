// /healthz: what the database's schema lacks, and which variables are invalid.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { migrations } from '../../scripts/lib/migrations.mjs';
import { NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const TYPE = 'ServiceUnavailable';

describe('the schema', () => {
  let server;
  before(async () => (server = await start()));
  after(() => server?.stop());

  test('reports the version of the database', async () => {
    const newest = (await migrations()).at(-1).replace('.sql', '');
    const healthy = await server.request('/healthz');
    assert.deepEqual([healthy.status, healthy.json.status, healthy.json.schema], [200, 'ok', newest]);
    await server.rows("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')");
    assert.equal((await server.request('/healthz')).json.schema, '9999_later');
    await server.rows("DELETE FROM d1_migrations WHERE name = '9999_later.sql'");
  });

  test('names each missing migration', async () => {
    for (const name of await migrations()) {
      await server.rows('UPDATE d1_migrations SET name = ?1 WHERE name = ?2', `not-${name}`, name);
      const answer = await server.request('/healthz');
      assertError(answer, 503, 'schema.outdated', TYPE, `the database lacks migration ${name.replace('.sql', '')}`);
      assert.equal(answer.headers.get('Retry-After'), '2');
      await server.rows('UPDATE d1_migrations SET name = ?2 WHERE name = ?1', `not-${name}`, name);
    }
    assert.equal((await server.request('/healthz')).status, 200);
  });

  test('names each missing index and trigger', async () => {
    const objects = await server.rows(
      "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    );
    assert.ok(objects.length > 10, `${objects.length}`);
    for (const { type, name, sql } of objects) {
      await server.rows(`DROP ${type} ${name}`);
      const answer = await server.request('/healthz');
      assertError(answer, 503, 'schema.outdated', TYPE, `the database lacks ${type} ${name}`);
      await server.rows(sql);
    }
    assert.equal((await server.request('/healthz')).status, 200);
  });

  test('an empty database lacks all migrations', async () => {
    await server.rows('DROP TABLE d1_migrations');
    const all = (await migrations()).map((name) => `migration ${name.replace('.sql', '')}`).join(', ');
    assertError(await server.request('/healthz'), 503, 'schema.outdated', TYPE, `the database lacks ${all}`);
  });
});

describe('a failing database', () => {
  let server;
  before(async () => (server = await start({ wrap: new URL('failing-database.mjs', import.meta.url) })));
  after(() => server?.stop());

  test('is reported as unreachable', async () => {
    for (const pass of ['0', '1']) {
      const headers = { 'X-Test-Failure': 'before 9 D1_ERROR: Network connection lost.', 'X-Test-Pass': pass };
      assertError(await server.request('/healthz', { headers }), 503, 'service.unavailable', TYPE);
    }
  });
});

describe('variables', () => {
  const good = {
    DEFAULT_COUNTRY_CODE: ['49', '+49', 49],
    MATCH_WINDOW_SECONDS: ['0', '86400', 86400],
    DURATION_WEIGHT: ['0', '1000', 20],
    START_ERROR_SECONDS: ['1', '86400'],
    DURATION_ERROR_SECONDS: ['1', 15],
    MIN_CONFIDENCE: ['0', '0.95', 1],
    BATCH_MAX_ROWS: ['1', '1000', 100],
    ALLOWED_ORIGINS: ['', '*', 'https://crm.example, http://127.0.0.1:8080'],
    EXPOSE_COST: ['true', 'false', '', true],
    TOKEN_RATE_LIMIT: ['off', '1000/10'],
    ADDRESS_RATE_LIMIT: ['off', '1/60'],
  };
  const bad = {
    DEFAULT_COUNTRY_CODE: ['', ' 49', '0', '1234', 'US'],
    MATCH_WINDOW_SECONDS: ['', ' 60', '60 ', '-5', '+5', '1,000', '1e3', '1.5', 'a day', '10000000000', '٣', {}],
    DURATION_WEIGHT: ['', '-1', '1001', '1.5'],
    START_ERROR_SECONDS: ['', '0', '86401', 5.5],
    DURATION_ERROR_SECONDS: ['', '0', '15s'],
    MIN_CONFIDENCE: ['', '1.1', '-0.5', '0.9999', '80%'],
    BATCH_MAX_ROWS: ['', '0', '1001', '100 '],
    ALLOWED_ORIGINS: ['crm.example', 'https://crm.example/', 'https://CRM.example', 'https://ok.example, null'],
    EXPOSE_COST: ['TRUE', '1', 'yes', ' true'],
    TOKEN_RATE_LIMIT: ['', 'OFF', 'none', '1000', '1000/', '0/10', '10/0', '1000 / 10', '+1/10', '-1/10'],
    ADDRESS_RATE_LIMIT: ['', '20/60s'],
  };

  // One server for a value of each variable at a time.
  const rounds = (values) =>
    Array.from({ length: Math.max(...Object.values(values).map((list) => list.length)) }, (_, at) =>
      Object.fromEntries(Object.entries(values).flatMap(([name, list]) => (at < list.length ? [[name, list[at]]] : []))),
    );

  for (const vars of rounds(good)) {
    test(`are valid: ${JSON.stringify(vars)}`, async () => {
      const server = await start({ vars });
      try {
        const { status, text } = await server.request('/healthz');
        assert.equal(status, 200, text);
        assert.deepEqual((await server.logged()).filter((line) => JSON.parse(line).error), []);
      } finally {
        await server.stop();
      }
    });
  }

  for (const vars of rounds(bad)) {
    test(`are invalid, as the log and /healthz say: ${JSON.stringify(vars)}`, async () => {
      const server = await start({ vars });
      try {
        const answer = await server.request('/healthz');
        const names = Object.keys(vars);
        const text = ({ json }) => json.errors.invalid_data.split('; ').sort();
        const said = names.map((name) => `the variable ${name} cannot be read, its default is in force`).sort();
        assertError(answer, 503, 'configuration.invalid', TYPE);
        assert.deepEqual(text(answer), said);
        // Requests go on with the defaults, which is what /config.json says.
        const { json: config } = await server.request('/config.json');
        const { default_country_code, match_window_seconds, duration_weight, min_confidence, limits } = config;
        assert.deepEqual([default_country_code, match_window_seconds, duration_weight, min_confidence], ['1', 86_400, 20, 0.8]);
        assert.equal(limits.batch_rows, 1_000);
        const body = { search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'Sale' } };
        assert.equal((await server.report({ ...body, oauth_token: NETWORK })).status, 201);
        await server.report({ ...body, oauth_token: NETWORK });
        // Once for an isolate, by their names only.
        const errors = (await server.logged()).map((line) => JSON.parse(line)).filter(({ error }) => error);
        assert.equal(errors.length, 1);
        assert.deepEqual([...errors[0].variables].sort(), names.sort());
        for (const value of Object.values(vars).filter((value) => String(value).length > 6)) {
          assert.ok(![answer.text, ...(await server.logged())].some((line) => line.includes(String(value))), `${value}`);
        }
      } finally {
        await server.stop();
      }
    });
  }

  test('the valid origins of a list stay in force', async () => {
    const server = await start({ vars: { ALLOWED_ORIGINS: 'https://ok.example, https://other.example/' } });
    try {
      const { headers } = await server.request('/config.json', { headers: { Origin: 'https://ok.example' } });
      assert.equal(headers.get('Access-Control-Allow-Origin'), 'https://ok.example');
    } finally {
      await server.stop();
    }
  });

  test('an invalid rate limit falls back to the documented one', async () => {
    const ratelimits = {
      TOKEN_RATE_LIMITER: { namespace_id: '1', simple: { limit: 2, period: 60 } },
    };
    const server = await start({ vars: { TOKEN_RATE_LIMIT: 'many' }, ratelimits });
    try {
      const body = { search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'Sale' } };
      let answer;
      for (let sent = 0; sent < 5; sent += 1) answer = await server.report({ ...body, oauth_token: NETWORK }, { path: PATH });
      assert.deepEqual([answer.status, answer.headers.get('RateLimit-Policy')], [429, '"token";q=1000;w=10']);
    } finally {
      await server.stop();
    }
  });
});
