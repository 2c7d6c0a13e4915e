// Database failures: what is answered, what is stored, and that a retry is safe.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ID, NETWORK, assertError, start } from '../../tools/harness/server.mjs';

const ALWAYS = 1000;
// As D1 words them.
const OVERLOADED = [
  'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
];
const LOST = [
  'D1_ERROR: Network connection lost.',
  'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
  'D1_ERROR: D1 DB reset because its code was updated.',
  'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
  'D1_ERROR: Internal error in D1 DB storage caused object to be reset.',
  'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
  "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
  'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.',
  'D1_ERROR: internal error; reference = 0123456789abcdef',
];
const UNEXPECTED = [
  'D1_ERROR: no such table: secret_table: SQLITE_ERROR',
  'D1_ERROR: UNIQUE constraint failed: outcomes.secret: SQLITE_CONSTRAINT',
  'something else, with demo-network-token',
];

let server;
let names = 0;
before(async () => (server = await start({ wrap: new URL('failing-database.mjs', import.meta.url) })));
after(() => server?.stop());

/** A new outcome, to be reported with or without failures. */
function outcome() {
  const outcome_name = `Outcome ${(names += 1)}`;
  const report = (fields = {}, failure = null, more = {}) =>
    server.report(
      {
        search: { transaction_id: '00000000-00000001' },
        call_outcome: { outcome_name, ...fields },
        oauth_token: NETWORK,
      },
      { headers: { ...(failure === null ? {} : { 'X-Test-Failure': failure }), ...more } },
    );
  const records = () =>
    server.rows('SELECT * FROM outcomes WHERE name_key = ?1 ORDER BY seq', outcome_name.toLowerCase());
  return { report, records };
}

const isUnavailable = (answer) => {
  assertError(answer, 503, 'service.unavailable', 'ServiceUnavailable');
  assert.match(answer.headers.get('Retry-After'), /^[1-9]\d*$/);
};

test('without a failure, the wrapped database works as any other', async () => {
  const { report, records } = outcome();
  assert.deepEqual([(await report({}, 'before 0 -')).status, (await report()).status], [201, 200]);
  assert.equal((await records()).length, 1);
});

describe('the database stays overloaded or unreachable', () => {
  for (const message of [...OVERLOADED, ...LOST]) {
    test(message, async () => {
      const { report, records } = outcome();
      const answer = await report({}, `before ${ALWAYS} ${message}`);
      isUnavailable(answer);
      assert.doesNotMatch(answer.text, /D1/);
      assert.deepEqual(await records(), []);
      // Nothing was stored, and the next request works.
      assert.equal((await report()).status, 201);
    });
  }
});

describe('an unexpected error', () => {
  for (const message of UNEXPECTED) {
    test(message, async () => {
      const { report, records } = outcome();
      const answer = await report({}, `before ${ALWAYS} ${message}`);
      const id = answer.headers.get('X-Request-Id');
      assertError(answer, 500, 'internal', 'InternalServiceError', `refer to error handle ${id}`);
      assert.equal(answer.headers.get('Content-Type'), 'application/json');
      const told = answer.text + JSON.stringify([...answer.headers]);
      assert.doesNotMatch(told, /D1_ERROR|SQLITE|secret|something else|demo-network-token/);
      assert.deepEqual(await records(), []);
      assert.equal((await report()).status, 201);
    });
  }

  test("the error handle is the client's request id if it sent one", async () => {
    const body = {
      search: { transaction_id: '00000000-00000001' },
      call_outcome: { outcome_name: 'Handle' },
      oauth_token: NETWORK,
    };
    const headers = { 'X-Request-Id': 'mine-1', 'X-Test-Failure': `before ${ALWAYS} ${UNEXPECTED[0]}` };
    const answer = await server.report(body, { headers });
    assertError(answer, 500, 'internal', 'InternalServiceError', 'refer to error handle mine-1');
  });
});

describe('a batch fails once without having run', () => {
  for (const message of LOST) {
    test(message, async () => {
      const { report, records } = outcome();
      const answer = await report({ description: 'x' }, `before 1 ${message}`);
      assert.equal(answer.status, 201, answer.text);
      const stored = await records();
      assert.deepEqual(
        stored.map((row) => row.transaction_id),
        [answer.json.call_outcome.transaction_id],
      );
    });
  }
});

test('a batch is retried after a pause, not at once', async () => {
  const { report } = outcome();
  await report({}, `before ${ALWAYS} ${LOST[0]}`, { 'X-Test-Steps': 'again' });
  const steps = JSON.parse(await server.archive.get('steps:again'));
  assert.deepEqual(steps.map((step) => (typeof step === 'number' ? 'pause' : step)), ['batch', 'pause', 'batch', 'pause', 'batch']);
  const [first, second] = steps.filter((step) => typeof step === 'number');
  assert.ok(first >= 25 && first <= 50 && second >= 50 && second <= 100, `${first} and ${second} ms`);
});

describe('a batch fails once although it was committed', () => {
  for (const message of LOST) {
    test(`a first report: ${message}`, async () => {
      const { report, records } = outcome();
      const answer = await report({ description: 'x' }, `after 1 ${message}`);
      assert.equal(answer.status, 201, answer.text);
      const { transaction_id, corrects_transaction_id } = answer.json.call_outcome;
      assert.match(transaction_id, ID);
      assert.equal(corrects_transaction_id, null);
      assert.deepEqual(
        (await records()).map((row) => row.transaction_id),
        [transaction_id],
      );
      // A client that saw none of it may retry as well.
      const again = await report({ description: 'x' });
      assert.deepEqual([again.status, again.text], [200, answer.text]);
    });
  }

  test('a first report without a time', async () => {
    const { report, records } = outcome();
    const answer = await report({}, `after 1 ${LOST[0]}`);
    assert.equal(answer.status, 201, answer.text);
    const [{ occurred_at }] = await records();
    assert.equal(answer.json.call_outcome.occurred_at_time_t, `${occurred_at}`);
  });

  test('a correction', async () => {
    const { report, records } = outcome();
    const first = (await report({ description: 'a' })).json.call_outcome;
    const answer = await report({ description: 'b' }, `after 1 ${LOST[0]}`);
    assert.equal(answer.status, 200, answer.text);
    const { transaction_id, corrects_transaction_id, description } = answer.json.call_outcome;
    assert.deepEqual([corrects_transaction_id, description], [first.transaction_id, 'b']);
    assert.deepEqual(
      (await records()).map((row) => row.transaction_id),
      [first.transaction_id, transaction_id],
    );
  });

  test('a repeated report', async () => {
    const { report, records } = outcome();
    const first = await report({ description: 'a' });
    const answer = await report({ description: 'a' }, `after 1 ${LOST[0]}`);
    assert.deepEqual([answer.status, answer.text], [200, first.text]);
    assert.equal((await records()).length, 1);
  });

  test('a refusal', async () => {
    const { report, records } = outcome();
    assert.equal((await report({ value: 'x' }, `after 1 ${LOST[0]}`)).status, 403);
    assert.deepEqual(await records(), []);
  });
});

test('committed, but the database stays unreachable: the client can retry', async () => {
  const { report, records } = outcome();
  isUnavailable(await report({ description: 'x' }, `after ${ALWAYS} ${LOST[0]}`));
  const stored = await records();
  assert.equal(stored.length, 1);
  const again = await report({ description: 'x' });
  assert.deepEqual([again.status, again.json.call_outcome.transaction_id], [200, stored[0].transaction_id]);
});

test('concurrent reports that each fail after the commit form one chain', async () => {
  const { report, records } = outcome();
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, at) => report({ description: `${at}` }, `after 1 ${LOST[0]}`)),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(29).fill(200), 201]);
  const stored = await records();
  assert.deepEqual(
    stored.map((row) => row.corrects_transaction_id),
    [null, ...stored.slice(0, -1).map((row) => row.transaction_id)],
  );
  // Each was answered as it was first meant, though others have corrected it since.
  const meant = new Map(stored.map((row) => [row.transaction_id, row]));
  for (const { json } of answers) {
    const row = meant.get(json.call_outcome.transaction_id);
    assert.deepEqual(
      [json.call_outcome.description, json.call_outcome.corrects_transaction_id],
      [row?.description, row?.corrects_transaction_id],
    );
  }
  assert.equal(meant.size, 30);
});

describe('a new id is already taken', () => {
  // With a request id sent, the first random bytes are those of the record's id.
  const drawing = (byte) => ({ 'X-Request-Id': 'drawn', 'X-Test-Random': `${byte}` });
  const idOf = (answer) => {
    assert.equal(answer.status, 201, answer.text);
    return answer.json.call_outcome.transaction_id;
  };

  test('by another outcome', async () => {
    const [one, other] = [outcome(), outcome()];
    const first = idOf(await one.report({}, null, drawing(0xaa)));
    assert.equal(first, '00AAAAAA-AAAAAAAA');
    const second = idOf(await other.report({}, null, drawing(0xaa)));
    assert.notEqual(second, first);
    assert.deepEqual(
      (await other.records()).map((row) => row.transaction_id),
      [second],
    );
    assert.deepEqual(
      (await one.records()).map((row) => row.transaction_id),
      [first],
    );
  });

  test('by another outcome, and the connection breaks too', async () => {
    const [one, other, last] = [outcome(), outcome(), outcome()];
    const first = idOf(await one.report({ description: 'one' }, null, drawing(0xab)));
    for (const [{ report, records }, when] of [
      [other, 'before'],
      [last, 'after'],
    ]) {
      const answer = await report({ description: 'other' }, `${when} 1 ${LOST[0]}`, drawing(0xab));
      const second = idOf(answer);
      assert.notEqual(second, first);
      assert.equal(answer.json.call_outcome.description, 'other');
      assert.deepEqual(
        (await records()).map((row) => row.transaction_id),
        [second],
      );
    }
  });

  test('by the record that it corrects', async () => {
    const { report, records } = outcome();
    const first = idOf(await report({ description: 'a' }, null, drawing(0xac)));
    const answer = await report({ description: 'b' }, null, drawing(0xac));
    const { transaction_id, corrects_transaction_id } = answer.json.call_outcome;
    assert.deepEqual([answer.status, corrects_transaction_id], [200, first]);
    assert.deepEqual(
      (await records()).map((row) => row.transaction_id),
      [first, transaction_id],
    );
  });

  test('by a call', async () => {
    await server.addCalls([{ transaction_id: '00BBBBBB-BBBBBBBB', start_ms: 1_435_993_200_000 }]);
    const { report } = outcome();
    assert.notEqual(idOf(await report({}, null, drawing(0xbb))), '00BBBBBB-BBBBBBBB');
  });
});

test('the log has a line for each request and nothing private', async () => {
  const body = {
    search: { start_time_t: '1435993200', calling_phone_number: '+18885551212' },
    call_outcome: { outcome_name: 'Secret name', description: 'Secret text', partner_unique_id: 'Secret id' },
    oauth_token: NETWORK,
  };
  const send = (id, more = {}, headers = {}) =>
    server.report({ ...body, ...more }, { headers: { 'X-Request-Id': id, ...headers } });
  await send('log-1');
  await send('log-2', { 'Secret key': 'Secret value', call_outcome: { outcome_name: ['Secret name'] } });
  await send('log-3', { oauth_token: 'secret-token' });
  await send('log-4', {}, { 'X-Test-Failure': `before ${ALWAYS} ${UNEXPECTED[0]}` });
  await server.report(`{"Secret key": Secret`, { headers: { 'X-Request-Id': 'log-5', Authorization: 'secret-token' } });

  const lines = (await server.logged()).filter((line) => line.includes('log-'));
  const requests = lines.map((line) => JSON.parse(line)).filter((line) => 'status' in line);
  assert.deepEqual(
    requests.map(({ request_id, status, code, class: type }) => [request_id, status, code, type]),
    [
      ['log-1', 201, null, null],
      ['log-2', 403, 'outcome_name.type', 'RecordInvalid'],
      ['log-3', 401, 'token.invalid', 'NotAuthorized'],
      ['log-4', 500, 'internal', 'InternalServiceError'],
      ['log-5', 400, 'json.syntax', 'ParseError'],
    ],
  );
  for (const line of lines) assert.doesNotMatch(line, /secret (name|text|id|key|value)|secret-token|demo-|8885551212/i);
  // The cause of the failure stands in the log, under the handle.
  assert.ok(lines.some((line) => line.includes('log-4') && line.includes('no such table')));
});
