// The playground, in a real browser against the real server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { NETWORK, start } from '../worker/harness.mjs';
import { open, tool } from './harness.mjs';

let server;
let page;
let errors;
before(async () => {
  server = await start();
  ({ page, errors } = await open(`${server.url}/`));
  await page.getByText('Page and server hold the same rules').waitFor();
});
after(() => server?.stop());

const request = () => page.getByLabel('Request', { exact: true });
const verdict = () => page.locator('#verdict').textContent();

async function write(value) {
  await request().fill(typeof value === 'string' ? value : JSON.stringify(value));
}

test('shows every problem with its code, jumps to it, and writes what is certain', async () => {
  await write({ call_outcome: { outcome_name: 'Sale', sale_amount: '1,000.00', colour: 1 } });
  assert.equal(await verdict(), '2 problems, 1 warning');
  const items = page.getByRole('listitem');
  assert.equal(await items.count(), 3);
  const amount = items.filter({ hasText: 'sale_amount.separator' });
  await amount.getByRole('button', { name: /^Line 1/ }).click();
  const selected = await request().evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd));
  assert.equal(selected, '"1,000.00"');
  await amount.getByRole('button', { name: 'Write "1000.00"' }).click();
  assert.equal(await verdict(), '1 problem, 1 warning');
  assert.match(await request().inputValue(), /"sale_amount":"1000.00"/);
});

test('sends an example, shows the answer and what it cost, and the same again changes nothing', async () => {
  await page.getByLabel('Example').selectOption({ index: 1 });
  await page.getByLabel('Example').selectOption({ index: 0 });
  assert.equal(await verdict(), '0 problems, 0 warnings');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('heading', { name: /^201 after/ }).waitFor();
  assert.match(await page.locator('#answer').textContent(), /x-database-cost.*rows_written=5/);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: /^200 after/ }).waitFor();
  assert.equal((await server.records()).length, 1);
});

test('tries without storing, and explains', async () => {
  await write({ search: { start_time_t: '1440607350' }, call_outcome: { outcome_name: 'Quote' } });
  for (const name of ['validate_only', 'explain']) await page.getByLabel(name).check();
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('"runner_up"').waitFor();
  assert.equal((await server.records()).length, 1);
});

test('as curl: what is shown, run', async () => {
  const quote = "a 'quoted' \\ text";
  await write({ search: { transaction_id: '00000000-00000002' }, call_outcome: { outcome_name: 'Sale', description: quote } });
  await page.getByLabel('validate_only').uncheck();
  const shown = await page.locator('#curl').textContent();
  const { stdout } = await promisify(execFile)('sh', ['-c', shown], { env: { ...process.env, TOKEN: NETWORK } });
  const { call_outcome, match } = JSON.parse(stdout);
  assert.deepEqual([call_outcome.description, match], [quote, { by: 'transaction_id' }]);
  assert.ok(!shown.includes(NETWORK));
});

test('a link brings the request back, and never a token', async () => {
  const text = '{"search":{"transaction_id":"é😀"}}';
  await write(text);
  const make = page.getByRole('button', { name: 'Make a link to this request' });
  await make.click();
  await page.getByText('The address of this page is the link.').waitFor();
  const { page: other } = await open(page.url());
  await other.getByText('1 problem').waitFor();
  assert.equal(await other.getByLabel('Request', { exact: true }).inputValue(), text);
  const link = page.url();
  await write({ oauth_token: 'secret' });
  await make.click();
  await page.getByText('Take the token out').waitFor();
  assert.equal(page.url(), link);
  const { page: broken } = await open(`${server.url}/#1.nonsense`);
  await broken.getByText('0 problems').waitFor();
});

test('a token that was typed is in no storage and no address', async () => {
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, location.href, document.cookie]));
  assert.ok(!kept.includes('token'));
});

test('axe finds nothing, in both colour schemes, with and without problems; narrow pages do not scroll sideways', async () => {
  const axe = await readFile(tool.resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const text of ['{', '{"search":{"transaction_id":"1"},"call_outcome":{"outcome_name":"x"}}']) {
      await write(text);
      const { violations } = await page.evaluate(`${axe}; axe.run()`);
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
    }
  }
  for (const width of [360, 768, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
  }
  assert.deepEqual(errors, []);
});
