// `npm run bench`: measures what the documents claim, beside the alternatives, and writes bench/figures.json. From that it
// writes bench/RESULTS.md, and the charts and tables of docs/performance.md (see bench/report/).
//
// `-- --only endpoint,batches,validator,sizes,starts,cost` measures some sections and keeps the figures of the others.
// `-- --full` takes more sizes, up to ten million calls. `-- --before <folder>` measures a copy of an earlier `build/` too.
// `-- --draw` measures nothing and writes the documents again.
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from '../scripts/build/build.mjs';
import { buildPackage } from '../scripts/build/package.mjs';
import { Failure, commandLine, elapsed, main, root, run, step } from '../scripts/lib/run.mjs';
import { benchPeers } from '../scripts/build/setup.mjs';
import { readFigures, writeFigures } from './report/files.mjs';

const sections = {
  endpoint: async ({ full, before }) => {
    const { endpoint } = await import('./endpoint.mjs');
    return endpoint({ sizes: full ? [10_000, 1_000_000] : [1_000_000], before });
  },
  batches: async () => {
    const { batches } = await import('./batches.mjs');
    return batches();
  },
  validator: async () => {
    const example = ['--release', '--locked', '--example', 'native_speed', '--target-dir', join(root, 'target/bench')];
    // As a program that wants speed is built, not as one that is downloaded.
    const speed = ['--config', 'profile.release.opt-level=3', '--config', 'profile.release.lto=false'];
    await step('Building the rules as a native program', () => run('cargo', ['build', ...example, ...speed], { quiet: true }));
    const { validator } = await import('./validator.mjs');
    return validator({ native: join(root, 'target/bench/release/examples/native_speed') });
  },
  sizes: async () => {
    const { sizes } = await import('./sizes.mjs');
    return sizes();
  },
  starts: async () => {
    const { compilations, starts } = await import('./starts.mjs');
    return { compilations: compilations(), starts: await starts() };
  },
  cost: async ({ full }) => {
    const { cost } = await import('./cost.mjs');
    const sizes = [1_000, 10_000, 100_000, 1_000_000, ...(full ? [10_000_000] : [])];
    const measured = [];
    // Only the times of the largest size are told.
    for (const calls of sizes) measured.push({ calls, rows: await cost({ calls, rounds: calls === sizes.at(-1) ? 21 : 1 }) });
    return measured;
  },
};

const options = {
  full: { type: 'boolean', default: false },
  only: { type: 'string', default: Object.keys(sections).join() },
  before: { type: 'string' },
  draw: { type: 'boolean', default: false },
};

await main(async () => {
  const { values } = commandLine({ options }, `Options: --full, --before <folder>, --draw, --only ${options.only.default}`);
  const figures = readFigures();
  if (!values.draw) await measure(figures, values);
  writeFigures(figures);
});

async function measure(figures, { full, before, only }) {
  const chosen = only.split(',');
  const unknown = chosen.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0) throw new Failure(`No such section: ${unknown}. There are ${Object.keys(sections).join(', ')}.`);
  await build();
  await buildPackage();
  await benchPeers();
  const began = performance.now();
  const machine = await describeMachine();
  for (const name of chosen) {
    const start = performance.now();
    figures[name] = { full, machine, measured: await sections[name]({ full, before }) };
    console.error(`${name}: ${elapsed(start)}`);
    // What was measured is kept, even if a later section fails.
    writeFigures(figures);
  }
  console.error(`Measured in ${elapsed(began)}.`);
}

/** The machine, and how many of its cores were busy with other work before the benchmark began. */
async function describeMachine() {
  const [{ model }] = cpus();
  const times = () =>
    cpus().reduce(
      ({ busy, all }, { times: { idle, ...rest } }) => {
        const used = Object.values(rest).reduce((sum, time) => sum + time, 0);
        return { busy: busy + used, all: all + used + idle };
      },
      { busy: 0, all: 0 },
    );
  const before = times();
  await setTimeout(3_000);
  const after = times();
  const busyCores = (cpus().length * (after.busy - before.busy)) / (after.all - before.all);
  return { model, cores: cpus().length, system: `${platform()} ${arch()}`, node: process.version, busyCores: Number(busyCores.toFixed(1)) };
}
