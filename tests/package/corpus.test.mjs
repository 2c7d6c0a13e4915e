// The package and the native rules agree on every report of the fuzzing corpus.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fast from '../../package/dist/node.js';
import * as small from '../../package/dist/index.js';
import { run } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lines = (text) => text.trim().split('\n').map((line) => JSON.parse(line));

test('wasm and native agree on every input', async () => {
  const inputs = lines(await readFile(join(root, 'tests/corpus/report.jsonl'), 'utf8'));
  const native = lines(await run('cargo', ['run', '--quiet', '--locked', '--example', 'verdicts'], root));
  assert.ok(inputs.length > 500, `${inputs.length} inputs`);
  assert.equal(native.length, inputs.length);
  for (const { validate } of [small, fast]) {
    inputs.forEach((input, at) => {
      const judged = { ...validate(Buffer.from(input, 'latin1')) };
      assert.deepEqual(judged, native[at], JSON.stringify(input));
    });
  }
});

test('a value gets the same result as its JSON text', async () => {
  const { validate, validateValue } = small;
  const inputs = lines(await readFile(join(root, 'tests/corpus/report.jsonl'), 'utf8'));
  let values = 0;
  for (const input of inputs) {
    const value = parsed(Buffer.from(input, 'latin1').toString());
    if (value === undefined) continue;
    values += 1;
    const { problems = [], warnings, request } = validate(JSON.stringify(value));
    const placeless = (findings) => findings.map(({ line, column, range, ...finding }) => finding);
    const judged = validateValue(value);
    const expected = request
      ? { ok: true, request, warnings: placeless(warnings) }
      : { ok: false, problems: placeless(problems), warnings: placeless(warnings) };
    // A problem of the text as a whole has no place.
    if (!problems.some(({ code }) => code.startsWith('json.'))) assert.deepEqual({ ...judged }, expected, input);
  }
  assert.ok(values > 100, `${values} values`);
});

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
