// Bodies made to cost memory, against a Worker with 64 MiB, half of what the platform gives: each gets a proper answer of a
// bounded size, and other requests are served meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';
import { KIB, MAX_ROWS, ROUTES, bodies, request, search } from '../../tools/harness/bodies.mjs';
import { holding } from './memory.mjs';

const MIB = 1_024 * KIB;
const MEMORY = 64 * MIB;
const SIZES = [64 * KIB, 4 * MIB];
const BESIDE = 20;

const IS_LONG = process.env.FAULTS === 'long';

const TOKENS = { none: undefined, unknown: 'nobody', good: NETWORK };
// An import has no explanation.
const FORMS = [
  ['plain', '', {}],
  ['a problem document', '', { Accept: 'application/problem+json' }],
  ['strict', '?strict=true', {}],
  ['strict, a problem document', '?strict=true', { Accept: 'application/problem+json' }],
  ['a dry run', '?validate_only=true&explain=true', {}],
];

/** Without a valid token, a body is refused before its form matters, so the short run sends it once. */
const forms = (token) => (IS_LONG || token === 'good' ? FORMS : FORMS.slice(1, 2));

/** A report and a line have at most 64 KiB, so a few larger ones are enough. */
function* chosen(route, size) {
  for (const [at, shape] of [...bodies(route, size)].entries()) {
    const isRefusedWhole = route === 'report' && size > 64 * KIB;
    if (IS_LONG || !isRefusedWhole || at === 0) yield shape;
  }
}

let server;
before(async () => (server = await start({ wasm: holding(MEMORY) })));
after(() => server?.stop());

let reported = 0;
const good = () =>
  server.report({
    search: { transaction_id: '00000000-00000002' },
    call_outcome: { outcome_name: 'Beside', partner_unique_id: `${reported++}` },
    oauth_token: NETWORK,
  });

for (const [route, path] of Object.entries(ROUTES)) {
  for (const size of SIZES) {
    describe(`${route}, ${size / KIB} KiB`, () => {
      for (const [name, open, isProper = () => true] of chosen(route, size)) {
        test(name, async () => {
          const beside = Promise.all(Array.from({ length: BESIDE }, good));
          for (const [token, text] of Object.entries(TOKENS)) {
            const [body, headers] = request(route, open, text);
            const length = Buffer.byteLength(body);
            assert.ok(length <= size, `${length}`);
            for (const [form, asked, accept] of forms(token)) {
              const query = route === 'calls' ? asked.replace('&explain=true', '') : asked;
              const answer = await server.report(body, { path: path + query, headers: { ...headers, ...accept } });
              const what = `${token} token, ${form}: ${answer.status} ${answer.text.slice(0, 200)}`;
              assert.ok(answer.status < 500, what);
              assert.ok(isProper(answer.status, { route, size, token, strict: query.includes('strict') }), what);
              if (token === 'none') assert.ok([400, 401, 413].includes(answer.status), what);
              if (token === 'unknown') assert.ok([400, 401, 403, 413].includes(answer.status), what);
              // An answer is a small multiple of its body, plus a fixed size for each row.
              const most = 4 * length + 2 * KIB * (route === 'report' ? 50 : MAX_ROWS);
              assert.ok(answer.text.length <= most, `${what}: ${answer.text.length} bytes`);
            }
          }
          for (const { status, text } of await beside) assert.equal(status, 201, text);
        });
      }
    });
  }
}

test('a record much larger than its row, returned for every row', async () => {
  // Every stored character takes six in an answer.
  const stored = { outcome_name: 'Long', description: '\u0001'.repeat(4_096) };
  for (const at of [1, 2, 3]) stored[`custom_parameter_${at}`] = '\u0001'.repeat(255);
  const { status } = await server.report({ search: { transaction_id: '00000000-00000001' }, call_outcome: stored, oauth_token: NETWORK });
  assert.equal(status, 201);
  const row = `{${search},"call_outcome":{"outcome_name":"Long"}}`;
  const beside = Promise.all(Array.from({ length: BESIDE }, good));
  for (const query of ['', '?validate_only=true']) {
    const body = `{"call_outcomes":[${Array(MAX_ROWS).fill(row).join()}],"oauth_token":"${NETWORK}"}`;
    const answer = await server.report(body, { path: ROUTES.batch + query });
    assert.equal(answer.status, 200, answer.text.slice(0, 200));
    assert.deepEqual(answer.json.summary, { created: 0, corrected: 0, unchanged: MAX_ROWS, failed: 0 });
    answer.json.results.forEach(({ body }) => assert.equal(body.call_outcome.description, stored.description));
  }
  for (const { status, text } of await beside) assert.equal(status, 201, text);
});

test('no instance of the Worker broke', async () => {
  assert.doesNotMatch((await server.logged()).join('\n'), /RuntimeError|Reinitializing/);
});
