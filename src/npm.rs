//! The door to JavaScript: what the entries of the npm package call. Their types are in `package/`.
//!
//! JSON goes out as text, which JavaScript parses: `js-sys` and `serde-wasm-bindgen` would add a third to the size.
//!
//! Not here: anything that decides.

use std::cell::RefCell;

#[cfg(not(feature = "table"))]
use lol_alloc::{FreeListAllocator, LockedAllocator};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::closest::{Nearness, closest};
use crate::limits::LIMITS;
use crate::phone::CountryCode;
use crate::problem_json::registry;
use crate::request::{CALL_OUTCOME, MAX_BODY, Rules, SEARCH};
use crate::verdict::{self, Unit};
use crate::write::to_json;

// Long streams want the standard one, which joins what is freed.
#[cfg(not(feature = "table"))]
#[global_allocator]
static ALLOCATOR: LockedAllocator<FreeListAllocator> =
    LockedAllocator::new(FreeListAllocator::new());

type Result<T> = std::result::Result<T, JsError>;

/// JavaScript writes a body here, without a copy. There is room for the longest character more than a body may have, so
/// that one that is too large is seen to be, wherever it is cut off.
const INPUT: usize = MAX_BODY + char::MAX.len_utf8();

thread_local! {
    static BODY: RefCell<Vec<u8>> = RefCell::new(vec![0; INPUT]);
}

/// Where in the memory a body is written. It never moves.
#[must_use]
#[wasm_bindgen(js_name = inputAddress)]
pub fn input_address() -> usize {
    BODY.with_borrow(|body| body.as_ptr().expose_provenance())
}

/// How many bytes can be written.
#[must_use]
#[wasm_bindgen(js_name = inputLength)]
pub fn input_length() -> usize {
    INPUT
}

pub(crate) fn rules(strict: bool, country: Option<String>) -> Result<Rules> {
    let country = match country {
        None => CountryCode::DEFAULT,
        Some(code) => CountryCode::parse(&code)
            .ok_or_else(|| JsError::new("default_country_code must have 1 to 3 digits"))?,
    };
    Ok(Rules { country, strict })
}

fn validate(
    length: usize,
    unit: Option<Unit>,
    strict: bool,
    country: Option<String>,
) -> Result<String> {
    let rules = rules(strict, country)?;
    Ok(BODY.with_borrow(|body| {
        let body = body.get(..length).unwrap_or(body);
        verdict::validate(body, rules, unit)
    }))
}

/// Validates the first `length` bytes of the input, which were a string in JavaScript.
#[wasm_bindgen(js_name = validateText)]
pub fn validate_text(length: usize, strict: bool, country: Option<String>) -> Result<String> {
    validate(length, Some(Unit::Utf16), strict, country)
}

/// Validates the first `length` bytes of the input.
#[wasm_bindgen(js_name = validateBytes)]
pub fn validate_bytes(length: usize, strict: bool, country: Option<String>) -> Result<String> {
    validate(length, Some(Unit::Bytes), strict, country)
}

/// Validates the first `length` bytes of the input, which are JSON of a value in JavaScript.
#[wasm_bindgen(js_name = validateValue)]
pub fn validate_value(length: usize, strict: bool, country: Option<String>) -> Result<String> {
    validate(length, None, strict, country)
}

/// Which call a search means: of JSON of an object with `search` and `calls`.
#[wasm_bindgen(js_name = closestCall)]
pub fn closest_call(
    body: &str,
    country: Option<String>,
    window_seconds: Option<f64>,
    ambiguity_seconds: Option<f64>,
) -> Result<String> {
    let near = Nearness::of_seconds(window_seconds, ambiguity_seconds);
    Ok(closest(body, rules(false, country)?, near))
}

/// All codes.
#[must_use]
#[wasm_bindgen]
pub fn codes() -> String {
    registry()
}

/// All limits: a list of names and values.
#[must_use]
#[wasm_bindgen]
pub fn limits() -> String {
    to_json(&LIMITS)
}

/// The names of the parameters: those of `search`, and those of `call_outcome`.
#[must_use]
#[wasm_bindgen]
pub fn parameters() -> String {
    to_json(&(SEARCH, CALL_OUTCOME))
}

/// The version of the package.
#[must_use]
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The build, as the server tells its own: of the same sources it is the same.
#[must_use]
#[wasm_bindgen]
pub fn build() -> Option<String> {
    option_env!("CALL_OUTCOMES_BUILD").map(str::to_owned)
}
