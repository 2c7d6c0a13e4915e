// `npm start`: builds, prepares the local database and serves the Worker on http://127.0.0.1:8787 (PORT changes it).
import { buildAll } from '../build/build.mjs';
import { openDatabase } from '../lib/database.mjs';
import { elapsed, main } from '../lib/run.mjs';
import { requestedPort, serve } from '../lib/serve.mjs';

// Set before Miniflare sets its own handlers, so that stopping the server counts as success. When this process exits,
// Miniflare ends the runtime.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

async function start() {
  const began = performance.now();
  const port = await requestedPort();
  await buildAll();
  // Before the port opens, so that the data is there once it is open.
  await (await openDatabase()).close();
  const { url } = await serve(port);
  console.log(welcome(url, elapsed(began)));
}

function welcome(url, took) {
  const endpoint = `${url}/api/2015-08-17/call_outcomes.json`;
  const report = (method, body) =>
    `curl -H "Content-Type: application/json" -X ${method} -d '${JSON.stringify(body)}' ${endpoint}`;
  const call = { search: { transaction_id: '00000000-00000001' } };
  const sale = { outcome_name: 'sale', partner_unique_id: '1' };
  const details = { description: '1 year contract', occurred_at_time_t: '1440607313' };
  const worth = { sale_amount: '100.00', value: 'true' };
  const token = { oauth_token: 'demo-network-token' };
  return `
Serving ${url} after ${took}. Ctrl-C stops it. \`npm run reset\` deletes its data.

Report a sale:

${report('POST', { ...call, call_outcome: { ...sale, ...details, ...worth }, ...token })}

Correct its amount:

${report('PUT', { ...call, call_outcome: { ...sale, sale_amount: '120.00' }, ...token })}
`;
}

await main(start);
