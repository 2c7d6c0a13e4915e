//! JavaScript bindings of [`crate::validate`]: what the entries of the npm package call. Their types are in `package/`.
//!
//! Options are read and results are parsed here. Only a body, its length and numbers cross over for a report that is
//! valid, as anything else would take longer than to validate it.

use std::cell::RefCell;

use js_sys::{JSON, Number, Object, Reflect, TypeError};
#[cfg(not(feature = "table"))]
use lol_alloc::{FreeListAllocator, LockedAllocator};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::input::parameters::{CALL_OUTCOME_NAMES, CLEARABLE_NAMES, SEARCH_NAMES};
use crate::input::report::{MAX_BODY, Rules};
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

/// The bit of strict rules, in a number that has the country code, or 0 for the default, in the lower bits.
const STRICT: u16 = 1 << 15;

fn unpack(rules: u16) -> Rules {
    Rules {
        country: CountryCode::new(rules & !STRICT).unwrap_or(CountryCode::DEFAULT),
        strict: rules & STRICT != 0,
    }
}

fn misuse(message: &str) -> JsValue {
    TypeError::new(message).into()
}

/// An option that was given: undefined and null are not.
fn given(option: &JsValue) -> Option<&JsValue> {
    Some(option).filter(|option| !option.is_undefined() && !option.is_null())
}

/// Reads the options of the rules. The result is a number that costs nothing to pass back.
///
/// # Errors
/// A `TypeError` for an invalid option.
#[wasm_bindgen(js_name = readRules)]
pub fn read_rules(strict: &JsValue, country: &JsValue) -> Result<u16, JsValue> {
    let strict = match given(strict).map(JsValue::as_bool) {
        None | Some(Some(false)) => 0,
        Some(Some(true)) => STRICT,
        Some(None) => return Err(misuse("strict must be a boolean")),
    };
    let country = match given(country) {
        None => 0,
        Some(country) => country_code(country)
            .ok_or_else(|| misuse("default_country_code must have 1 to 3 digits"))?,
    };
    Ok(strict | country)
}

fn country_code(country: &JsValue) -> Option<u16> {
    let text = match country.dyn_ref::<Number>() {
        Some(number) => number.to_string_with_radix(10).ok()?.as_string(),
        None => country.as_string(),
    };
    CountryCode::parse(&text?).map(CountryCode::get)
}

/// An option that is a number of seconds.
fn seconds(option: &JsValue, name: &str) -> Result<Option<f64>, JsValue> {
    let Some(value) = given(option) else {
        return Ok(None);
    };
    match value.as_f64().filter(|seconds| *seconds >= 0.0) {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(misuse(
            &[name, " must be a number of seconds, 0 or more"].concat(),
        )),
    }
}

/// JSON of ours as a value.
fn parse(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or_default()
}

/// Applies `answer` to the first `length` bytes of the input.
///
/// `unit` is the size, in bytes, of what places are counted in: that of a string's units, that of bytes, or 0 for the
/// JSON of a value, which has no places.
fn of_input<T>(
    length: usize,
    unit: u8,
    rules: u16,
    answer: impl Fn(&[u8], Rules, Option<Unit>) -> T,
) -> T {
    let unit = match unit {
        0 => None,
        1 => Some(Unit::Bytes),
        _ => Some(Unit::Utf16),
    };
    BODY.with_borrow(|body| answer(body.get(..length).unwrap_or(body), unpack(rules), unit))
}

/// Validates the first `length` bytes of the input. Returns whether there are no problems and no warnings; otherwise
/// [`answer`] has them. A call that returned more than a number would make an array in JavaScript.
#[must_use]
#[wasm_bindgen]
pub fn check(length: usize, unit: u8, rules: u16) -> bool {
    match of_input(length, unit, rules, validate::check) {
        None => true,
        Some(answer) => {
            ANSWER.set(answer);
            false
        }
    }
}

/// Takes the result of the last [`check`].
#[must_use]
#[wasm_bindgen]
pub fn answer() -> JsValue {
    parse(&ANSWER.take())
}

/// Validates the first `length` bytes of the input. The result has the normal form too.
#[must_use]
#[wasm_bindgen]
pub fn validate(length: usize, unit: u8, rules: u16) -> JsValue {
    parse(&of_input(length, unit, rules, validate::validate))
}

/// Finds the call that a search means, in JSON of an object with `search` and `calls`. The result has its place.
///
/// # Errors
/// A `TypeError` for an invalid length of time.
#[wasm_bindgen(js_name = closestCall)]
pub fn closest_call(
    body: &str,
    rules: u16,
    window: &JsValue,
    ambiguity: &JsValue,
) -> Result<JsValue, JsValue> {
    let window = seconds(window, "match_window_seconds")?;
    let ambiguity = seconds(ambiguity, "ambiguity_seconds")?;
    let near = MatchOptions::from_seconds(window, ambiguity);
    Ok(parse(&closest(body, unpack(rules & !STRICT), near)))
}

/// All codes.
#[must_use]
#[wasm_bindgen]
pub fn codes() -> JsValue {
    parse(&registry())
}

/// All limits by name.
#[must_use]
#[wasm_bindgen]
pub fn limits() -> JsValue {
    let limits = Object::new();
    for (name, limit) in LIMITS {
        // Setting a member of a plain object cannot fail.
        let _ = Reflect::set(&limits, &name.into(), &limit.into());
    }
    limits.into()
}

/// The names of the parameters: those of `search`, those of `call_outcome`, and which of these can be cleared.
#[must_use]
#[wasm_bindgen]
pub fn parameters() -> JsValue {
    parse(&to_json(&(
        SEARCH_NAMES,
        CALL_OUTCOME_NAMES,
        CLEARABLE_NAMES,
    )))
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
