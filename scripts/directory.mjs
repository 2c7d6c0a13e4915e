// `npm run directory`: loads the directory of advertisers and campaigns, by which a token's access is checked.
//
// Imported calls fill it too; this is for knowing it before the first call.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parse as parseCsv } from 'csv-parse/sync';
import { openDatabase, whenFree } from './database.mjs';
import { Failure, isMain, main } from './run.mjs';

const help = `Usage: npm run directory -- import FILE.csv|FILE.json [--remote]

  JSON: {"advertisers": [{network_id, advertiser_id_from_network, name}],
         "campaigns": [{network_id, advertiser_id_from_network, advertiser_campaign_id_from_network, name}]}
  CSV:  network_id, advertiser_id_from_network, advertiser_name, advertiser_campaign_id_from_network, campaign_name

  --remote         Works on the deployed database, not the local one`;

const CHUNK = 1_000;

const ADVERTISERS = `
  INSERT INTO advertisers (network_id, id, name)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE TRUE
  ON CONFLICT DO UPDATE SET name = coalesce(excluded.name, name)`;

// A campaign that belongs to another advertiser stays as it is.
const CAMPAIGNS = `
  INSERT INTO campaigns (network_id, id, advertiser_id, name)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE TRUE
  ON CONFLICT DO UPDATE SET advertiser_id = excluded.advertiser_id, name = coalesce(excluded.name, name)
  WHERE advertiser_id IS NULL OR advertiser_id = excluded.advertiser_id`;

const CONFLICTS = `
  SELECT g.network_id, g.id, g.advertiser_id, value ->> 2 AS wanted
  FROM json_each(?1) JOIN campaigns AS g ON g.network_id = value ->> 0 AND g.id = value ->> 1
  WHERE g.advertiser_id IS NOT value ->> 2`;

/** Loads a directory; returns the campaigns that belong to another advertiser than it says. */
export async function importDirectory(DB, { advertisers = [], campaigns = [] }) {
  const columns = (...names) => (row) => names.map((name) => text(row[name]));
  const owners = campaigns.map(columns('network_id', 'advertiser_id_from_network'));
  const named = advertisers.map(columns('network_id', 'advertiser_id_from_network', 'name'));
  const rows = campaigns.map(
    columns('network_id', 'advertiser_campaign_id_from_network', 'advertiser_id_from_network', 'name'),
  );
  const incomplete = [...owners, ...named, ...rows].some(([network, id]) => network === null || id === null);
  if (incomplete) throw new Failure('Every row needs a network_id and its ids. Nothing was loaded.');
  await inChunks(DB, ADVERTISERS, [...owners, ...named]);
  await inChunks(DB, CAMPAIGNS, rows);
  return inChunks(DB, CONFLICTS, rows);
}

/** Ids are text; an empty cell is none. */
function text(value) {
  return value === undefined || value === null || value === '' ? null : String(value);
}

async function inChunks(DB, sql, rows) {
  const found = [];
  for (let from = 0; from < rows.length; from += CHUNK) {
    const json = JSON.stringify(rows.slice(from, from + CHUNK));
    const { results } = await whenFree(() => DB.prepare(sql).bind(json).run());
    found.push(...results);
  }
  return found;
}

/** A CSV row is an advertiser, and a campaign of it where it names one. */
function fromCsv(content) {
  const rows = parseCsv(content, { columns: true, bom: true, skip_empty_lines: true });
  return {
    advertisers: rows.map((row) => ({ ...row, name: row.advertiser_name })),
    campaigns: rows
      .filter((row) => row.advertiser_campaign_id_from_network)
      .map((row) => ({ ...row, name: row.campaign_name })),
  };
}

async function read(file) {
  const content = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`\`${file}\` cannot be read.`);
  });
  try {
    return /\.csv$/i.test(file) ? fromCsv(content) : JSON.parse(content);
  } catch (error) {
    throw new Failure(`\`${file}\`: ${error.message}`);
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const options = { remote: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) return console.log(help);
    const [command, file] = positionals;
    if (command !== 'import' || !file) throw new Failure(`Name a file to import.\n\n${help}`);
    const directory = await read(file);
    const { DB, close } = await openDatabase({ remote: values.remote });
    try {
      const conflicts = await importDirectory(DB, directory);
      for (const { network_id, id, advertiser_id, wanted } of conflicts) {
        console.error(`campaign ${id} of network ${network_id} belongs to advertiser ${advertiser_id}, not ${wanted}`);
      }
      const { advertisers = [], campaigns = [] } = directory;
      console.log(`${advertisers.length} advertisers and ${campaigns.length} campaigns, ${conflicts.length} in conflict.`);
      if (conflicts.length > 0) process.exitCode = 1;
    } finally {
      await close();
    }
  });
}
