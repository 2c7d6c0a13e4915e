// The command-line tools built from crates. `worker`, `worker-build` and `wasm-bindgen` move together, and wasm-bindgen's
// tool reads the output of exactly its own version: change these with Cargo.lock. Tools from npm are in package.json.
export const WASM_BINDGEN_CLI = '0.2.130';
export const WORKER_BUILD = '0.8.7';
// For the tests only: what may be linked in.
export const CARGO_DENY = '0.20.2';
// From PyPI, for the tests only.
export const SCHEMATHESIS = '4.32.5';
export const OPENAPI_SPEC_VALIDATOR = '0.9.0';
// For `npm run fuzz` and `npm run mutants` only.
export const CARGO_FUZZ = '0.13.2';
export const CARGO_MUTANTS = '27.1.0';
