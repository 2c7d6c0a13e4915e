// The directory of advertisers and campaigns, by which a token's access is checked: reads it from a file and stores it.
import { readFile } from 'node:fs/promises';
import { parse as parseCsv } from 'csv-parse/sync';
import { whenFree } from './database.mjs';
import { Failure } from './run.mjs';

const CHUNK = 1_000;
/** The longest id, in characters, as the API takes it. */
const MAX_ID = 255;
/** How many problems are shown. */
const SHOWN = 100;

// The members of a row: `true` where it needs one, `false` where it may have one; a name is any text.
const OF_ADVERTISER = { network_id: true, advertiser_id_from_network: true, name: false };
const OF_CAMPAIGN = { ...OF_ADVERTISER, advertiser_campaign_id_from_network: true };
const OF_LINE = {
  network_id: true,
  advertiser_id_from_network: true,
  advertiser_name: false,
  advertiser_campaign_id_from_network: false,
  campaign_name: false,
};

const ADVERTISERS = `
  INSERT INTO advertisers (network_id, id, name)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE TRUE
  ON CONFLICT DO UPDATE SET name = coalesce(excluded.name, name)`;

// If a campaign belongs to another advertiser, a trigger fails the statement and with it the batch.
const CAMPAIGNS = `
  INSERT INTO campaigns (network_id, id, advertiser_id, name)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE TRUE
  ON CONFLICT DO UPDATE SET advertiser_id = excluded.advertiser_id, name = coalesce(excluded.name, name)`;
const TRIGGER = /campaigns_advertiser_is_final/;

const OWNERS = `
  SELECT g.network_id, g.id, g.advertiser_id
  FROM json_each(?1) JOIN campaigns AS g ON g.network_id = value ->> 0 AND g.id = value ->> 1
  WHERE g.advertiser_id IS NOT NULL`;

/** Loads a directory. If it has a mistake, or a campaign that belongs to another advertiser, nothing is loaded. */
export async function importDirectory(DB, directory) {
  refuse(problemsOf(directory));
  const { advertisers, campaigns } = lists(directory);
  const owners = campaigns.map(columns('network_id', 'advertiser_id_from_network'));
  const named = advertisers.map(columns('network_id', 'advertiser_id_from_network', 'name'));
  const rows = campaigns.map(
    columns('network_id', 'advertiser_campaign_id_from_network', 'advertiser_id_from_network', 'name'),
  );
  refuse(conflicts(campaigns, await storedOwners(DB, rows)));
  const statements = [...inChunks(DB, ADVERTISERS, [...owners, ...named]), ...inChunks(DB, CAMPAIGNS, rows)];
  if (statements.length === 0) return;
  try {
    await whenFree(() => DB.batch(statements));
  } catch (error) {
    // An import of calls has changed an owner since it was read.
    if (TRIGGER.test(error.message)) refuse(conflicts(campaigns, await storedOwners(DB, rows)));
    throw error;
  }
}

const columns = (...names) => (row) => names.map((name) => text(row[name]));
const keyOf = (network, id) => JSON.stringify([network, id]);

/** Returns the advertiser of each campaign that is stored already. */
async function storedOwners(DB, rows) {
  const owners = new Map();
  for (const statement of inChunks(DB, OWNERS, rows)) {
    const { results } = await whenFree(() => statement.run());
    for (const { network_id, id, advertiser_id } of results) owners.set(keyOf(network_id, id), advertiser_id);
  }
  return owners;
}

/** Returns a problem for each campaign that belongs to another advertiser in the database or in an earlier row. */
function conflicts(campaigns, owners = new Map()) {
  const ids = columns('network_id', 'advertiser_campaign_id_from_network', 'advertiser_id_from_network');
  return campaigns.flatMap((row, at) => {
    const [network, id, advertiser] = ids(row);
    const key = keyOf(network, id);
    const owner = owners.get(key) ?? advertiser;
    owners.set(key, owner);
    if (owner === advertiser) return [];
    const place = row[PLACE] ?? `campaigns[${at}]:`;
    return [`${place} campaign ${id} of network ${network} belongs to advertiser ${owner}, not ${advertiser}`];
  });
}

/** The key under which a row keeps its place in the file. */
const PLACE = Symbol('place');

export const lists = ({ advertisers, campaigns }) => ({ advertisers: advertisers ?? [], campaigns: campaigns ?? [] });

/** Ids are text; an empty cell is none. */
function text(value) {
  return value === undefined || value === null || value === '' ? null : String(value);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Everything that is wrong with a directory, each with its place. */
function problemsOf(directory) {
  if (!isObject(directory)) return ['the directory must be an object with `advertisers` and `campaigns`'];
  const unknown = Object.keys(directory).filter((name) => !['advertisers', 'campaigns'].includes(name));
  const list = (name, members) => {
    const rows = directory[name] ?? [];
    if (!Array.isArray(rows)) return [`${name} must be a list`];
    return rows.flatMap((row, at) => problemsOfRow(row, members, `${name}[${at}]`, '.'));
  };
  return [
    ...unknown.map((name) => `${name} is not known: a directory has \`advertisers\` and \`campaigns\``),
    ...list('advertisers', OF_ADVERTISER),
    ...list('campaigns', OF_CAMPAIGN),
  ];
}

function problemsOfRow(row, members, place, separator) {
  if (!isObject(row)) return [`${place} must be an object`];
  const known = Object.keys(members);
  const unknown = Object.keys(row).filter((name) => !known.includes(name));
  return [
    ...known.map((name) => [name, problemOf(row[name], members[name], name)]),
    ...unknown.map((name) => [name, `is not known: there are ${known.join(', ')}`]),
  ].flatMap(([name, problem]) => (problem ? [`${place}${separator}${name} ${problem}`] : []));
}

function problemOf(value, isNeeded, name) {
  if (text(value) === null) return isNeeded && 'must be present';
  if (!['string', 'number'].includes(typeof value)) return 'must be a string or a number';
  const written = String(value);
  if (written.includes('\0')) return 'must not have U+0000';
  if (/name$/.test(name)) return false;
  if (written.trim() === '') return isNeeded && 'must be present';
  if (written !== written.trim()) return 'must not have spaces around it';
  return [...written].length > MAX_ID && `is too long (maximum is ${MAX_ID} characters)`;
}

function refuse(problems) {
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN).map((problem) => `  ${problem}`);
  if (problems.length > SHOWN) shown.push(`  and ${problems.length - SHOWN} more`);
  throw new Failure(`Nothing was loaded.\n${shown.join('\n')}`);
}

function inChunks(DB, sql, rows) {
  const statements = [];
  for (let from = 0; from < rows.length; from += CHUNK) {
    statements.push(DB.prepare(sql).bind(JSON.stringify(rows.slice(from, from + CHUNK))));
  }
  return statements;
}

/** Returns the delimiter: that of a `sep=` line, which Excel reads, or else the one that occurs most in the header. */
function separatedBy(content) {
  const [first] = content.replace(/^\ufeff/, '').split(/\r\n|\r|\n/, 1);
  const [, said] = /^"?sep=(.)"?$/i.exec(first) ?? [];
  const times = (delimiter) => first.split(delimiter).length;
  const delimiter = said ?? [',', ';', '\t', '|'].reduce((best, each) => (times(each) > times(best) ? each : best));
  return { delimiter, from_line: said ? 2 : 1 };
}

/** A CSV row is an advertiser, and a campaign of it where it names one. */
function fromCsv(content) {
  const parsed = parseCsv(content, { ...separatedBy(content), columns: true, bom: true, skip_empty_lines: true, info: true });
  refuse(parsed.flatMap(({ record, info }) => problemsOfRow(record, OF_LINE, `line ${info.lines}:`, ' ')));
  const rows = parsed.map(({ record, info }) => ({ ...record, [PLACE]: `line ${info.lines}:` }));
  const owner = ({ network_id, advertiser_id_from_network }) => ({ network_id, advertiser_id_from_network });
  return {
    advertisers: rows.map((row) => ({ ...owner(row), name: row.advertiser_name })),
    campaigns: rows
      .filter((row) => row.advertiser_campaign_id_from_network?.trim())
      .map(({ advertiser_campaign_id_from_network, campaign_name: name, ...row }) => ({
        ...owner(row),
        advertiser_campaign_id_from_network,
        name,
        [PLACE]: row[PLACE],
      })),
  };
}

/** Numbers as they are written: an id may have more digits than a number of JavaScript. */
async function fromJson(content, whereNotJson) {
  let directory;
  try {
    directory = JSON.parse(content, (_, value, { source }) => (typeof value === 'number' ? source : value));
  } catch (error) {
    throw new Failure(`not JSON: ${(await whereNotJson(content)) ?? error.message}`);
  }
  refuse(problemsOf(directory));
  return directory;
}

/**
 * Reads a directory from a CSV or JSON file. `whereNotJson` returns what is wrong with a text that is not JSON, as the API
 * says it of a body.
 */
export async function readDirectory(file, whereNotJson) {
  const bytes = await readFile(file).catch(() => {
    throw new Failure(`\`${file}\` cannot be read.`);
  });
  try {
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const directory = /\.(csv|tsv|txt)$/i.test(file) ? fromCsv(content) : await fromJson(content, whereNotJson);
    refuse(conflicts(lists(directory).campaigns));
    return directory;
  } catch (error) {
    const isEncoding = error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    throw new Failure(`\`${file}\`: ${isEncoding ? 'not UTF-8: save it as UTF-8.' : error.message}`);
  }
}
