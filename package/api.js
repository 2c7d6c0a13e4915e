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

  function validate(body, options) {
    if (body instanceof ArrayBuffer) body = new Uint8Array(body);
    if (!ArrayBuffer.isView(body)) {
      return JSON.parse(core.validateText(write(typeof body === 'string' ? body : ''), ...rules(options)));
    }
    const bytes = new Uint8Array(body.buffer, body.byteOffset, Math.min(body.byteLength, length));
    input().set(bytes);
    return JSON.parse(core.validateBytes(bytes.length, ...rules(options)));
  }

  const [search, call_outcome] = JSON.parse(core.parameters());

  return {
    validate,
    validateValue: (value, options) => JSON.parse(core.validateValue(write(stringify(value)), ...rules(options))),
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
