// `npm run load-calls`: what of a file becomes a call, what comes back, and how it meets a server that has a bad moment.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { backOff, retryAfter } from '../../www/csv/retry.js';
import { NETWORK, NO_PERMISSION, start } from '../../tools/harness/server.mjs';

let server;
let proxy;
let folder;
before(async () => {
  server = await start();
  proxy = await passOn(server.url);
  folder = await mkdtemp(join(tmpdir(), 'call-outcomes-load-'));
});
after(async () => {
  proxy?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => Object.assign(proxy, { posts: 0, faults: [] }));

/** A server in front of another, which meets each import with the next of `faults`, or passes it on. */
async function passOn(url) {
  const state = { posts: 0, faults: [] };
  const listener = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    if (request.method === 'POST') state.posts += 1;
    const fault = request.method === 'POST' && state.faults.shift();
    if (fault && (await fault(response)) !== 'pass') return;
    const { method, headers } = request;
    const { authorization = '' } = headers;
    const answer = await fetch(url + request.url, { method, headers: { authorization }, ...(method === 'POST' && { body }) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const passed = Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith('x-')));
    // What the server did is lost on the way.
    if (fault) response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 20), () => response.destroy());
    else response.writeHead(answer.status, passed).end(bytes);
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${listener.address().port}`;
  state.close = () => listener.close();
  return state;
}

/** Loads a file with this content. */
async function load(name, content, ...options) {
  const file = join(folder, name);
  await writeFile(file, content);
  return run(file, ...options);
}

async function run(file, ...options) {
  const script = new URL('../../scripts/commands/load-calls.mjs', import.meta.url).pathname;
  const given = options.includes('--token') ? [] : ['--token', NETWORK];
  const args = [script, file, '--url', proxy.url, ...given, ...options];
  const { code, stdout, stderr } = await new Promise((resolve) =>
    execFile(process.execPath, args, (error, out, err) => resolve({ code: error?.code ?? 0, stdout: out, stderr: err })),
  );
  assert.doesNotMatch(stderr, /^ +at /m, 'no stack');
  const [, summary] = /^(\d+ rows in .*)$/m.exec(stdout) ?? [];
  const [, rejectedFile = file.replace(/(\.\w+)$/, '.rejected$1')] = /\(see (.*)\)\.$/m.exec(stdout) ?? [];
  const isNew = stdout.includes(`(see ${rejectedFile})`);
  const rejected = isNew ? (await readFile(rejectedFile, 'utf8')).replace('\ufeff', '') : '';
  return { code, stdout, stderr, summary: summary?.replace(/ in .*?:/, ':'), rejected, rejectedFile };
}

const stored = (prefix) =>
  server.rows(
    `SELECT transaction_id AS id, external_id AS external, start_ms, advertiser_id AS advertiser, calling_phone AS phone, duration_s AS duration
     FROM calls WHERE transaction_id LIKE ? ORDER BY transaction_id`,
    `${prefix}-%`,
  );
const numbers = (created, unchanged, failed) => `${created} created, 0 updated, ${unchanged} unchanged, ${failed} failed`;

describe('a file', () => {
  test('of which good rows are kept, and bad ones come back to be corrected', async () => {
    const rows = Array.from({ length: 2_500 }, (_, at) => `CSV-${at},${1_400_000_000 + at},,"(415) 555-0100"`);
    rows[1_200] = 'CSV 1200,yesterday,,';
    rows[1_201] = 'CSV-1201,1400001201,5';
    const content = `\uFEFFtransaction_id,start_time_t,duration_in_seconds,calling_phone_number\r\n${rows.join('\r\n')}\r\n`;
    const first = await load('calls.csv', content);
    assert.deepEqual([first.code, proxy.posts], [1, 3]);
    assert.ok(first.summary.startsWith(`2500 rows: ${numbers(2498, 0, 2)} (see `), first.summary);
    assert.equal(
      first.rejected,
      'transaction_id,start_time_t,duration_in_seconds,calling_phone_number,error\r\n' +
        'CSV 1200,yesterday,,,"line 1202: transaction_id is invalid (transaction_id.format); start_time_t is invalid (start_time_t.format)"\r\n' +
        'CSV-1201,1400001201,5,line 1203: the row has more or fewer cells than the header (row.cells)\r\n',
    );
    assert.match(first.stderr, /^line 1202: transaction_id is invalid \(transaction_id\.format\)$/m);
    // What is half corrected is not overwritten.
    await writeFile(first.rejectedFile, 'half corrected');
    const repeated = await load('calls.csv', content);
    assert.ok(repeated.summary.startsWith(`2500 rows: ${numbers(0, 2498, 2)} (see ${join(folder, 'calls.rejected-2.csv')})`), repeated.summary);
    assert.equal(repeated.rejected, first.rejected);
    assert.equal(await readFile(first.rejectedFile, 'utf8'), 'half corrected');
    // Unedited, the same rows fail again.
    const unedited = await load('unedited.csv', first.rejected);
    assert.ok(unedited.summary.startsWith(`2 rows: ${numbers(0, 0, 2)}`), unedited.summary);

    const corrected = first.rejected.replace('CSV 1200,yesterday', 'CSV-1200,1400001200').replace('1400001201,5,', '1400001201,,,');
    const again = await load('calls.rejected.csv', corrected);
    assert.deepEqual([again.code, again.summary, again.rejected], [0, `2 rows: ${numbers(2, 0, 0)}.`, '']);
  });

  test('whose calls the server refuses comes back with its own columns', async () => {
    assert.equal((await load('one.csv', 'transaction_id,start_time_t\nREF-1,1400000000\n')).code, 0);
    const content = 'Notes;transaction_id;start_time_t;advertiser_id_from_network\n=1+1;REF-1;1400000005;\n\'@x;REF-2;1400000000;1\n';
    const { code, stderr, summary, rejected, rejectedFile } = await load('refused.csv', content, '--column', 'Notes=');
    assert.equal(code, 1);
    assert.match(stderr, /^Ignored: `Notes`\.$/m);
    assert.match(stderr, /^line 2: Validation failed: .+/m);
    assert.ok(summary.startsWith(`2 rows: ${numbers(1, 0, 1)}`), summary);
    assert.match(rejected, /^Notes;transaction_id;start_time_t;advertiser_id_from_network;error\r\n'=1\+1;REF-1;1400000005;;"?line 2: Validation failed: [^\r]+\r\n$/);
    await writeFile(rejectedFile, rejected.replace('1400000005', '1400000000'));
    assert.equal((await run(rejectedFile, '--column', 'Notes=')).summary, `1 rows: ${numbers(0, 1, 0)}.`);
  });

  test('says which server it is loaded into, before anything is sent', async () => {
    const { stderr } = await load('where.csv', 'transaction_id,start_time_t\nWHERE-1,1400000000\n', '--token', 'nobody');
    assert.ok(stderr.indexOf(` into ${proxy.url}.\n`) < stderr.indexOf('401'), stderr);
    assert.match(stderr, /^Loading `.*where\.csv` into http/m);
  });

  test('with a quote that nobody closes, and rows that are too large, comes back with all its text', async () => {
    const large = `QUO-2,1400000000,"${'x'.repeat(70_000)}"`;
    const merged = Array.from({ length: 5_000 }, (_, at) => `QUO-${at + 5},1400000000,`);
    const rows = [`QUO-1,1400000000,`, large, `QUO-3,1400000000,`, `QUO 3,1400000000,`, `QUO-4,1400000000,"never`, ...merged];
    const header = 'transaction_id,start_time_t,external_call_unique_id';
    const { code, stderr, summary, rejected } = await load('quote.csv', `${header}\n${rows.join('\n')}\n`);
    assert.equal(code, 1);
    assert.ok(summary.startsWith(`5005 rows: ${numbers(2, 0, 5_003)}`), summary);
    const open = 'a quote opened at line 6 is never closed; lines 6 to 5006 were not loaded';
    assert.match(stderr, /^line 3: a row is larger than 65536 bytes \(row\.too_large\)$/m);
    assert.match(stderr, new RegExp(`^line 6: ${open} \\(row\\.quote_open\\)$`, 'm'));
    assert.ok(rejected.endsWith(`\r\n${large}\n${rows.slice(4).join('\n')}\n`), 'its text is the end of the file');
    assert.match(rejected, new RegExp(`^,,,"line 6: ${open}`, 'm'));
    assert.deepEqual((await stored('QUO')).map(({ id }) => id), ['QUO-1', 'QUO-3']);
    const corrected = rejected.replace(`"${'x'.repeat(70_000)}"`, '').replace('"never', '').replace('QUO 3', 'QUO-3');
    assert.equal((await load('quote-2.csv', corrected)).summary, `5003 rows: ${numbers(5_002, 1, 0)}.`);
    const line = JSON.stringify({ transaction_id: 'QUO', start_time_t: 1_400_000_000, error: 'x'.repeat(70_000) });
    assert.equal((await load('large.ndjson', `${line}\n`)).rejected, `${line}\n`);
  });

  test('whose ids or phone numbers a program damaged stores none of them, and trims ids', async () => {
    const damaged = ['1.23E+14', '#N/A', '#REF!', 'NULL', 'null', 'None', 'nan'];
    const rows = damaged.flatMap((value) => [`${value},,1400000000,`, `,${value},1400000000,`, `DAM-1,,1400000000,${value}`]);
    const header = 'transaction_id,external_call_unique_id,start_time_t,calling_phone_number';
    const { summary, stderr } = await load('damaged.csv', `${header}\n${rows.join('\n')}\n,,,\nDAM-2, x y ,1400000000,\n`);
    assert.ok(summary.startsWith(`22 rows: ${numbers(1, 0, 21)}`), summary);
    assert.match(stderr, /^line 2: transaction_id was turned into a number by a spreadsheet \(cell\.number\)$/m);
    assert.match(stderr, /^line 12: external_call_unique_id is a placeholder for a missing value, such as NULL or #N\/A \(cell/m);
    assert.deepEqual((await stored('DAM')).map(({ id, external }) => [id, external]), [['DAM-2', 'x y']]);
  });

  test('of NDJSON comes back with its lines as they were', async () => {
    const lines = [
      '{"transaction_id":"ND-1","start_time_t":1400000000}',
      '',
      'nonsense',
      '{"transaction_id":"ND-2","start_time_t":"1400000000123"}',
      '{"transaction_id":"ND-3", "start_time_t":1400000000.0}',
    ];
    const { code, summary, rejected, rejectedFile } = await load('calls.ndjson', `${lines.join('\n')}\n`);
    assert.equal(code, 1);
    assert.ok(summary.startsWith(`4 rows: ${numbers(2, 0, 2)}`), summary);
    assert.equal(
      rejected,
      '{"line":"nonsense","error":"line 3: the body is not valid JSON (json.syntax)"}\n' +
        '{"transaction_id":"ND-3","start_time_t":1400000000.0,"error":"line 5: start_time_t is invalid (start_time_t.format)"}\n',
    );
    await writeFile(rejectedFile, rejected.replace(/.*\n/, '').replace('00.0,', '00,'));
    assert.equal((await run(rejectedFile)).summary, `1 rows: ${numbers(1, 0, 0)}.`);
    const misspelt = '{"transaction_id":"ND-4","start_time_t":1400000000,"durationinseconds":5}\n';
    const stopped = await load('misspelt.ndjson', misspelt);
    assert.deepEqual([stopped.code, proxy.posts], [1, 2]);
    assert.match(stopped.stderr, /line 1: durationinseconds is not a known parameter, did you mean duration_in_seconds\?/);
    const goneOn = await load('misspelt.ndjson', misspelt, '--ignore-unknown');
    assert.deepEqual([goneOn.code, goneOn.summary], [0, `1 rows: ${numbers(1, 0, 0)}.`]);
    assert.match(goneOn.stdout, /^Warnings: 1 key\.unknown\.$/m);
  });

  test('whose columns are not all known stops before anything is sent', async () => {
    const content = 'Call ID,start_time_t,durationinseconds,Notes,start_time_t\nCOL-1,1400000000,60,x,\n';
    const { code, stderr, rejected } = await load('columns.csv', content);
    assert.deepEqual([code, proxy.posts, rejected], [1, 0, '']);
    for (const line of [
      'unknown column `Call ID`: pass --column "Call ID=transaction_id" if it is that.',
      'unknown column `durationinseconds`: pass --column "durationinseconds=duration_in_seconds" if it is that.',
      'unknown column `Notes`: pass --column "Notes=" to ignore it.',
      'repeated column `start_time_t`: pass --column "#5=" to ignore it.',
    ]) assert.ok(stderr.includes(`  ${line}\n`), stderr);

    // What is suggested works, for columns without a name of their own too.
    const said = ['#1=transaction_id', 'durationinseconds=', 'Notes=', '#5='].flatMap((column) => ['--column', column]);
    assert.equal((await load('columns.csv', content.replace('COL-1', 'COL-0'), ...said)).code, 0);
    const nameless = 'transaction_id,,start_time_t,,Notes,Notes\nCOL-01,x,1400000000,,a,b\n';
    const asked = await load('nameless.csv', nameless);
    const suggested = [...asked.stderr.matchAll(/pass (--column) "([^"]*)" to ignore/g)].flatMap(([, name, value]) => [name, value]);
    assert.deepEqual(suggested.filter((_, at) => at % 2), ['#2=', '#4=', '#5=', '#6=']);
    assert.equal((await load('nameless.csv', nameless, ...suggested)).code, 0);
    assert.equal((await load('nameless.csv', nameless, '--column', '=', '--column', 'Notes=')).code, 0);
    // What a spreadsheet adds is no column.
    const added = 'sep=;\r\ntransaction_id;start_time_t;;\r\nCOL-02;1400000000;;\r\n;;;\r\n';
    assert.equal((await load('added.csv', added)).summary, `1 rows: ${numbers(1, 0, 0)}.`);

    const known = content.replace(',start_time_t\n', '\n').replace('x,', 'x');
    const options = ['--column', 'Call ID=transaction_id', '--column', 'Notes='];
    const mapped = await load('columns.csv', known, ...options, '--column', 'durationinseconds = duration_in_seconds');
    const duration = async (id) => (await stored('COL')).find((call) => call.id === id).duration;
    assert.deepEqual([mapped.code, await duration('COL-1')], [0, 60]);
    const ignored = await load('columns.csv', known.replace('COL-1', 'COL-2'), ...options, '--ignore-unknown');
    assert.deepEqual([ignored.code, await duration('COL-2')], [0, null]);
    assert.match(ignored.stderr, /^Ignored: `durationinseconds`, `Notes`\.$/m);

    for (const [name, text, said, ...options] of [
      ['a.csv', known, /no column is called `Call`/, '--column', 'Call=transaction_id'],
      ['a.csv', known, /has no `=`/, '--column', 'Call ID'],
      ['a.csv', known, /a parameter is one of transaction_id, /, '--column', 'Call ID=id'],
      ['a.csv', content, /more than one column is called `start_time_t`: write "#2=" or "#5="/, '--column', 'start_time_t='],
      ['a.csv', known, /`start_time_t`: another column holds start_time_t already/, '--column', 'Call ID=start_time_t'],
      ['a.csv', 'transaction_id\nA\n', /no column holds start_time_t/],
      ['a.csv', '', /has no header/],
      ['a.ndjson', '{}', /--column is for a CSV/, '--column', 'Call=transaction_id'],
      ['a.xlsx', '', /must end in \.csv/],
      ['a.csv', known, /Unknown option '--colum'/, '--colum', 'x'],
    ]) {
      const stopped = await load(name, text, ...options);
      assert.match(stopped.stderr, said);
      assert.equal(stopped.code, 1);
    }
  });

  test('in any encoding and with any delimiter is read as it was meant', async () => {
    const content = (id, tab = ';') => `transaction_id;external_call_unique_id;start_time_t\n${id};Käufer € ${id};1400000000\n`.replaceAll(';', tab);
    const latin = (text) => Buffer.from(text.replaceAll('€', '\x80'), 'latin1');
    const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const [bytes, ...options] of [
      [content('ENC-1', ',')],
      [latin(content('ENC-2'))],
      [utf16(content('ENC-3', '\t'))],
      [utf16(content('ENC-4', '|')).swap16()],
      [latin(content('ENC-5')), '--encoding', 'latin1', '--delimiter', 'semicolon'],
    ]) assert.equal((await load('encoded.csv', bytes, ...options)).code, 0);
    assert.deepEqual((await stored('ENC')).map(({ external }) => external), [1, 2, 3, 4, 5].map((at) => `Käufer € ENC-${at}`));
    // What only a later row gives away is that row's problem, and stays one until it is corrected.
    const many = Array.from({ length: 13_500 }, (_, at) => `LAT-${at},,1400000000`).join('\n');
    const late = await load('late.csv', latin(`transaction_id,external_call_unique_id,start_time_t\n${many}\nLAT-X,Käufer,1400000000\n`));
    assert.match(late.rejected, /^LAT-X,K\ufffdufer,1400000000,"line 13502: .*\(row\.encoding\)"\r\n$/m);
    assert.match((await run(late.rejectedFile)).summary, /^1 rows: 0 created, 0 updated, 0 unchanged, 1 failed/);
    // A row in another encoding than the file's is none that anybody can read.
    const mixed = Buffer.concat([latin(content('ENC-7')), Buffer.from('ENC-8;Käufer;1400000000\n')]);
    const { rejected } = await load('mixed.csv', mixed);
    assert.match(rejected, /^ENC-8;KÃ¤ufer;1400000000;"?line 3: .*\(row\.encoding\)"?\r\n$/m);
    assert.equal((await stored('ENC')).at(-1).id, 'ENC-7');
    for (const options of [['--encoding', 'klingon'], ['--encoding', 'shift_jis'], ['--delimiter', 'x']]) {
      assert.equal((await load('a.csv', content('ENC-6'), ...options)).code, 1);
    }
  });

  test('whose times can be read in two ways stops until that is said', async () => {
    const content = (id, time) => `transaction_id,start_time_t\n${id},${time}\n`;
    const seconds = async (id) => (await stored('TIM')).find((call) => call.id === id)?.start_ms / 1e3;
    for (const [time, said, ...options] of [
      ['1/2/2015 07:00', /`start_time_t` may be read in more than one way: pass --date-format month-first or day-first/],
      ['1/2/2015 07:00', /times without an offset: pass --time-zone/, '--date-format', 'day-first'],
      ['2015-02-01 07:00', /times without an offset: pass --time-zone/],
      ['1/2/2015 07:00', /--time-zone Nowhere is not a time zone/, '--date-format', 'day-first', '--time-zone', 'Nowhere'],
      ['1/2/2015 07:00', /--date-format must be unix, iso, month-first or day-first/, '--date-format', 'year-first'],
    ]) {
      const { code, stderr } = await load('times.csv', content('TIM-0', time), ...options);
      assert.match(stderr, said);
      assert.deepEqual([code, proxy.posts], [1, 0]);
    }
    for (const [id, time, expected, ...options] of [
      ['TIM-1', '1/2/2015 07:00', 1_422_770_400, '--date-format', 'day-first', '--time-zone', 'Europe/Berlin'],
      ['TIM-2', '1/2/2015 07:00', 1_420_178_400, '--date-format', 'month-first', '--time-zone', '+01:00'],
      ['TIM-3', '2015-02-01T07:00Z', 1_422_774_000],
      ['TIM-4', '13/2/2015 00:00', 1_423_785_600, '--time-zone', 'UTC'],
    ]) {
      assert.equal((await load('times.csv', content(id, time), ...options)).code, 0, id);
      assert.equal(await seconds(id), expected, id);
    }
    const date = await load('date.csv', content('TIM-5', '13/2/2015'), '--time-zone', 'UTC');
    assert.match(date.rejected, /line 2: start_time_t is a date without a time \(cell\.time_missing\)/);
    const many = Array.from({ length: 300 }, (_, at) => `TZ-${at},2015-02-01T07:00:00Z`).join('\n');
    const late = await load('zones.csv', `transaction_id,start_time_t\n${many}\nTZ-300,2015-02-01 07:00\n`);
    assert.match(late.rejected, /line 302: .*\(cell\.time_zone\)/);
  });

  test('shows what the server warns of, and counts it', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `WARN-${at},1400000000,new-${at}`);
    const { code, stdout, stderr } = await load('warned.csv', `transaction_id,start_time_t,advertiser_id_from_network\n${rows.join('\n')}\n`);
    assert.equal(code, 0);
    assert.match(stdout, /^Warnings: 20 directory\.new, 10 more of the server\.$/m);
    assert.match(stderr, /^warning directory\.new: line 3: advertiser_id_from_network new-1$/m);
  });
});

describe('a server', () => {
  const FILE = `transaction_id,start_time_t\n${Array.from({ length: 1_500 }, (_, at) => `ID-${at},1400000000`).join('\n')}\n`;
  const file = (id) => FILE.replaceAll('ID-', `${id}-`);
  const answer = (status, headers = {}, body = '') => (response) => void response.writeHead(status, headers).end(body);
  const LIMITED = JSON.stringify({ errors: { class: 'TooManyRequests', invalid_data: 'too many requests' } });

  test('that has bad moments is asked again', async () => {
    for (const [id, fault] of [
      ['HTML', answer(502, { 'Content-Type': 'text/html' }, '<html>Bad gateway</html>')],
      ['EMPTY', answer(503)],
      ['PAGE', answer(200, { 'Content-Type': 'text/html' }, '<html>Log in</html>')],
      ['FEW', answer(200, {}, '{"results":[],"summary":{}}')],
      ['SHUT', (response) => void response.destroy()],
      ['CUT', () => 'pass'],
      ['SECS', answer(429, { 'Retry-After': '1' }, LIMITED)],
      ['DATE', answer(429, { 'Retry-After': new Date(Date.now() + 1_000).toUTCString() }, LIMITED)],
      ['WHEN', answer(429, { 'Retry-After': 'soon' }, LIMITED)],
    ]) {
      Object.assign(proxy, { posts: 0, faults: [fault] });
      const { code, summary } = await load('moments.csv', file(id));
      // What was stored and whose answer was cut is there already.
      const [, created, unchanged] = /^1500 rows: (\d+) created, 0 updated, (\d+) unchanged, 0 failed\.$/.exec(summary) ?? [];
      assert.equal(Number(created) + Number(unchanged), 1_500, summary);
      assert.equal(unchanged === '0', id !== 'CUT', summary);
      assert.deepEqual([code, proxy.posts, (await stored(id)).length], [0, 3, 1_500], id);
    }
  });

  test('that stays away is given up with the lines that had no answer, and loading again goes on', async () => {
    proxy.faults = Array(10).fill(answer(502, {}, '<html>Bad gateway</html>'));
    const { code, stderr, summary } = await load('away.csv', file('AWAY'));
    assert.equal(code, 1);
    assert.match(stderr, /Stopped at lines \d+ to \d+: 502 without an answer of this API, 5 times\.\nWhat was loaded is stored: load the file again to go on\.$/m);
    assert.match(summary, / 0 created, /);
    assert.ok(proxy.posts <= 10, `${proxy.posts}`);
    proxy.faults = [];
    assert.equal((await load('away.csv', file('AWAY'))).summary, `1500 rows: ${numbers(1500, 0, 0)}.`);
  });

  test('that refuses the token is not asked again', async () => {
    for (const [token, said] of [
      ['nobody', '401 NotAuthorized: Invalid or missing oauth token'],
      [NO_PERMISSION, '403 UnauthorizedOperation: You do not have permissions to perform the requested operation.'],
    ]) {
      proxy.posts = 0;
      const { code, stderr } = await load('token.csv', file('TOK'), '--token', token);
      assert.ok(code === 1 && proxy.posts <= 2, `${code} ${proxy.posts}`);
      assert.ok(stderr.includes(`: ${said}\nThe token must be known to the server and have the permission calls:write`), stderr);
    }
    assert.match((await load('token.csv', file('TOK'), '--token', '€')).stderr, /^The token has characters that no token has\.$/m);
    assert.deepEqual(await stored('TOK'), []);
  });
});

test('Retry-After: seconds and dates, by the clock of the server, within bounds; else nothing', () => {
  const of = (text, date) => retryAfter(new Headers({ ...(text && { 'Retry-After': text }), ...(date && { Date: date }) }));
  const now = 'Sun, 06 Nov 2044 08:49:37 GMT';
  for (const [text, seconds] of [
    ['10', 10],
    [' 10 ', 10],
    ['0', 1],
    ['99999', 3_600],
    ['1'.repeat(400), 3_600],
    ['Sun, 06 Nov 2044 08:49:47 GMT', 10],
    ['Sunday, 06-Nov-44 08:49:47 GMT', 10],
    ['Sun Nov  6 08:49:47 2044', 10],
    ['Sun, 06 Nov 2044 08:49:00 GMT', 1],
    ['Mon, 07 Nov 2044 08:49:47 GMT', 3_600],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['10, 10', undefined],
    ['soon', undefined],
    ['in 5 minutes', undefined],
    ['Sun, 66 Nov 2044 08:49:47 GMT', undefined],
    ['2044-11-06T08:49:47Z', undefined],
  ]) assert.equal(of(text, now), seconds, text);
  assert.equal(of('Mon, 07 Nov 2044 08:49:47 GMT', 'never'), 3_600);
  assert.deepEqual([-1, 0, 1, 5, 6, 2_000].map(backOff), [0.5, 1, 2, 32, 60, 60]);
});
