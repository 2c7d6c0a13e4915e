// Batches: each row is answered as a single report is, in few trips, whatever happens to the other rows.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { expand, table, withWildcards } from '../../tools/harness/cases.mjs';
import { ADVERTISER, ID, NETWORK, NO_PERMISSION, assertError, start } from '../../tools/harness/server.mjs';

const BATCH = '/api/2015-08-17/call_outcomes/batch';
const ndjson = (token = NETWORK) => ({ 'Content-Type': 'application/x-ndjson', Authorization: `Bearer ${token}` });

let server;
before(async () => {
  server = await start();
  // Tests begin without outcomes, so the trigger that prevents deleting them is dropped.
  await server.rows('DROP TRIGGER outcomes_are_kept');
});
after(() => server?.stop());
beforeEach(forget);

function forget() {
  return server.db.batch(['outcomes', 'outcome_names'].map((name) => server.db.prepare(`DELETE FROM ${name}`)));
}

function send(rows, { query = '', token = NETWORK, ...rest } = {}) {
  return server.report({ call_outcomes: rows, oauth_token: token, ...rest }, { path: `${BATCH}.json${query}` });
}

const sale = (transaction_id, call_outcome = {}) => ({
  search: { transaction_id },
  call_outcome: { outcome_name: 'Sale', ...call_outcome },
});

describe('the table of cases', () => {
  // A row has a key where a report has its token.
  const token = /"oauth_token":\s*"(demo-[a-z-]*)"/;
  const bodies = table.map((row) => [row, row.text ?? JSON.stringify(expand(row.body))]);
  const rows = bodies.filter(([{ name }, text]) => token.test(text) && !name.startsWith('token: repeated'));
  const forms = {
    'in a list': (row, key) =>
      server.report(`{"call_outcomes":[${row}],"oauth_token":"${key}"}`, { path: BATCH }),
    'a line': (row, key) => server.report(row.replaceAll('\n', ' '), { path: BATCH, headers: ndjson(key) }),
  };

  for (const [form, post] of Object.entries(forms)) {
    // A list with a row that is not JSON is not JSON itself.
    const cases = rows.filter(([{ status }]) => form === 'a line' || status !== 400);
    test(`${cases.length} cases, ${form}`, async () => {
      const failures = [];
      for (const [row, text] of cases) {
        const [, key] = token.exec(text);
        await check(row, await foretold(row, () => post(text.replace(token, `"row":"${key}"`), key)), key, form).catch(
          (error) => failures.push(`${row.name}\n${error.message}`),
        );
      }
      assert.equal(failures.length, 0, failures.join('\n\n'));
    });
  }

  async function foretold(row, post) {
    if (row.stage === 'database') await forget();
    for (const body of row.given ?? []) await server.report(expand(body));
    return post();
  }

  async function check(row, answer, key, form) {
    const { json, cost } = answer;
    const expected = row.answer ?? { errors: row.errors };
    const list = form === 'in a list' ? '/call_outcomes' : '';
    const [{ body, ...result }] = json.results;
    assert.deepEqual([{ ...result, body: withWildcards(body, expected) }], [
      { index: 0, ...(row.status !== 400 && { row: key }), status: row.status, body: expand(expected) },
    ]);
    assert.equal(answer.status, row.errors ? 207 : 200);
    const warnings = (row.warnings ?? []).map((warning) => warning.replace(' ', ` ${list}/0`));
    assert.deepEqual(answer.warnings, warnings);
    if (row.errors) assert.equal(cost.written, 0, 'rows written');
  }
});

describe('rows of one request', () => {
  test('apply in order, even if they name the same call in different ways', async () => {
    const at = { start_time_t: '1435993200', calling_phone_number: '+18885551212' };
    const { status, json } = await send([
      { ...sale('00000000-00000001', { description: 'a' }), row: 'first' },
      { search: at, call_outcome: { outcome_name: 'SALE', description: 'b' } },
      { search: { ...at, duration_in_seconds: 125 }, call_outcome: { outcome_name: 'sale', description: 'b' } },
      sale('00000000-00000001', { description: 'c', sale_amount: '5' }),
      sale('00000000-00000001', { partner_unique_id: '2' }),
    ]);
    assert.equal(status, 200);
    assert.deepEqual(json.summary, { created: 2, corrected: 2, unchanged: 1, failed: 0 });
    assert.deepEqual(
      json.results.map(({ index, row, status }) => [index, row, status]),
      [[0, 'first', 201], [1, undefined, 200], [2, undefined, 200], [3, undefined, 200], [4, undefined, 201]],
    );
    const [first, second, third, fourth, other] = json.results.map(({ body }) => body.call_outcome);
    for (const { transaction_id } of [first, second, fourth, other]) assert.match(transaction_id, ID);
    assert.deepEqual([second.corrects_transaction_id, second.description], [first.transaction_id, 'b']);
    assert.deepEqual(third, second);
    assert.deepEqual([fourth.corrects_transaction_id, fourth.sale_amount], [second.transaction_id, '5.0']);
    assert.deepEqual(
      [first, second, fourth, other].map(({ outcome_name }) => outcome_name),
      ['Sale', 'Sale', 'Sale', 'Sale'],
    );
    const records = await server.records();
    assert.deepEqual(
      records.map(({ transaction_id, revision }) => [transaction_id, revision]),
      [[first.transaction_id, 1], [second.transaction_id, 2], [fourth.transaction_id, 3], [other.transaction_id, 1]],
    );
    // Sending it again changes only the last row, which the first corrects.
    const again = await server.report(sale('00000000-00000001', { description: 'c' }), {
      headers: { Authorization: NETWORK },
    });
    assert.equal(again.json.call_outcome.transaction_id, fourth.transaction_id);
  });

  test('do not see each other in a dry run', async () => {
    const rows = [sale('00000000-00000001', { description: 'a' }), sale('00000000-00000001', { description: 'b' })];
    const { status, json, cost } = await send(rows, { query: '?validate_only=true&explain=true' });
    assert.deepEqual([status, cost.written], [200, 0]);
    assert.deepEqual(json.summary, { created: 2, corrected: 0, unchanged: 0, failed: 0 });
    for (const { status, body } of json.results) {
      assert.deepEqual(
        [status, body.validate_only, body.status, body.call_outcome.transaction_id, body.match],
        [200, true, 201, null, { by: 'transaction_id', confidence: 1 }],
      );
    }
    assert.deepEqual(await server.records(), []);
  });

  test('fail on their own', async () => {
    const { status, json } = await send([sale('FF'), sale('00000000-00000001'), 5, sale('', { value: 'x' })]);
    assert.equal(status, 207);
    assert.deepEqual(
      json.results.map(({ status, body }) => [status, body.errors?.class]),
      [[404, 'RecordNotFound'], [201, undefined], [400, 'ParseError'], [403, 'RecordInvalid']],
    );
    assert.deepEqual(json.summary, { created: 1, corrected: 0, unchanged: 0, failed: 3 });
  });
});

describe('the query switches of a report work for a batch', () => {
  const near = { start_time_t: '1440607350', calling_phone_number: '' };

  test('explain and unambiguous work as for a single report', async () => {
    const searches = [
      { transaction_id: '00000000-00000001' },
      { transaction_id: 'FF' },
      near,
      { ...near, duration_in_seconds: 300 },
      { ...near, calling_phone_number: '+18885551212' },
      { ...near, calling_phone_number: '+19999999999' },
      { ...near, advertiser_id_from_network: '9' },
      { ...near, start_time_t: '1540607350' },
    ];
    const reports = searches.map((search, at) => ({
      search,
      call_outcome: { outcome_name: 'Sale', partner_unique_id: `${at}`, occurred_at_time_t: '1440607999' },
    }));
    const query = '?explain=true&unambiguous=true&validate_only=true';
    const { json } = await send(reports, { query });
    for (const [at, report] of reports.entries()) {
      const path = `/api/2015-08-17/call_outcomes${query}`;
      const single = await server.report({ ...report, oauth_token: NETWORK }, { path });
      assert.deepEqual(json.results[at].body, single.json, JSON.stringify(report.search));
      assert.equal(json.results[at].status, single.status);
    }
    const reasons = json.results.map(({ body }) => body.match.reason ?? body.match.ambiguous);
    assert.deepEqual(reasons, [
      undefined, 'call.not_found', true, false, false, 'call.not_found.no_such_number', false,
      'call.not_found.outside_window',
    ]);
  });

  test('unambiguous stores nothing for an ambiguous row', async () => {
    const { json } = await send(
      [{ search: near, call_outcome: { outcome_name: 'Sale' } }, sale('00000000-00000001')],
      { query: '?unambiguous=true' },
    );
    assert.deepEqual(json.results.map(({ status }) => status), [404, 201]);
    assert.equal((await server.records()).length, 1);
  });

  test('min_confidence decides each row as it decides a single report', async () => {
    const searches = [
      { transaction_id: '00000000-00000001' },
      near,
      { ...near, duration_in_seconds: 300 },
      { ...near, calling_phone_number: '+18885551212' },
      { start_time_t: '1435993201', calling_phone_number: '+18885551212', duration_in_seconds: 125 },
      { ...near, start_time_t: '1540607350' },
    ];
    const reports = searches.map((search, at) => ({
      search,
      call_outcome: { outcome_name: 'Sale', partner_unique_id: `${at}`, occurred_at_time_t: '1440607999' },
    }));
    const statuses = new Set();
    for (const threshold of ['0', '0.5', '0.9', '0.999', '1']) {
      const query = `?min_confidence=${threshold}&unambiguous=1&validate_only=1&explain=1`;
      const { json } = await send(reports, { query });
      for (const [at, report] of reports.entries()) {
        const path = `/api/2015-08-17/call_outcomes${query}`;
        const single = await server.report({ ...report, oauth_token: NETWORK }, { path });
        assert.deepEqual(json.results[at].body, single.json, `${threshold} ${JSON.stringify(report.search)}`);
        const { by, reason, confidence = 0 } = single.json.match;
        const isSure = by === 'transaction_id' || (reason === undefined && confidence >= Number(threshold));
        assert.deepEqual([json.results[at].status, single.status], Array(2).fill(isSure ? 200 : 404));
      }
      statuses.add(json.results.map(({ status }) => status).join());
    }
    assert.ok(statuses.size > 2, [...statuses].join('; '));
    assert.deepEqual(await server.records(), []);
  });

  test('min_confidence stores only the rows that are sure', async () => {
    const { json } = await send(
      [{ search: near, call_outcome: { outcome_name: 'Sale' } }, sale('00000000-00000001')],
      { query: '?min_confidence=0.9' },
    );
    assert.deepEqual(json.results.map(({ status }) => status), [404, 201]);
    assert.equal((await server.records()).length, 1);
    const malformed = await send([sale('00000000-00000001')], { query: '?min_confidence=1.1' });
    assertError(malformed, 403, 'min_confidence.format', 'RecordInvalid', 'Validation failed: min_confidence is invalid');
  });

  test('strict refuses rows with unknown keys', async () => {
    const odd = sale('00000000-00000001', { colour: 1 });
    assert.equal((await send([odd])).status, 200);
    const { json } = await send([odd], { query: '?strict=true' });
    assert.equal(json.results[0].body.errors.invalid_data, 'Validation failed: colour is not a known parameter');
    const whole = await send([odd], { query: '?strict=true', colour: 1 });
    assertError(whole, 403, 'key.unknown', 'RecordInvalid', 'Validation failed: colour is not a known parameter');
  });
});

describe('a bad batch is refused as a whole and stores nothing', () => {
  const rows = [sale('00000000-00000001')];
  const long = { ...rows[0], note: 'x'.repeat(65_536) };
  const invalid = 'Validation failed: ';
  const refusals = [
    ['no list', () => server.report({ oauth_token: NETWORK }, { path: BATCH }), 403, 'call_outcomes.missing', 'RecordInvalid', `${invalid}call_outcomes must be present`],
    ['null', () => send(null), 403, 'call_outcomes.missing', 'RecordInvalid'],
    ['an empty list', () => send([]), 403, 'call_outcomes.missing', 'RecordInvalid'],
    ['no list but an object', () => send({ 0: rows[0] }), 403, 'call_outcomes.type', 'RecordInvalid', `${invalid}call_outcomes is invalid`],
    ['no line', () => server.report('\n\r\n', { path: BATCH, headers: ndjson() }), 403, 'call_outcomes.missing', 'RecordInvalid'],
    ['1,001 rows', () => send(Array(1001).fill(rows[0])), 413, 'call_outcomes.too_many', 'PayloadTooLarge', 'call_outcomes is too long (maximum is 1000 rows)'],
    ['1,001 lines', () => lines(Array(1001).fill(rows[0])), 413, 'call_outcomes.too_many', 'PayloadTooLarge'],
    ['over 4 MiB', () => send([{ ...rows[0], note: 'x'.repeat(4_194_304) }]), 413, 'body.too_large', 'PayloadTooLarge'],
    ['a line over 64 KiB', () => lines([...rows, long]), 413, 'row.too_large', 'PayloadTooLarge', 'a row is larger than 65536 bytes'],
    ['no JSON', () => server.report('[', { path: BATCH }), 400, 'json.syntax', 'ParseError'],
    ['a list', () => server.report([], { path: BATCH }), 400, 'json.not_an_object', 'ParseError'],
    ['no token', () => send(rows, { token: null }), 401, 'token.missing', 'NotAuthorized'],
    ['an unknown token', () => send(rows, { token: 'nobody' }), 401, 'token.invalid', 'NotAuthorized'],
    ['an unknown token and no valid row', () => send([{}], { token: 'nobody' }), 401, 'token.invalid', 'NotAuthorized'],
  ];
  const lines = (rows, token) =>
    server.report(rows.map((row) => `${JSON.stringify(row)}\r\n`).join('\n'), { path: BATCH, headers: ndjson(token) });

  for (const [name, request, ...expected] of refusals) {
    test(name, async () => {
      assertError(await request(), ...expected);
      assert.deepEqual(await server.records(), []);
    });
  }

  test('other methods than POST are refused', async () => {
    const { status, headers } = await server.request(BATCH, { method: 'PUT', body: '{}' });
    assert.deepEqual([status, headers.get('Allow')], [405, 'POST']);
  });
});

test("a row's key must be a string that is not too long", async () => {
  const rows = [7, true, 'é'.repeat(255), 'x'.repeat(256), {}, null].map((row) => ({ ...sale('00000000-00000001'), row }));
  const { json } = await send(rows);
  assert.deepEqual(
    json.results.map(({ row, body }) => [row, body.errors?.invalid_data]),
    [
      ['7', undefined],
      ['true', undefined],
      ['é'.repeat(255), undefined],
      [undefined, 'Validation failed: row is too long (maximum is 255 characters)'],
      [undefined, 'Validation failed: row is invalid'],
      [undefined, undefined],
    ],
  );
});

test('a token without the permission fails each row, after validation', async () => {
  const { status, json } = await send([sale('00000000-00000001'), {}], { token: NO_PERMISSION });
  assert.equal(status, 207);
  assert.deepEqual(json.results.map(({ body }) => body.errors.class), ['UnauthorizedOperation', 'RecordInvalid']);
});

test('lines that are not UTF-8 or not JSON fail on their own', async () => {
  const good = Buffer.from(`${JSON.stringify(sale('00000000-00000001'))}\n`);
  const body = Buffer.concat([good, Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), Buffer.from('{"a":\n\n'), good]);
  const { json } = await server.report(body, { path: BATCH, headers: ndjson() });
  assert.deepEqual(json.results.map(({ status }) => status), [201, 400, 400, 200]);
  assert.match(json.results[1].body.errors.invalid_data, /UTF-8 at line 1, column 2$/);
});

describe('archived calls', () => {
  const archived = (transaction_id, advertiser_id) => ({ transaction_id, advertiser_id, start_ms: 1_300_000_000_000 });

  test('are put back by a report, but not by a dry run or by a token that may not see them', async () => {
    await server.addArchived([archived('KEPT-1', '1'), archived('KEPT-2', '9')]);
    const rows = ['KEPT-1', 'KEPT-2', 'KEPT-3', 'KEPT-1'].map((id) => sale(id));
    const dry = await send(rows, { query: '?validate_only=true' });
    assert.deepEqual(dry.json.results.map(({ body }) => body.status ?? body.errors.class), [201, 201, 'RecordNotFound', 201]);
    assert.equal(dry.status, 207, 'as a batch is answered of which a row fails');
    assert.deepEqual(await server.rows("SELECT * FROM calls WHERE transaction_id LIKE 'KEPT-%'"), []);
    const advertisers = await send(rows, { token: ADVERTISER });
    assert.deepEqual(advertisers.json.results.map(({ status }) => status), [201, 404, 404, 200]);
    const networks = await send(rows);
    assert.deepEqual(networks.json.results.map(({ status }) => status), [200, 201, 404, 200]);
    assert.equal(networks.cost.trips, 3);
  });
});

test('four concurrent batches on the same outcomes keep unbroken chains and lose nothing acknowledged', async () => {
  const rows = (description) =>
    Array.from({ length: 50 }, (_, at) => sale('00000000-00000001', { partner_unique_id: `${at}`, description }));
  const answers = await Promise.all([...'abcd'].map((description) => send(rows(description))));
  const answered = answers.flatMap(({ json }) => json.results);
  assert.deepEqual([...new Set(answered.map(({ status }) => status))].sort(), [200, 201]);
  const records = new Map((await server.records()).map((record) => [record.transaction_id, record]));
  assert.equal(records.size, 200);
  for (const { body } of answered) {
    const { transaction_id, corrects_transaction_id, partner_unique_id, description } = body.call_outcome;
    const record = records.get(transaction_id);
    assert.deepEqual([record.partner_unique_id, record.description], [partner_unique_id, description]);
    assert.equal(record.corrects_transaction_id, corrects_transaction_id);
    const before = records.get(corrects_transaction_id);
    assert.equal(record.revision, (before?.revision ?? 0) + 1);
  }
});

describe('when the database fails', () => {
  const lost = 'D1_ERROR: Network connection lost.';
  const rows = () => [sale('00000000-00000001'), sale('FF'), sale('00000000-00000002')];
  // What fails, the statuses of the rows, the trips, and the number of records after it.
  const failures = [
    ['before the first trip', `before 1 ${lost}`, 0, [201, 404, 201], 3, 2],
    ['before the records are stored', `before 1 ${lost}`, 1, [201, 404, 201], 4, 2],
    ['after the records were stored', `after 1 ${lost}`, 1, [201, 404, 201], 3, 2],
    ['after they were stored, and again', `after 2 ${lost}`, 1, [201, 404, 201], 4, 2],
    ['overloaded', 'before 9 D1_ERROR: D1 DB is overloaded.', 0, [503, 503, 503], 1, 0],
    ['out of reach for good', `before 99 ${lost}`, 0, [503, 503, 503], 5, 0],
    ['unexpectedly', 'before 99 D1_ERROR: no such table: calls', 0, [500, 500, 500], 1, 0],
  ];
  let failing;
  before(async () => {
    failing = await start({ wrap: new URL('failing-database.mjs', import.meta.url) });
    await failing.rows('DROP TRIGGER outcomes_are_kept');
  });
  after(() => failing?.stop());
  beforeEach(() => failing.rows('DELETE FROM outcomes'));

  for (const [name, failure, pass, statuses, trips, records] of failures) {
    test(name, async () => {
      const headers = { 'X-Test-Failure': failure, 'X-Test-Pass': `${pass}`, Authorization: NETWORK };
      const { json, text, cost } = await failing.report({ call_outcomes: rows() }, { path: BATCH, headers });
      assert.deepEqual(json.results.map(({ status }) => status), statuses);
      assert.doesNotMatch(text, /D1_ERROR|no such table/);
      assert.equal(cost.trips, trips);
      const stored = await failing.records();
      assert.equal(stored.length, records);
      const ids = json.results.flatMap(({ body }) => body.call_outcome?.transaction_id ?? []);
      assert.deepEqual(stored.map(({ transaction_id }) => transaction_id), ids);
    });
  }
});

describe('what 1,000 rows cost', () => {
  const calls = Array.from({ length: 1000 }, (_, at) => ({
    transaction_id: `ROW-${at}`,
    start_ms: 1_500_000_000_000 + 60_000 * at,
    duration_s: at % 100,
    calling_phone: `+1415556${String(at).padStart(4, '0')}`,
    advertiser_id: '1',
    campaign_id: '2',
  }));
  const text = { description: '😀'.repeat(4096), custom_parameter_1: 'ß'.repeat(255) };
  // Every shape of search.
  const searches = calls.map(({ transaction_id, start_ms, duration_s, calling_phone }, at) => {
    if (at % 17 === 0) return { transaction_id };
    const bits = at % 17;
    return {
      start_time_t: `${start_ms}`,
      ...(bits & 1 && { calling_phone_number: calling_phone }),
      ...(bits & 2 && { duration_in_seconds: duration_s }),
      ...(bits & 4 && { advertiser_id_from_network: '1' }),
      ...(bits & 8 && { advertiser_campaign_id_from_network: '2' }),
    };
  });
  const rows = (call_outcome) =>
    searches.map((search, at) => ({
      search,
      call_outcome: { outcome_name: 'Sale', partner_unique_id: `${at}`, ...call_outcome },
    }));
  before(() => server.addCalls(calls));

  // 5 chunks of 200, with one trip each for the facts and for the records.
  const costs = [
    ['first reports', {}, { created: 1000 }, 10],
    ['the same again', {}, { unchanged: 1000 }, 5],
    ['corrections', { sale_amount: '12.50' }, { corrected: 1000 }, 10],
  ];

  test('trips and statements, with a call for each row', async (t) => {
    for (const [name, outcome, effects, trips] of costs) {
      if (name === 'the same again') await send(rows({}));
      const { status, json, cost } = await send(rows(outcome));
      assert.equal(status, 200);
      assert.deepEqual(json.summary, { created: 0, corrected: 0, unchanged: 0, failed: 0, ...effects });
      const { statements } = JSON.parse((await server.logged()).at(-1));
      assert.equal(cost.trips, trips);
      assert.ok(statements <= 100, `${statements} statements`);
      json.results.forEach(({ body }, at) => assert.equal(body.call.transaction_id, `ROW-${at}`));
      t.diagnostic(`${name}: ${cost.read / 1000} rows read, ${cost.written / 1000} written a row`);
    }
  });
});
