import type * as all from './index.js';

export type * from './index.js';

/** Everything that `call-outcomes` exports. */
export type Rules = typeof all;

/**
 * Loads the rules from the WebAssembly file `call-outcomes/wasm`: its URL, a response with it, its bytes, or a module.
 */
export function load(
  source: string | URL | Request | Response | BufferSource | WebAssembly.Module | Promise<Response>,
): Promise<Rules>;
