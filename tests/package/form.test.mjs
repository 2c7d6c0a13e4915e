// bindForm in a real browser, under the site's content security policy: the example page and other forms.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codes } from '../../package/dist/index.js';
import { open, project, serve, tool, write } from './harness.mjs';

const www = fileURLToPath(new URL('../../www', import.meta.url));

/** The text of a code in the registry, as a page shows it. */
function text(code) {
  const { title, advice } = codes.find((entry) => entry.code === code);
  return `${title}. ${advice}`.replaceAll('`', '');
}

/** What a page shows at a field. */
const atField = (page, name) =>
  page.locator(`[name=${name}]`).evaluate((field) => ({
    invalid: field.getAttribute('aria-invalid'),
    described: (field.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent),
    validity: field.validationMessage,
  }));

const focused = (page) => page.evaluate(() => document.activeElement.name || document.activeElement.className);

describe('the example page', () => {
  let posted;
  let page;
  let errors;

  before(async () => {
    const post = async (request, response) => {
      posted = { path: request.url, body: '' };
      for await (const chunk of request) posted.body += chunk;
      response.setHeader('Content-Type', 'text/html').end('<title>Reported</title>');
    };
    const { origin } = await serve(www, post);
    ({ page, errors } = await open(`${origin}/form.html`));
    await page.waitForSelector('.call-outcomes-summary', { state: 'attached' });
  });

  test('shows no problems before anything was entered, but is invalid', async () => {
    assert.deepEqual(await atField(page, 'outcome_name'), {
      invalid: null,
      described: [],
      validity: text('outcome_name.missing'),
    });
    assert.equal(await page.evaluate(() => document.querySelector('form').checkValidity()), false);
    assert.equal(await page.locator('.call-outcomes-summary').isVisible(), false);
  });

  test('shows the problem of a field when it loses the focus, and removes it once solved', async () => {
    await page.fill('[name=sale_amount]', '1,000');
    assert.equal((await atField(page, 'sale_amount')).invalid, null, 'while it is typed');
    await page.press('[name=sale_amount]', 'Tab');
    const problem = text('sale_amount.separator');
    assert.deepEqual(await atField(page, 'sale_amount'), { invalid: 'true', described: [problem], validity: problem });
    assert.equal((await atField(page, 'outcome_name')).invalid, null, 'a field not yet reached');
    await page.fill('[name=sale_amount]', '1000');
    assert.deepEqual(await atField(page, 'sale_amount'), { invalid: null, described: [], validity: '' });
  });

  test('is not sent while it has problems, and moves the focus to their list', async () => {
    await page.fill('[name=calling_phone_number]', '12');
    await page.click('button >> nth=0');
    assert.equal(posted, undefined);
    assert.equal(await focused(page), 'call-outcomes-summary');
    const links = page.locator('.call-outcomes-summary a');
    assert.deepEqual(await links.allTextContents(), [
      `Start, as a Unix time in seconds: ${text('search.missing')}`,
      `Caller’s phone number: ${text('calling_phone_number.format')}`,
      `Name of the outcome: ${text('outcome_name.missing')}`,
    ]);
    await links.nth(2).click();
    assert.equal(await focused(page), 'outcome_name');
  });

  test('is accessible in that state, in light and dark', async () => {
    const axe = await readFile(tool.resolve('axe-core/axe.min.js'), 'utf8');
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      // Evaluated by the debugger, as the page's policy would refuse it.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
    }
  });

  test('starts over when it is reset', async () => {
    await page.click('button[type=reset]');
    await page.waitForSelector('.call-outcomes-summary', { state: 'hidden' });
    assert.deepEqual((await atField(page, 'calling_phone_number')).described, []);
  });

  test('is sent to the site itself, without a token and without empty fields', async () => {
    await page.fill('[name=start_time_t]', '1435993200');
    await page.fill('[name=calling_phone_number]', '(888) 555-1212');
    await page.fill('[name=outcome_name]', 'Sale');
    await page.click('button >> nth=0');
    await page.waitForURL('**/your-backend');
    assert.equal(posted.path, '/your-backend');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(posted.body)), {
      start_time_t: '1435993200',
      calling_phone_number: '(888) 555-1212',
      outcome_name: 'Sale',
    });
    assert.deepEqual(errors, []);
  });
});

describe('another form', () => {
  const setUp = async (form) => {
    const folder = await project({ 'index.html': `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>${form}` });
    await write(folder, {
      'main.js': `
        import * as rules from './node_modules/call-outcomes/index.js';
        import { bindForm } from './node_modules/call-outcomes/form.js';
        const form = document.querySelector('form');
        globalThis.bind = (options) => (globalThis.bound = bindForm(form, { rules, ...options }));
        globalThis.ready = true;`,
    });
    const { origin } = await serve(folder);
    const { page } = await open(`${origin}/index.html`);
    await page.waitForFunction('globalThis.ready');
    return page;
  };

  test('can have its own texts, summary and descriptions', async () => {
    const page = await setUp(`
      <div id="mine"></div>
      <form><input name="transaction_id" value="A-1">
        <p id="hint">In euros</p><label>Betrag <input name="sale_amount" value="x" aria-describedby="hint"></label>
        <input name="outcome_name" value="Sale"><button>Senden</button></form>`);
    await page.evaluate(() =>
      globalThis.bind({
        messages: { 'sale_amount.format': ({ pointer }) => `Kein Betrag (${pointer})` },
        title: 'Bitte prüfen',
        summary: document.querySelector('#mine'),
      }),
    );
    await page.click('button');
    assert.equal(await page.locator('#mine p').textContent(), 'Bitte prüfen');
    assert.deepEqual(await page.locator('#mine a').allTextContents(), ['Betrag: Kein Betrag (/call_outcome/sale_amount)']);
    assert.deepEqual((await atField(page, 'sale_amount')).described, [
      'In euros',
      'Kein Betrag (/call_outcome/sale_amount)',
    ]);
    assert.equal(await page.getByLabel('Betrag', { exact: true }).count(), 1, 'the note is no part of the label');
  });

  test('returns its request, shows the answer of its backend, and can be unbound', async () => {
    const page = await setUp(`
      <form><input name="transaction_id" value="a-1"><input name="outcome_name" value=" Sale ">
        <input type="radio" name="value" value="yes" checked><input type="radio" name="value" value="no">
        <input name="csrf" value="1"><button>Send</button></form>`);
    await page.evaluate(() => void globalThis.bind({ options: { strict: true } }));
    assert.deepEqual(await page.evaluate(() => globalThis.bound.check().request), {
      search: { transaction_id: 'A-1' },
      call_outcome: { outcome_name: 'Sale', partner_unique_id: '', value: 'true' },
    });
    const code = 'call.not_found';
    await page.evaluate((code) => globalThis.bound.show([{ code, pointer: '', message: 'x' }]), code);
    assert.deepEqual((await atField(page, 'transaction_id')).described, [text(code)]);
    assert.equal(await focused(page), 'call-outcomes-summary');

    const before = await page.evaluate(() => globalThis.bound.unbind() ?? document.querySelector('form').outerHTML);
    assert.ok(!before.includes('aria-') && !before.includes('call-outcomes-error'), before);
    assert.equal(await page.evaluate(() => document.querySelector('form').noValidate), false);
    assert.equal(await page.evaluate(() => document.querySelector('form').checkValidity()), true);
  });

  test('clears only the listed fields', async () => {
    const page = await setUp(`
      <form><input name="transaction_id" value="A-1"><input name="outcome_name" value="Sale"><input name="sale_amount">
        <input name="description" value=" "><input name="custom_parameter_1"><input name="custom_parameter_2" type="file">
        <input name="note"><button>Send</button></form>`);
    const sent = (options) =>
      page.evaluate((options) => {
        const { check, unbind } = globalThis.bind(options);
        const data = new FormData(document.querySelector('form'));
        const names = [...data.keys()];
        const { call_outcome } = check().request;
        unbind();
        return { names, call_outcome };
      }, options);
    const outcome = { outcome_name: 'Sale', partner_unique_id: '' };
    const others = ['transaction_id', 'outcome_name'];
    const rest = ['custom_parameter_2', 'note'];
    assert.deepEqual(await sent({}), { names: [...others, ...rest], call_outcome: outcome });
    assert.deepEqual(await sent({ clears: ['sale_amount', 'description'] }), {
      names: [...others, 'sale_amount', 'description', ...rest],
      call_outcome: { ...outcome, sale_amount: '', description: '' },
    });
    await assert.rejects(sent({ clears: ['outcome_name'] }), /TypeError: outcome_name cannot be cleared/);
    assert.equal(await page.locator('.call-outcomes-summary').count(), 0, 'the form is as it was');
    const all = await page.evaluate(() => [...new FormData(document.querySelector('form')).keys()]);
    assert.deepEqual(all, [...others, 'sale_amount', 'description', 'custom_parameter_1', ...rest]);
  });

  test('is refused if it has a token', async () => {
    const page = await setUp('<form><input type="hidden" name="oauth_token" value="secret"></form>');
    await assert.rejects(page.evaluate(() => void globalThis.bind()), /does not belong into a page/);
  });
});
