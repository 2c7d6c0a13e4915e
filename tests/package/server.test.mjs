// Page and server have the same rules, and each can tell.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build, limits, validate, version } from '../../package/dist/index.js';
import { start } from '../worker/harness.mjs';

let server;
before(async () => {
  server = await start({ vars: { DEFAULT_COUNTRY_CODE: '49' } });
});
after(() => server?.stop());

test("the server's configuration is that of the package, and its options", async () => {
  const config = await (await fetch(`${server.url}/config.json`)).json();
  assert.deepEqual([config.build, config.version, config.limits], [build, version, limits]);
  const search = { start_time_t: 1435993200, calling_phone_number: '3012345678' };
  const { request } = validate(JSON.stringify({ search, call_outcome: { outcome_name: 'Sale' } }), config);
  assert.equal(request.search.calling_phone_number, '+493012345678');
});
