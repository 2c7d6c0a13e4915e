// The package's functions on top of an instance of the WebAssembly module, which validates. This file writes bodies to its
// memory and makes results of what it returns.
import * as core from 'core';

/** How many bytes of bodies share an array: making an array for each body would take longer than validating it. */
const SHELF = 8192;

/**
 * The rules that options ask for, as a number. Reading options can run any code, so they are read before anything is
 * written to the memory of the wasm; and here, as Rust would take longer to read a member than to validate.
 */
function rulesOf(options) {
  if (options === undefined || options === null) return 0;
  if (typeof options !== 'object') throw new TypeError('options must be an object');
  const { strict, default_country_code: country } = options;
  return core.readRules(strict, country);
}

/** The key of the function that makes the normal form. */
const NORMAL_FORM = Symbol('normal form');

// The normal form takes longer than validation, and few callers read it. All results share one getter, as making a function
// for each result would take as long as validating. It is an own property, so copies have the request too, and it finds its
// function through a property instead of a private field, so it works through a proxy.
const request = {
  get() {
    return this[NORMAL_FORM]();
  },
  configurable: true,
  enumerable: true,
};

/** A report without problems or warnings. */
class ValidResult {
  // Consoles show this name, whatever a bundler calls the class.
  static name = 'Valid';

  constructor(normalForm) {
    this.ok = true;
    Object.defineProperty(this, 'request', request);
    this.warnings = [];
    Object.defineProperty(this, NORMAL_FORM, { value: normalForm, configurable: true });
  }
}

/** Makes the package's functions for an instance with this memory. */
export function bind({ memory }) {
  const start = core.inputAddress();
  const length = core.inputLength();
  const encoder = new TextEncoder();
  const [search, call_outcome, clearable] = core.parameters();
  let view = new Uint8Array(0);
  let shelf = new Uint8Array(0);
  let used = 0;

  /** The memory for bodies. A view loses its length when the memory grows. */
  const input = () => (view.length > 0 ? view : (view = new Uint8Array(memory.buffer, start, length)));
  const write = (text) => encoder.encodeInto(text, input()).written;

  /**
   * Validates the body that was written. `unit` is as in `npm.rs`; `text` or `bytes` is the body, which is written again to
   * make its normal form.
   */
  function result(length, unit, rules, text, bytes) {
    if (!core.check(length, unit, rules)) return core.answer();
    const kept = text ?? keep(bytes);
    const to = used;
    let request;
    return new ValidResult(() => {
      if (request !== undefined) return request;
      if (text === undefined) input().set(kept.subarray(to - length, to));
      else write(text);
      return (request = core.validate(length, unit, rules).request);
    });
  }

  /**
   * Writes the bytes of a body, as many as there is room for, and returns them. A transferred buffer has none, nor has a view
   * that is out of bounds.
   */
  function copy(body) {
    const isView = ArrayBuffer.isView(body);
    if (!isView && !/^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(body))) {
      throw new TypeError('validate takes JSON as a string or as bytes. Use validateValue for a value.');
    }
    try {
      const size = Math.min(body.byteLength, length);
      const bytes = isView ? new Uint8Array(body.buffer, body.byteOffset, size) : new Uint8Array(body, 0, size);
      input().set(bytes);
      return bytes;
    } catch {
      return new Uint8Array(0);
    }
  }

  /** Copies the bytes that were written, as the caller may change them. Returns an array with them, up to `used`. */
  function keep(bytes) {
    if (shelf.length - used < bytes.length) {
      shelf = new Uint8Array(Math.max(SHELF, bytes.length));
      used = 0;
    }
    // Another thread may have changed shared memory already.
    shelf.set(bytes.buffer instanceof ArrayBuffer ? bytes : input().subarray(0, bytes.length), used);
    used += bytes.length;
    return shelf;
  }

  function validate(body, options) {
    const rules = rulesOf(options);
    if (typeof body === 'string') return result(write(body), 2, rules, body);
    const bytes = copy(body);
    return result(bytes.length, 1, rules, undefined, bytes);
  }

  function validateValue(value, options) {
    const rules = rulesOf(options);
    const text = stringify(value);
    return result(write(text), 0, rules, text);
  }

  function closestCall(search, calls, options) {
    const rules = rulesOf(options);
    const { match_window_seconds: window, ambiguity_seconds: ambiguity } = options ?? {};
    const { index, ...answer } = core.closestCall(stringify({ search, calls }), rules, window, ambiguity);
    if (!answer.ok) return answer;
    return { ok: true, call: index === null ? null : calls[index], match: answer.match, warnings: answer.warnings };
  }

  function requestFromForm(data, { clears = [] } = {}) {
    if (typeof data?.getAll !== 'function') throw new TypeError('requestFromForm takes FormData or URLSearchParams');
    const unknown = clears.find((name) => !clearable.includes(name));
    if (unknown !== undefined) throw new TypeError(`${unknown} cannot be cleared, only ${clearable.join(', ')}`);
    const section = (names) => {
      const texts = names.map((name) => [name, data.getAll(name).at(-1)]).filter(([, text]) => typeof text === 'string');
      const blank = (text) => text.trim() === '';
      const sent = texts.filter(([name, text]) => !blank(text) || clears.includes(name));
      return Object.fromEntries(sent.map(([name, text]) => [name, blank(text) ? '' : text]));
    };
    return { search: section(search), call_outcome: section(call_outcome) };
  }

  return {
    validate,
    validateValue,
    closestCall,
    requestFromForm,
    codes: core.codes(),
    limits: core.limits(),
    parameters: { search, call_outcome },
    clearable,
    version: core.version(),
    build: core.build() ?? null,
  };
}

/** JSON of a value, or `''` if it has none: a cycle, a BigInt, a function, a `toJSON` that throws. */
function stringify(value) {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
