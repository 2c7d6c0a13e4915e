// More concurrent reports than the server can process: each is answered truthfully, and the waiting requests fit into a
// bounded memory. An instance out of memory would answer 500.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';
import { growingBy } from './memory.mjs';

const REPORTS = process.env.FAULTS === 'long' ? 60_000 : 5_000;
const CONNECTIONS = 512;
// One client in so many disconnects as soon as its report is sent.
const LEAVES = 10;
const MEMORY_PAGES = 128;

let server;
before(async () => (server = await start({ wasm: growingBy(MEMORY_PAGES * 65_536) })));
after(() => server?.stop());

function request(partner_unique_id) {
  const body = JSON.stringify({
    search: { transaction_id: '00000000-00000001' },
    call_outcome: { outcome_name: 'Sale', partner_unique_id },
    oauth_token: NETWORK,
  });
  return `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A persistent connection that sends one request at a time, over a bare socket so that clients outpace the server. */
class Connection {
  #socket;
  #text = '';
  #answered;

  static async open() {
    const connection = new Connection();
    const { hostname, port } = new URL(server.url);
    connection.#socket = connect({ host: hostname, port, noDelay: true }).setEncoding('latin1');
    await once(connection.#socket, 'connect');
    connection.#socket.on('data', (text) => connection.#read(text));
    connection.#socket.on('close', () => connection.#answered?.('closed'));
    connection.#socket.on('error', () => {});
    return connection;
  }

  /** Sends a request, and returns the status of its answer. */
  async send(text) {
    const { promise, resolve } = Promise.withResolvers();
    this.#answered = resolve;
    this.#socket.write(text);
    return promise;
  }

  /** Sends a request without waiting for its answer. */
  async leave(text) {
    await new Promise((resolve) => this.#socket.write(text, resolve));
    this.close();
  }

  close() {
    this.#socket.destroy();
  }

  #read(text) {
    this.#text += text;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/^Content-Length: (\d+)/im.exec(this.#text)[1]);
    if (this.#text.length < end + 4 + length) return;
    const status = this.#text.slice(9, 12);
    this.#text = '';
    this.#answered(status);
  }
}

/** Sends reports over all connections at once; returns the result of each. */
async function send(reports, { leaves = Infinity } = {}) {
  const answers = new Map();
  let next = 0;
  const client = async () => {
    let connection = await Connection.open();
    while (next < reports.length) {
      const at = next++;
      const text = request(reports[at]);
      if (at % leaves === leaves - 1) {
        await connection.leave(text);
        answers.set(reports[at], 'left');
        connection = await Connection.open();
      } else {
        answers.set(reports[at], await connection.send(text));
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return answers;
}

function count(answers) {
  const counts = {};
  for (const answer of answers.values()) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

test(`${REPORTS} concurrent reports over ${CONNECTIONS} connections are answered truthfully`, async (context) => {
  const reports = Array.from({ length: REPORTS }, (_, at) => `${at}`);
  const began = performance.now();
  const answers = await send(reports, { leaves: LEAVES });
  const seconds = (performance.now() - began) / 1_000;
  const { 201: stored = 0, 503: refused = 0, left, ...others } = count(answers);
  context.diagnostic(
    `${stored} answered 201, ${refused} answered 503, ${left} not waited for; ${Math.round(stored / seconds)} a second`,
  );
  // Only 201, or 503 if the database is overloaded.
  assert.deepEqual(others, {});
  assert.ok(stored > 0);

  // What was acknowledged is stored once, and nothing that was refused.
  const rows = await server.rows('SELECT partner_unique_id AS report, count(*) AS records FROM outcomes GROUP BY 1');
  const records = new Map(rows.map((row) => [row.report, row.records]));
  const expected = { 201: [1], 503: [0], left: [0, 1] };
  for (const [report, answer] of answers) {
    const found = records.get(report) ?? 0;
    assert.ok(expected[answer].includes(found), `${report} was answered ${answer}, and is there ${found} times`);
  }

  // After a retry, the others are stored once too.
  const open = reports.filter((report) => answers.get(report) !== '201');
  const again = count(await send(open));
  for (const status of Object.keys(again)) assert.ok(['200', '201', '503'].includes(status), status);
  const [{ total, distinct_reports: distinct }] = await server.rows(
    'SELECT count(*) AS total, count(DISTINCT partner_unique_id) AS distinct_reports FROM outcomes',
  );
  assert.equal(total, distinct);
  assert.equal(total, REPORTS - (again[503] ?? 0));
});
