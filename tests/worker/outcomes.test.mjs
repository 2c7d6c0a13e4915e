// The life of an outcome: created, repeated and corrected, by the requests of the API's own documentation, word for word.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { ID, NETWORK, OTHER_NETWORK, NO_PERMISSION, PATH, start } from '../../tools/harness/server.mjs';

const fill = (text) => text.replace('<YOUR OAUTH TOKEN>', JSON.stringify(NETWORK));

// Example POST Request Using cURL.
const sale = fill(
  `{"search": {"transaction_id": "00000000-00000001"},"call_outcome": {"outcome_name": "sale","partner_unique_id": "1","description": "1 year contract","occurred_at_time_t": "1440607313","sale_amount": "100.00","value": "true"},"oauth_token": <YOUR OAUTH TOKEN>}`,
);
// Updates and Idempotency: the initial, the second and the third request.
const [accord, camry, civic] = [
  `    {
      "search": {
        "transaction_id": "00000000-00000001"
      },
      "call_outcome": {
        "outcome_name": "Quote",
        "partner_unique_id": "1",
        "description": "Honda Accord 2015"
      },
      "oauth_token": <YOUR OAUTH TOKEN>
    }`,
  `    {
      "search": {
        "transaction_id": "00000000-00000001"
      },
      "call_outcome": {
        "outcome_name": "Quote",
        "partner_unique_id": "2",
        "description": "Toyota Camry 2015"
      },
      "oauth_token": <YOUR OAUTH TOKEN>
    }`,
  `    {
      "search": {
        "transaction_id": "00000000-00000001"
      },
      "call_outcome": {
        "outcome_name": "Quote",
        "partner_unique_id": "1",
        "description": "Honda Civic 2012"
      },
      "oauth_token": <YOUR OAUTH TOKEN>
    }`,
].map(fill);

const CALL = `"call":{"transaction_id":"00000000-00000001","start_time_t":"1435993200"}`;
const CUSTOM = `"custom_parameter_1":"","custom_parameter_2":"","custom_parameter_3":""`;

let server;
// Each test begins with only the demo data.
beforeEach(async () => {
  await server?.stop();
  server = await start();
});
after(() => server?.stop());

const outcomeOf = (answer) => answer.json.call_outcome;
const report = (fields, { call = '00000000-00000001', token = NETWORK, ...options } = {}) =>
  server.report(
    { search: { transaction_id: call }, call_outcome: { outcome_name: 'Sale', ...fields }, oauth_token: token },
    options,
  );

test('the documented cURL request creates a record; repeating it changes nothing', async () => {
  const answer = await server.report(sale);
  assert.equal(answer.status, 201);
  const { transaction_id } = outcomeOf(answer);
  assert.match(transaction_id, ID);
  assert.equal(
    answer.text,
    `{"call_outcome":{"transaction_id":"${transaction_id}","corrects_transaction_id":null,"outcome_name":"sale","partner_unique_id":"1","description":"1 year contract","occurred_at_time_t":"1440607313","sale_amount":"100.0","value":"true",${CUSTOM}},${CALL}}`,
  );
  assert.equal(answer.headers.get('Content-Type'), 'application/json');

  for (const method of ['POST', 'PUT']) {
    const again = await server.report(sale, { method });
    assert.deepEqual([again.status, again.text], [200, answer.text]);
  }
  const [record, ...others] = await server.records();
  assert.deepEqual(others, []);
  const { network_id, advertiser_id, name_key, sale_cents, value, revision, corrects_transaction_id } = record;
  assert.deepEqual(
    { network_id, advertiser_id, name_key, sale_cents, value, revision, corrects_transaction_id },
    {
      network_id: '3',
      advertiser_id: '1',
      name_key: 'sale',
      sale_cents: 10_000,
      value: 1,
      revision: 1,
      corrects_transaction_id: null,
    },
  );
});

test('the documented quotes: two outcomes and a correction; each may be sent again', async () => {
  const began = Math.floor(Date.now() / 1000);
  const first = await server.report(accord);
  const second = await server.report(camry);
  const third = await server.report(civic);
  const ended = Math.floor(Date.now() / 1000);

  const [a, b, c] = [first, second, third].map((answer) => outcomeOf(answer).transaction_id);
  const [firstAt, secondAt] = [first, second].map((answer) => outcomeOf(answer).occurred_at_time_t);
  assert.equal(new Set([a, b, c, '00000000-00000001']).size, 4);
  for (const id of [a, b, c]) assert.match(id, ID);
  for (const time of [firstAt, secondAt]) {
    assert.match(time, /^\d{10}$/);
    assert.ok(began <= Number(time) && Number(time) <= ended, `${time} is not when it was reported`);
  }

  const quote = (id, corrects, partner, description, at) =>
    `{"call_outcome":{"transaction_id":"${id}","corrects_transaction_id":${corrects},"outcome_name":"Quote","partner_unique_id":"${partner}","description":"${description}","occurred_at_time_t":"${at}","value":"true",${CUSTOM}},${CALL}}`;
  assert.deepEqual(
    [first, second, third].map(({ status, text }) => [status, text]),
    [
      [201, quote(a, null, '1', 'Honda Accord 2015', firstAt)],
      [201, quote(b, null, '2', 'Toyota Camry 2015', secondAt)],
      [200, quote(c, `"${a}"`, '1', 'Honda Civic 2012', firstAt)],
    ],
  );

  // Sending them again is safe.
  for (const [request, answer] of [
    [camry, second],
    [civic, third],
  ]) {
    const again = await server.report(request);
    assert.deepEqual([again.status, again.text], [200, answer.text]);
  }
  // The first is no repetition any more: it corrects the correction.
  const back = await server.report(accord);
  const d = outcomeOf(back).transaction_id;
  assert.deepEqual([back.status, back.text], [200, quote(d, `"${c}"`, '1', 'Honda Accord 2015', firstAt)]);

  const records = await server.records();
  assert.deepEqual(
    records.map((row) => [
      row.transaction_id,
      row.corrects_transaction_id,
      row.partner_unique_id,
      row.revision,
      row.description,
    ]),
    [
      [a, null, '1', 1, 'Honda Accord 2015'],
      [b, null, '2', 1, 'Toyota Camry 2015'],
      [c, a, '1', 2, 'Honda Civic 2012'],
      [d, c, '1', 3, 'Honda Accord 2015'],
    ],
  );
});

describe('the documented errors', () => {
  const isAnswered = (answer, status, text) => assert.deepEqual([answer.status, answer.text], [status, text]);

  test('validation failed', async () => {
    const answer = await server.report({ search: {}, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
    isAnswered(
      answer,
      403,
      `{"errors":{"class":"RecordInvalid","invalid_data":"Validation failed: transaction_id or start_time_t must be present"}}`,
    );
  });

  test('record not found', async () => {
    const answer = await report({}, { call: '00000000-000000FF' });
    isAnswered(
      answer,
      404,
      `{"errors":{"class":"RecordNotFound","invalid_data":"No call found. Please refer to the documentation."}}`,
    );
  });

  test('permission missing', async () => {
    const answer = await report({}, { token: NO_PERMISSION });
    isAnswered(
      answer,
      403,
      `{"errors":{"class":"UnauthorizedOperation","invalid_data":"You do not have permissions to perform the requested operation."}}`,
    );
  });

  test('advertiser not accessible', async () => {
    const search = { start_time_t: '1435993200', advertiser_id_from_network: '99' };
    const answer = await server.report({ search, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
    isAnswered(
      answer,
      403,
      `{"errors":{"class":"UnauthorizedAdvertiser","invalid_data":"You do not have access to this advertiser"}}`,
    );
  });
});

test('the status depends on what was stored, not on POST or PUT', async () => {
  const statuses = [];
  for (const [fields, method] of [
    [{}, 'PUT'],
    [{ description: 'x' }, 'POST'],
    [{ description: 'x' }, 'PUT'],
    [{ partner_unique_id: '2' }, 'PUT'],
  ]) {
    statuses.push((await report(fields, { method })).status);
  }
  assert.deepEqual(statuses, [201, 200, 200, 201]);
});

test('each correction names its immediate predecessor', async () => {
  const ids = [null];
  for (let step = 0; step < 10; step += 1) {
    const answer = await report({ description: `step ${step}` });
    assert.equal(answer.status, step ? 200 : 201);
    assert.equal(outcomeOf(answer).corrects_transaction_id, ids.at(-1));
    ids.push(outcomeOf(answer).transaction_id);
  }
  const records = await server.records();
  assert.deepEqual(
    records.map((row) => row.revision),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.deepEqual(
    records.map((row) => row.description),
    Array.from({ length: 10 }, (_, step) => `step ${step}`),
  );
});

test('a correction keeps the fields that are not sent and clears those that are sent empty', async () => {
  const full = {
    partner_unique_id: '7',
    description: 'd',
    occurred_at_time_t: '1440607313',
    sale_amount: '5.5',
    value: 'no',
    custom_parameter_1: 'a',
    custom_parameter_2: 'b',
    custom_parameter_3: 'c',
  };
  const shownAs = (id, corrects, members) =>
    `{"call_outcome":{"transaction_id":"${id}","corrects_transaction_id":${corrects},"outcome_name":"Sale","partner_unique_id":"7",${members}},${CALL}}`;
  const steps = [
    [
      full,
      '"description":"d","occurred_at_time_t":"1440607313","sale_amount":"5.5","value":"false","custom_parameter_1":"a","custom_parameter_2":"b","custom_parameter_3":"c"',
    ],
    [
      { custom_parameter_2: 'B' },
      '"description":"d","occurred_at_time_t":"1440607313","sale_amount":"5.5","value":"false","custom_parameter_1":"a","custom_parameter_2":"B","custom_parameter_3":"c"',
    ],
    [
      { sale_amount: null, custom_paramter_1: '' },
      '"description":"d","occurred_at_time_t":"1440607313","value":"false","custom_parameter_1":"","custom_parameter_2":"B","custom_parameter_3":"c"',
    ],
    [
      { description: '', value: true },
      '"description":"","occurred_at_time_t":"1440607313","value":"true","custom_parameter_1":"","custom_parameter_2":"B","custom_parameter_3":"c"',
    ],
    [
      { sale_amount: '1.10', occurred_at_time_t: 1440607314999 },
      '"description":"","occurred_at_time_t":"1440607314","sale_amount":"1.1","value":"true","custom_parameter_1":"","custom_parameter_2":"B","custom_parameter_3":"c"',
    ],
  ];
  let previous = null;
  for (const [fields, members] of steps) {
    const answer = await report({ partner_unique_id: '7', ...fields });
    const id = outcomeOf(answer).transaction_id;
    assert.equal(answer.text, shownAs(id, previous && `"${previous}"`, members));
    previous = id;
  }
});

test('a name keeps the casing of the first report that was stored', async () => {
  const nameOf = async (outcome_name, options = {}, fields = {}) =>
    outcomeOf(await report({ outcome_name, ...fields }, options)).outcome_name;
  // Refused reports and those of another network don't count as the first.
  await report({ outcome_name: 'FREE TRIAL', value: 'x' });
  await report({ outcome_name: 'FREE TRIAL' }, { call: '00000000-000000FF' });
  await report({ outcome_name: 'FREE TRIAL' }, { call: 'C624DA2C-CF3367C3', token: OTHER_NETWORK });
  assert.equal(await nameOf('Free Trial'), 'Free Trial');
  assert.equal(await nameOf('free trial'), 'Free Trial');
  assert.equal(await nameOf('FREE TRIAL', {}, { description: 'x' }), 'Free Trial');
  assert.equal(await nameOf('fReE tRiAl', { call: '00000000-00000002' }), 'Free Trial');
  assert.equal(await nameOf('free trial', { call: 'C624DA2C-CF3367C3', token: OTHER_NETWORK }), 'FREE TRIAL');
  assert.deepEqual(
    (await server.records()).map((row) => row.revision),
    [1, 1, 2, 1],
  );
});

test('the id of an outcome does not find a call', async () => {
  const { transaction_id } = outcomeOf(await report({}));
  const answer = await report({ partner_unique_id: '2' }, { call: transaction_id });
  assert.equal(answer.status, 404);
  assert.equal((await server.records()).length, 1);
});

test('a report by time and a report by id share the outcome of a call', async () => {
  const first = await report({});
  const search = { start_time_t: '1435990000', calling_phone_number: '+1 8885551212', duration_in_seconds: '100' };
  const again = await server.report({ search, call_outcome: { outcome_name: 'sale' }, oauth_token: NETWORK });
  assert.deepEqual([again.status, again.text], [200, first.text]);
});

test('a call without an advertiser can have an outcome', async () => {
  await server.addCalls([{ transaction_id: 'AAAAAAAA-00000001', start_ms: 1_500_000_000_987 }]);
  const answer = await report({}, { call: 'aaaaaaaa-00000001' });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json.call, { transaction_id: 'AAAAAAAA-00000001', start_time_t: '1500000000' });
});

test('the path works without .json', async () => {
  const answer = await server.report(sale, { path: PATH.replace('.json', '') });
  assert.equal(answer.status, 201);
});
