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
use crate::model::confidence::Confidence;
use crate::model::phone::CountryCode;
use crate::response::limits::LIMITS;
use crate::response::problem_json::registry;
use crate::rules::confidence::MatchSettings;
use crate::validate::closest::closest;
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

/// Reads an option that is a number `is_valid`.
///
/// # Errors
/// A `TypeError` with the message for anything else.
fn number(
    option: &JsValue,
    is_valid: impl Fn(f64) -> bool,
    message: &str,
) -> Result<Option<f64>, JsValue> {
    let Some(value) = given(option) else {
        return Ok(None);
    };
    let number = value.as_f64().filter(|number| is_valid(*number));
    number.map(Some).ok_or_else(|| misuse(message))
}

/// Whether a number is whole and in a range.
fn is_whole(number: f64, least: f64, most: f64) -> bool {
    (least..=most).contains(&number) && number.trunc().to_bits() == number.to_bits()
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
/// A `TypeError` for an invalid option.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers are checked to be in range, and a longer window is cut to the longest"
)]
#[wasm_bindgen(js_name = closestCall)]
pub fn closest_call(
    body: &str,
    rules: u16,
    window: &JsValue,
    duration_weight: &JsValue,
    start_error: &JsValue,
    duration_error: &JsValue,
    min_confidence: &JsValue,
) -> Result<JsValue, JsValue> {
    let mut settings = MatchSettings::default();
    let message = "match_window_seconds must be a number of seconds, 0 or more";
    if let Some(window) = number(window, |number| number >= 0.0, message)? {
        settings.window = Some((window * 1_000.0) as i64).filter(|window| *window > 0);
    }
    let message = "duration_weight must be a whole number from 0 to 1000";
    if let Some(weight) = number(duration_weight, |n| is_whole(n, 0.0, 1_000.0), message)? {
        settings.duration_weight = weight as u32;
    }
    let is_error = |number| is_whole(number, 1.0, 86_400.0);
    let message = "start_error_seconds must be a whole number from 1 to 86400";
    if let Some(error) = number(start_error, is_error, message)? {
        settings.errors.start_error = error as u32;
    }
    let message = "duration_error_seconds must be a whole number from 1 to 86400";
    if let Some(error) = number(duration_error, is_error, message)? {
        settings.errors.duration_error = error as u32;
    }
    let message = "min_confidence must be a number from 0 to 1";
    if let Some(confidence) = number(min_confidence, |n| (0.0..=1.0).contains(&n), message)? {
        settings.min_confidence = Confidence::of_thousandths((confidence * 1_000.0).round() as u16);
    }
    Ok(parse(&closest(body, unpack(rules & !STRICT), &settings)))
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
