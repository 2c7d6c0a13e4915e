// A file of calls, read and checked by what the page for files reads with: src/csv_file as WebAssembly, and www/csv/ for
// encodings and time zones. Calls are final, so a column or a format that is not certain has to be said.
import { openAsBlob } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ENCODINGS, SAMPLE, chunks, detect, sample } from '../../www/csv/text.js';
import { zoneOffsets } from '../../www/csv/zones.js';
import { Failure, root } from './run.mjs';

const FORMATS = { '.csv': 'csv', '.tsv': 'csv', '.txt': 'csv', '.ndjson': 'ndjson', '.jsonl': 'ndjson' };
const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', '\\t': '\t', bar: '|' };
/** The column that a file of rejected rows has. */
const ERROR = 'error';

/** What a command line can say of a file of calls. */
export const options = {
  column: { type: 'string', multiple: true, default: [] },
  'ignore-unknown': { type: 'boolean', default: false },
  encoding: { type: 'string' },
  delimiter: { type: 'string' },
  'date-format': { type: 'string' },
  'time-zone': { type: 'string' },
};

export const help = `  --column "Call ID=transaction_id"   What a column holds (repeatable); --column "Notes=" ignores one; #4 is the fourth
  --ignore-unknown    Goes on without the columns and members that no parameter is called
  --encoding <name>   ${ENCODINGS.join(', ')} (default: by the first bytes)
  --delimiter <name>  comma, semicolon, tab or bar (default: by the first rows)
  --date-format <f>   unix, iso (2015-07-04 07:00), month-first (7/4/2015) or day-first (4.7.2015); needed where more
                      than one fits
  --time-zone <zone>  Of times without an offset, such as UTC, Europe/Berlin or +02:00`;

/** The wasm module of the page for files, which `buildPackage` builds. */
export async function loadReader() {
  const at = (name) => join(root, 'www/pkg', name);
  const reader = await import(pathToFileURL(at('table.js')));
  await reader.default({ module_or_path: await readFile(at('table.wasm')) });
  return reader;
}

/** Opens a file, and finds out what it holds. Fails where that is not certain, before anything is read for good. */
export async function openCalls(path, said) {
  const table = await loadReader();
  const format = FORMATS[extname(path).toLowerCase()];
  if (!format) throw new Failure(`\`${path}\` must end in .csv, .tsv, .txt, .ndjson or .jsonl.`);
  const about = await stat(path).catch(() => null);
  if (!about?.isFile()) throw new Failure(`\`${path}\` cannot be read.`);
  const file = await openAsBlob(path).catch(({ message }) => {
    throw new Failure(`\`${path}\` cannot be read: ${message}`);
  });
  const encoding = said.encoding === undefined ? await detect(file) : encodingOf(said.encoding);
  const first = await sample(file, encoding);
  const isWhole = file.size <= SAMPLE;
  const notes = encoding === 'utf-8' ? [] : [`Read as ${encoding}.`];
  if (format === 'ndjson' && said.column.length > 0) throw new Failure('--column is for a CSV.');
  const columns = format === 'csv' ? columnsOf(table, { first, isWhole, said, notes }) : { columns: [] };
  const settings = { ...columns, content: 'calls', strict: !said['ignore-unknown'], preview_rows: 0 };
  /** Begins a check, by the rules of a server in a country. */
  const check = (country) => new table.FileCheck({ ...settings, default_country_code: country });

  if (format === 'ndjson' && !said['ignore-unknown']) refuseMembers(check('1'), first, isWhole);
  return { size: file.size, notes, check, chunks: () => chunks(file, encoding) };
}

function encodingOf(name) {
  try {
    const { encoding } = new TextDecoder(name);
    if (ENCODINGS.includes(encoding)) return encoding;
  } catch {
    // No encoding at all.
  }
  throw new Failure(`--encoding must be ${either(ENCODINGS)}.`);
}

/** Returns the delimiter of a CSV, and what its columns hold. */
function columnsOf(table, { first, isWhole, said, notes }) {
  const delimiter = said.delimiter === undefined ? undefined : (DELIMITERS[said.delimiter] ?? said.delimiter);
  if (delimiter !== undefined && !Object.values(DELIMITERS).includes(delimiter)) {
    throw new Failure('--delimiter must be comma, semicolon, tab or bar.');
  }
  const format = table.detectFormat(first, { content: 'calls', delimiter, is_whole: isWhole });
  if (format.kind !== 'csv') throw new Failure('The file has JSON in its lines: rename it to end in .ndjson.');
  const parameters = table.columnParameters('calls');
  const held = parametersOf(format.columns, parameters.map(({ name }) => name), said);
  const columns = format.columns.map((column, at) => {
    const parameter = held[at];
    const formats = parameters.find(({ name }) => name === parameter)?.formats ?? [];
    if (formats.length === 0) return { parameter, format: '' };
    return { parameter, ...timeOf(table, column, formats.map(({ name }) => name), said) };
  });
  const ignored = format.columns.filter(({ name }, at) => held[at] === '' && name !== ERROR).map(({ name }) => `\`${name}\``);
  if (ignored.length > 0) notes.push(`Ignored: ${ignored.join(', ')}.`);
  return { delimiter: format.delimiter, columns };
}

/** The parameter of each column, or `''`. All that is wrong is said at once. */
function parametersOf(columns, names, said) {
  const problems = [];
  const exact = ({ is_exact: isExact, parameter }) => (isExact ? parameter : undefined);
  const mapped = new Map();
  for (const text of said.column) {
    const at = text.lastIndexOf('=');
    const [name, parameter] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    const places = placesOf(columns, name);
    // Columns with the same name can be ignored together, unless one of them has the name of a parameter.
    const isOne = places.length === 1 || (parameter === '' && places.every((place) => !exact(columns[place])));
    if (at === -1) problems.push(`--column "${text}" has no \`=\`: write "Call ID=transaction_id".`);
    else if (places.length === 0) problems.push(`--column "${text}": no column is called \`${name}\`.`);
    else if (!isOne) {
      const each = places.map((place) => `"#${place + 1}=${parameter}"`);
      problems.push(`--column "${text}": more than one column is called \`${name}\`: write ${either(each)}.`);
    } else if (parameter !== '' && !names.includes(parameter)) {
      problems.push(`--column "${text}": a parameter is one of ${names.join(', ')}.`);
    }
    for (const place of places) mapped.set(place, parameter);
  }
  const known = columns.map((column, at) => {
    const isOurs = column.name === ERROR && at === columns.length - 1 && column.cells.every((cell) => /^line \d+: /.test(cell));
    return mapped.get(at) ?? exact(column) ?? (isOurs ? '' : undefined);
  });
  for (const [at, { name, parameter }] of columns.entries()) {
    const first = known.indexOf(known[at]);
    const isTwice = known[at] && first !== at;
    const isSame = columns.findIndex((other) => other.name.trim() === name.trim()) !== at;
    const isRepeated = columns.some((other, place) => place !== at && other.name.trim() === name.trim());
    // Names the column by its number if its name is not unique.
    const option = (value) => `--column "${isRepeated || name.trim() === '' ? `#${at + 1}` : name}=${value}"`;
    if (isTwice && isSame && !mapped.has(at)) problems.push(`repeated column \`${name}\`: pass ${option('')} to ignore it.`);
    else if (isTwice) problems.push(`\`${name}\`: another column holds ${known[at]} already.`);
    if (known[at] !== undefined || said['ignore-unknown']) continue;
    const hint = parameter && !known.includes(parameter) ? `: pass ${option(parameter)} if it is that` : '';
    problems.push(`${isSame ? 'repeated' : 'unknown'} column \`${name}\`${hint || `: pass ${option('')} to ignore it`}.`);
  }
  if (columns.length === 0) problems.push('the file has no header.');
  else if (problems.length === 0 && !known.includes('start_time_t')) problems.push('no column holds start_time_t, which every call needs.');
  if (problems.length > 0) {
    throw new Failure(
      `Nothing was sent.\n${problems.map((problem) => `  ${problem}`).join('\n')}\n` +
        `  The parameters are ${names.join(', ')}. --ignore-unknown goes on without unknown columns.`,
    );
  }
  return known.map((parameter) => parameter ?? '');
}

/** Returns the places of the columns with a name, or else of the column with a number such as `#4`. */
function placesOf(columns, name) {
  const places = [...columns.keys()].filter((at) => columns[at].name.trim() === name);
  const [, number] = /^#(\d+)$/.exec(name) ?? [];
  return places.length === 0 && number >= 1 && number <= columns.length ? [number - 1] : places;
}

/** The format of a column's times, and its zone. Without a zone, only times with an offset are valid. */
function timeOf(table, { name, time, needs_zone: needsZone }, formats, said) {
  const format = said['date-format'];
  if (format !== undefined && !formats.includes(format)) throw new Failure(`--date-format must be ${either(formats)}.`);
  if (format === undefined && !time.sure && time.fits.length > 1) {
    throw new Failure(`Nothing was sent.\n  \`${name}\` may be read in more than one way: pass --date-format ${either(time.fits)}.`);
  }
  const zone = said['time-zone'];
  if (zone === undefined && needsZone) {
    throw new Failure(`Nothing was sent.\n  \`${name}\` has times without an offset: pass --time-zone, such as UTC or Europe/Berlin.`);
  }
  try {
    return { format: format ?? time.format, zone: zoneOffsets(zone, table.offsetOf) };
  } catch {
    throw new Failure(`--time-zone ${zone} is not a time zone.`);
  }
}

/** Stops at members that no parameter is called, where the first lines show some. */
function refuseMembers(checking, first, isWhole) {
  checking.read(first);
  if (isWhole) checking.read(new Uint8Array());
  const unknown = checking.summary().kinds.filter(({ code }) => code === 'key.unknown');
  checking.free();
  if (unknown.length === 0) return;
  const told = unknown.map(({ first: [{ line, message }] }) => `  line ${line}: ${message}`);
  throw new Failure(`Nothing was sent.\n${told.join('\n')}\n  --ignore-unknown goes on without unknown members.`);
}

const either = (names) => [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' or ');
