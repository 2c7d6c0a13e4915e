// The package with the real server: both have the same rules, and the backend in the README uses both.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build, limits, validate, version } from '../../package/dist/index.js';
import { NETWORK, start } from '../../tools/harness/server.mjs';
import { dist, project } from './harness.mjs';

let server;
before(async () => {
  server = await start({ vars: { DEFAULT_COUNTRY_CODE: '49' } });
});
after(() => server?.stop());

test("the server has the build and limits of the package, and its configuration works as options", async () => {
  const config = await (await fetch(`${server.url}/config.json`)).json();
  assert.deepEqual([config.build, config.version, config.limits], [build, version, limits]);
  const search = { start_time_t: 1435993200, calling_phone_number: '3012345678' };
  const { request } = validate(JSON.stringify({ search, call_outcome: { outcome_name: 'Sale' } }), config);
  assert.equal(request.search.calling_phone_number, '+493012345678');
});

/** The backend of the README, reporting to this server. */
async function backend() {
  const readme = await readFile(join(dist, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code);
  const [code, ...others] = examples.filter((code) => code.includes('export async function report('));
  assert.deepEqual(others, []);
  const address = 'https://outcomes.example.com/';
  assert.equal(code.split(address).length, 2);
  const folder = await project({ 'report.ts': code.replace(address, `${server.url}/`) });
  return import(pathToFileURL(join(folder, 'report.ts')));
}

function formOf(fields) {
  const form = new FormData();
  for (const [name, text] of Object.entries(fields)) form.append(name, text);
  return form;
}

test("the README's backend reports what a form holds, and a blank form clears only the listed fields", async () => {
  const { report } = await backend();
  const search = { transaction_id: '', start_time_t: '1435993260', calling_phone_number: '(888) 555-1212', duration_in_seconds: '' };
  const blank = {
    ...search,
    outcome_name: 'Sale',
    partner_unique_id: '',
    sale_amount: '',
    description: '',
    occurred_at_time_t: '',
    value: '',
    custom_parameter_1: '',
    custom_parameter_2: ' ',
    csrf: 'none of the API',
  };
  const filled = {
    ...blank,
    sale_amount: '100.00',
    description: '1 year',
    occurred_at_time_t: '1440607313',
    value: 'no',
    custom_parameter_1: 'red',
    custom_parameter_2: 'large',
  };
  const first = await report(formOf(filled), NETWORK);
  const { call, call_outcome: created } = await first.json();
  assert.deepEqual([first.status, call.transaction_id, created.sale_amount], [201, '00000000-00000001', '100.0']);

  const second = await report(formOf(blank), NETWORK);
  const { call_outcome: corrected } = await second.json();
  assert.equal(second.status, 200);
  // The example lists `description` in `clears`.
  const changed = { transaction_id: corrected.transaction_id, corrects_transaction_id: created.transaction_id, description: '' };
  assert.deepEqual(corrected, { ...created, ...changed });

  // Without a description to clear, there is nothing to correct.
  const third = await report(formOf(blank), NETWORK);
  assert.deepEqual([third.status, (await third.json()).call_outcome], [200, corrected]);
  const stored = await server.records();
  assert.deepEqual(stored.map(({ sale_cents, description }) => [sale_cents, description]), [
    [10_000, '1 year'],
    [10_000, ''],
  ]);

  const byId = await report(formOf({ transaction_id: '00000000-00000002', outcome_name: 'Quote' }), NETWORK);
  assert.deepEqual([byId.status, (await byId.json()).call.transaction_id], [201, '00000000-00000002']);
  const refused = await report(formOf({ ...filled, sale_amount: '$5' }), NETWORK);
  assert.deepEqual([refused.status, (await refused.json()).problems[0].code], [422, 'sale_amount.currency']);
});
