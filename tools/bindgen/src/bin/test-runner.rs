//! Runs tests that were compiled to wasm: cargo starts it in place of such a test.

use std::env::args_os;

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args_os())
}
