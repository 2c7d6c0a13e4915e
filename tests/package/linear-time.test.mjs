// Validation takes linear time. The steps are counted in the package's own wasm, in which wasm-opt instruments every call
// and every round of a loop.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { load } from '../../package/dist/slim.js';
import { dist, run, scratch } from './harness.mjs';

const SMALL = 4_000;
const LARGE = 60_000;
/** Twice linear growth, as some work is only done for long values. Quadratic growth would be 225. */
const MOST = (2 * LARGE) / SMALL;

/** Each makes a text of about `size` bytes. */
const families = {
  'unknown keys': (size) => object(size / 11, (at) => `"k${String(at).padStart(5, '0')}":1`),
  'one key again and again': (size) => object(size / 6, () => '"k":1'),
  'nearly known keys': (size) => object(size / 15, (at) => `"searc${String(at).padStart(5, '0')}":1`),
  escapes: (size) => `{"search":"${'\\u00e9'.repeat(size / 6)}"}`,
  'line breaks': (size) => `{${'\n'.repeat(size)}"search":1}`,
  'a list': (size) => `{"search":[${'0,'.repeat(size / 2)}0]}`,
  'lists in lists': (size) => '['.repeat(size),
  'characters of four bytes': (size) => `{"search":"${'😀'.repeat(size / 4)}"}`,
  'a long text': (size) => `{"call_outcome":{"description":"${'x'.repeat(size)}"}}`,
  'a long number': (size) => `{"call_outcome":{"sale_amount":${'1'.repeat(size)}}}`,
};

function object(count, member) {
  return `{${Array.from({ length: Math.floor(count) }, (_, at) => member(at)).join()}}`;
}

const { rules, steps } = await counted();

/** Returns the rules, and a function that counts the steps of using them. */
async function counted() {
  const path = join(await scratch(), 'counted.wasm');
  const optimizer = fileURLToPath(new URL('../../node_modules/.bin/wasm-opt', import.meta.url));
  await run(optimizer, [join(dist, 'rules.wasm'), '--all-features', '--disable-compact-imports', '--log-execution', '--output', path], dist);
  const module = new WebAssembly.Module(await readFile(path));
  const { module: source, name } = WebAssembly.Module.imports(module).find(({ name }) => name.includes('log_execution'));
  let count = 0;
  // The imports of the package and of the instrumentation.
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (module, imports) =>
    instantiate(module, { ...imports, [source]: { ...imports[source], [name]: () => (count += 1) } });
  const rules = await load(module);
  WebAssembly.instantiate = instantiate;
  const steps = (use) => {
    count = 0;
    use();
    return count;
  };
  return { rules, steps };
}

for (const [name, make] of Object.entries(families)) {
  test(`takes linear time: ${name}`, (context) => {
    const [small, large] = [SMALL, LARGE].map((size) => {
      const text = make(size);
      assert.ok(Buffer.byteLength(text) <= rules.limits.body_bytes, 'a longer text is refused unread');
      return steps(() => rules.validate(text));
    });
    context.diagnostic(`${small} steps for ${SMALL} bytes, ${large} for ${LARGE}`);
    assert.ok(small > 0);
    assert.ok(large <= MOST * small, `${large / small} times the steps`);
  });
}
