// The page for CSV files, in a real browser against the real server.
import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { NETWORK, start } from '../../tools/harness/server.mjs';
import { open, tool } from './harness.mjs';

const axe = await readFile(tool.resolve('axe-core/axe.min.js'), 'utf8');

let server;
let page;
let errors;
before(async () => {
  const wrap = new URL('../worker/failing-database.mjs', import.meta.url);
  server = await start({ vars: { BATCH_MAX_ROWS: '2' }, wrap });
  ({ page, errors } = await open(`${server.url}/csv`));
});
after(() => server?.stop());

let chosen = 0;

/** Chooses a file, and waits for its first rows. */
async function choose(content, on = page) {
  const name = `crm-${(chosen += 1)}.csv`;
  await on.getByLabel('Choose a file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(content) });
  await on.getByText(`${name}, `).waitFor();
  await on.getByRole('button', { name: 'Check all rows' }).and(on.locator(':enabled')).waitFor();
}

const column = (name) => page.getByRole('group', { name, exact: true });
const holds = (name) => column(name).getByLabel('Field').inputValue();
const preview = () => page.locator('#preview > li');
const verdict = (on = page) => on.locator('#verdict').textContent();

/** Checks all rows, and returns the verdict. */
async function check(on = page) {
  await on.getByRole('button', { name: 'Check all rows' }).click();
  await on.locator('#checking').waitFor({ state: 'hidden' });
  return verdict(on);
}

/** The text that a link downloads, without the byte order mark. */
async function download(name, on = page) {
  const [file] = await Promise.all([on.waitForEvent('download'), on.getByRole('link', { name }).click()]);
  return { name: file.suggestedFilename(), text: (await readFile(await file.path(), 'utf8')).replace('\ufeff', '') };
}

const rows = (text) => text.trimEnd().split('\n').map((line) => JSON.parse(line));
const codes = async () => (await page.locator('.kind p a').allTextContents()).sort();

// A file as a spreadsheet in Berlin saves it.
const EXPORT = `Start;Telephone;Outcome;Amount;Order ID;Notiz\r
04.07.2015 09:00;(888) 555-1212;Sale;1.000,50;A-1;"x;""y""\r
z"\r
04.07.2015 09:00;1,89E+10;Sale;;A-2;=1+1\r
32.07.2015 09:00;+18885551212;;1,000.50;A-3;\r
too;few\r
25.10.2015 02:30;+18885551212;Sale;5,00;A-5;\r
26.08.2015 18:41;+18885551213;Quote;0;A-6;Honda Civic 2012\r
`;

describe('a CSV', () => {
  test('has its columns guessed, and you can change them', async () => {
    await choose(EXPORT);
    assert.equal(await page.locator('#name').textContent(), 'crm-1.csv, 1 kB, 6 columns');
    assert.equal(await page.getByLabel('Delimiter').inputValue(), ';');
    const names = ['Start', 'Telephone', 'Outcome', 'Amount', 'Order ID', 'Notiz'];
    assert.deepEqual(await Promise.all(names.map(holds)), [
      'start_time_t',
      'calling_phone_number',
      'outcome_name',
      'sale_amount',
      'partner_unique_id',
      '',
    ]);
    assert.equal(await column('Start').getByLabel('Format').inputValue(), 'day-first');
    assert.equal(await column('Amount').getByLabel('Format').inputValue(), 'comma');
    await column('Notiz').getByLabel('Field').selectOption('description');
    await preview().first().getByText('description').waitFor();
    // Only one column can hold a parameter.
    await column('Order ID').getByLabel('Field').selectOption('description');
    assert.equal(await holds('Notiz'), '');
    await column('Order ID').getByLabel('Field').selectOption('partner_unique_id');
    await column('Notiz').getByLabel('Field').selectOption('description');
  });

  test('has its times read in the time zone that the column names', async () => {
    const zone = column('Start').getByLabel('Time zone');
    for (const [name, seconds] of [
      ['America/New_York', '1436014800'],
      ['+05:30', '1435980600'],
      ['Europe/Berlin', '1435993200'],
    ]) {
      await zone.fill(name);
      await zone.press('Tab');
      await preview().first().getByText(seconds).waitFor();
    }
    await zone.fill('Nowhere');
    await zone.press('Tab');
    await page.getByRole('alert').filter({ hasText: 'Nowhere' }).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Check all rows' }).isDisabled());
    await zone.fill('Europe/Berlin');
    await zone.press('Tab');
    await preview().first().getByText('1435993200').waitFor();
  });

  test('shows the first rows before and after', async () => {
    assert.equal(await preview().count(), 5);
    const [first, second] = await preview().allTextContents();
    assert.match(first, /Line 2.*Amount1\.000,50.*calling_phone_number\+18885551212.*sale_amount1000\.5/s);
    assert.match(second, /Line 4.*Telephone: calling_phone_number was damaged/s);
  });

  test('has its problems counted by kind and shown by row and column', async () => {
    assert.equal(await check(), '6 rows: 2 valid rows, 4 invalid rows. ');
    assert.deepEqual(await codes(), [
      'calling_phone_number.damaged',
      'cell.amount',
      'cell.time',
      'cell.time_repeated',
      'outcome_name.missing',
      'row.cells',
      'sale_amount.zero',
    ]);
    const damaged = page.locator('.kind').filter({ hasText: 'calling_phone_number.damaged' });
    await damaged.getByText('Show rows').click();
    assert.equal(await damaged.getByRole('listitem').textContent(), 'line 4: 1,89E+10');
    const table = page.getByRole('region', { name: 'Problems by row' }).getByRole('row');
    assert.deepEqual(await table.nth(2).locator('th, td').allTextContents(), [
      '5',
      'Start',
      '32.07.2015 09:00',
      'start_time_t does not match the time format of its column',
    ]);
    assert.equal(await table.count(), 7);
  });

  test('can be downloaded as its valid rows, and as its invalid rows with the error and without formulas', async () => {
    const good = await download('2 valid rows');
    assert.equal(good.name, 'crm-1.ndjson');
    assert.deepEqual(rows(good.text), [
      {
        row: '2',
        search: { start_time_t: '1435993200', calling_phone_number: '+18885551212' },
        call_outcome: { outcome_name: 'Sale', partner_unique_id: 'A-1', description: 'x;"y"\r\nz', sale_amount: '1000.5' },
      },
      {
        row: '8',
        search: { start_time_t: '1440607260', calling_phone_number: '+18885551213' },
        call_outcome: { outcome_name: 'Quote', partner_unique_id: 'A-6', description: 'Honda Civic 2012', sale_amount: '0.0' },
      },
    ]);
    const bad = await download('4 invalid rows');
    assert.equal(bad.name, 'crm-1.errors.csv');
    const lines = bad.text.split('\r\n');
    assert.equal(lines[0], 'Start;Telephone;Outcome;Amount;Order ID;Notiz;error');
    assert.match(lines[1], /^04\.07\.2015 09:00;"1,89E\+10";Sale;;A-2;'=1\+1;line 4: .* \(calling_phone_number\.damaged\)$/);
    assert.match(lines[2], /;'\+18885551212;;"1,000\.50";A-3;;/);

    await choose(bad.text.replace('1,89E+10', '8885551212'));
    await column('Notiz').getByLabel('Field').selectOption('description');
    assert.equal(await holds('error'), '');
    assert.equal(await check(), '4 rows: 1 valid row, 3 invalid rows. ');
    assert.equal(rows((await download('1 valid row')).text)[0].call_outcome.description, '=1+1');
    assert.match((await download('3 invalid rows')).text, /^Start;Telephone;Outcome;Amount;Order ID;Notiz;error\r\n/);
  });

  test('can have another delimiter than the guessed one', async () => {
    await choose('Call ID|Outcome,Sub|Amount\nAB-1|Sale,x|1,000.5\n');
    assert.equal(await page.getByLabel('Delimiter').inputValue(), '|');
    await page.getByLabel('Delimiter').selectOption('Comma');
    await column('Call ID|Outcome').waitFor();
    await page.getByLabel('Delimiter').selectOption('Vertical bar');
    await column('Amount').waitFor();
    assert.equal(await holds('Call ID'), 'transaction_id');
  });

  test('with ambiguous days and months gets a hint', async () => {
    await choose('Start,Phone,Outcome\n1/2/2015,8885551212,Sale\n');
    await column('Start').getByText('fit more than one format').waitFor();
    await column('Start').getByLabel('Time zone').fill('UTC');
    await column('Start').getByLabel('Format').selectOption('day-first');
    await preview().getByText('1422748800').waitFor();
  });
});

describe('an encoding', () => {
  const TEXT = 'Call ID;Outcome\nAB-1;Verkäufer €\n';
  const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
  for (const [name, value, bytes] of [
    ['UTF-8', 'utf-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', 'utf-8', Buffer.from(`\ufeff${TEXT}`)],
    ['Windows-1252', 'windows-1252', Buffer.from(TEXT.replace('€', '\x80'), 'latin1')],
    ['UTF-16', 'utf-16le', utf16(TEXT)],
    ['UTF-16, the other way round', 'utf-16be', utf16(TEXT).swap16()],
  ]) {
    test(`is detected: ${name}`, async () => {
      await choose(bytes);
      assert.equal(await page.getByLabel('Encoding').inputValue(), value);
      assert.equal(await holds('Call ID'), 'transaction_id');
      assert.equal(await check(), '1 row: 1 valid row, 0 invalid rows. ');
      assert.equal(rows((await download('1 valid row')).text)[0].call_outcome.outcome_name, 'Verkäufer €');
    });
  }

  test('that only a later row shows is a problem of that row until you choose the encoding', async () => {
    const many = 'AB-1;Sale\n'.repeat(40_000);
    await choose(Buffer.from(`Call ID;Outcome\n${many}AB-1;Verk\xe4ufer\n`, 'latin1'));
    assert.equal(await page.getByLabel('Encoding').inputValue(), 'utf-8');
    assert.match(await check(), /^40,001 rows: 40,000 valid rows, 1 invalid row\./);
    assert.deepEqual(await codes(), ['row.encoding']);
    await page.getByLabel('Encoding').selectOption('WINDOWS-1252');
    await page.getByRole('heading', { name: 'Problems' }).waitFor({ state: 'hidden' });
    assert.match(await check(), /^40,001 rows: 40,001 valid rows, 0 invalid rows\./);
  });
});

test('rows can be pasted, also as a report in each line', async () => {
  await page.getByText('Paste rows instead').click();
  const report = '{"search":{"transaction_id":"ab-1"},"call_outcome":{"outcome_name":"Sale"}}';
  await page.getByLabel('Rows, starting with the header').fill(`${report}\n{"search":{"start_time_t":5}}\n{`);
  await page.getByRole('button', { name: 'Use these rows' }).click();
  await page.getByText('Pasted rows, 1 kB, NDJSON, one report per line').waitFor();
  assert.equal(await check(), '3 rows: 1 valid row, 2 invalid rows. ');
  assert.deepEqual(await codes(), ['json.syntax', 'outcome_name.missing', 'start_time_t.format']);
  assert.equal(rows((await download('1 valid row')).text)[0].search.transaction_id, 'AB-1');
  assert.match((await download('2 invalid rows')).text, /^line,report,error\r\n2,"\{""search""/);
});

test('a file can be dropped', async () => {
  const data = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['Call ID,Outcome\nAB-1,Sale\n'], 'dropped.csv'));
    return data;
  });
  await page.getByText('Choose a file, or drop it here').dispatchEvent('drop', { dataTransfer: data });
  await page.getByText('dropped.csv, 1 kB, 2 columns').waitFor();
});

test('the page stays responsive while it checks a large file, and the check can be cancelled', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'call-outcomes-csv-'));
  try {
    const path = join(folder, 'large.csv');
    const file = createWriteStream(path);
    file.write('start_time_t,phone,outcome,amount,comment\n');
    const part = `1435993200,+18885551212,Sale,100.00,${'x'.repeat(60)}\n`.repeat(10_000);
    for (let written = 0; written < 60; written += 1) file.write(part);
    file.end();
    await once(file, 'finish');
    await page.getByLabel('Choose a file').setInputFiles(path);
    await page.getByText(/^large\.csv, /).waitFor();
    // The page itself cancels as soon as it reports rows, so that this works on a busy machine too.
    const progress = await page.evaluateHandle(() => {
      const { promise, resolve } = Promise.withResolvers();
      const [counted, bar, cancel] = ['counted', 'progress', 'cancel'].map((id) => document.getElementById(id));
      new MutationObserver((_, observer) => {
        if (!counted.textContent) return;
        observer.disconnect();
        cancel.click();
        resolve([counted.textContent, bar.value / bar.max]);
      }).observe(counted, { childList: true });
      return { promise };
    });
    await page.getByRole('button', { name: 'Check all rows' }).click();
    const [counted, share] = await progress.evaluate(({ promise }) => promise);
    assert.match(counted, /^[\d,]+ rows: /);
    assert.ok(share < 1);
    await page.getByText(/^Cancelled after [\d,]+ rows/).waitFor();
    const [, seen] = /after ([\d,]+)/.exec(await verdict());
    assert.ok(Number(seen.replaceAll(',', '')) < 600_000, seen);
    assert.equal(await page.getByRole('heading', { name: 'Download and send' }).count(), 0);
    assert.match(await check(), /^600,000 rows: 600,000 valid rows, 0 invalid rows\. [\d.]+ s, [\d,]+ rows per second\.$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('once loaded, it works offline', async () => {
  const { page: away } = await open(`${server.url}/csv`);
  await away.getByTitle('Available offline').waitFor({ state: 'attached' });
  await away.context().setOffline(true);
  await away.reload();
  await away.getByText('Paste rows instead').click();
  await away.getByLabel('Rows, starting with the header').fill('transaction_id,outcome_name\nAB-1,Sale\n');
  await away.getByRole('button', { name: 'Use these rows' }).click();
  await away.getByRole('button', { name: 'Check all rows' }).click();
  await away.getByText(/^1 row: 1 valid row, 0 invalid rows/).first().waitFor();
});

test('if files cannot be written, the browser keeps the rows', async () => {
  const { page: other } = await open(server.url.replace('127.0.0.1', 'elsewhere.test') + '/csv');
  assert.equal(await other.evaluate(() => navigator.storage), undefined);
  await choose(`Call ID,Outcome\n${'AB-1,Sale\n'.repeat(200_000)}AB-1,\n`, other);
  assert.match(await check(other), /^200,001 rows: 200,000 valid rows, 1 invalid row\./);
  assert.equal(rows((await download('200,000 valid rows', other)).text).at(-1).row, '200001');
});

test('axe finds nothing in either colour scheme, with and without problems, and no width scrolls sideways', async () => {
  for (const content of [EXPORT, 'Call ID,Outcome\nAB-1,Sale\n']) {
    await choose(content);
    await check();
    for (const details of await page.locator('details').all()) await details.evaluate((each) => (each.open = true));
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(`${axe}; axe.run()`);
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
    }
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
    }
  }
  assert.deepEqual(errors, []);
});

/** A file in which every second row names an existing call. */
function file(length) {
  const lines = Array.from({ length }, (_, at) => `00000000-0000000${at % 2 ? 1 : 9},Sale,${at}`);
  return `Call ID,Outcome,Order ID\n${lines.join('\n')}\n`;
}

const told = (text, on = page) => on.locator('#told').filter({ hasText: text }).waitFor();

describe('sending', () => {
  test('asks for a token and says why it is refused', async () => {
    await choose(file(10));
    await check();
    await page.getByRole('button', { name: 'Send 10 rows' }).click();
    assert.ok(await page.getByLabel('Token').evaluate((field) => field.matches(':invalid')));
    await page.getByLabel('Token').fill('€');
    await page.getByRole('button', { name: 'Send 10 rows' }).click();
    await told(/header/i);
    await page.getByLabel('Token').fill('nobody');
    await page.getByRole('button', { name: 'Send 10 rows' }).click();
    await told('401 NotAuthorized: Invalid or missing oauth token 0 rows of 10 rows');
  });

  test('retries a row that may be retried and all after it, and offers the results as a file', async () => {
    let failures = 1;
    await page.route('**/batch', (route) => {
      // The database is overloaded for the third batch.
      const failure = route.request().postData().includes('"row":"6"') && failures-- > 0;
      const headers = failure ? { 'X-Test-Failure': 'before 9 D1_ERROR: D1 DB is overloaded.' } : {};
      return route.continue({ headers: { ...route.request().headers(), ...headers } });
    });
    await page.getByLabel('Token').fill(NETWORK);
    await page.getByRole('button', { name: 'Send 10 rows' }).click();
    await told('Sent. 10 rows of 10 rows: 5 outcomes created, 0 corrected or unchanged, 5 refused.');
    assert.equal(failures, -1, 'the batch came twice');
    await results(201);
  });

  test('everything again is safe', async () => {
    await page.getByRole('button', { name: 'Send all again' }).click();
    await told('Sent. 10 rows of 10 rows: 0 outcomes created, 5 corrected or unchanged, 5 refused.');
    await results(200);
  });

  async function results(status) {
    const records = await server.records();
    assert.equal(records.length, 5);
    const { name, text } = await download('Results');
    assert.equal(name, 'results.csv');
    const [header, first, second, ...others] = text.trimEnd().split('\r\n');
    assert.equal(header, 'row,status,transaction_id,confidence,class,message');
    assert.equal(first, '2,404,,,RecordNotFound,No call found. Please refer to the documentation.');
    assert.equal(second, `3,${status},${records[0].transaction_id},,,`);
    assert.equal(others.length, 8);
  }

  test('is accessible at its end, and only refusals were logged', async () => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(`${axe}; axe.run()`);
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
    }
    assert.deepEqual(errors.filter((error) => !error.includes('401')), []);
  });

  test('with a threshold sets unsure rows aside with their confidence, apart from those that are refused', async () => {
    // Between two calls, near one, by its id, and near none.
    const unsure = ['1440607350,,=x,Sale,U-1', '1440607352,,,Sale,U-2'];
    const lines = [unsure[0], '1435993201,,,Sale,S-1', ',00000000-00000001,,Sale,S-2', unsure[1], '1460000000,,,Sale,R-1'];
    await choose(`start_time_t,Call ID,Notiz,Outcome,Order ID\n${lines.join('\n')}\n`);
    assert.equal(await holds('Notiz'), '');
    assert.equal(await check(), '5 rows: 5 valid rows, 0 invalid rows. ');
    const stored = (await server.records()).length;
    const threshold = page.getByLabel('Only store matches with a confidence of at least');
    assert.equal(await threshold.inputValue(), '');
    await page.getByLabel('Token').fill(NETWORK);
    await threshold.fill('1.5');
    await page.getByRole('button', { name: 'Send 5 rows' }).click();
    assert.ok(await threshold.evaluate((field) => field === document.activeElement && field.matches(':invalid')));
    await threshold.fill('0.9');
    const queries = [];
    page.on('request', (request) => request.method() === 'POST' && queries.push(new URL(request.url()).search));
    await page.getByRole('button', { name: 'Send 5 rows' }).click();
    await told('Sent. 5 rows of 5 rows: 2 outcomes created, 0 corrected or unchanged, 1 refused, 2 unsure and not stored.');
    assert.deepEqual(queries, Array(3).fill('?explain=true&min_confidence=0.9'));
    assert.equal((await server.records()).length, stored + 2);

    const { name, text } = await download('2 unsure rows');
    assert.match(name, /^crm-\d+\.unsure\.csv$/);
    const [header, ...aside] = text.trimEnd().split('\r\n');
    assert.equal(header, 'start_time_t,Call ID,Notiz,Outcome,Order ID,confidence');
    const results = (await download('Results')).text.trimEnd().split('\r\n').map((line) => line.split(','));
    const confidences = results.slice(1).map((cells) => cells[3]);
    assert.deepEqual(aside, unsure.map((line, at) => `${line.replace('=x', "'=x")},${confidences[at * 3]}`));
    assert.ok([0, 3].every((at) => confidences[at] > 0 && confidences[at] < 0.9), `${confidences}`);
    assert.ok(confidences[1] >= 0.9 && confidences[2] === '1' && confidences[4] === '', `${confidences}`);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(`${axe}; axe.run()`);
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
    }
    const { width, height } = page.viewportSize();
    await page.setViewportSize({ width: 320, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.setViewportSize({ width, height });

    // A person added the ids.
    await choose(text.replace(',,', ',00000000-00000002,').replace(/(1440607352),,/, '$1,00000000-00000003,'));
    await check();
    await page.getByRole('button', { name: 'Send 2 rows' }).click();
    await told('Sent. 2 rows of 2 rows: 2 outcomes created, 0 corrected or unchanged, 0 refused.');
    await page.locator('#unsure').waitFor({ state: 'hidden' });
    await threshold.fill('');
    // What the next test sends.
    await choose(file(10));
    await check();
  });

  test('waits as long as Retry-After says, in seconds or until a date, and a while without it', async () => {
    const now = Date.parse('2044-11-06T08:49:37Z');
    const at = (seconds) => new Date(now + seconds * 1_000).toUTCString();
    const limited = { class: 'TooManyRequests', invalid_data: 'too many requests' };
    for (const [after, said] of [
      ['60', 'The server asked to wait. Trying again in 60 seconds.'],
      [at(60), 'The server asked to wait. Trying again in 60 seconds.'],
      [at(-60), 'The server asked to wait. Trying again in 1 second.'],
      ['soon', 'The server did not accept the rows. Trying again in 2 seconds.'],
      [undefined, 'The server did not accept the rows. Trying again in 2 seconds.'],
    ]) {
      let asked = 0;
      let held;
      await page.unrouteAll();
      await page.route('**/batch', (route) => {
        asked += 1;
        // The second gets no answer until it was counted.
        if (asked > 1) return (held = route);
        const headers = { Date: at(0), ...(after && { 'Retry-After': after }) };
        return route.fulfill({ status: 429, headers, json: { errors: limited } });
      });
      await page.getByRole('button', { name: /^Send (all again|10 rows)$/ }).click();
      await told(said);
      assert.equal(asked, 1, after);
      await page.getByRole('button', { name: 'Pause' }).click();
      await held?.abort();
      await told('Paused.');
    }
    await page.unrouteAll();
  });
});

describe('sending to a server with a rate limit', () => {
  // Counters reset at each full period, so one batch waits unless 6 batches take more than two periods.
  const ROWS = 12;
  const FILE = file(ROWS);
  let limited;
  let sender;
  before(async () => {
    limited = await start({
      vars: { BATCH_MAX_ROWS: '2', TOKEN_RATE_LIMIT: '2/10' },
      ratelimits: { TOKEN_RATE_LIMITER: { namespace_id: '1', simple: { limit: 2, period: 10 } } },
    });
    ({ page: sender } = await open(`${limited.url}/csv`));
  });
  after(() => limited?.stop());

  const send = async (name) => {
    await choose(FILE, sender);
    await check(sender);
    await sender.getByLabel('Token').fill(NETWORK);
    await sender.getByRole('button', { name }).click();
  };

  test('waits as long as it says, and can be paused', async () => {
    await send(`Send ${ROWS} rows`);
    await told('The server asked to wait. Trying again in 10 seconds.', sender);
    await sender.getByRole('button', { name: 'Pause' }).click();
    await told('Paused.', sender);
  });

  test('continues after a reload with the same file; only a number is remembered', async () => {
    const kept = await sender.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie, location.href]));
    const [, done] = /^\[\{"call-outcomes-sent-[0-9a-f]{16}":"(\d+)"\},\{\},"","http[^"]+\/csv"\]$/.exec(kept) ?? assert.fail(kept);
    assert.equal((await limited.records()).length, done / 2);
    await sender.reload();
    await send(`Continue with the remaining ${ROWS - done} rows`);
    await told(`Sent. ${ROWS} rows of ${ROWS} rows`, sender);
    assert.equal((await limited.records()).length, ROWS / 2);
    // What the page wrote before the reload is gone.
    const folders = await sender.evaluate(async () => (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length);
    assert.equal(folders, 1);
  });
});
