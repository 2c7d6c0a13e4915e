// The contents of the package: its files, its types and its size, and that no rule is written in JavaScript.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { clearable, codes, limits, parameters, validate, version } from '../../package/dist/index.js';
import { dist, packed, program, project, run, tarball, tool } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const KIB = 1024;

describe('the tarball', () => {
  test('has the files it needs and no others', () => {
    assert.deepEqual(packed, [
      'LICENSE-APACHE',
      'LICENSE-MIT',
      'README.md',
      'codes.d.ts',
      'form.d.ts',
      'form.js',
      'index.d.ts',
      'index.js',
      'node.js',
      'package.json',
      'rules.wasm',
      'slim.d.ts',
      'slim.js',
      'workerd.js',
    ]);
  });

  test('passes publint', async () => {
    const { publint } = await import(tool.resolve('publint'));
    const { messages } = await publint({ pkgDir: dist, strict: true });
    assert.deepEqual(messages, []);
  });

  test('has types that every module resolution finds', async () => {
    // The wasm has no types, and Node 20.19 and newer can `require` a module.
    await run(program('attw'), [tarball, '--profile', 'esm-only', '--exclude-entrypoints', './wasm'], root);
  });

  test('has the version of the crate', async () => {
    const crate = await readFile(join(root, 'Cargo.toml'), 'utf8');
    assert.match(crate, new RegExp(`^version = "${version}"$`, 'm'));
  });
});

describe('what is published', () => {
  const folders = ['src/', 'target/', 'node_modules/'].map((name) => join(root, name));
  const paths = [join(homedir(), '/'), ...folders, '.cargo/registry', '.rustup/toolchains'].filter((path) => path !== '/');

  /** The paths in a file, also in wasm that it holds as Base64. */
  function pathsIn(content) {
    const inlined = [...content.toString('latin1').matchAll(/[A-Za-z\d+/]{1000,}={0,2}/g)];
    const all = [content, ...inlined.map(([text]) => Buffer.from(text, 'base64'))];
    return paths.filter((path) => all.some((bytes) => bytes.includes(path)));
  }

  test('a path of this machine would be found', () => {
    const wasm = Buffer.from(`\0${join(homedir(), 'x/.cargo/registry/src/x.rs')}${'\0'.repeat(1000)}${join(root, 'src/x.rs')}`);
    for (const content of [wasm, Buffer.from(`const wasm = "${wasm.toString('base64')}"`)]) {
      assert.deepEqual(pathsIn(content), [join(homedir(), '/'), join(root, 'src/'), '.cargo/registry']);
    }
  });

  test('holds no path of the machine that built it', async () => {
    // The Worker, its assets, and the package. `/rustc/…` is the same on every machine.
    for (const folder of ['build', 'www', 'package/dist']) {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
      assert.ok(files.length > 1, folder);
      for (const file of files) assert.deepEqual(pathsIn(await readFile(file)), [], file);
    }
  });
});

test('what a page loads stays within its limit', async () => {
  const size = async (...names) => {
    const contents = await Promise.all(names.map((name) => readFile(join(dist, name))));
    return contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
  };
  assert.ok((await size('slim.js', 'rules.wasm')) <= 52 * KIB, 'call-outcomes/slim');
  assert.ok((await size('index.js')) <= 67 * KIB, 'call-outcomes');
  assert.ok((await size('form.js')) <= 2 * KIB, 'call-outcomes/form');
});

describe('the types', () => {
  const strict = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
  };
  const compile = (folder) => run(program('tsc'), ['--project', folder], folder);

  test('compile the examples of the README, strictly', async () => {
    const readme = await readFile(join(dist, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/^```(?:js|ts)\n(.*?)^```/gms)].map(([, code]) => code);
    assert.ok(examples.length >= 5, `${examples.length} examples`);
    const files = examples.map((code, at) => [`example-${at}.ts`, `${code}\nexport {};\n`]);
    await compile(
      await project({ ...Object.fromEntries(files), 'tsconfig.json': JSON.stringify({ compilerOptions: strict }) }),
    );
  });

  test('name every code and parameter, and distinguish results by `ok`', async () => {
    const every = (names) => names.map((name) => `${name}: true`).join(', ');
    const source = `
      import { codes, validate, validateValue, closestCall, requestFromForm } from 'call-outcomes';
      import type { Clearable, Code, ErrorCode, Limits, NormalOutcome, Search, SearchOptions } from 'call-outcomes';
      import { bindForm } from 'call-outcomes/form';
      import { load } from 'call-outcomes/slim';
      const all: Record<Code, true> = { ${codes.map(({ code }) => `'${code}': true`).join(', ')} };
      const names: Record<keyof Limits, number> = { ${Object.entries(limits).map((pair) => pair.join(': '))} };
      const code: ErrorCode = 'sale_amount.format';
      // @ts-expect-error: no code
      const wrong: ErrorCode = 'sale_amount.formats';
      const result = validate('{}');
      if (result.ok) result.request.call_outcome.outcome_name.length;
      else result.problems[0].range[0].toFixed();
      // @ts-expect-error: not before \`ok\` is known
      result.request;
      const found = closestCall({}, [{ transaction_id: 'A', start_time_t: 1, mine: 1 }]);
      if (found.ok && found.call) {
        found.call.mine.toFixed();
        found.match.confidence.toFixed();
        // @ts-expect-error: a call found by its id has no candidates
        found.match.candidates;
        if (found.match.by === 'closest') found.match.duration_weight.toFixed(), found.match.ambiguous;
      }
      const settings: SearchOptions = { duration_weight: 1, start_error_seconds: 1, duration_error_seconds: 1, min_confidence: 0.95 };
      closestCall({}, [], settings);
      // @ts-expect-error: a misspelt option
      closestCall({}, [], { min_confidenc: 1 });
      (await load(new URL('x:y'))).validate(new Uint8Array());
      const searched: Record<keyof Search, true> = { ${every(parameters.search)} };
      const outcome: Record<keyof NormalOutcome, true> = { ${every(parameters.call_outcome)} };
      const cleared: Record<Clearable, true> = { ${every(clearable)} };
      // @ts-expect-error: a misspelt key
      closestCall({ start_time_t: 1, caling_phone_number: '1' }, []);
      // @ts-expect-error: none of a search's
      closestCall({ outcome_name: 'Sale' }, []);
      const search = { start_time_t: '1', calling_phone_number: null, network_id: undefined };
      closestCall(search, []).warnings.length;
      if (result.ok) closestCall(result.request.search, []);
      validateValue(requestFromForm(new FormData(), { clears: ['sale_amount'] }));
      requestFromForm(new URLSearchParams()).search.start_time_t?.trim();
      // @ts-expect-error: cannot be cleared
      requestFromForm(new FormData(), { clears: ['outcome_name'] });
      // @ts-expect-error: a misspelt name
      bindForm(document.forms[0]!, { rules: await load('x'), clears: ['sale_amonut'] });
      // @ts-expect-error: a value
      validate({});
      validate(new SharedArrayBuffer(1));
      export { all, names, code, wrong, codes, searched, outcome, cleared };
    `;
    await compile(await project({ 'main.ts': source, 'tsconfig.json': JSON.stringify({ compilerOptions: strict }) }));
  });

  test('document every item', async () => {
    for (const name of ['index.d.ts', 'slim.d.ts', 'form.d.ts', 'codes.d.ts']) {
      const lines = (await readFile(join(dist, name), 'utf8')).split('\n');
      lines.forEach((line, at) => {
        const item = /^(export (?!type [*{])|  readonly )/.test(line) && !/^ {2}readonly ok:/.test(line);
        if (item) assert.match(lines[at - 1], /\*\/$/, `${name}:${at + 1} ${line}`);
      });
    }
  });
});

test('the README has every code', async () => {
  const readme = await readFile(join(dist, 'README.md'), 'utf8');
  for (const { code } of codes) assert.ok(readme.includes(`| \`${code}\` |`), code);
});

describe('no rule is written by hand in JavaScript or TypeScript', () => {
  // The sources of the site and the package. Tests and tools may name what they expect.
  const folders = ['package', 'www'];
  const generated = /^(docs\.html|errors\.json|openapi\.json|(dist|errors|pkg)\/.*)$/;

  const handWritten = async () => {
    const found = [];
    for (const folder of folders) {
      for (const name of await readdir(join(root, folder), { recursive: true })) {
        if (generated.test(name) || !/\.(js|mjs|ts|html)$/.test(name)) continue;
        found.push([`${folder}/${name}`, await readFile(join(root, folder, name), 'utf8')]);
      }
    }
    return found;
  };

  /** The constant part of a message, around its placeholders. */
  const fragments = codes
    .flatMap(({ message, title, advice }) => [...message.split(/\{\w+\}/), title, advice])
    .map((text) => text.trim())
    .filter((text) => text.length > 8);
  // A thousand is also the milliseconds in a second.
  const numbers = new Set(Object.values(limits).filter((limit) => limit > 100 && limit !== 1e3));

  function secondCopies(text) {
    const copies = codes.filter(({ code }) => code.includes('.') && text.includes(code)).map(({ code }) => code);
    copies.push(...fragments.filter((fragment) => text.includes(fragment)));
    for (const [number] of text.matchAll(/\b\d[\d_]*\b/g)) {
      if (numbers.has(Number(number.replaceAll('_', '')))) copies.push(number);
    }
    return [...new Set(copies)];
  }

  test('a copy would be found', () => {
    assert.deepEqual(secondCopies("if (code === 'value.format')"), ['value.format']);
    assert.deepEqual(secondCopies('`${name} must be present`'), ['must be present']);
    assert.deepEqual(secondCopies('text.length > 4_096'), ['4_096']);
    const { message } = validate('{}').problems[0];
    assert.ok(secondCopies(message).includes(message));
  });

  test('there is no copy', async () => {
    const files = await handWritten();
    assert.ok(files.length >= 18, `${files.length} files`);
    for (const [name, text] of files) assert.deepEqual(secondCopies(text), [], name);
  });
});
