#![no_main]

#[allow(dead_code, reason = "each target has an invariant of its own")]
#[path = "../../tests/invariants/mod.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|body: &[u8]| drop(invariants::report(body)));
