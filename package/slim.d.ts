import type * as all from './index.js';

export type * from './index.js';

/** All that `call-outcomes` exports. */
export type Rules = typeof all;

/**
 * Loads the rules from their wasm, `call-outcomes/wasm`: its URL, a response to a request for it, its bytes, or a module.
 */
export function load(
  source: string | URL | Request | Response | BufferSource | WebAssembly.Module | Promise<Response>,
): Promise<Rules>;
