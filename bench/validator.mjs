// The package's `validate` next to the usual validators in JavaScript, all of which pass the table of cases, and the same rules
// as a native program. Rounds are interleaved, and their order alternates.
import { execFileSync } from 'node:child_process';
import { validate, validateValue } from '../package/dist/node.js';
import { median } from './median.mjs';
import { ajv, example, typebox } from './validators/schema.mjs';
import { holdToTable } from './validators/table.mjs';
import { valibot } from './validators/valibot.mjs';
import { zod } from './validators/zod.mjs';

const EACH = 5_000;
const peers = { ajv, typebox, zod, valibot };
const reports = {
  'a good report': example,
  'three problems and a missing name': {
    search: { start_time_t: 'yesterday' },
    call_outcome: { sale_amount: '1,000.00', value: 'perhaps' },
  },
};

/** Nanoseconds for each kind of input, by validator. `native` is the path of the native program. */
export async function validator({ native, rounds = 11 }) {
  const decoder = new TextDecoder();
  const tables = [];
  for (const [name, value] of Object.entries(reports)) {
    const text = JSON.stringify(value);
    const bytes = new TextEncoder().encode(text);
    const from = {
      text: [(peer) => peer(JSON.parse(text)), () => validate(text)],
      bytes: [(peer) => peer(JSON.parse(decoder.decode(bytes))), () => validate(bytes)],
      'a value': [(peer) => peer(value), () => validateValue(value)],
    };
    const [, inNative] = /(\d+)/.exec(execFileSync(native, { input: text, encoding: 'utf8' }));
    for (const [source, [theirs, ours]] of Object.entries(from)) {
      const runs = Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, () => theirs(peer)]));
      tables.push({ name: `${name}, from ${source}`, ...compare({ ...runs, ours }, rounds), native: Number(inNative) });
    }
  }
  // Afterwards, because a validator that has seen every kind of invalid value is slower with valid ones.
  for (const [name, peer] of Object.entries(peers)) holdToTable(name, peer);
  return tables;
}

function compare(runs, rounds) {
  const names = Object.keys(runs);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 ? names : names.toReversed()) {
      const run = runs[name];
      const began = performance.now();
      for (let count = 0; count < EACH; count += 1) run();
      times[name].push(((performance.now() - began) / EACH) * 1e6);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}
