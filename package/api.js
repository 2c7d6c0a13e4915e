// The package's functions, over an instance of the wasm. Every rule is in there; here is only how a body gets in and an
// answer out.
import * as core from 'core';

/** `memory` is the instance's. */
export function bind({ memory }) {
  const start = core.inputAddress();
  const length = core.inputLength();
  const encoder = new TextEncoder();
  let view;

  /** Where bodies are written. A view dies when the memory grows. */
  const input = () => (view?.buffer === memory.buffer ? view : (view = new Uint8Array(memory.buffer, start, length)));
  const write = (text) => encoder.encodeInto(text, input()).written;
  const rules = (options) => [options?.strict === true, options?.default_country_code?.toString()];

  /** What becomes of a body, which `put` writes and tells the length of. `unit` is as `npm.rs` says. */
  function result(put, unit, options) {
    const [strict, country] = rules(options);
    const said = core.judge(put(), unit, strict, country);
    if (said !== undefined) return JSON.parse(said);
    let request;
    // Few look at the normal form, and to make it takes longer than all the rest.
    return {
      ok: true,
      get request() {
        return (request ??= JSON.parse(core.validate(put(), unit, strict, country)).request);
      },
      warnings: [],
    };
  }

  function validate(body, options) {
    if (body instanceof ArrayBuffer) body = new Uint8Array(body);
    if (!ArrayBuffer.isView(body)) {
      const text = typeof body === 'string' ? body : '';
      return result(() => write(text), 2, options);
    }
    // A copy: whoever passed the bytes may change them.
    const bytes = new Uint8Array(body.buffer, body.byteOffset, Math.min(body.byteLength, length)).slice();
    return result(() => (input().set(bytes), bytes.length), 1, options);
  }

  function validateValue(value, options) {
    const text = stringify(value);
    return result(() => write(text), 0, options);
  }

  const [search, call_outcome] = JSON.parse(core.parameters());

  return {
    validate,
    validateValue,
    closestCall(search, calls, options) {
      const { match_window_seconds, ambiguity_seconds } = options ?? {};
      const [, country] = rules(options);
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
