// `npm run bench:csv -- ROWS`: checks a file with so many rows (default: a million) on the page for CSV files, in Chromium,
// and prints the rows a second, the memory of the processes, and the longest time that the page was blocked.
import { createWriteStream, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { buildAll } from '../build/build.mjs';
import { main } from '../lib/run.mjs';
import { browser as installBrowser, packageTester } from '../build/setup.mjs';
import { launchWithProfile } from '../../tools/harness/browser.mjs';
import { start } from '../../tools/harness/server.mjs';

const MEBIBYTE = 1 << 20;

await main(async () => {
  const rows = Number(process.argv[2] ?? 1_000_000);
  await buildAll();
  await packageTester();
  await installBrowser();
  const folder = mkdtempSync(join(tmpdir(), 'call-outcomes-csv-'));
  const server = await start();
  try {
    const path = join(folder, 'rows.csv');
    await write(path, rows);
    console.log(`${rows} rows, ${Math.round(statSync(path).size / MEBIBYTE)} MiB`);
    await measure(`${server.url}/csv`, path, join(folder, 'profile'));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Writes a file like that of a CRM, in which one row in a hundred is invalid. */
async function write(path, rows) {
  const file = createWriteStream(path);
  file.write('Call start;Phone;Outcome;Amount;Order ID;Comment\r\n');
  for (let at = 0; at < rows; at += 1) {
    const day = String(1 + (at % 28)).padStart(2, '0');
    const phone = at % 100 === 0 ? '1,89E+10' : `+1888555${String(at % 10_000).padStart(4, '0')}`;
    const line = `${day}.07.2015 ${10 + (at % 10)}:30:00;${phone};Sale;1.${100 + (at % 900)},50;A-${at};"Contract of one year, with ""extras"" and all there is to say"\r\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

async function measure(url, path, profile) {
  const browser = await launchWithProfile(profile);
  try {
    const [page] = browser.pages();
    await page.goto(url);
    await page.getByLabel('Choose a file').setInputFiles(path);
    await page.getByRole('button', { name: 'Check all rows' }).and(page.locator(':enabled')).waitFor();
    await page.evaluate(() => {
      globalThis.gaps = [];
      let last = performance.now();
      const frame = (now) => {
        globalThis.gaps.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      globalThis.tasks = [];
      new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    });
    const before = memory(profile);
    const most = {};
    const sampler = setInterval(() => {
      for (const [type, size] of Object.entries(memory(profile))) most[type] = Math.max(most[type] ?? 0, size);
    }, 100);
    await page.getByRole('button', { name: 'Check all rows' }).click();
    await page.locator('#checking').waitFor({ state: 'hidden', timeout: 0 });
    clearInterval(sampler);
    console.log(await page.locator('#verdict').textContent());
    const longest = (list) => Math.round(Math.max(0, ...list));
    const { tasks, gaps } = await page.evaluate(() => ({ tasks: globalThis.tasks, gaps: globalThis.gaps }));
    console.log(`longest task of the page ${longest(tasks)} ms (0: none over 50 ms), longest gap between frames ${longest(gaps)} ms`);
    for (const [type, size] of Object.entries(most)) {
      console.log(`${type.padEnd(12)} ${Math.round(size / MEBIBYTE)} MiB at most, ${Math.round((before[type] ?? 0) / MEBIBYTE)} MiB before`);
    }
  } finally {
    await browser.close();
  }
}

/** The resident memory of this browser's processes by their type, on Linux. */
function memory(profile) {
  const sum = {};
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, 'utf8');
      if (!command.includes(profile)) continue;
      const type = /--type=([\w-]+)/.exec(command)?.[1] ?? 'browser';
      const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8')) ?? [];
      sum[type] = (sum[type] ?? 0) + Number(kibibytes ?? 0) * 1024;
    } catch {
      // The process has ended meanwhile.
    }
  }
  return sum;
}
