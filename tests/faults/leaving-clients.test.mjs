// Clients that disconnect: while sending a body, after it, and while receiving an answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

const CLIENTS = 50;
const BATCH = PATH.replace('.json', '/batch.json');
const search = { transaction_id: '00000000-00000001' };

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const each = (count, action) => Promise.all(Array.from({ length: count }, (_, at) => action(at)));

/** Sends `part` of a request, then closes the connection at once. */
async function leave(path, body, part) {
  const text = JSON.stringify(body);
  const { hostname, port } = new URL(server.url);
  const socket = connect(port, hostname);
  await once(socket, 'connect');
  const head = `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  await new Promise((resolve) => socket.write(head + text.slice(0, part * text.length), resolve));
  socket.resetAndDestroy();
}

const single = (name, at) => ({
  search,
  call_outcome: { outcome_name: name, partner_unique_id: `${at}`, description: 'x'.repeat(4_000) },
  oauth_token: NETWORK,
});
const batch = (name, at) => ({
  call_outcomes: Array.from({ length: 1_000 }, (_, row) => ({
    search,
    call_outcome: { outcome_name: name, partner_unique_id: `${at}-${row}` },
  })),
  oauth_token: NETWORK,
});
const count = async (name) =>
  (await server.rows('SELECT count(*) AS count FROM outcomes WHERE name_key = ?1', name))[0].count;

for (const part of [0, 0.5, 0.99]) {
  test(`${CLIENTS} disconnect with ${part * 100} % of a report sent: nothing is stored`, async () => {
    const name = `left at ${part}`;
    await each(CLIENTS, (at) => leave(PATH, single(name, at), part));
    // Other clients are served, and only their reports are stored.
    const answers = await each(CLIENTS, (at) => server.report(single(name, `stays ${at}`)));
    assert.ok(answers.every(({ status }) => status === 201));
    assert.equal(await count(name), CLIENTS);
  });
}

test(`${CLIENTS} disconnect before the answer: after a retry, each report is stored once`, async () => {
  await each(CLIENTS, (at) => leave(PATH, single('unread', at), 1));
  const answers = await each(CLIENTS, (at) => server.report(single('unread', at)));
  assert.ok(answers.every(({ status }) => status === 200 || status === 201));
  assert.equal(await count('unread'), CLIENTS);
});

test('some disconnect while a batch runs: after a retry, each row is stored once', async (context) => {
  await each(5, (at) => leave(BATCH, batch('rows', at), 1));
  const stored = await count('rows');
  const answers = await each(5, (at) => server.report(batch('rows', at), { path: BATCH }));
  for (const { status, json } of answers) assert.deepEqual([status, json.summary.failed], [200, 0]);
  assert.equal(await count('rows'), 5_000);
  context.diagnostic(`${stored} of 5000 rows were stored when they had left`);
});

test(`${CLIENTS} disconnect while receiving an answer: the server continues`, async () => {
  const path = `${PATH.replace('call_outcomes', 'transactions')}?limit=4000`;
  const headers = { Authorization: `Bearer ${NETWORK}` };
  await each(CLIENTS, async () => {
    const response = await server.fetch(path, { headers });
    const reader = response.body.getReader();
    await reader.read();
    await reader.cancel();
  });
  const { status, json } = await server.request(path, { headers });
  assert.deepEqual([status, json.transactions.length], [200, 4_000]);
});
