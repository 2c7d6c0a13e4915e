// Open-loop load at four times what the server can do: reports are due whether or not earlier ones were answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { NETWORK, PATH, start } from '../worker/harness.mjs';
import { residentMiB, startProcess } from './process.mjs';

const SECONDS = process.env.FAULTS === 'long' ? 120 : 10;
const TIMES = 4;
// A report that found no free connection by then is given up, as by a client that has a timeout.
const PATIENCE_MS = 1_000;
const CONNECTIONS = 512;

let server;
before(async () => (server = await startProcess(start)));
after(() => server?.stop());

let made = 0;
function nextRequest() {
  const body = JSON.stringify({
    search: { transaction_id: '00000000-00000001' },
    call_outcome: { outcome_name: 'Sale', partner_unique_id: `${(made += 1)}` },
    oauth_token: NETWORK,
  });
  return `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A kept connection that sends one request at a time. The bare protocol, as the client must outrun the server. */
class Connection {
  #socket;
  #text = '';
  #done = null;

  static async open() {
    const connection = new Connection();
    const { hostname, port } = new URL(server.url);
    connection.#socket = connect({ host: hostname, port, noDelay: true }).setEncoding('latin1');
    await once(connection.#socket, 'connect');
    connection.#socket.on('data', (text) => connection.#read(text));
    connection.#socket.on('error', () => connection.#done?.('broken'));
    return connection;
  }

  send(request) {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#socket.write(request);
    });
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
    this.#done(status);
  }
}

const open = (count) => Promise.all(Array.from({ length: count }, Connection.open));

/** Reports a second that the server answers to 32 clients that wait for their answers. */
async function capacity() {
  const connections = await open(32);
  const milliseconds = 3_000;
  const end = performance.now() + milliseconds;
  let answered = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (; performance.now() < end; answered += 1) assert.equal(await connection.send(nextRequest()), '201');
      connection.close();
    }),
  );
  return (answered * 1_000) / milliseconds;
}

/** Sends `rate` reports a second for a time; returns how often each came of it, and the memory each second. */
async function load(rate, seconds) {
  const free = await open(CONNECTIONS);
  const all = [...free];
  const counts = { due: 0, 'given up': 0 };
  const memory = [];
  const due = [];
  const underWay = new Set();
  const take = async (connection) => {
    const status = await connection.send(nextRequest());
    counts[status] = (counts[status] ?? 0) + 1;
    free.push(connection);
  };
  const began = performance.now();
  for (let now = 0; now < seconds * 1_000; now = performance.now() - began) {
    for (; counts.due < (now * rate) / 1_000; counts.due += 1) due.push(now);
    const late = due.findIndex((since) => now - since < PATIENCE_MS);
    counts['given up'] += due.splice(0, late < 0 ? due.length : late).length;
    while (due.length > 0 && free.length > 0) {
      due.shift();
      const sent = take(free.pop()).finally(() => underWay.delete(sent));
      underWay.add(sent);
    }
    if (memory.length < now / 1_000) memory.push(residentMiB(server.pid));
    await setTimeout(1);
  }
  await Promise.all(underWay);
  all.forEach((connection) => connection.close());
  counts['given up'] += due.length;
  return { counts, memory };
}

/** The median time of a report that is alone, in milliseconds. */
async function alone() {
  const [connection] = await open(1);
  const times = [];
  for (let at = 0; at < 200; at += 1) {
    const began = performance.now();
    assert.equal(await connection.send(nextRequest()), '201');
    times.push(performance.now() - began);
  }
  connection.close();
  return times.sort((a, b) => a - b)[100];
}

test(`${TIMES} times the capacity for ${SECONDS} s`, async (context) => {
  // The first is for warming up.
  await capacity();
  const possible = await capacity();
  const before = await alone();
  const { counts, memory } = await load(TIMES * possible, SECONDS);
  const after = await alone();
  const { due, 'given up': givenUp, ...answers } = counts;
  const half = memory.length / 2;
  const [early, late] = [Math.max(...memory.slice(0, half)), Math.max(...memory.slice(half))];
  context.diagnostic(
    `capacity ${possible.toFixed(0)}/s; ${due} due, ${givenUp} given up, answered ${JSON.stringify(answers)}; ` +
      `memory at most ${early.toFixed(0)} MiB, then ${late.toFixed(0)} MiB; ` +
      `alone ${before.toFixed(2)} ms before, ${after.toFixed(2)} ms after`,
  );
  // The server did what it can, and answered nothing but 201, or 503 where the database has had enough.
  assert.deepEqual(Object.keys(answers).filter((status) => status !== '503'), ['201']);
  assert.ok(answers[201] > 0.2 * possible * SECONDS, 'it does little under load');
  assert.ok(givenUp > 0, 'the server could do all of it');
  // In ten seconds memory has not filled yet, and a neighbour's noise decides what a report takes.
  if (SECONDS > 60) {
    assert.ok(late < 1.25 * early, 'memory grows');
    assert.ok(after < 3 * before, 'it is slow for good');
  }
  // What was acknowledged is there, once.
  const [{ count, outcomes }] = await server.rows(
    'SELECT count(*) AS count, count(DISTINCT partner_unique_id) AS outcomes FROM outcomes',
  );
  assert.equal(count, outcomes);
  assert.equal(count, made - (answers[503] ?? 0));
});
