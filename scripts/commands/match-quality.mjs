// `npm run match-quality`: simulates reports, and writes docs/match-quality.md with its charts. With `--pairs FILE.csv`, says
// which settings an operator's own reports ask for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { charts, filled } from '../../tools/match-quality/document.mjs';
import { commandLine, main, root, run, step } from '../lib/run.mjs';

const HELP = `Usage: npm run match-quality [-- --pairs FILE.csv]

Without options, simulates reports and writes docs/match-quality.md and its charts.

--pairs FILE.csv  reads reports whose call is known, and prints the settings for their errors. Columns: reported_start and
                  start in Unix seconds, reported_duration and duration in seconds, which may be blank.`;
const TOOL = ['run', '--quiet', '--locked', '--release', '--example', 'match_quality', '--'];

await main(async () => {
  const options = { pairs: { type: 'string' }, help: { type: 'boolean' } };
  const { values } = commandLine({ options }, HELP);
  if (values.help) return console.log(HELP);
  if (values.pairs) return run('cargo', [...TOOL, '--pairs', resolve(values.pairs)]);
  const figures = JSON.parse(await step('Simulating reports', () => run('cargo', TOOL, { quiet: true })));
  for (const [name, picture] of Object.entries(charts(figures))) {
    writeFileSync(join(root, `docs/images/${name}.svg`), picture);
  }
  const document = join(root, 'docs/match-quality.md');
  writeFileSync(document, filled(readFileSync(document, 'utf8'), figures));
  console.log('Wrote docs/match-quality.md and its charts.');
});
