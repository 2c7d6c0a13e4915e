// The playground, in a real browser against the real server. Tests find elements as people do: by role and label.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ADVERTISER, NETWORK, PATH, start } from '../../tools/harness/server.mjs';
import { open, tool } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

let server;
let page;
let errors;
before(async () => {
  server = await start();
  ({ page, errors } = await open(`${server.url}/`));
  await ready(page);
});
after(() => server?.stop());
beforeEach(async () => {
  await view('JSON');
  await page.getByLabel('Example').selectOption('sale');
});

const ready = (page) => page.locator('html[data-ready]').waitFor();
const editor = (on = page) => on.getByRole('textbox', { name: 'Request', exact: true });
const verdict = () => page.locator('#verdict').textContent();
const field = (name) => page.getByRole('textbox', { name, exact: true });
const view = (name) => page.getByRole('radio', { name, exact: true }).check({ force: true });
const finding = (code) => page.getByRole('list', { name: 'Problems and warnings' }).getByRole('listitem').filter({ hasText: code });

/** The text in the editor, without its annotations. */
const text = (on = page) =>
  editor(on).evaluate((content) =>
    [...content.querySelectorAll('.cm-line')]
      .map((line) => [...line.childNodes].filter((node) => !node.matches?.('.cm-note')).map((node) => node.textContent).join(''))
      .join('\n'),
  );

/** Replaces the text in the editor by pasting. */
async function write(value, on = page) {
  await editor(on).press('Control+a');
  await editor(on).evaluate((content, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    content.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, typeof value === 'string' ? value : JSON.stringify(value));
}

const isPost = (response) => response.request().method() === 'POST';

/** Runs an action that sends a request, and returns the answer. */
async function answered(act) {
  const [response] = await Promise.all([page.waitForResponse(isPost), act()]);
  await page.locator('#answer[aria-busy=false]').waitFor();
  return response;
}

const send = () => answered(() => page.getByRole('button', { name: 'Send', exact: true }).click());

describe('writing', () => {
  test('a badge says that the page and the server have the same rules', async () => {
    const { build } = await (await fetch(`${server.url}/config.json`)).json();
    assert.equal(await page.locator('#build').textContent(), `Page and server use the same rules: build ${build}`);
  });

  test('every problem is marked and listed with its code, advice, a link to its place and, if certain, a fix', async () => {
    await write({ call_outcome: { outcome_name: 'Sale', sale_amount: '1,000.00', custom_paramter_1: 'a', descripton: 'b' } });
    assert.equal(await verdict(), '2 problems, 2 warnings');
    const marked = async (severity) => (await page.locator(`.cm-lintRange-${severity}`).allTextContents()).join('');
    assert.deepEqual([await marked('error'), await marked('warning')], ['{"1,000.00"', '"custom_paramter_1""descripton"']);
    assert.equal(await editor().getAttribute('aria-invalid'), 'true');
    const amount = finding('sale_amount.separator');
    assert.match(await amount.textContent(), /Leave out thousands separators/);
    await amount.getByRole('button', { name: /^Line 1/ }).click();
    assert.equal(await page.evaluate(() => String(document.activeElement.shadowRoot.getSelection())), '"1,000.00"');
    await amount.getByRole('button', { name: 'Change to "1000.00"' }).click();
    await finding('key.unknown').getByRole('button', { name: 'Change to "description"' }).click();
    await finding('custom_parameter.misspelt').getByRole('button', { name: 'Change to "custom_parameter_1"' }).click();
    assert.equal(await verdict(), '1 problem, 0 warnings');
    assert.match(await text(), /"sale_amount":"1000.00","custom_parameter_1":"a","description":"b"/);
  });

  test('problems are shown while you type', async () => {
    await editor().press('Control+a');
    await page.keyboard.type('{"search');
    assert.equal(await verdict(), '1 problem, 0 warnings');
    await finding('json.syntax').getByRole('button', { name: 'Line 1, column 9' }).waitFor();
  });

  test('a shortcut applies the first fix, and undo reverts it', async () => {
    await write({ search: { transaction_id: '1' }, call_outcome: { outcome_name: 'x', sale_amount: '1,000.00' } });
    await page.keyboard.press('Control+.');
    assert.match(await text(), /"1000.00"/);
    await editor().press('Control+z');
    assert.match(await text(), /"1,000.00"/);
  });

  test('times are shown as dates, also those of 13 digits', async () => {
    await write({ search: { start_time_t: 1440607350500 }, call_outcome: { outcome_name: 'x', occurred_at_time_t: '1440607351' } });
    assert.deepEqual(await page.locator('.cm-note').allTextContents(), ['2015-08-26 16:42:30.500 UTC', '2015-08-26 16:42:31 UTC']);
    await view('Form');
    await page.locator('#fields').getByText('2015-08-26 16:42:30.500 UTC').waitFor();
    assert.equal(await field('start_time_t').inputValue(), '1440607350500');
  });

  test('the form and the JSON show the same request', async () => {
    await write('{\n  "call_outcome": {"outcome_name": "Sale", "sale_amount": 12.50},\n  "other": [1,\n 2]\n}');
    await view('Form');
    assert.equal(await field('sale_amount').inputValue(), '12.50');
    await field('transaction_id').fill('00000000-00000001');
    await field('outcome_name').fill('');
    await field('description').fill('with "quotes"');
    assert.equal(await field('outcome_name').getAttribute('aria-invalid'), 'true');
    await finding('outcome_name.missing').getByRole('button', { name: /^Line/ }).click();
    assert.equal(await field('outcome_name').evaluate((input) => input === document.activeElement), true);
    await field('outcome_name').fill('Quote');
    await view('JSON');
    assert.deepEqual(JSON.parse(await text()), {
      call_outcome: { outcome_name: 'Quote', sale_amount: 12.5, description: 'with "quotes"' },
      other: [1, 2],
      search: { transaction_id: '00000000-00000001' },
    });
    assert.match(await text(), /12\.50.*\n.*"other": \[1,\n 2\]/s);
    await write('{"search"');
    await view('Form');
    assert.equal(await field('outcome_name').isDisabled(), true);
    await page.getByRole('button', { name: 'Start with an empty object' }).click();
    await field('outcome_name').fill('Sale');
    assert.equal(await field('outcome_name').getAttribute('aria-invalid'), 'false');
  });
});

describe('what it means', () => {
  test('the normal form is shown', async () => {
    await write({ search: { transaction_id: 'abc-1' }, call_outcome: { outcome_name: ' Sale ', value: 'YES' } });
    assert.match(await page.locator('#normal').textContent(), /ABC-1.*outcome_nameSale.*valuetrue/);
  });

  test('a search by time is drawn as a timeline, whose calls can be pointed at and focused', async () => {
    await page.getByLabel('Example').selectOption('by_start');
    const picture = page.getByRole('group', { name: 'Calls around the requested start' });
    const calls = picture.getByRole('img');
    assert.equal(await calls.count(), 4);
    await page.getByText('00000000-00000002 matches, 50 s away. The next best call, 00000000-00000003, is just as far away. Confidence: ').waitFor();
    await page.getByText('Ambiguous', { exact: true }).waitFor();
    for (const [id, said] of [
      ['00000000-00000002', 'match: 50 s away; started 2015-08-26 16:41:40 UTC, 50 s before; lasted 1 min 2 s'],
      ['00000000-00000003', 'next best: 50 s away'],
      ['00000000-00000004', 'candidate: 1 min 10 s away'],
      ['00000000-00000001', 'not considered: no call near this time'],
    ]) {
      const call = picture.getByRole('img', { name: new RegExp(`^${id}, ${said}`) });
      await call.hover();
      await page.locator('.detail', { hasText: id }).waitFor();
    }
    await calls.first().focus();
    const reached = [];
    for (let count = 0; count < 4; count += 1) {
      reached.push((await page.locator('.detail').textContent()).slice(0, 17));
      await page.keyboard.press('Tab');
    }
    assert.deepEqual(reached.sort(), [1, 2, 3, 4].map((id) => `00000000-0000000${id}`));
  });

  test('shows how each distance adds up, and how sure the match is, as the server does', async () => {
    const { duration_weight: weight } = await (await fetch(`${server.url}/config.json`)).json();
    const path = `${PATH}?validate_only=true&explain=true`;
    const words = new Set();
    for (const [start, length] of [[7200, 67], [7350, 62], [7300], [7345, 70], [7352], [7340], [7330, 61], [7415]]) {
      const search = { start_time_t: `144060${start}`, ...(length && { duration_in_seconds: `${length}` }) };
      await write({ search, call_outcome: { outcome_name: 'x' } });
      const { match, call } = JSON.parse((await server.report({ search, call_outcome: { outcome_name: 'x' }, oauth_token: NETWORK }, { path })).text);
      const said = await page.locator('#match .sentence').textContent();
      const [, confidence, word] = /Confidence: ([\d.]+), ([a-z ]+)\./.exec(said);
      assert.equal(Number(confidence), match.confidence, said);
      assert.equal(said.includes('Ambiguous'), match.ambiguous, said);
      const ranges = { 'very likely': [0.95, 1.01], likely: [0.8, 0.95], unsure: [0.5, 0.8], doubtful: [0, 0.5] };
      assert.ok(confidence >= ranges[word][0] && confidence < ranges[word][1], said);
      words.add(word);
      if (length) {
        assert.match(said, new RegExp(`start \\+ ${weight} × .* duration\\)`));
        assert.equal(await page.locator('.timeline [aria-label*=" duration)"]').count(), match.candidates);
      }
      assert.ok(said.startsWith(call.transaction_id));
    }
    assert.ok(words.size >= 3, [...words].join());
    await write({ search: { start_time_t: '1440607240', duration_in_seconds: '67' }, call_outcome: { outcome_name: 'x' } });
    await page.locator('#match').getByText('2 min 40 s away (60 s start + 20 × 5 s duration)').waitFor();
  });

  test('says that the server refuses a match below the threshold, and the server does', async () => {
    const threshold = page.getByLabel('min_confidence');
    const refusal = page.locator('#match').getByText(/The server refuses this report/);
    const search = { start_time_t: '1440607305', duration_in_seconds: '62' };
    await write({ search, call_outcome: { outcome_name: 'threshold' } });
    const said = await page.locator('#match .sentence').textContent();
    const own = Number(/Confidence: ([\d.]+)/.exec(said)[1]);
    await page.getByLabel('validate_only').check();
    for (const value of [own, own + 0.001, 0, 1]) {
      await threshold.fill(String(Number(value.toFixed(3))));
      const response = await send();
      const refused = response.headers()['x-error-code'] === 'call.ambiguous';
      assert.equal(refused, value > own, `${value} ${own}`);
      assert.equal(await refusal.count(), refused ? 1 : 0, `${value} ${own}`);
      assert.equal(new URL(response.url()).searchParams.get('min_confidence'), String(Number(value.toFixed(3))));
    }
    // It takes precedence over `unambiguous`, whose threshold is the server's.
    await write({ search: { start_time_t: '1440607350' }, call_outcome: { outcome_name: 'threshold' } });
    await page.getByLabel('unambiguous').check();
    for (const [value, refused] of [['0', false], ['', true]]) {
      await threshold.fill(value);
      const response = await send();
      assert.equal(response.headers()['x-error-code'] === 'call.ambiguous', refused);
      assert.equal(await refusal.count(), refused ? 1 : 0);
    }
    await threshold.fill('1.5');
    assert.ok(await threshold.evaluate((input) => input.matches(':invalid')));
    await page.locator('#match .sentence').waitFor();
    await page.getByLabel('Example').selectOption('by_start');
    assert.equal(await threshold.inputValue(), '');
    await page.getByLabel('Example').selectOption('mistake:call.ambiguous');
    await refusal.waitFor();
    assert.equal((await send()).headers()['x-error-code'], 'call.ambiguous');
  });

  test('finds the same call as the server, and says why there is none', async () => {
    for (const search of [
      { start_time_t: '1440607401' },
      { start_time_t: '1440607401', duration_in_seconds: '60' },
      { start_time_t: '1440607401', calling_phone_number: '415 555 0100' },
      { start_time_t: '1440607401', calling_phone_number: '415 555 0199' },
      { start_time_t: '1460000000' },
    ]) {
      await write({ search, call_outcome: { outcome_name: 'x' } });
      const said = await page.locator('#match .sentence').textContent();
      const path = `${PATH}?validate_only=true`;
      const answer = await server.report({ search, call_outcome: { outcome_name: 'x' }, oauth_token: NETWORK }, { path });
      const expected = JSON.parse(answer.text).call?.transaction_id ?? 'No call';
      assert.ok(said.startsWith(expected), `${said} ${answer.text}`);
    }
  });

  test('searches among your own calls', async () => {
    await write({ search: { start_time_t: '1450000000' }, call_outcome: { outcome_name: 'x' } });
    await page.getByText('Calls to search').click();
    const calls = page.getByRole('textbox', { name: 'Calls' });
    const demo = await calls.inputValue();
    await calls.fill('[{"transaction_id": "MINE", "start_time_t": "1450000001123"}]');
    await page.getByText('MINE matches, 1.123 s away. No other call qualifies.').waitFor();
    await calls.fill('[{"start_time_t": "x"}]');
    await page.locator('#match').getByText('start_time_t is invalid').waitFor();
    await calls.fill('[');
    await page.getByText('The calls are not valid JSON').waitFor();
    await calls.fill(demo);
  });
});

describe('sending', () => {
  test('shows status, cost, body and headers; sending again changes nothing', async () => {
    const first = await send();
    assert.equal(first.status(), 201);
    await page.getByRole('heading', { name: /^201 after \d+ ms/ }).waitFor();
    assert.equal(await page.getByRole('list', { name: 'Database cost' }).textContent(), 'trips 1rows read 9rows written 5');
    await page.getByText('Headers').click();
    await page.getByText('x-request-id').waitFor();
    const again = await answered(() => page.keyboard.press('Control+Enter'));
    assert.equal(again.status(), 200);
    assert.equal((await server.records()).length, 1);
  });

  test('shows that sending twice stores once', async () => {
    await page.getByLabel('Example').selectOption('first');
    await page.getByRole('button', { name: 'Send twice' }).click();
    await page.getByText(/^201 then 200: the second request changed nothing\. Both answers name record [0-9A-F-]{17}\.$/).waitFor();
  });

  test('shows the chain of corrections', async () => {
    await page.getByLabel('Example').selectOption('correction');
    await send();
    await page.getByRole('heading', { name: 'Records of this outcome: 2' }).waitFor();
    const records = page.getByRole('list', { name: 'Records of this outcome, oldest first' }).getByRole('listitem');
    assert.equal(await records.count(), 2);
    assert.match(await records.last().textContent(), /current.*descriptionHonda Accord 2015 Honda Civic 2012/);
  });

  test('can be a dry run, with an explanation', async () => {
    const stored = (await server.records()).length;
    await page.getByLabel('Example').selectOption('by_start');
    for (const name of ['validate_only', 'explain']) await page.getByLabel(name).check();
    const response = await send();
    assert.equal((await response.json()).match.runner_up.transaction_id, '00000000-00000003');
    assert.equal((await server.records()).length, stored);
  });

  test('the history can send a request again or load it', async () => {
    await page.getByText('Sent requests').click();
    const history = page.getByRole('list', { name: 'Sent requests, newest first' }).getByRole('listitem');
    const count = await history.count();
    const again = await answered(() => history.last().getByRole('button', { name: /^Send again/ }).click());
    assert.equal(again.status(), 200);
    assert.equal(await history.count(), count + 1);
    await history.nth(1).getByRole('button', { name: /^Edit/ }).click();
    assert.match(await text(), /1440607350/);
    assert.equal(await page.getByLabel('explain').isChecked(), true);
  });

  test('every example of a mistake is answered with its code', async () => {
    const names = await page.getByLabel('Example').locator('optgroup').last().locator('option').evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(names.length > 50, `${names.length}`);
    for (const name of names) {
      const code = name.replace('mistake:', '');
      await page.getByLabel('Example').selectOption(name);
      const response = await send();
      const { 'x-error-code': error, 'x-warnings': warnings = '' } = response.headers();
      // Why no call was found is only in an explanation.
      const { match } = await response.json();
      assert.ok([error, match?.reason, ...warnings.split(/[^\w.]+/)].includes(code), `${name}: ${error} ${warnings}`);
    }
  });

  test('says if there is no answer', async () => {
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('heading', { name: /^No answer/ }).waitFor();
    await page.context().setOffline(false);
    errors.splice(0);
  });
});

describe('the code that is shown works', () => {
  const quote = "a 'quoted' \"#\\ ${text} `é😀` '''";
  const folder = mkdtemp(join(tmpdir(), 'copied-'));
  after(async () => rm(await folder, { recursive: true }));

  const runners = {
    curl: async (code) => execute('sh', ['-c', code], await environment()),
    fetch: async (code) => execute(process.execPath, ['--input-type=module', '--eval', code], await environment()),
    Python: async (code) => execute('python3', ['-c', code], await environment()),
    Rust: async (code) => {
      const project = join(await folder, 'rust');
      await cp(join(root, 'tests/package/rust'), join(project), { recursive: true });
      await cp(await source(code), join(project, 'src/main.rs'));
      const { env } = await environment();
      return execute('cargo', ['run', '--quiet', '--locked'], { cwd: project, env: { ...env, CARGO_TARGET_DIR: join(root, 'target/copied') } });
    },
  };
  const environment = async () => ({ cwd: await folder, env: { ...process.env, TOKEN: NETWORK } });
  const source = async (code) => {
    const path = join(await folder, 'main.rs');
    await writeFile(path, code);
    return path;
  };

  for (const [language, run] of Object.entries(runners)) {
    test(language, async () => {
      await write({ search: { transaction_id: '00000000-00000002' }, call_outcome: { outcome_name: language, description: quote }, oauth_token: 'secret' });
      await page.getByLabel('strict').check();
      await page.getByRole('radio', { name: language, exact: true }).check({ force: true });
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.getByRole('button', { name: 'Copy', exact: true }).click();
      await page.getByText('Copied.').waitFor();
      const code = await page.evaluate(() => navigator.clipboard.readText());
      assert.ok(!/secret|demo-/.test(code), code);
      assert.match(code, /\?strict=true/);
      const { stdout } = await run(code);
      const { call_outcome } = JSON.parse(stdout.slice(stdout.indexOf('{')));
      assert.deepEqual([call_outcome.outcome_name, call_outcome.description], [language, quote]);
    });
  }
});

describe('sharing', () => {
  test('a link holds the request, but never a token', async () => {
    await write('{"search":{"transaction_id":"é😀"}, "oauth_token": "secret"}');
    const share = page.getByRole('button', { name: 'Copy a link to this request' });
    await share.click();
    await page.getByText('but no token').waitFor();
    const { page: other } = await open(page.url());
    await ready(other);
    assert.equal(await text(other), '{"search":{"transaction_id":"é😀"}}');
    const link = page.url();
    await write('"oauth_token": "secret"');
    await share.click();
    await page.locator('#shared', { hasText: 'Remove the token' }).waitFor();
    await write({ description: Array.from({ length: 9000 }, (_, at) => Math.imul(at, 2654435761).toString(36)).join('') });
    await share.click();
    await page.getByText('too long for a link').waitFor();
    assert.equal(page.url(), link);
    const { page: broken } = await open(`${server.url}/#1.nonsense`);
    await ready(broken);
    assert.match(await text(broken), /1 year contract/);
    await broken.goto(`${server.url}/#mistake:value.format`);
    await broken.getByRole('listitem').filter({ hasText: 'value.format' }).waitFor();
  });

  test('a typed token is in no storage and no URL', async () => {
    await page.getByLabel('Token', { exact: true }).fill(ADVERTISER);
    const kept = await page.evaluate(async () => {
      const stored = await (await caches.open('site')).keys();
      return JSON.stringify([localStorage, sessionStorage, location.href, document.cookie, stored.map(({ url }) => url)]);
    });
    assert.ok(!kept.includes('token') && kept.includes('/pkg/rules.wasm'), kept);
    await page.getByRole('button', { name: 'Use the demo token' }).click();
    assert.equal(await page.getByLabel('Token', { exact: true }).inputValue(), NETWORK);
  });
});

test('once loaded, it works offline', async () => {
  const { page: away, errors } = await open(`${server.url}/`);
  await away.getByTitle('Available offline').waitFor();
  await away.context().setOffline(true);
  await away.reload();
  await ready(away);
  await write('{}', away);
  await away.getByText('2 problems, 0 warnings').waitFor();
  assert.deepEqual(errors, []);
});

test('the help opens by its shortcut and its button', async () => {
  await page.locator('body').press('?');
  const sheet = page.getByRole('dialog', { name: 'Shortcuts' });
  await sheet.getByText('Send twice').waitFor();
  await sheet.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Shortcuts' }).click();
  await page.keyboard.press('Escape');
  assert.equal(await sheet.isVisible(), false);
  const twice = await answered(() => page.keyboard.press('Control+Shift+Enter'));
  assert.equal(twice.status(), 200);
});

test('nothing scrolls sideways at 320 px, which is 1280 px at 400 %', async () => {
  for (const width of [320, 360, 640, 768, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    for (const name of ['JSON', 'Form']) {
      await view(name);
      await page.getByLabel('Example').selectOption('by_start');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} ${name}`);
    }
  }
  assert.deepEqual(errors, []);
});

test('axe finds nothing in either colour scheme or view, with and without problems', async () => {
  const axe = await readFile(tool.resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const example of ['by_start', 'mistake:sale_amount.separator', 'mistake:search.too_broad']) {
      await view('JSON');
      await page.getByLabel('Example').selectOption(example);
      await send();
      for (const name of ['JSON', 'Form']) {
        await view(name);
        const { violations } = await page.evaluate(`${axe}; axe.run()`);
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], `${colorScheme} ${example} ${name}`);
      }
    }
  }
});
