// `npm run archive-calls`: moves old calls without outcomes from the database to KV, or back.
import { archive, archivedParts, countArchivable, restore } from '../lib/archive.mjs';
import { openDatabase } from '../lib/database.mjs';
import { Failure, commandLine, elapsed, isMain, main } from '../lib/run.mjs';

const help = `Usage: npm run archive-calls -- --before YYYY-MM-DD [options]

Moves calls without outcomes from the database to KV. Reports still find them.

  --before <day>   Calls that started before this day (UTC)
  --from <day>     Calls that started on this day or later
  --network <id>   Calls of this network only
  --restore        Moves archived calls back into the database
  --dry-run        Shows how many calls would move, and moves none
  --remote         Uses the deployed database, not the local one`;

if (isMain(import.meta.url)) {
  await main(async () => {
    const values = read(process.argv.slice(2));
    if (values.help) return console.log(help);
    const range = {
      before: day('before', values.before),
      from: values.from === undefined ? 0 : day('from', values.from),
      network: values.network ?? null,
    };
    if (range.before > Date.now()) throw new Failure('--before must not be later than today, as calls may be in progress.');
    if (values.from !== undefined && range.from >= range.before) throw new Failure('--from must be earlier than --before.');
    const began = performance.now();
    const { DB, ARCHIVE, close } = await openDatabase({ remote: values.remote });
    try {
      if (values['dry-run']) return console.log(await dryRun(DB, range, values.restore));
      const done = values.restore ? 'restored' : 'archived';
      const progress = (count) => process.stderr.write(`\r${count} calls ${done} `);
      const count = await (values.restore ? restore : archive)(DB, ARCHIVE, { ...range, progress });
      process.stderr.write('\r');
      console.log(`${count} calls ${done} in ${elapsed(began)}.`);
    } finally {
      await close();
    }
  });
}

function read(args) {
  const options = {
    before: { type: 'string' },
    from: { type: 'string' },
    network: { type: 'string' },
    restore: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    remote: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  return commandLine({ args, options }, help).values;
}

/** The beginning of a day, UTC, in Unix milliseconds. `Date.parse` reads February 30 as March 2, so that is checked. */
function day(name, text = '') {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(text)) {
    throw new Failure(`--${name} takes a calendar date such as 2025-01-01.\n\n${help}`);
  }
  return time;
}

async function dryRun(DB, range, isRestore) {
  if (!isRestore) return `${await countArchivable(DB, range)} calls would be archived.`;
  const parts = await archivedParts(DB, range);
  const calls = parts.reduce((sum, part) => sum + part.calls, 0);
  return `Up to ${calls} calls in ${parts.length} parts would be restored.`;
}
