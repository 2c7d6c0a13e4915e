// The OpenAPI document describes what the server accepts and answers: the table of cases and the answers of every route
// are checked against its schemas. tests/api sends requests generated from it.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import { expand, table } from '../../tools/harness/cases.mjs';
import { NETWORK, NO_PERMISSION, PATH, start } from '../../tools/harness/server.mjs';

const read = (name) => readFile(new URL(`../../www/${name}`, import.meta.url), 'utf8');
const openapi = JSON.parse(await read('openapi.json'));
const registry = JSON.parse(await read('errors.json'));

const ajv = new Ajv({ strict: false, allErrors: false, logger: false });
ajv.addSchema(openapi, 'openapi');
const pointer = (path) => path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
const schema = (...path) => ajv.getSchema(`openapi#/${encodeURI(pointer(path))}`) ?? assert.fail(path.join(' '));

let server;
before(async () => (server = await start()));
after(() => server?.stop());

function resolve(value) {
  return value.$ref ? value.$ref.slice(2).split('/').reduce((at, step) => at[step.replaceAll('~1', '/')], openapi) : value;
}

/** Asserts that the description of a route allows an answer: its status, type, body and headers. */
function assertDescribed(path, method, answer) {
  const { responses } = openapi.paths[path][method];
  const found = responses[answer.status];
  assert.ok(found, `${method} ${path} answered ${answer.status}`);
  const response = resolve(found);
  const [type] = answer.headers.get('Content-Type').split(';');
  const content = response.content[type];
  assert.ok(content, `${answer.status} as ${type}`);
  const at = found.$ref ? found.$ref.slice(2).split('/') : ['paths', path, method, 'responses', answer.status];
  const validate = schema(...at, 'content', type, 'schema');
  const body = type === 'text/csv' ? answer.text : answer.json;
  assert.ok(validate(body), `${answer.text}\n${ajv.errorsText(validate.errors)}`);
  for (const [name, header] of Object.entries(response.headers)) {
    const { required, schema: rule } = resolve(header);
    const value = answer.headers.get(name);
    if (value === null) assert.ok(!required, `no ${name}`);
    else assert.ok(ajv.validate(rule, value), `${name}: ${value}`);
  }
}

describe('the table of cases', () => {
  const report = schema('components', 'schemas', 'Report');
  const bodies = table
    .filter(({ text, body, stage }) => stage !== 'syntax' && (text || (body && typeof body === 'object')))
    .map((row) => [row, row.text ? JSON.parse(row.text) : expand(row.body)]);

  test('the document allows exactly what the server accepts', () => {
    // JSON numbers are equal however they are written.
    const plain = bodies.filter(([{ name }]) => !name.includes('number as written'));
    const allowed = plain.filter(([{ status }]) => status < 300);
    const forbidden = plain.filter(([{ errors }]) => errors?.class === 'RecordInvalid');
    assert.ok(allowed.length > 200 && forbidden.length > 150, `${allowed.length}, ${forbidden.length}`);
    const wrong = [...allowed.filter(([, body]) => !report(body)), ...forbidden.filter(([, body]) => report(body))];
    assert.deepEqual(wrong.map(([{ name }]) => name), []);
  });

  for (const accept of ['application/json', 'application/problem+json']) {
    test(`the document describes every answer: ${accept}`, async () => {
      for (const row of table) {
        const query = table.indexOf(row) % 2 ? '?explain=true&validate_only=true&strict=true' : '?explain=true';
        const answer = await server.report(row.text ?? expand(row.body), { path: PATH + query, headers: { Accept: accept } });
        assertDescribed('/api/{version}/call_outcomes', 'post', answer);
      }
    });
  }
});

test('the document describes what a threshold refuses', async () => {
  const body = { search: { start_time_t: '1440607350' }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK };
  for (const [query, status] of [['min_confidence=0.9', 404], ['min_confidence=1.1', 403], ['unambiguous=true', 404]]) {
    for (const Accept of ['application/json', 'application/problem+json']) {
      const answer = await server.report(body, { path: `${PATH}?${query}`, headers: { Accept } });
      assert.equal(answer.status, status, answer.text);
      assertDescribed('/api/{version}/call_outcomes', 'post', answer);
    }
  }
});

test('the document describes the answers of the other routes', async () => {
  const authorized = { headers: { Authorization: NETWORK } };
  const sale = { search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'Sale', sale_amount: '5' } };
  const batches = [[sale, { ...sale, row: 'x' }], [sale, {}, 5], [], null, Array(1001).fill(sale)];
  for (const call_outcomes of batches) {
    for (const query of ['', '?validate_only=true&explain=true', '?unambiguous=true', '?min_confidence=0.9', '?min_confidence=x']) {
      const path = `/api/2015-08-17/call_outcomes/batch${query}`;
      const answer = await server.report({ call_outcomes, oauth_token: NETWORK }, { path });
      assertDescribed('/api/{version}/call_outcomes/batch', 'post', answer);
    }
  }
  const call = { transaction_id: 'A-1', start_time_t: '1450000000', duration_in_seconds: 5 };
  const nameless = { external_call_unique_id: 'nameless', start_time_t: '1450000000', advertiser_id_from_network: '800' };
  for (const query of ['?validate_only=true', '', '?strict=true', '?explain=true', '?source=x']) {
    for (const calls of [[call, nameless], [call, { ...call, external_call_unique_id: 'x' }], [{}], [call, {}], []]) {
      for (const more of [{}, { call }]) {
        const path = `/api/2015-08-17/calls${query}`;
        const answer = await server.report({ calls, ...more, oauth_token: NETWORK }, { path });
        assertDescribed('/api/{version}/calls', 'post', answer);
      }
    }
  }
  for (const id of ['00000000-00000001', (await server.records())[0].transaction_id, 'nobody', '']) {
    const answer = await server.request(`${PATH}?transaction_id=${id}`, authorized);
    assertDescribed('/api/{version}/call_outcomes', 'get', answer);
  }
  for (const query of ['', '?limit=1', '?limit=0', '?from=x', '?start_after_transaction_id=nobody']) {
    for (const [suffix, headers] of [['', authorized.headers], ['.csv', authorized.headers], ['', {}], ['', { Authorization: NO_PERMISSION }]]) {
      const answer = await server.request(`/api/2015-08-17/transactions${suffix}${query}`, { headers });
      assertDescribed(`/api/{version}/transactions${suffix}`, 'get', answer);
    }
  }
  for (const path of ['/healthz', '/config.json']) assertDescribed(path, 'get', await server.request(path));
  await server.rows('DROP INDEX calls_by_start');
  assertDescribed('/healthz', 'get', await server.request('/healthz'));
});

describe('the reference', () => {
  test('the server accepts the examples in their order', async () => {
    const { examples } = openapi.paths['/api/{version}/call_outcomes'].post.requestBody.content['application/json'];
    const fresh = await start();
    try {
      const statuses = [];
      for (const { value } of Object.values(examples)) statuses.push((await fresh.report(value)).status);
      assert.deepEqual(statuses, [201, 201, 201, 201, 201, 200, 200]);
    } finally {
      await fresh.stop();
    }
  });

  test('example answers match the schemas', () => {
    const { responses } = openapi.paths['/api/{version}/call_outcomes'].post;
    for (const status of ['200', '201']) {
      const validate = schema('paths', '/api/{version}/call_outcomes', 'post', 'responses', status, 'content', 'application/json', 'schema');
      for (const { value } of Object.values(responses[status].content['application/json'].examples)) assert.ok(validate(value));
    }
  });

  test('every code has a page, and the type of a problem leads there', async () => {
    for (const { code, title } of registry) {
      const { status, headers, text } = await server.request(`/errors/${code}`);
      assert.deepEqual([status, headers.get('Content-Type')], [200, 'text/html; charset=utf-8']);
      assert.ok(text.includes(code), title);
    }
    const { json } = await server.report('{', { headers: { Accept: 'application/problem+json' } });
    assert.equal((await fetch(json.type)).status, 200);
    assert.deepEqual((await server.request('/errors.json')).json, registry);
    const pages = await readdir(new URL('../../www/errors', import.meta.url));
    assert.equal(pages.length, registry.length);
    const none = await server.request('/errors/nothing');
    assert.deepEqual([none.status, none.headers.get('X-Error-Code')], [404, 'route.not_found']);
  });

  test('its pages need no script and nothing from other sites', async () => {
    const { text, headers } = await server.request('/docs');
    assert.doesNotMatch(text, /<script|<img|@import|(?:src|href)="(?!\/|#|data:,")/);
    assert.match(headers.get('Content-Security-Policy'), /default-src 'none'/);
    for (const path of Object.keys(openapi.paths)) assert.ok(text.includes(path), path);
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const [, id] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(id), id);
  });
});
