// `npm run test:fuzz -- --seconds 600`: looks for inputs that break an invariant of tests/invariants, for so many seconds in
// all. Keeps the smallest set of inputs with the same coverage in tests/corpus.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expand, table } from '../../tools/harness/cases.mjs';
import { main, root, run } from '../lib/run.mjs';
import { fuzzer, setup } from '../build/setup.mjs';

/** The longest input that is kept: a shorter one can reach the same code. */
const LONGEST = 400;
const work = join(root, 'target/fuzz');

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });

await main(async () => {
  await setup();
  const cargoFuzz = await fuzzer();
  const targets = readdirSync(join(root, 'fuzz/targets')).map((name) => name.replace('.rs', ''));
  const fuzz = (...args) => run(cargoFuzz, args, { env: { ...process.env, RUSTUP_TOOLCHAIN: 'nightly' } });
  // The crate has no unsafe code that needs a sanitizer.
  const build = ['--sanitizer', 'none', '--target-dir', join(root, 'target/fuzz-build')];
  for (const target of targets) {
    const inputs = join(work, target);
    unpack(target, inputs);
    const limits = [`-max_total_time=${Math.ceil(Number(values.seconds) / targets.length)}`, '-max_len=70000', '-timeout=5'];
    await fuzz('run', ...build, target, inputs, '--', ...limits, '-print_final_stats=1');
    await fuzz('cmin', ...build, target, inputs);
    pack(target, inputs);
  }
});

function corpus(target) {
  return join(root, 'tests/corpus', `${target}.jsonl`);
}

/** Writes the inputs to begin with: the kept ones, and the bodies of the table of cases. */
function unpack(target, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kept = existsSync(corpus(target)) ? readFileSync(corpus(target), 'utf8').trim().split('\n') : [];
  const bodies = table.map(({ text, body }) => Buffer.from(text ?? JSON.stringify(expand(body))));
  for (const input of [...kept.map((line) => Buffer.from(JSON.parse(line), 'latin1')), ...bodies]) {
    writeFileSync(join(folder, createHash('sha1').update(input).digest('hex')), input);
  }
}

function pack(target, folder) {
  const inputs = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  const lines = inputs.filter(({ length }) => length <= LONGEST).map((input) => JSON.stringify(input.toString('latin1')));
  writeFileSync(corpus(target), `${lines.sort().join('\n')}\n`);
  console.log(`${target}: ${lines.length} inputs kept`);
}
