// The package's functions, over an instance of the wasm. Every rule is in there; here is only how a body gets in and an
// answer out.
import * as core from 'core';

/** How many bytes are kept side by side: an array for each body would take longer than to validate it. */
const SHELF = 8192;

const DEFAULT_RULES = [false];

/** Whether it is strict, and the country code of numbers without one. */
const rulesOf = (options) =>
  options ? [options.strict === true, options.default_country_code?.toString()] : DEFAULT_RULES;

/** `memory` is the instance's. */
export function bind({ memory }) {
  const start = core.inputAddress();
  const length = core.inputLength();
  const encoder = new TextEncoder();
  let view;
  let shelf = new Uint8Array(0);
  let used = 0;

  /** Where bodies are written. A view dies when the memory grows. */
  const input = () => (view?.buffer === memory.buffer ? view : (view = new Uint8Array(memory.buffer, start, length)));
  const write = (text) => encoder.encodeInto(text, input()).written;

  /** A report without problems or warnings. */
  class Faultless {
    // As its type is called, whatever a bundler makes of the class: it shows in a console.
    static name = 'Valid';
    #write;
    #unit;
    #rules;
    #request;

    /** `write` puts the body where it is read, and tells its length. */
    constructor(write, unit, rules) {
      this.#write = write;
      this.#unit = unit;
      this.#rules = rules;
      this.ok = true;
      Object.defineProperty(this, 'request', Faultless.request);
      this.warnings = [];
    }

    // Few look at the normal form, and to make it takes longer than all the rest. One getter for all, as a function for
    // each would take as long as to validate, but a property of the object's own, so that a copy of it has it too.
    static request = {
      get() {
        return (this.#request ??= JSON.parse(core.validate(this.#write(), this.#unit, ...this.#rules)).request);
      },
      enumerable: true,
    };
  }

  /** What becomes of the body that was written. `unit` is as `npm.rs` says, and `again` makes what writes it again. */
  function result(length, unit, options, again) {
    const rules = rulesOf(options);
    const said = core.judge(length, unit, rules[0], rules[1]);
    return said === undefined ? new Faultless(again(), unit, rules) : JSON.parse(said);
  }

  function validate(body, options) {
    if (typeof body === 'string') return result(write(body), 2, options, () => () => write(body));
    if (body instanceof ArrayBuffer) body = new Uint8Array(body);
    if (!ArrayBuffer.isView(body)) return result(0, 2, options, () => () => 0);
    if (!(body instanceof Uint8Array)) body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    if (body.length > length) body = body.subarray(0, length);
    input().set(body);
    return result(body.length, 1, options, () => keep(body));
  }

  /** Whoever passed the bytes may change them. */
  function keep(bytes) {
    if (shelf.length - used < bytes.length) {
      shelf = new Uint8Array(Math.max(SHELF, bytes.length));
      used = 0;
    }
    const [on, from] = [shelf, used];
    used += bytes.length;
    on.set(bytes, from);
    const to = used;
    return () => (input().set(on.subarray(from, to)), to - from);
  }

  function validateValue(value, options) {
    const text = stringify(value);
    return result(write(text), 0, options, () => () => write(text));
  }

  const [search, call_outcome] = JSON.parse(core.parameters());

  return {
    validate,
    validateValue,
    closestCall(search, calls, options) {
      const { match_window_seconds, ambiguity_seconds } = options ?? {};
      const [, country] = rulesOf(options);
      const body = stringify({ search, calls });
      const answer = JSON.parse(core.closestCall(body, country, match_window_seconds, ambiguity_seconds));
      if (!answer.ok) return answer;
      return { ok: true, call: answer.index === null ? null : calls[answer.index], match: answer.match };
    },
    codes: JSON.parse(core.codes()),
    limits: Object.fromEntries(JSON.parse(core.limits())),
    parameters: { search, call_outcome },
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
