// The table of cases through the package: the same codes and messages as from the server, for a string, for bytes, and for
// a value if JSON.stringify would send the same text.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expand, table } from '../../tools/harness/cases.mjs';
import * as fast from '../../package/dist/node.js';
import * as small from '../../package/dist/index.js';

const { build, closestCall, codes, limits, validate, validateValue } = small;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Tokens are checked by the server only.
const rows = table.filter((row) => row.code !== 'token.missing');

describe('the table', () => {
  test('has rows of every stage', () => {
    for (const stage of ['syntax', 'validation', 'database']) assert.ok(rows.some((row) => row.stage === stage), stage);
  });

  for (const [entry, { validate, validateValue }] of Object.entries({ small, fast })) {
    test(`${entry}, from a string`, () => {
      for (const row of rows) check(row, validate(row.text ?? JSON.stringify(expand(row.body))));
    });

    test(`${entry}, from bytes`, () => {
      for (const row of rows) check(row, validate(encoder.encode(row.text ?? JSON.stringify(expand(row.body)))));
    });

    test(`${entry}, from a value`, () => {
      let values = 0;
      for (const row of rows) {
        const value = row.text === undefined ? expand(row.body) : parsed(row.text);
        if (value === undefined) continue;
        values += 1;
        check(row, validateValue(value));
      }
      assert.ok(values > 300, `${values} values`);
    });
  }
});

/** The value of a text, if JSON.stringify would write the same text. */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function check(row, answer) {
  const summary = JSON.stringify(answer);
  assert.equal(answer.ok, row.stage === 'database', `${row.name}: ${summary}`);
  assert.ok(!summary.includes('-token'), `${row.name}: a token in ${summary}`);
  if (!answer.ok) {
    if (row.code) assert.equal(answer.problems[0].code, row.code, row.name);
    const messages = answer.problems.map(({ message }) => message).join(', ');
    const expected = row.errors.invalid_data;
    if (expected !== '*') assert.equal(`Validation failed: ${messages}`, expected, row.name);
    const [{ line, column, range }] = answer.problems;
    if (row.at && range) {
      assert.deepEqual([line, column], row.at, row.name);
      assert.match(messages, new RegExp(`line ${line}, column ${column}$`), row.name);
    }
  }
  const pairs = answer.warnings.map(({ code, pointer }) => `${code} ${pointer}`);
  const comparable = (row.warnings ?? []).filter((pair) => !pair.includes('%') && !pair.startsWith('more='));
  if (comparable.length === (row.warnings ?? []).length) assert.deepEqual(pairs, comparable, row.name);
}

const valid = { search: { transaction_id: 'A-1' }, call_outcome: { outcome_name: 'Sale' } };
const text = JSON.stringify(valid);

describe('places', () => {
  const odd = '{\n "é😀": 1, "search": {"transaction_id": "1"},\n "call_outcome": {"outcome_name": "x", "value": "😀"}}';

  test('in a string are those that slice() takes', () => {
    const answer = validate(odd);
    const [problem] = answer.problems;
    assert.equal(odd.slice(...problem.range), '"😀"');
    const line = odd.split('\n')[2];
    const before = [...line.slice(0, line.indexOf('"😀"'))];
    assert.deepEqual([problem.line, problem.column], [3, before.length + 1]);
    assert.equal(odd.slice(...answer.warnings[0].range), '"é😀"');
  });

  test('in bytes are those that subarray() takes', () => {
    const bytes = encoder.encode(odd);
    const [problem] = validate(bytes).problems;
    assert.equal(decoder.decode(bytes.subarray(...problem.range)), '"😀"');
  });

  test('of missing fields are those of the object that lacks them', () => {
    const [problem] = validate('{"search": {"transaction_id": "1"}, "call_outcome": {} }').problems;
    assert.deepEqual([problem.code, problem.range], ['outcome_name.missing', [52, 54]]);
  });

  test('after text that is not UTF-8 are right', () => {
    const [problem] = validate(new Uint8Array([0x7b, 0x0a, 0x22, 0xff, 0x22])).problems;
    assert.deepEqual([problem.code, problem.line, problem.column, problem.range], ['json.encoding', 2, 2, [3, 3]]);
  });

  test('of the first 100 unknown keys are their own, of the others that of their object', () => {
    const many = `{${'"":1,'.repeat(10_000)}"search":{"transaction_id":"1"},"call_outcome":{"outcome_name":"x"}}`;
    const { ok, warnings } = validate(many);
    const [more, last] = warnings.toReversed();
    assert.deepEqual([ok, warnings.length, last.range], [true, 101, [496, 498]]);
    assert.deepEqual([more.code, more.message, more.range], ['problems.more', 'not listed here: 9900 more', [0, many.length]]);
  });
});

describe('any input', () => {
  test('keeps its normal form when the bytes change or it is copied', () => {
    const bytes = encoder.encode(text);
    const results = Array.from({ length: 500 }, () => validate(bytes));
    bytes.fill(0x20);
    assert.equal(validate(bytes).ok, false);
    for (const result of results) assert.equal(result.request.search.transaction_id, 'A-1');
    const [result] = results;
    for (const copy of [{ ...result }, structuredClone(result), JSON.parse(JSON.stringify(result))]) {
      assert.deepEqual(copy, { ok: true, request: result.request, warnings: [] });
    }
  });

  test('can be any kind of bytes', () => {
    const bytes = encoder.encode(`  ${text}`);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    for (const body of [bytes, bytes.buffer, bytes.subarray(2), new DataView(bytes.buffer, 1), Buffer.from(text), shared]) {
      assert.equal(validate(body).ok, true);
    }
  });

  test('can be as large as the largest body', () => {
    const padded = (length) => text + ' '.repeat(length - text.length);
    for (const [length, ok] of [[limits.body_bytes, true], [limits.body_bytes + 1, false], [10 * limits.body_bytes, false]]) {
      assert.equal(validate(padded(length)).ok, ok);
      assert.equal(validate(encoder.encode(padded(length))).ok, ok);
    }
    // A character of four bytes across the limit.
    const across = `${padded(limits.body_bytes - 1)}😀`;
    const { problems } = validate(across);
    assert.deepEqual([problems.length, problems[0].code], [1, 'body.too_large']);
    assert.equal(validate(text).ok, true, 'the next one is read as ever');
  });

  test('that is not JSON is a problem, not an exception', () => {
    const getter = { get search() { throw new Error('no'); } };
    const cycle = {};
    cycle.search = cycle;
    const hostile = [undefined, null, 1n, Symbol('s'), () => {}, NaN, cycle, getter, { toJSON() { throw 1; } }, [valid]];
    let deep = {};
    for (let level = 0; level < 50_000; level++) deep = { deep };
    for (const value of [...hostile, deep, new Proxy({}, { ownKeys() { throw new Error('no'); } })]) {
      const { ok, problems } = validateValue(value);
      assert.deepEqual([ok, problems.length, 'range' in problems[0]], [false, 1, false]);
    }
    assert.equal(validateValue({ ...valid, x: '\ud800' }).problems[0].code, 'json.surrogate');
  });
});

describe('options', () => {
  const unknown = JSON.stringify({ ...valid, serch: 1 });
  const phone = JSON.stringify({ ...valid, search: { start_time_t: 1435993200, calling_phone_number: '3012345678' } });
  // The answer of a server at /config.json.
  const config = {
    default_country_code: '49',
    match_window_seconds: 10,
    duration_weight: 1,
    start_error_seconds: 2,
    duration_error_seconds: 2,
    min_confidence: 0.5,
    limits,
    version: '0.1.0',
    build,
  };

  test('can be the configuration of a server', () => {
    assert.equal(validate(phone, config).request.search.calling_phone_number, '+493012345678');
    assert.equal(validate(phone).request.search.calling_phone_number, '+13012345678');
    const calls = [
      { transaction_id: 'A', start_time_t: 1435993209, calling_phone_number: '3012345678' },
      { transaction_id: 'B', start_time_t: 1435993211, calling_phone_number: '3012345678' },
    ];
    const search = { start_time_t: 1435993209, calling_phone_number: '+493012345678' };
    const { call, match } = closestCall(search, calls, config);
    assert.deepEqual([call, match.candidates, match.ambiguous], [calls[0], 2, false]);
    assert.equal(closestCall(search, calls).match.reason, 'call.not_found.no_such_number');
    const far = { ...search, start_time_t: 1435993100 };
    assert.equal(closestCall(far, calls, config).match.reason, 'call.not_found.outside_window');
    assert.equal(closestCall(far, calls, { ...config, match_window_seconds: 0 }).call, calls[0]);
  });

  test('can make the rules strict', () => {
    const lenient = validate(unknown);
    assert.deepEqual([lenient.ok, lenient.warnings[0].fix], [true, 'search']);
    const { ok, problems, warnings } = validate(unknown, { strict: true });
    assert.deepEqual([ok, problems.map(({ code }) => code), warnings], [false, ['key.unknown'], []]);
    assert.equal(validateValue(JSON.parse(unknown), { strict: true }).ok, false);
  });

  test('that are invalid throw', () => {
    assert.throws(() => validate(text, { default_country_code: 'x' }), /default_country_code/);
    assert.equal(validate(text, {}).ok, true);
    assert.equal(validate(text, { default_country_code: null }).ok, true);
  });
});

test('applying a fix at its place solves the problem', () => {
  const texts = rows.map(({ text, body }) => text ?? JSON.stringify(expand(body)));
  let mended = 0;
  for (const text of texts) {
    const { problems = [], warnings } = validate(text);
    const all = [...problems, ...warnings];
    for (const { code, pointer, fix, range } of all) {
      // JSON.parse keeps one of two equal keys.
      if (fix === undefined || all.some((other) => other.code === 'key.repeated')) continue;
      const result = validate(text.slice(0, range[0]) + JSON.stringify(fix) + text.slice(range[1]));
      const left = [...(result.problems ?? []), ...result.warnings];
      assert.ok(!left.some((finding) => finding.code === code && finding.pointer === pointer), `${text} ${fix}`);
      mended += 1;
    }
  }
  assert.ok(mended > 30, `${mended} mended`);
});

describe('closestCall', () => {
  test('returns the call as it was passed', () => {
    const calls = [{ transaction_id: 'A', start_time_t: 1435993200, mine: { kept: true } }];
    const { ok, call, match } = closestCall({ start_time_t: '1435993201' }, calls);
    assert.equal(ok, true);
    assert.equal(call, calls[0]);
    assert.deepEqual([match.by, match.distance_seconds], ['closest', 1]);
    assert.equal(closestCall({ transaction_id: 'a' }, calls).call, calls[0]);
  });

  test('names the keys that changed nothing', () => {
    const calls = [
      { transaction_id: 'A', start_time_t: 1435993200, caling_phone_number: '8885551212', mine: 1 },
      { transaction_id: 'B', start_time_t: 1435993300, calling_phone_number: '8885551212', mine: 2 },
    ];
    const warnings = (search) =>
      closestCall(search, calls).warnings.map(({ code, pointer, fix }) => [code, pointer, fix]);
    const ofCalls = [
      ['key.unknown', '/calls/0/caling_phone_number', 'calling_phone_number'],
      ['key.unknown', '/calls/0/mine', undefined],
    ];
    // This finds another call than was meant, and a warning says why.
    const misspelt = { start_time_t: 1435993200, calling_phone_numbr: '8885551212' };
    assert.equal(closestCall(misspelt, calls).call, calls[0]);
    assert.deepEqual(warnings(misspelt), [
      ['search.too_broad', '/search/start_time_t', undefined],
      ['key.unknown', '/search/calling_phone_numbr', 'calling_phone_number'],
      ...ofCalls,
    ]);
    assert.deepEqual(warnings({ transaction_id: 'C' }), ofCalls);
    assert.deepEqual(warnings({ calling_phone_numbr: 1 }), [['key.unknown', '/search/calling_phone_numbr', 'calling_phone_number'], ...ofCalls]);
    assert.deepEqual(closestCall({ transaction_id: 'A' }, []).warnings, []);
  });

  test('says what is wrong with the search and with each call', () => {
    const { ok, problems } = closestCall({ start_time_t: 'x' }, [{ transaction_id: 'A' }, 1]);
    assert.equal(ok, false);
    assert.deepEqual(
      problems.map(({ pointer }) => pointer),
      ['/search/start_time_t', '/calls/0/start_time_t', '/calls/1'],
    );
    assert.equal(closestCall().ok, false);
    assert.equal(closestCall({ start_time_t: 1435993200 }, Array(limits.import_rows + 1).fill({})).ok, false);
  });
});

test('the registry has every code that the table expects', () => {
  const known = new Set(codes.map(({ code }) => code));
  for (const { code } of table) assert.ok(code === undefined || known.has(code), code);
});
