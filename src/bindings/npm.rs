//! The door to JavaScript: what the entries of the npm package call. Their types are in `package/`.
//!
//! JSON goes out as text, which JavaScript parses: `js-sys` and `serde-wasm-bindgen` would add a third to the size.
//!
//! Not here: anything that decides.

use std::cell::RefCell;

#[cfg(not(feature = "table"))]
use lol_alloc::{FreeListAllocator, LockedAllocator};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::input::report::{CALL_OUTCOME, CLEARABLE, MAX_BODY, Rules, SEARCH};
use crate::json::write::to_json;
use crate::model::phone::CountryCode;
use crate::response::limits::LIMITS;
use crate::response::problem_json::registry;
use crate::validate::closest::{MatchOptions, closest};
use crate::validate::{self, Unit};

// Long streams want the standard one, which joins what is freed.
#[cfg(not(feature = "table"))]
#[global_allocator]
static ALLOCATOR: LockedAllocator<FreeListAllocator> =
    LockedAllocator::new(FreeListAllocator::new());

/// JavaScript writes a body here, without a copy. There is room for the longest character more than a body may have, so
/// that one that is too large is seen to be, wherever it is cut off.
const INPUT: usize = MAX_BODY + char::MAX.len_utf8();

thread_local! {
    static BODY: RefCell<Vec<u8>> = RefCell::new(vec![0; INPUT]);
    static ANSWER: RefCell<String> = const { RefCell::new(String::new()) };
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

/// The rules: strict or not, with a country code or 0 for the default.
fn rules(strict: bool, country: u16) -> Rules {
    Rules {
        country: CountryCode::new(country).unwrap_or(CountryCode::DEFAULT),
        strict,
    }
}

/// Applies `answer` to the first `length` bytes of the input.
///
/// `unit` is the size, in bytes, of what places are counted in: that of a string's units, that of bytes, or 0 for the
/// JSON of a value, which has no places.
fn of_input<T>(
    length: usize,
    unit: u8,
    strict: bool,
    country: u16,
    answer: impl Fn(&[u8], Rules, Option<Unit>) -> T,
) -> T {
    let unit = match unit {
        0 => None,
        1 => Some(Unit::Bytes),
        _ => Some(Unit::Utf16),
    };
    BODY.with_borrow(|body| {
        answer(
            body.get(..length).unwrap_or(body),
            rules(strict, country),
            unit,
        )
    })
}

/// A country code as a number, or nothing where a text is not one.
#[must_use]
#[wasm_bindgen(js_name = countryCode)]
pub fn country_code(text: &str) -> Option<u16> {
    CountryCode::parse(text).map(CountryCode::get)
}

/// Validates the first `length` bytes of the input. Returns whether there are no problems and no warnings; otherwise
/// [`answer`] has them. A call that returned more than a number would make an array in JavaScript.
#[must_use]
#[wasm_bindgen]
pub fn check(length: usize, unit: u8, strict: bool, country: u16) -> bool {
    match of_input(length, unit, strict, country, validate::check) {
        None => true,
        Some(answer) => {
            ANSWER.set(answer);
            false
        }
    }
}

/// Takes what [`check`] found last.
#[must_use]
#[wasm_bindgen]
pub fn answer() -> String {
    ANSWER.take()
}

/// Validates the first `length` bytes of the input, and tells its normal form too.
#[must_use]
#[wasm_bindgen]
pub fn validate(length: usize, unit: u8, strict: bool, country: u16) -> String {
    of_input(length, unit, strict, country, validate::validate)
}

/// Which call a search means: of JSON of an object with `search` and `calls`.
#[must_use]
#[wasm_bindgen(js_name = closestCall)]
pub fn closest_call(
    body: &str,
    country: u16,
    window_seconds: Option<f64>,
    ambiguity_seconds: Option<f64>,
) -> String {
    let near = MatchOptions::from_seconds(window_seconds, ambiguity_seconds);
    closest(body, rules(false, country), near)
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

/// The names of the parameters: those of `search`, those of `call_outcome`, and which of these can be cleared.
#[must_use]
#[wasm_bindgen]
pub fn parameters() -> String {
    to_json(&(SEARCH, CALL_OUTCOME, CLEARABLE))
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
