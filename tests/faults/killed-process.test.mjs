// kill -9 under load, repeatedly on the same database: what was acknowledged is stored, everything else succeeds when
// retried, and nothing is stored twice.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';
import { startProcess } from '../../tools/harness/process.mjs';

const KILLS = process.env.FAULTS === 'long' ? 20 : 3;
const SENDERS = 24;
const ROWS = 20;
// The reports of an outcome after which a sender continues with another one.
const CHAIN = 5;
const BATCH = PATH.replace('.json', '/batch.json');
const EXPORT = PATH.replace('call_outcomes', 'transactions');

let folder;
let server;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'call-outcomes-killed-'))));
after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const isSuccess = (status) => status === 200 || status === 201;

/** A client that records what it has sent of each outcome, and what was acknowledged. */
class Client {
  /** By the outcome's partner id: the description of its last report, and whether that was acknowledged. */
  last = new Map();
  /** Acknowledged records, by id. */
  acknowledged = new Map();
  requests = 0;

  report(partner_unique_id, description) {
    this.last.set(partner_unique_id, { description, isAcknowledged: false });
    return this.#reportOf(partner_unique_id);
  }

  #reportOf(partner_unique_id) {
    return {
      search: { transaction_id: '00000000-00000001' },
      call_outcome: { outcome_name: 'Sale', partner_unique_id, description: this.last.get(partner_unique_id).description },
    };
  }

  #note({ call_outcome }) {
    const { transaction_id, partner_unique_id, description } = call_outcome;
    this.acknowledged.set(transaction_id, call_outcome);
    const last = this.last.get(partner_unique_id);
    assert.equal(description, last.description);
    last.isAcknowledged = true;
  }

  async single(report) {
    const { status, text, json } = await server.report({ ...report, oauth_token: NETWORK });
    assert.ok(isSuccess(status), `${status} ${text}`);
    this.#note(json);
    this.requests += 1;
    return status;
  }

  async batch(reports) {
    const answer = await server.report({ call_outcomes: reports, oauth_token: NETWORK }, { path: BATCH });
    assert.equal(answer.status, 200, answer.text);
    this.requests += 1;
    return answer.json.results.map(({ status, body }) => (this.#note(body), status));
  }

  /** Sends reports until the server is gone. Every fourth sender sends batches. */
  async send(sender, round) {
    const isBatch = sender % 4 === 0;
    for (let at = 0; ; at += 1) {
      const outcome = `${round}-${sender}-${Math.floor(at / CHAIN)}`;
      const names = isBatch ? Array.from({ length: ROWS }, (_, row) => `${outcome}-${row}`) : [outcome];
      const reports = names.map((name) => this.report(name, `${name} ${at}`));
      await (isBatch ? this.batch(reports) : this.single(reports[0]));
    }
  }

  /** Retries the last report of each outcome that `chosen` accepts; returns the count of each status. */
  async resend(chosen) {
    const names = [...this.last].filter(([, last]) => chosen(last)).map(([name]) => name);
    const counts = {};
    const count = (status) => (counts[status] = (counts[status] ?? 0) + 1);
    // Half by single reports, half by batches.
    const singles = names.splice(0, Math.min(300, names.length / 2));
    await Promise.all(singles.map(async (name) => count(await this.single(this.#reportOf(name)))));
    for (let from = 0; from < names.length; from += 1_000) {
      const reports = names.slice(from, from + 1_000).map((name) => this.#reportOf(name));
      (await this.batch(reports)).forEach(count);
    }
    return counts;
  }
}

/** Sends load until `count` more requests were acknowledged, and kills the server with others in progress. */
async function loadAndKill(client, round, count) {
  const until = client.requests + count;
  const isGone = (error) => {
    // `fetch` throws this for a broken connection. Any other error is a bug.
    if (!(error instanceof TypeError)) throw error;
  };
  const kill = new Promise((resolve) => {
    const look = () => (client.requests < until ? setImmediate(look) : resolve());
    look();
  }).then(() => process.kill(server.pid, 'SIGKILL'));
  await Promise.all([kill, ...Array.from({ length: SENDERS }, (_, at) => client.send(at, round).catch(isGone))]);
  await server.stop();
}

/** Reads all records from the API, page by page. */
async function records() {
  const headers = { Authorization: `Bearer ${NETWORK}` };
  const all = [];
  for (let next = ''; next !== null; ) {
    const after = next && `&start_after_transaction_id=${next}`;
    const { json } = await server.request(`${EXPORT}?limit=4000${after}`, { headers });
    all.push(...json.transactions);
    next = json.next;
  }
  return all;
}

/** Asserts that every acknowledged record is stored as answered, chains are unbroken, and no report was stored twice. */
function check(client, stored) {
  const byId = new Map(stored.map((record) => [record.transaction_id, record]));
  assert.equal(byId.size, stored.length);
  for (const [id, answered] of client.acknowledged) {
    const { call_transaction_id: _, recorded_at_t: __, ...record } = byId.get(id) ?? {};
    assert.deepEqual(record, answered);
  }
  const heads = new Map();
  for (const { transaction_id, corrects_transaction_id, partner_unique_id } of stored) {
    assert.equal(corrects_transaction_id, heads.get(partner_unique_id) ?? null);
    heads.set(partner_unique_id, transaction_id);
  }
  // Each report had its own description.
  assert.equal(new Set(stored.map(({ description }) => description)).size, stored.length);
}

test(`${KILLS} times kill -9 under load loses and doubles nothing`, async (context) => {
  const client = new Client();
  const launch = async () => (server = await startProcess(() => start({ folder })));
  await launch();
  let open = 0;
  let found = 0;
  for (let round = 0; round < KILLS; round += 1) {
    await loadAndKill(client, round, 50 + Math.floor(Math.random() * 250));
    await launch();
    const stored = await records();
    check(client, stored);
    found += stored.length - client.acknowledged.size;
    open += [...client.last.values()].filter(({ isAcknowledged }) => !isAcknowledged).length;
    await client.resend(({ isAcknowledged }) => !isAcknowledged);
    check(client, await records());
  }
  const stored = await records();
  const counts = await client.resend(() => true);
  assert.deepEqual(Object.keys(counts), ['200']);
  assert.deepEqual(await records(), stored);
  assert.equal(client.acknowledged.size, stored.length);
  context.diagnostic(
    `${client.requests} requests acknowledged, ${stored.length} records, none lost; ` +
      `${open} reports were under way at a kill, ${found} of them stored; ${counts[200]} outcomes sent again, all 200, nothing stored`,
  );
});
