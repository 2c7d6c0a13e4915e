// `npm run screenshots`: takes the screenshots for the documents, in Chromium, and writes them to docs/images/.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '../../tools/harness/browser.mjs';
import { buildAll } from '../build/build.mjs';
import { openDatabase } from '../lib/database.mjs';
import { kib, main, root, say } from '../lib/run.mjs';
import { serve } from '../lib/serve.mjs';
import { browser as installBrowser, packageTester } from '../build/setup.mjs';

const FOLDER = join(root, 'docs/images');
const VIEWPORT = { width: 1200, height: 820 };

/** A report with a misspelt key, whose search several calls match about equally well. */
const REQUEST = {
  search: { start_time_t: '1440607350' },
  call_outcome: { outcome_name: 'Sale', partner_unique_id: '1', sale_ammount: '1200.00' },
};

await main(async () => {
  await buildAll();
  await packageTester();
  await installBrowser();
  await (await openDatabase()).close();
  mkdirSync(FOLDER, { recursive: true });
  const server = await serve(0, { quiet: true });
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
    await page.goto(server.url);
    await page.locator('html[data-ready]').waitFor();
    await write(page, JSON.stringify(REQUEST, null, 2));
    const path = join(FOLDER, 'playground.png');
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    say(`docs/images/playground.png: ${kib(statSync(path).size)}`);
  } finally {
    await browser.close();
    await server.close();
  }
});

/** Replaces the text in the editor by pasting. */
async function write(page, text) {
  const editor = page.getByRole('textbox', { name: 'Request', exact: true });
  await editor.press('Control+a');
  await editor.evaluate((content, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    content.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
  await editor.blur();
}
