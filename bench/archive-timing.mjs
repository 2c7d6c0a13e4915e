// Compares the time of a look-up of another advertiser's archived call with that of an id that doesn't exist. If they
// differed, a client could learn which ids exist. 600 interleaved requests of each kind, by GET, by a report and by a batch.
// Run it with the pinned Node:
//
//   node_modules/.bin/node bench/archive-timing.mjs
import { ADVERTISER, PATH, start } from '../tools/harness/server.mjs';
import { median } from './median.mjs';

const REQUESTS = 600;
const CALLS = 2_000;

const server = await start();
await server.addArchived(
  Array.from({ length: CALLS }, (_, at) => ({
    transaction_id: `A0000000-${String(at).padStart(8, '0')}`,
    advertiser_id: '9',
    calling_phone: '+18885551212',
    start_ms: 1_300_000_000_000,
  })),
);

const headers = { Authorization: `Bearer ${ADVERTISER}`, 'Content-Type': 'application/json' };
const sale = (transaction_id) => ({ search: { transaction_id }, call_outcome: { outcome_name: 'Sale' } });
const kinds = {
  GET: (id) => server.request(`${PATH}?transaction_id=${id}`, { headers }),
  report: (id) => server.report(sale(id), { headers }),
  batch: (id) => server.report({ call_outcomes: [sale(id)] }, { path: PATH.replace('.json', '/batch'), headers }),
};

for (const [kind, send] of Object.entries(kinds)) {
  const times = { foreign: [], absent: [] };
  for (let at = 0; at < REQUESTS * 2 + 100; at += 1) {
    const name = at % 2 ? 'foreign' : 'absent';
    const id = `${name === 'foreign' ? 'A' : 'B'}0000000-${String(at % CALLS).padStart(8, '0')}`;
    const began = performance.now();
    await send(id);
    if (at >= 100) times[name].push(performance.now() - began);
  }
  const [foreign, absent] = [median(times.foreign), median(times.absent)];
  console.log(`${kind}: foreign ${foreign.toFixed(3)} ms, absent ${absent.toFixed(3)} ms (${(foreign / absent).toFixed(3)})`);
}
await server.stop();
