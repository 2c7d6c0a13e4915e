// `npm run archive-calls`: moves old calls that have no outcomes from the database to KV, the cold tier.
//
// A call is copied, read back and compared, and only then removed, if it is still the same and still has no outcome. So
// whatever happens between the steps, a call is in one of the two places, and running this again goes on.
import { parseArgs } from 'node:util';
import { openDatabase, whenFree } from './database.mjs';
import { Failure, elapsed, isMain, main } from './run.mjs';

const BATCH = 500;

const COLUMNS = [
  'network_id',
  'transaction_id',
  'external_id',
  'advertiser_id',
  'campaign_id',
  'calling_phone',
  'destination_phone',
  'start_ms',
  'duration_s',
];
const row = `json_object(${COLUMNS.map((column) => `'${column}', ${column}`).join(', ')})`;

const SELECT = `
  SELECT id, network_id || ':' || transaction_id AS key, ${row} AS json FROM calls
  WHERE id > ?1 AND start_ms < ?2 AND (?3 IS NULL OR network_id = ?3)
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE call_id = calls.id)
  ORDER BY id LIMIT ?4`;

const REMOVE = `
  DELETE FROM calls
  WHERE id IN (SELECT value ->> 0 FROM json_each(?1))
    AND ${row} = (SELECT value ->> 1 FROM json_each(?1) WHERE value ->> 0 = calls.id)
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE call_id = calls.id)`;

const help = `Usage: npm run archive-calls -- --before YYYY-MM-DD [options]

  --before <date>  Calls that started before this day (UTC)
  --network <id>   Only this network's
  --remote         Works on the deployed database, not the local one`;

/** Archives the calls that started before `before` (Unix milliseconds); returns how many. */
export async function archive(DB, ARCHIVE, before, { network = null, batch = BATCH, progress = () => {} } = {}) {
  let after = 0;
  let archived = 0;
  for (;;) {
    const { results } = await whenFree(() => DB.prepare(SELECT).bind(after, before, network, batch).run());
    if (results.length === 0) return archived;
    after = results.at(-1).id;
    await Promise.all(results.map(({ key, json }) => ARCHIVE.put(key, json)));
    const kept = await Promise.all(results.map(({ key }) => ARCHIVE.get(key)));
    const copied = results.filter(({ json }, at) => kept[at] === json);
    const list = JSON.stringify(copied.map(({ id, json }) => [id, json]));
    const { meta } = await whenFree(() => DB.prepare(REMOVE).bind(list).run());
    archived += meta.changes;
    progress(archived);
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const options = {
      before: { type: 'string' },
      network: { type: 'string' },
      remote: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    };
    const { values } = parseArgs({ options });
    if (values.help) return console.log(help);
    const before = /^\d{4}-\d\d-\d\d$/.test(values.before ?? '') ? Date.parse(`${values.before}T00:00:00Z`) : NaN;
    if (Number.isNaN(before)) throw new Failure(`--before takes a day such as 2025-01-01.\n\n${help}`);
    const began = performance.now();
    const { DB, ARCHIVE, close } = await openDatabase({ remote: values.remote });
    try {
      const progress = (count) => process.stderr.write(`\r${count} calls archived `);
      const count = await archive(DB, ARCHIVE, before, { network: values.network, progress });
      console.log(`\n${count} calls archived in ${elapsed(began)}.`);
    } finally {
      await close();
    }
  });
}
