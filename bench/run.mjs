// `npm run bench`: what is claimed, measured beside what else one would take. Writes bench/RESULTS.md; `-- --full` takes ten
// million calls too, `-- --only endpoint,validator,sizes,starts,cost` prints some sections alone.
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build/build.mjs';
import { buildPackage } from '../scripts/build/package.mjs';
import { main, root, run, step } from '../scripts/lib/run.mjs';
import { benchPeers } from '../scripts/build/setup.mjs';

// D1's prices beyond what a plan includes, in dollars for a million rows.
const [READ, WRITTEN] = [0.001, 1];

const sections = {
  endpoint: endpointSection,
  validator: validatorSection,
  sizes: sizesSection,
  starts: startsSection,
  cost: costSection,
};

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, only: { type: 'string' } } });

await main(async () => {
  await build();
  await buildPackage();
  await benchPeers();
  const chosen = values.only?.split(',') ?? Object.keys(sections);
  const texts = [];
  for (const name of chosen) texts.push(await sections[name]());
  if (values.only) return console.log(texts.join('\n\n'));
  const [{ model }] = cpus();
  const command = `npm run bench${values.full ? ' -- --full' : ''}`;
  const head = `# Results

\`${command}\` on ${cpus().length} cores of ${model} (${platform()} ${arch()}), Node ${process.version}. Times are medians of
interleaved rounds on a machine that others share: trust the ratios, and only large ones. Rows, trips and sizes are exact.`;
  const text = [head, ...texts].join('\n\n');
  writeFileSync(join(root, 'bench/RESULTS.md'), `${text}\n`);
  console.log(text);
});

async function endpointSection() {
  const { endpoint } = await import('./endpoint.mjs');
  const texts = (await endpoint({})).map(({ size, rows }) => {
    const cells = rows.map(({ scenario, workers: [ours, peer, batch] }) => {
      const all = (key, digits) => [ours, peer, batch].map((worker) => worker[key].toFixed(digits)).join(' / ');
      const slower = (worker) => worker.delayed - worker.plain;
      const trips = slower(ours) < 5 ? 0 : Math.round(slower(peer) / slower(ours));
      return [
        scenario,
        all('rps', 0),
        all('cpu', 0),
        all('plain', 1),
        all('delayed', 1),
        trips,
        (ours.rps / peer.rps).toFixed(2),
        (ours.delayed / peer.delayed).toFixed(2),
        (ours.rps / batch.rps).toFixed(2),
      ];
    });
    const head = ['Report', 'Requests/s', 'CPU, µs', 'ms', 'ms, slow trips', 'Trips of Hono', 'Requests/s ÷ Hono', 'ms, slow trips ÷ Hono', 'Requests/s ÷ one batch'];
    return `${size.toLocaleString('en')} calls:\n\n${table(head, cells)}`;
  });
  return `## Endpoint

The Worker / the same API in TypeScript with Hono and zod, a query after the other where one needs the other's answer / the
same in TypeScript with this repository's statements in one batch. All three pass the table of cases. Eight connections to
workerd, no proxy: requests a second, and the processor time of a request, local D1 included; then the time of a request
sent alone, as it is and with 10 ms added to each trip to the database, of which the Worker makes one.

${texts.join('\n\n')}`;
}

async function validatorSection() {
  const example = ['--release', '--locked', '--example', 'native_speed', '--target-dir', join(root, 'target/bench')];
  // As a program that wants speed is built, not as one that is downloaded.
  const speed = ['--config', 'profile.release.opt-level=3', '--config', 'profile.release.lto=false'];
  await step('Building the rules as a native program', () => run('cargo', ['build', ...example, ...speed], { quiet: true }));
  const { validator } = await import('./validator.mjs');
  const rows = await validator({ native: join(root, 'target/bench/release/examples/native_speed') });
  return `## Validator

Nanoseconds in Node, with every problem of a report told. From a text or bytes, the others' time includes \`JSON.parse\`; all
hold to the table of cases. ajv and typebox are compiled from the schema of \`/openapi.json\`. Native is the same function
of the crate, from bytes, with the texts of the problems.

${table(
  ['Report', 'ajv', 'typebox', 'zod', 'valibot', 'ours', 'native', 'ours / ajv', 'ours / zod'],
  rows.map(({ name, ajv, typebox, zod, valibot, ours, native }) => [
    name,
    ...[ajv, typebox, zod, valibot, ours, native].map((time) => time.toFixed(0)),
    (ours / ajv).toFixed(2),
    (ours / zod).toFixed(2),
  ]),
)}`;
}

async function sizesSection() {
  const { sizes } = await import('./sizes.mjs');
  const rows = (await sizes()).map(([name, bytes]) => [name, (bytes / 1024).toFixed(1)]);
  return `## Sizes

JavaScript is minified.

${table(['What', 'gzip, KiB'], rows)}`;
}

async function startsSection() {
  const { compilations, starts } = await import('./starts.mjs');
  const compiled = compilations();
  return `## Starts

From the start of a bare workerd to the first answer, without a database:

${table(
  ['Worker', 'ms'],
  (await starts()).map(({ name, milliseconds }) => [name, milliseconds.toFixed(1)]),
)}

Of the wasm, in Node:

${table(
  ['File', 'compile, ms', 'instantiate, ms'],
  compiled.map(({ file, compile, instantiate }) => [file, compile.toFixed(2), instantiate.toFixed(2)]),
)}`;
}

async function costSection() {
  const { cost } = await import('./cost.mjs');
  const sizes = [1_000, 1_000_000, ...(values.full ? [10_000_000] : [])];
  const measured = [];
  for (const calls of sizes) measured.push(await cost({ calls }));
  const largest = measured.at(-1);
  const counts = sizes.map((size) => size.toLocaleString('en'));
  return `## Cost

Each kind of report, in four networks with a database each. Of ${counts.join(', ')} calls: a dense one has a
hundred calls a second, the sparse one a call in 100 seconds; those with a duration only once, and with unknown ones,
have a tenth as many, and at least a thousand. Every call that was found is the one that a plain look at all calls
finds. Dollars are for a million requests at the largest size, at D1's prices of $${READ} for a million rows read and $${WRITTEN} for a
million written, beyond what a plan includes.

${table(
  ['Network', 'Report', 'Trips', ...counts.map((count) => `Rows read of ${count}`), 'Rows written', '$', 'Time / by id'],
  largest.map(({ network, kind, trips, read, written, ratio }, at) => [
    network,
    kind,
    trips,
    ...measured.map((rows) => rows[at].read),
    written,
    (read * READ + written * WRITTEN).toFixed(2),
    ratio.toFixed(2),
  ]),
)}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const isNumber = (cell) => typeof cell === 'number' || /^[\d.]+$/.test(cell);
  const ruler = `|${head.map((_, at) => (isNumber(rows[0][at]) ? '--:' : '---')).join('|')}|`;
  return [line(head), ruler, ...rows.map(line)].join('\n');
}
