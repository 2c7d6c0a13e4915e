//! Writes the JavaScript of a wasm build, as wasm-bindgen's command line does.
//!
//! `bindgen worker|web INPUT.wasm FOLDER NAME` writes `FOLDER/NAME.js` and `FOLDER/NAME_bg.wasm`.

use std::env::args;

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = args().skip(1).collect();
    let [target, input, folder, name] = args.as_slice() else {
        bail!("Usage: bindgen worker|web INPUT.wasm FOLDER NAME");
    };
    let mut bindgen = Bindgen::new();
    match target.as_str() {
        // A module that imports its wasm and can reset it after a panic.
        "worker" => bindgen
            .module(true)?
            .reset_state_function(true)
            .force_enable_abort_handler(true),
        // A module that is given its wasm, in any environment.
        "web" => bindgen.web(true)?.omit_default_module_path(true),
        _ => bail!("`{target}` is neither `worker` nor `web`"),
    };
    bindgen
        .input_path(input)
        .out_name(name)
        .typescript(false)
        .generate(folder)
}
