// RFC 9457 problem documents, for clients that ask for them, and the registry of codes as JSON.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';

const TYPE = 'application/problem+json';

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const report = (body, headers = { Accept: TYPE, 'X-Request-Id': 'mine' }) => server.report(body, { headers });

test('lists every problem with its code, pointer and fix, and every warning', async () => {
  const answer = await report({
    search: { start_time_t: 'x', calling_phone_number: '5' },
    call_outcome: { outcome_name: 'Sale', sale_amount: '1,000.00', custom_paramter_1: {}, descripton: 'x' },
    oauth_token: NETWORK,
  });
  assert.deepEqual([answer.status, answer.headers.get('Content-Type')], [403, TYPE]);
  const entry = (code, pointer, detail, fix) => ({ code, pointer, detail, ...(fix && { fix }) });
  assert.deepEqual(answer.json, {
    type: `${server.url}/errors/start_time_t.format`,
    title: 'Not a Unix time',
    status: 403,
    detail:
      'Validation failed: start_time_t is invalid, calling_phone_number is invalid, sale_amount is invalid, ' +
      'custom_parameter_1 is invalid',
    instance: 'urn:request:mine',
    errors: [
      entry('start_time_t.format', '/search/start_time_t', 'start_time_t is invalid'),
      entry('calling_phone_number.format', '/search/calling_phone_number', 'calling_phone_number is invalid'),
      entry('sale_amount.separator', '/call_outcome/sale_amount', 'sale_amount is invalid', '1000.00'),
      entry('custom_parameter.type', '/call_outcome/custom_paramter_1', 'custom_parameter_1 is invalid'),
    ],
    warnings: [
      entry(
        'custom_parameter.misspelt',
        '/call_outcome/custom_paramter_1',
        'custom_paramter_1 is misspelt',
        'custom_parameter_1',
      ),
      entry('key.unknown', '/call_outcome/descripton', 'descripton is not a known parameter', 'description'),
    ],
  });
});

test('has a problem of the whole request, with and without a trip to the database', async () => {
  for (const [body, code, status] of [
    ['{', 'json.syntax', 400],
    [{}, 'token.missing', 401],
    [{ search: { transaction_id: 'x' }, call_outcome: { outcome_name: 'x' }, oauth_token: 'secret' }, 'token.invalid', 401],
    [{ search: { transaction_id: 'x' }, call_outcome: { outcome_name: 'x' }, oauth_token: NETWORK }, 'call.not_found', 404],
  ]) {
    const { status: answered, json, text } = await report(body);
    assert.deepEqual([answered, json.errors.map((error) => [error.code, error.pointer])], [status, [[code, '']]]);
    assert.ok(!text.includes('secret') && !text.includes(NETWORK));
    // The page of the type exists.
    const page = await fetch(json.type);
    assert.equal(page.status, 200);
    assert.ok((await page.text()).includes(code));
  }
});

test('without the Accept header, and for a success, the answer is the usual one', async () => {
  const { headers } = await report({}, {});
  assert.equal(headers.get('Content-Type'), 'application/json');
  const body = { search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'x' }, oauth_token: NETWORK };
  const answer = await report(body);
  assert.deepEqual([answer.status, answer.headers.get('Content-Type')], [201, 'application/json']);
});

test('/errors.json has the registry', async () => {
  const { status, json } = await server.request('/errors.json');
  assert.equal(status, 200);
  assert.equal(new Set(json.map(({ code }) => code)).size, json.length);
  for (const entry of json) {
    assert.match(entry.code, /^[a-z_]+[0-9a-z_]*(\.[a-z_]+)*$/);
    for (const text of [entry.title, entry.message, entry.advice]) assert.ok(text, entry.code);
  }
  assert.equal((await server.request('/errors/no.such')).status, 404);
});
