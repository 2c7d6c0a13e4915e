// The package's `validate` beside JSON.parse and ajv, compiled from the schema of the server's own OpenAPI document, which
// tests/worker/openapi.test.mjs holds to the table of cases. Rounds are interleaved, and their order turns each time.
import { readFile } from 'node:fs/promises';
import Ajv from 'ajv/dist/2020.js';
import { validate, validateValue } from '../package/dist/index.js';

const EACH = 10_000;
const read = async (path) => JSON.parse(await readFile(new URL(`../${path}`, import.meta.url), 'utf8'));

export async function validator({ rounds = 15 } = {}) {
  const openapi = await read('www/openapi.json');
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false }).addSchema(openapi, 'openapi');
  const check = ajv.getSchema('openapi#/components/schemas/Report');
  const decoder = new TextDecoder();
  const good = openapi.paths['/api/{version}/call_outcomes'].post.requestBody.content['application/json'].examples.sale.value;
  const bad = { search: { start_time_t: 'yesterday' }, call_outcome: { sale_amount: '1,000.00', value: 'perhaps' } };
  const tables = [];
  for (const [name, value] of Object.entries({ 'a good report': good, 'three problems and a missing name': bad })) {
    const text = JSON.stringify(value);
    const bytes = new TextEncoder().encode(text);
    if (check(value) !== validate(text).ok) throw new Error(`They differ on ${text}`);
    tables.push(
      await compare(`${name}, from text`, () => check(JSON.parse(text)), () => validate(text).ok, rounds),
      await compare(`${name}, from bytes`, () => check(JSON.parse(decoder.decode(bytes))), () => validate(bytes).ok, rounds),
      await compare(`${name}, from a value`, () => check(value), () => validateValue(value).ok, rounds),
    );
  }
  return tables;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function compare(name, theirs, ours, rounds) {
  const times = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const which of round % 2 ? [0, 1] : [1, 0]) {
      const run = [theirs, ours][which];
      const began = performance.now();
      for (let count = 0; count < EACH; count += 1) run();
      times[which].push(((performance.now() - began) / EACH) * 1e6);
    }
  }
  const [ajv, own] = times.map(median);
  return { name, ajv, own, ratio: own / ajv };
}
