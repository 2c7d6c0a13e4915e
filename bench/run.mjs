// `npm run bench`: what is claimed, measured; `-- --full` with ten million calls. Writes bench/RESULTS.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from '../scripts/build.mjs';
import { buildPackage } from '../scripts/package.mjs';
import { main, root } from '../scripts/run.mjs';

// D1's prices beyond what a plan includes, in dollars for a million rows.
const [READ, WRITTEN] = [0.001, 1];

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false } } });

await main(async () => {
  await build();
  await buildPackage();
  const { validator } = await import('./validator.mjs');
  const { worst } = await import('./worst.mjs');
  const validators = await validator();
  const calls = values.full ? 10_000_000 : 1_000_000;
  const costs = await worst({ calls });
  const text = [
    '# Results',
    `\`npm run bench${values.full ? ' -- --full' : ''}\` on ${cpus().length} cores of ${cpus()[0].model} (${platform()} ${arch()}), Node ${process.version}. Times are medians of interleaved rounds: trust the ratios.`,
    '## Validator',
    'Nanoseconds for `JSON.parse` and ajv, compiled from the schema of `/openapi.json`, and for `validate` and `validateValue`.',
    table(
      ['Report', 'ajv', 'ours', 'ours / ajv'],
      validators.map(({ name, ajv, own, ratio }) => [name, ajv.toFixed(0), own.toFixed(0), ratio.toFixed(2)]),
    ),
    '## Sizes',
    table(['File', 'gzip, KiB'], sizes()),
    '## Cost',
    `Each kind of report, in networks of up to ${calls.toLocaleString('en')} calls in one database. Every call that was found is the one that a look at all calls finds. Dollars are for a million reports at D1's prices of $${READ} for a million rows read and $${WRITTEN} for a million written, beyond what a plan includes.`,
    table(
      ['Network', 'Report', 'Trips', 'Rows read', 'Rows written', '$ a million', 'Time / by id'],
      costs.map(({ network, kind, trips, read, written, ratio }) => {
        const dollars = read * READ + written * WRITTEN;
        return [network, kind, trips, read, written, dollars.toFixed(2), ratio.toFixed(2)];
      }),
    ),
  ].join('\n\n');
  writeFileSync(join(root, 'bench/RESULTS.md'), `${text}\n`);
  console.log(text);
});

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const ruler = `|${head.map((_, at) => (typeof rows[0][at] === 'number' || /^[\d.]+$/.test(rows[0][at]) ? '--:' : '---')).join('|')}|`;
  return [line(head), ruler, ...rows.map(line)].join('\n');
}

function sizes() {
  const files = ['build/index.js', 'build/index_bg.wasm', 'package/dist/index.js', 'package/dist/slim.js', 'package/dist/rules.wasm', 'package/dist/form.js', 'www/pkg/editor.js', 'www/pkg/table.wasm'];
  return files.map((file) => [file, (gzipSync(readFileSync(join(root, file)), { level: 9 }).length / 1024).toFixed(1)]);
}
