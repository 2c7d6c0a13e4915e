// The package's functions, over an instance of the wasm. Validation happens there: this file passes bodies in and results
// out.
import * as core from 'core';

/** How many bytes are kept side by side: an array for each body would take longer than to validate it. */
const SHELF = 8192;

/** Whether the rules are strict, and the country code of phone numbers without one (0 for the default). */
const DEFAULT_RULES = { strict: false, country: 0 };

/**
 * The rules that options ask for. Reading options can run any code, so that they are read before anything is written to
 * the memory of the wasm.
 */
function rulesOf(options) {
  if (options === undefined || options === null) return DEFAULT_RULES;
  if (typeof options !== 'object') throw new TypeError('options must be an object');
  const { strict, default_country_code: country } = options;
  if (typeof (strict ?? false) !== 'boolean') throw new TypeError('strict must be a boolean');
  return { strict: strict ?? false, country: country === undefined || country === null ? 0 : countryCode(country) };
}

function countryCode(country) {
  const isText = typeof country === 'string' || typeof country === 'number';
  const code = isText ? core.countryCode(String(country)) : undefined;
  if (code === undefined) throw new TypeError('default_country_code must have 1 to 3 digits');
  return code;
}

/** An option that is a number of seconds, or nothing for its default. */
function secondsOf(options, name) {
  const seconds = options?.[name] ?? undefined;
  if (seconds !== undefined && !(typeof seconds === 'number' && seconds >= 0)) {
    throw new TypeError(`${name} must be a number of seconds, 0 or more`);
  }
  return seconds;
}

/** The key of the function that makes the normal form. */
const NORMAL_FORM = Symbol('normal form');

// Making the normal form takes longer than validating, and few read it. All results share one getter, as a function for
// each would take as long as to validate; it is a property of the object's own, so that a copy has the request too. It
// finds its function through a property and not a private field, so that it also works through a proxy.
const request = {
  get() {
    return this[NORMAL_FORM]();
  },
  configurable: true,
  enumerable: true,
};

/** A report without problems or warnings. */
class ValidResult {
  // The name of its type, whatever a bundler calls the class: consoles show it.
  static name = 'Valid';

  constructor(normalForm) {
    this.ok = true;
    Object.defineProperty(this, 'request', request);
    this.warnings = [];
    Object.defineProperty(this, NORMAL_FORM, { value: normalForm, configurable: true });
  }
}

/** `memory` is the instance's. */
export function bind({ memory }) {
  const start = core.inputAddress();
  const length = core.inputLength();
  const encoder = new TextEncoder();
  const [search, call_outcome, clearable] = JSON.parse(core.parameters());
  let view = new Uint8Array(0);
  let shelf = new Uint8Array(0);
  let used = 0;

  /** Where bodies are written. A view loses its length when the memory grows. */
  const input = () => (view.length > 0 ? view : (view = new Uint8Array(memory.buffer, start, length)));
  const write = (text) => encoder.encodeInto(text, input()).written;

  /**
   * The result for the body that was written. `unit` is as in `npm.rs`; `text` or `bytes` is what was written, which has
   * to be written again to make its normal form.
   */
  function result(length, unit, { strict, country }, text, bytes) {
    if (!core.check(length, unit, strict, country)) return JSON.parse(core.answer());
    const kept = text ?? keep(bytes);
    const to = used;
    let request;
    return new ValidResult(() => {
      if (request !== undefined) return request;
      if (text === undefined) input().set(kept.subarray(to - length, to));
      else write(text);
      return (request = JSON.parse(core.validate(length, unit, strict, country)).request);
    });
  }

  /**
   * Copies the bytes of a body to where bodies are written, as many as there is room for, and returns them. A buffer that
   * was transferred has none, nor has a part that was cut off.
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

  /** Keeps the bytes that were written, and returns where: up to `used`. Whoever passed them may change them. */
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
    const { country } = rulesOf(options);
    const window = secondsOf(options, 'match_window_seconds');
    const ambiguity = secondsOf(options, 'ambiguity_seconds');
    const { index, ...answer } = JSON.parse(core.closestCall(stringify({ search, calls }), country, window, ambiguity));
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
    codes: JSON.parse(core.codes()),
    limits: Object.fromEntries(JSON.parse(core.limits())),
    parameters: { search, call_outcome },
    clearable,
    version: core.version(),
    build: core.build() ?? null,
  };
}

/** JSON of a value, or no JSON of one that has none: a cycle, a BigInt, a function, a `toJSON` that throws. */
function stringify(value) {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
