// Reading: an outcome with its history, a call with its outcomes, and exporting all records.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { ADVERTISER, NETWORK, NO_PERMISSION, OTHER_NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const CALL = '00000000-00000001';
const EXPORT = '/api/2015-08-17/transactions';

let server;
before(async () => {
  server = await start({ wrap: new URL('failing-database.mjs', import.meta.url) });
  await server.rows('DROP TRIGGER outcomes_are_kept');
  await server.rows('DROP TRIGGER outcomes_are_final');
});
after(() => server?.stop());
beforeEach(() =>
  server.db.batch(['outcomes', 'outcome_names'].map((name) => server.db.prepare(`DELETE FROM ${name}`))),
);

function get(path, { token = NETWORK, headers = {} } = {}) {
  return server.request(path, { headers: { ...(token && { Authorization: `Bearer ${token}` }), ...headers } });
}

const read = (id, options) => get(`${PATH}?transaction_id=${id}`, options);

async function report(call_outcome, { call = CALL, token = NETWORK } = {}) {
  const body = { search: { transaction_id: call }, call_outcome: { outcome_name: 'Sale', ...call_outcome } };
  const { status, json } = await server.report({ ...body, oauth_token: token });
  assert.ok(status < 300, JSON.stringify(json));
  return json.call_outcome;
}

describe('an outcome and a call', () => {
  test('any record of an outcome finds the current record and its history, oldest first', async () => {
    const chain = [await report({ description: 'a' }), await report({ description: 'b', sale_amount: '99.90' })];
    chain.push(await report({ outcome_name: 'SALE', value: 'no' }));
    await report({ partner_unique_id: '2' });
    for (const { transaction_id } of chain) {
      const { status, json, cost, headers } = await read(transaction_id.toLowerCase());
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(json), ['call_outcome', 'history', 'call']);
      assert.deepEqual(json, {
        call_outcome: chain.at(-1),
        history: chain,
        call: { transaction_id: CALL, start_time_t: '1435993200' },
      });
      assert.deepEqual([cost.trips, cost.written, headers.get('X-Api-Version')], [3, 0, '2015-08-17']);
    }
  });

  test('a call has the current record of each of its outcomes', async () => {
    await report({ description: 'a' });
    const sale = await report({ description: 'b' });
    const other = await report({ partner_unique_id: '2' });
    const quote = await report({ outcome_name: 'Quote' });
    await report({}, { call: '00000000-00000002' });
    const { status, json } = await read(CALL);
    assert.equal(status, 200);
    assert.deepEqual(json, {
      call: { transaction_id: CALL, start_time_t: '1435993200' },
      call_outcomes: [quote, sale, other],
    });
  });

  test('a call can have no outcomes, or be in the archive', async () => {
    const call = { transaction_id: CALL, start_time_t: '1435993200' };
    assert.deepEqual((await read(CALL)).json, { call, call_outcomes: [] });
    await server.addArchived([{ transaction_id: 'KEPT-9', start_ms: 1_300_000_000_999, advertiser_id: '9' }]);
    const kept = { transaction_id: 'KEPT-9', start_time_t: '1300000000' };
    assert.deepEqual((await read('kept-9')).json, { call: kept, call_outcomes: [] });
    assertError(await read('KEPT-9', { token: ADVERTISER }), 404, 'transaction.not_found', 'RecordNotFound');
  });

  test('a record that the token may not see is answered as one that does not exist', async () => {
    const { transaction_id } = await report({}, { call: '00000000-00000004' });
    const own = await report({});
    const refusals = [
      [transaction_id, ADVERTISER],
      [transaction_id, OTHER_NETWORK],
      ['00000000-00000004', ADVERTISER],
      [CALL, OTHER_NETWORK],
      ['0', NETWORK],
      ['not%20an%20id', NETWORK],
    ];
    for (const [id, token] of refusals) {
      const answer = await read(id, { token });
      const text = 'No call found. Please refer to the documentation.';
      assertError(answer, 404, 'transaction.not_found', 'RecordNotFound', text);
    }
    assert.equal((await read(own.transaction_id, { token: ADVERTISER })).status, 200);
  });

  test('a bad token or id is refused', async () => {
    assertError(await read(CALL, { token: null }), 401, 'token.missing', 'NotAuthorized');
    assertError(await read(CALL, { token: 'nobody' }), 401, 'token.invalid', 'NotAuthorized');
    assertError(await read(CALL, { token: NO_PERMISSION }), 403, 'permission.missing', 'UnauthorizedOperation');
    const text = 'Validation failed: transaction_id must be present';
    for (const path of [PATH, `${PATH}?transaction_id=`, `${PATH}?transaction_id=%20`, `${PATH}?transaction_id`]) {
      assertError(await get(path), 403, 'transaction_id.missing', 'RecordInvalid', text);
    }
    assertError(await get('/api/x/call_outcomes?transaction_id=1'), 400, 'version.invalid', 'InvalidApiVersion');
    const withNetwork = await get('/api/2015-08-17/3/call_outcomes?transaction_id=1');
    assertError(withNetwork, 405, 'method.not_allowed', 'MethodNotAllowed');
  });

  test('a history can have a hundred corrections with the longest texts', async () => {
    const texts = Array.from({ length: 100 }, (_, at) => `${at} ${'😀'.repeat(4090)}`);
    for (const description of texts) await report({ description });
    const { json } = await read(CALL);
    const { history } = (await read(json.call_outcomes[0].transaction_id)).json;
    assert.deepEqual(
      history.map(({ description }) => Number.parseInt(description, 10)),
      texts.map((_, at) => at),
    );
  });
});

describe('the export', () => {
  test('has every record in the order of storing, with its call and its time', async () => {
    const before = Math.floor(Date.now() / 1000);
    const records = [await report({ description: 'a' }), await report({ description: 'b' })];
    records.push(await report({ outcome_name: 'Quote' }, { call: '00000000-00000004' }));
    await report({}, { call: 'C624DA2C-CF3367C3', token: OTHER_NETWORK });
    const { status, json, cost } = await get(EXPORT);
    assert.deepEqual([status, cost.trips, cost.written, json.next], [200, 3, 0, null]);
    assert.deepEqual(
      json.transactions.map(({ call_transaction_id, recorded_at_t, ...record }) => record),
      records,
    );
    assert.deepEqual(
      json.transactions.map(({ call_transaction_id }) => call_transaction_id),
      [CALL, CALL, '00000000-00000004'],
    );
    for (const { recorded_at_t } of json.transactions) {
      assert.match(recorded_at_t, /^\d{10}$/);
      assert.ok(recorded_at_t >= before && recorded_at_t <= before + 60);
    }
    const advertisers = (await get(EXPORT, { token: ADVERTISER })).json.transactions;
    assert.deepEqual(advertisers, json.transactions.slice(0, 2));
  });

  test('as CSV has the same columns and values, CRLF, and no formulas', async () => {
    const odd = ['=1+1', '+1', '-1', '@x', '\tx', '\nx', '＝1', "'=1", "'plain", 'a;b', '"quoted", with a comma', 'two\nlines', 'a\rb', 'plain'];
    for (const [at, description] of odd.entries()) await report({ description, partner_unique_id: `${at}` });
    await report({ sale_amount: '5', partner_unique_id: '=A1' });
    const { text, headers, status } = await get(`${EXPORT}.csv`);
    assert.deepEqual([status, headers.get('Content-Type')], [200, 'text/csv; charset=utf-8']);
    assert.equal(text.split('\r\n').length, odd.length + 3);
    for (const cell of ['"a;b"', '"a\rb"', '"\'\nx"', "''=1"]) assert.ok(text.includes(`,${cell},`), cell);
    const rows = parse(text, { columns: true, record_delimiter: '\r\n' });
    const { transactions } = (await get(`${EXPORT}.json`)).json;
    const neutral = (text = '') => (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text ?? '') ? `'${text}` : (text ?? ''));
    const columns = Object.keys(transactions.at(-1));
    assert.deepEqual(Object.keys(rows[0]), columns);
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      transactions.map((each) => Object.fromEntries(columns.map((name) => [name, neutral(each[name])]))),
    );
  });

  test('has each record once across its pages, in JSON and CSV', async () => {
    const expected = [];
    for (let at = 0; at < 7; at += 1) expected.push((await report({ description: `${at}` })).transaction_id);
    for (const limit of [1, 2, 3, 7, 8]) {
      const json = [];
      for (let next = ''; next !== null; ) {
        const page = (await get(`${EXPORT}?limit=${limit}&start_after_transaction_id=${next}`)).json;
        assert.ok(page.transactions.length <= limit);
        json.push(...page.transactions.map(({ transaction_id }) => transaction_id));
        next = page.next;
      }
      assert.deepEqual(json, expected);
      const csv = [];
      for (let next = ''; next !== null; ) {
        const page = await get(`${EXPORT}.csv?limit=${limit}&start_after_transaction_id=${next}`);
        csv.push(...parse(page.text, { columns: true }).map(({ transaction_id }) => transaction_id));
        next = page.headers.get('X-Next');
      }
      assert.deepEqual(csv, expected);
    }
  });

  test('has each record once even if another client keeps writing meanwhile', async () => {
    const written = [];
    let reading = true;
    const writer = async (partner_unique_id) => {
      for (let at = 0; reading || at < 100; at += 1) {
        written.push((await report({ partner_unique_id, description: `${at}` })).transaction_id);
      }
    };
    const reader = async () => {
      const seen = [];
      let next = '';
      while (seen.length < 200) {
        const { transactions } = (await get(`${EXPORT}?limit=7&start_after_transaction_id=${next}`)).json;
        seen.push(...transactions.map(({ transaction_id }) => transaction_id));
        next = seen.at(-1) ?? '';
      }
      reading = false;
      return [seen, next];
    };
    const [[seen, next]] = await Promise.all([reader(), writer('1'), writer('2'), writer('3')]);
    const rest = (await get(`${EXPORT}?limit=4000&start_after_transaction_id=${next}`)).json.transactions;
    seen.push(...rest.map(({ transaction_id }) => transaction_id));
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual([...seen].sort(), [...written].sort());
  });

  test('can be limited by the time of storing, inclusive', async () => {
    for (let at = 0; at < 8; at += 1) await report({ description: `${at}` });
    const day = (at) => 1_600_000_000 + 86_400 * at;
    const seqs = (await server.records()).map(({ seq }) => seq);
    for (const [at, seq] of seqs.entries()) {
      await server.rows('UPDATE outcomes SET recorded_at = ?1 WHERE seq = ?2', day(at), seq);
    }
    const found = async (query) =>
      (await get(`${EXPORT}?${query}`)).json.transactions.map(({ description }) => description).join('');
    assert.equal(await found(`from=${day(3)}`), '34567');
    assert.equal(await found(`from=${day(3) + 1}`), '4567');
    assert.equal(await found(`to=${day(3)}`), '0123');
    assert.equal(await found(`to=${day(3) - 1}`), '012');
    assert.equal(await found(`from=${day(2)}&to=${day(5)}`), '2345');
    assert.equal(await found(`from=${day(2)}&to=${day(5)}&limit=2`), '23');
    assert.equal(await found(`from=${day(9)}`), '');
    assert.equal(await found(`to=${day(-1)}`), '');
  });

  test('limited by time costs the same however many records are older', async () => {
    await report({ outcome_name: 'Sale' });
    const fill = (count) =>
      server.rows(
        `WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < ?1)
         INSERT INTO outcomes (network_id, transaction_id, call_id, name_key, partner_unique_id, revision, description,
                               occurred_at, value, custom_1, custom_2, custom_3, recorded_at)
         SELECT '3', 'FILL-' || ?1 || '-' || at, (SELECT id FROM calls LIMIT 1), 'fill', ?1 || '-' || at, 1, '', 0, 1,
                '', '', '', 1400000000 + at * 100 FROM n`,
        count,
      );
    const cost = async () => (await get(`${EXPORT}?from=1700000000`)).cost.read;
    await fill(1_000);
    const small = await cost();
    await fill(30_000);
    const large = await cost();
    assert.ok(large - small < 40, `${small} rows read, then ${large}`);
  });

  test('can have 4,000 records with the longest texts', async () => {
    const text = '😀'.repeat(4096);
    const short = '😀'.repeat(255);
    await report({ outcome_name: 'Long' });
    await server.rows('DELETE FROM outcomes');
    await server.rows(
      `WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 4001)
       INSERT INTO outcomes (network_id, transaction_id, call_id, name_key, partner_unique_id, revision, description,
                             occurred_at, value, custom_1, custom_2, custom_3)
       SELECT '3', 'L-' || at, (SELECT id FROM calls WHERE network_id = '3' LIMIT 1), 'long', at || substr(?2, 6), 1, ?1,
              1440607999, 1, ?2, ?2, ?2 FROM n`,
      text,
      short,
    );
    // A statement that returns more than 1 MB fails.
    const headers = { Authorization: NETWORK, 'X-Test-Failure': 'over 1000000 bytes' };
    const response = await server.fetch(`${EXPORT}?limit=4000`, { headers });
    const { transactions, next } = await response.json();
    assert.deepEqual([transactions.length, next], [4000, 'L-4000']);
    assert.deepEqual(
      transactions.map(({ transaction_id }) => transaction_id),
      Array.from({ length: 4000 }, (_, at) => `L-${at + 1}`),
    );
    const { description, custom_parameter_3 } = transactions.at(-1);
    assert.deepEqual([description, custom_parameter_3], [text, short]);
  });

  test('lists all invalid parameters at once', async () => {
    const query = 'from=yesterday&to=1e9&limit=4001';
    const limit = 'limit must be a whole number from 1 to 4000';
    const text = `Validation failed: from is invalid, to is invalid, ${limit}`;
    assertError(await get(`${EXPORT}?${query}`), 403, 'from.format', 'RecordInvalid', text);
    for (const wrong of ['0', '-1', '1.5', '+5', 'x', '99999999999999999999']) {
      const answer = await get(`${EXPORT}?limit=${encodeURIComponent(wrong)}`);
      assertError(answer, 403, 'limit.format', 'RecordInvalid', `Validation failed: ${limit}`);
    }
    assert.equal((await get(`${EXPORT}?from=&to=&limit=&start_after_transaction_id=&x=1`)).status, 200);
  });

  test('refuses to start after an id that the token may not see', async () => {
    const foreign = await report({}, { call: 'C624DA2C-CF3367C3', token: OTHER_NETWORK });
    const hidden = await report({}, { call: '00000000-00000004' });
    const refusals = [
      [foreign.transaction_id, NETWORK],
      [hidden.transaction_id, ADVERTISER],
      [CALL, NETWORK],
      ['nobody', NETWORK],
      ['*', NETWORK],
    ];
    for (const [id, token] of refusals) {
      const answer = await get(`${EXPORT}?start_after_transaction_id=${id}`, { token });
      assertError(answer, 404, 'transaction.not_found', 'RecordNotFound');
    }
  });

  test('refuses a bad token', async () => {
    for (const path of [EXPORT, `${EXPORT}.csv`]) {
      assertError(await get(path, { token: null }), 401, 'token.missing', 'NotAuthorized');
      assertError(await get(path, { token: 'nobody' }), 401, 'token.invalid', 'NotAuthorized');
      assertError(await get(path, { token: NO_PERMISSION }), 403, 'permission.missing', 'UnauthorizedOperation');
    }
    const { status, headers } = await server.request(EXPORT, { method: 'POST', body: '{}' });
    assert.deepEqual([status, headers.get('Allow')], [405, 'GET']);
  });
});

describe('when the database fails', () => {
  const lost = 'before 1 D1_ERROR: Network connection lost.';
  test('once, the read is retried', async () => {
    const { transaction_id } = await report({});
    for (const path of [`${PATH}?transaction_id=${transaction_id}`, EXPORT]) {
      for (const pass of ['0', '1', '2']) {
        const { status } = await get(path, { headers: { 'X-Test-Failure': lost, 'X-Test-Pass': pass } });
        assert.equal(status, 200);
      }
    }
  });

  test('every time, the answer is 503, or breaks off if it has begun', async () => {
    await report({});
    const failure = { 'X-Test-Failure': 'before 99 D1_ERROR: D1 DB is overloaded.' };
    for (const pass of ['0', '1', '2']) {
      const answer = await get(EXPORT, { headers: { ...failure, 'X-Test-Pass': pass } });
      assertError(answer, 503, 'service.unavailable', 'ServiceUnavailable');
    }
    await assert.rejects(get(EXPORT, { headers: { ...failure, 'X-Test-Pass': '3' } }), /terminated|fetch failed/);
  });
});
