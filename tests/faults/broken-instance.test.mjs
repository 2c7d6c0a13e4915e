// An instance of the Worker's WebAssembly that breaks: the built one, with so little memory that a large request exhausts
// it. A panic ends an instance the same way, by a trap.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';
import { growingBy } from './memory.mjs';

const BATCH = PATH.replace('.json', '/batch.json');
const search = { transaction_id: '00000000-00000001' };
// The memory that the instance may add to what it starts with, in bytes.
const MORE = 1_048_576;

let server;
before(async () => (server = await start({ wasm: growingBy(MORE) })));
after(() => server?.stop());

const large = (name) => ({
  call_outcomes: Array.from({ length: 1_000 }, (_, row) => ({
    search,
    call_outcome: { outcome_name: name, partner_unique_id: `${row}`, description: 'x'.repeat(3_000) },
  })),
  oauth_token: NETWORK,
});
const small = (name) => ({ search, call_outcome: { outcome_name: name }, oauth_token: NETWORK });
const records = (name) => server.rows('SELECT * FROM outcomes WHERE name_key = ?1', name);

test('out of memory answers 500 and stores nothing, and a new instance serves the next request', async () => {
  for (let round = 0; round < 5; round += 1) {
    const answer = await server.report(large(`large ${round}`), { path: BATCH });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /wasm|RuntimeError|unreachable|demo-/);
    assert.deepEqual(await records(`large ${round}`), []);
    assert.equal((await server.report(small(`small ${round}`))).status, 201);
  }
  const said = (await server.logged()).join('\n');
  assert.match(said, /Critical.*RuntimeError/s);
  assert.match(said, /Reinitializing Wasm application/);
});

test('requests in progress when an instance breaks are answered, and succeed when retried', async (context) => {
  const names = Array.from({ length: 40 }, (_, at) => `beside ${at}`);
  const [broken, ...answers] = await Promise.all([
    server.report(large('breaks'), { path: BATCH }),
    ...names.map((name) => server.report(small(name))),
  ]);
  assert.equal(broken.status, 500);
  const counts = {};
  for (const [at, { status }] of answers.entries()) {
    counts[status] = (counts[status] ?? 0) + 1;
    assert.ok(status === 201 || status === 500, `${status}`);
    if (status === 201) assert.equal((await records(names[at])).length, 1);
  }
  for (const name of names) {
    assert.ok([200, 201].includes((await server.report(small(name))).status));
    assert.equal((await records(name)).length, 1);
  }
  context.diagnostic(`beside it: ${JSON.stringify(counts)}`);
});
