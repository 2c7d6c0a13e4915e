// Robustness of the package: results in stores, copies and consoles, memory that changes or is detached, options that run
// code, and misuse.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import * as fast from '../../package/dist/node.js';
import * as small from '../../package/dist/index.js';
import { load } from '../../package/dist/slim.js';
import { tool } from './harness.mjs';

const encoder = new TextEncoder();

const value = { search: { transaction_id: 'a-1' }, call_outcome: { outcome_name: 'Sale', sale_amount: '1' } };
const text = JSON.stringify(value);
const REQUEST = {
  search: { transaction_id: 'A-1' },
  call_outcome: { outcome_name: 'Sale', partner_unique_id: '', sale_amount: '1.0' },
};
const RESULT = { ok: true, request: REQUEST, warnings: [] };

for (const [entry, { validate, validateValue, closestCall, requestFromForm, clearable, limits }] of Object.entries({ small, fast })) {
  const bytes = () => encoder.encode(text);
  const ways = {
    'a string': () => validate(text),
    bytes: () => validate(bytes()),
    'a value': () => validateValue(value),
  };

  describe(`${entry}: a result`, () => {
    for (const [source, result] of Object.entries(ways)) {
      test(`of ${source} has its request through a proxy`, () => {
        const through = (handler) => new Proxy(result(), handler).request;
        assert.deepEqual(through({}), REQUEST);
        assert.deepEqual(through({ get: (target, key, receiver) => Reflect.get(target, key, receiver) }), REQUEST);
        const proxy = new Proxy(new Proxy(result(), {}), {});
        assert.deepEqual([proxy.request, proxy.request === proxy.request], [REQUEST, true]);
      });

      test(`of ${source} has its request in Vue's and MobX's stores`, () => {
        const vue = tool('@vue/reactivity');
        for (const wrap of ['reactive', 'readonly', 'shallowReactive', 'shallowReadonly']) {
          assert.deepEqual(vue[wrap]({ result: result() }).result.request, REQUEST, wrap);
          assert.deepEqual(vue[wrap](result()).request, REQUEST, wrap);
        }
        const store = vue.reactive({ result: undefined });
        const name = vue.computed(() => store.result?.request.call_outcome.outcome_name);
        assert.equal(name.value, undefined);
        store.result = result();
        assert.equal(name.value, 'Sale');

        const mobx = tool('mobx');
        const observed = mobx.observable({ result: result() });
        assert.deepEqual(mobx.toJS(observed.result.request), REQUEST);
        assert.deepEqual(mobx.toJS(mobx.observable({ ...result() }).request), REQUEST);
      });

      test(`of ${source} has its request in objects derived from it`, () => {
        assert.deepEqual(Object.create(result()).request, REQUEST);
        assert.deepEqual(Object.create(Object.create(result())).request, REQUEST);
        assert.deepEqual(Object.defineProperties({}, Object.getOwnPropertyDescriptors(result())).request, REQUEST);
        assert.deepEqual(Object.freeze(result()).request, REQUEST);
        for (const copy of [{ ...result() }, Object.assign({}, result())]) assert.deepEqual(copy, RESULT);
      });

      test(`of ${source} can be cloned, posted, printed and written as JSON`, () => {
        assert.deepEqual(structuredClone(result()), RESULT);
        const { port1, port2 } = new MessageChannel();
        port1.postMessage(result());
        assert.deepEqual(receiveMessageOnPort(port2).message, RESULT);
        port1.close();
        assert.deepEqual(JSON.parse(JSON.stringify(result())), RESULT);
        assert.equal(inspect(result()), 'Valid { ok: true, request: [Getter], warnings: [] }');
        assert.match(inspect(result(), { getters: true }), /outcome_name: 'Sale'/);
        for (const shown of [result(), Object.create(result()), new Proxy(result(), {}), Object.getPrototypeOf(result())]) {
          assert.match(inspect(shown, { showHidden: true, getters: true, showProxy: true }), /Valid/);
        }
        assert.deepEqual(Object.keys(result()), ['ok', 'request', 'warnings']);
      });
    }

    test('keeps its request after later calls', () => {
      const results = Object.values(ways).map((way) => way());
      validate('{}');
      closestCall({ transaction_id: 'x' }, []);
      for (const result of results) assert.deepEqual({ ...result }, RESULT);
    });
  });

  describe(`${entry}: bytes`, () => {
    const refused = (body) => {
      const { ok, problems } = validate(body);
      assert.deepEqual([ok, problems.length, problems[0].range], [false, 1, [0, 0]]);
    };

    test('of a transferred buffer are empty', () => {
      for (const view of [(buffer) => buffer, (buffer) => new Uint8Array(buffer), (buffer) => new DataView(buffer)]) {
        const { buffer } = bytes();
        const body = view(buffer);
        assert.equal(validate(body).ok, true);
        structuredClone(buffer, { transfer: [buffer] });
        refused(body);
      }
    });

    test('of a buffer that shrank are those that remain', () => {
      for (const View of [Uint8Array, DataView]) {
        const buffer = new ArrayBuffer(text.length, { maxByteLength: 2 * text.length });
        const [fixed, tracking] = [new View(buffer, 0, text.length), new View(buffer)];
        new Uint8Array(buffer).set(bytes());
        const results = [buffer, fixed, tracking].map((body) => validate(body));
        buffer.resize(text.length - 1);
        refused(fixed);
        for (const body of [buffer, tracking]) {
          assert.deepEqual(validate(body).problems[0].range, [text.length - 1, text.length - 1]);
        }
        buffer.resize(2 * text.length);
        new Uint8Array(buffer).fill(0x20).set(bytes());
        assert.equal(validate(tracking).ok, true);
        for (const result of results) assert.deepEqual({ ...result }, RESULT);
      }
    });

    test('that an option transfers away are empty', () => {
      const { buffer } = bytes();
      const body = new Uint8Array(buffer);
      const options = {
        get strict() {
          structuredClone(buffer, { transfer: [buffer] });
          return false;
        },
      };
      assert.equal(validate(body, options).ok, false);
    });

    test('of another realm, of any view and of shared memory are accepted', () => {
      
      const foreign = runInNewContext('new Uint8Array(source)', { source: [...bytes()] });
      const shared = new SharedArrayBuffer(text.length);
      new Uint8Array(shared).set(bytes());
      const even = encoder.encode(text.length % 2 ? `${text} ` : text);
      const bodies = [foreign, foreign.buffer, shared, new Uint8Array(shared), new DataView(shared), new Uint16Array(even.buffer)];
      for (const body of bodies) assert.deepEqual({ ...validate(body) }, RESULT);
    });

    test('that another thread keeps writing give a consistent result', async (t) => {
      // A thread keeps changing the amount to a letter and back.
      const shared = new Uint8Array(new SharedArrayBuffer(text.length));
      shared.set(bytes());
      const at = text.indexOf('"1"') + 1;
      const source = `
        const { parentPort, workerData: [bytes, at] } = require('node:worker_threads');
        const letters = new Uint8Array([0x31, 0x78]);
        parentPort.postMessage('started');
        for (let turn = 0; ; turn += 1) bytes[at] = letters[turn % 2];`;
      const thread = new Worker(source, { eval: true, workerData: [shared, at] });
      t.after(() => thread.terminate());
      await once(thread, 'message');
      const seen = { true: 0, false: 0 };
      while (Math.min(seen.true, seen.false) < 1_000) {
        const result = validate(shared);
        seen[result.ok] += 1;
        if (result.ok) assert.deepEqual(result.request, REQUEST);
        else assert.deepEqual(result.problems.map(({ pointer }) => pointer), ['/call_outcome/sale_amount']);
      }
    });
  });

  describe(`${entry}: code of the caller that runs during a call`, () => {
    /** Calls the package again, as a caller's code can at any moment. */
    const meddle = () => {
      assert.equal(validate('{"search": 1}'.repeat(100)).ok, false);
      assert.deepEqual({ ...validate(encoder.encode(text.replace('a-1', 'other'))) }.request.search, { transaction_id: 'OTHER' });
      assert.equal(closestCall({ transaction_id: 'x' }, []).call, null);
    };
    const options = (values) =>
      Object.defineProperties({}, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { get: () => (meddle(), value) }])));

    test('in options does not change what is validated', () => {
      const meddling = options({ strict: true, default_country_code: '49' });
      for (const body of [text, bytes(), bytes().buffer]) assert.deepEqual({ ...validate(body, meddling) }, RESULT);
      assert.deepEqual({ ...validateValue(value, meddling) }, RESULT);
      const found = closestCall({ transaction_id: 'a' }, [{ transaction_id: 'A', start_time_t: 1435993200 }], options({ match_window_seconds: 1 }));
      assert.equal(found.call.transaction_id, 'A');
    });

    test('in a value or in bytes does not change it either', () => {
      const meddling = { ...value, toJSON: () => (meddle(), value) };
      assert.deepEqual({ ...validateValue(meddling) }, RESULT);
      class Bytes extends Uint8Array {
        get length() {
          return meddle(), super.length;
        }
        get byteLength() {
          return meddle(), super.byteLength;
        }
      }
      assert.deepEqual({ ...validate(new Bytes(bytes())) }, RESULT);
    });

    test('may throw, and the next call works', () => {
      const failing = { get strict() { throw new RangeError('mine'); } };
      assert.throws(() => validate(text, failing), { name: 'RangeError', message: 'mine' });
      assert.deepEqual({ ...validate(text) }, RESULT);
    });
  });

  describe(`${entry}: misuse`, () => {
    const misuse = (message, use) => assert.throws(use, (error) => error instanceof TypeError && message.test(error.message));

    test('validate with a value throws and says to use validateValue', () => {
      for (const body of [value, undefined, null, 1, 1n, true, Symbol('s'), () => {}, [1], new String(text), { toString: () => text }]) {
        misuse(/Use validateValue/, () => validate(body));
      }
    });

    test('invalid options throw', () => {
      for (const options of [1, 'x', true, Symbol('s'), () => {}]) {
        misuse(/options must be an object/, () => validate(text, options));
        misuse(/options must be an object/, () => validateValue(value, options));
        misuse(/options must be an object/, () => closestCall({}, [], options));
      }
      for (const strict of ['true', 1, {}]) misuse(/strict/, () => validate(text, { strict }));
      const texts = ['', 'x', '0', '1234', ' 1', '\ud800'];
      const others = [NaN, 1.5, -1, 1234, true, 1n, Symbol('s'), [], { toString: () => '49' }, { valueOf: () => 49 }];
      for (const default_country_code of [...texts, ...others]) {
        misuse(/default_country_code/, () => validate(text, { default_country_code }));
        misuse(/default_country_code/, () => closestCall({}, [], { default_country_code }));
      }
      const numbers = {
        match_window_seconds: [],
        duration_weight: [0.5, 1_001, Infinity],
        start_error_seconds: [0, 0.5, 86_401, Infinity],
        duration_error_seconds: [0, 0.5, 86_401, Infinity],
        min_confidence: [1.001, Infinity],
      };
      for (const [name, outside] of Object.entries(numbers)) {
        for (const number of [...outside, NaN, -1, '5', true, 1n, Symbol('s'), [], { valueOf: () => 1 }]) {
          misuse(new RegExp(name), () => closestCall({}, [], { [name]: number }));
        }
        for (const left of [null, undefined, 1]) assert.equal(closestCall({ transaction_id: 'a' }, [], { [name]: left }).ok, true);
      }
      const none = { strict: null, default_country_code: null, match_window_seconds: null, min_confidence: undefined };
      for (const options of [undefined, null, {}, [], Object.create(null), none]) {
        assert.deepEqual({ ...validate(text, options) }, RESULT);
        assert.equal(closestCall({ transaction_id: 'a' }, [], options).ok, true);
      }
    });

    test('invalid forms throw', () => {
      misuse(/FormData/, () => requestFromForm({}));
      misuse(/FormData/, () => requestFromForm());
      misuse(new RegExp(`sale_amounts.*${clearable.join(', ')}`), () => requestFromForm(new FormData(), { clears: ['sale_amounts'] }));
    });
  });

  test(`${entry}: half of a surrogate pair is read as fetch or JSON.stringify would send it`, () => {
    for (const half of ['\ud83d', '\ude00']) {
      const named = { ...value, call_outcome: { outcome_name: `${half}!`, value: 'x' } };
      const sent = text.replace('Sale', `${half}!`);
      assert.equal(validate(sent).request.call_outcome.outcome_name, '\ufffd!');
      const [problem] = validate(sent.replace('"1"', '"x"')).problems;
      assert.equal(sent.replace('"1"', '"x"').slice(...problem.range), '"x"');
      assert.equal(validateValue(named).problems[0].code, 'json.surrogate');
      assert.equal(closestCall({ transaction_id: half }, []).problems[0].code, 'json.surrogate');
    }
  });

  test(`${entry}: an empty form field is left out, or clears if it is listed in clears`, () => {
    const form = new FormData();
    const fields = { transaction_id: 'A-1', start_time_t: '', outcome_name: 'Sale', sale_amount: '', description: ' \n', csrf: '1' };
    for (const [name, text] of Object.entries(fields)) form.append(name, text);
    form.append('custom_parameter_1', new Blob(['a file']));
    form.append('value', 'yes');
    form.append('value', 'no');
    const others = { search: { transaction_id: 'A-1' }, call_outcome: { outcome_name: 'Sale', value: 'no' } };
    assert.deepEqual(requestFromForm(form), others);
    assert.deepEqual(requestFromForm(form, { clears: ['description', 'custom_parameter_2'] }), {
      ...others,
      call_outcome: { ...others.call_outcome, description: '' },
    });
    const query = new URLSearchParams({ transaction_id: 'A-1', outcome_name: 'Sale', value: 'no', description: '' });
    assert.deepEqual(requestFromForm(query), others);
    assert.deepEqual(validateValue(requestFromForm(form)).warnings, []);
    for (const name of clearable) {
      const cleared = requestFromForm(new URLSearchParams({ transaction_id: 'A', outcome_name: 'x', [name]: '' }), { clears: clearable });
      assert.equal(validateValue(cleared).request.call_outcome[name], '');
    }
    assert.ok(limits.body_bytes > 0);
  });
}

test('the memory may grow during a call', async () => {
  const rules = await load(await readFile(new URL('../../package/dist/rules.wasm', import.meta.url)));
  const early = [rules.validate(text), rules.validate(encoder.encode(text)), rules.validateValue(value)];
  // The problems of such a body take many times its size.
  const many = `{${'"":1,'.repeat(12_000)}${text.slice(1)}`;
  for (const grow of [() => rules.validate(many), () => rules.validate(encoder.encode(many)), () => rules.validateValue(JSON.parse(many))]) {
    grow();
    assert.deepEqual({ ...rules.validate(text) }, RESULT);
    assert.deepEqual({ ...rules.validate(encoder.encode(text)) }, RESULT);
  }
  const calls = Array.from({ length: 1_000 }, (_, at) => ({ transaction_id: `A-${at}`, start_time_t: 1435993200, mine: 'x'.repeat(5_000) }));
  assert.equal(rules.closestCall({ transaction_id: 'A-999' }, calls).call, calls[999]);
  for (const result of early) assert.deepEqual({ ...result }, RESULT);
});
