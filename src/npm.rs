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

/// `unit` is the size, in bytes, of what places are counted in: that of a string's units, that of bytes, or 0 for the
/// JSON of a value, which has no places.
fn of_input<T>(
    length: usize,
    unit: u8,
    strict: bool,
    country: Option<String>,
    answer: impl Fn(&[u8], Rules, Option<Unit>) -> T,
) -> Result<T> {
    let rules = rules(strict, country)?;
    let unit = match unit {
        0 => None,
        1 => Some(Unit::Bytes),
        _ => Some(Unit::Utf16),
    };
    Ok(BODY.with_borrow(|body| answer(body.get(..length).unwrap_or(body), rules, unit)))
}

/// Validates the first `length` bytes of the input; nothing where there is nothing to say but its normal form.
#[wasm_bindgen]
pub fn judge(
    length: usize,
    unit: u8,
    strict: bool,
    country: Option<String>,
) -> Result<Option<String>> {
    of_input(length, unit, strict, country, verdict::judge)
}

/// Validates the first `length` bytes of the input, and tells its normal form too.
#[wasm_bindgen]
pub fn validate(length: usize, unit: u8, strict: bool, country: Option<String>) -> Result<String> {
    of_input(length, unit, strict, country, verdict::validate)
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
