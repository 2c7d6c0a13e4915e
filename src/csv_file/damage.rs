//! Detects values of calls that other programs damaged. A stored call can't be changed, so a probably damaged value is refused.
//! Outcomes are not checked this way, as they can be corrected later.

use crate::problem::Code;

/// What programs write for a missing value, in lower case.
const PLACEHOLDERS: [&str; 10] = [
    "null",
    "(null)",
    "<null>",
    "\\n",
    "none",
    "nan",
    "<na>",
    "nat",
    "n/a",
    "undefined",
];

/// The characters of Windows-1252 from 0x80 on. Unassigned bytes are the control characters of the same number.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Returns why a text can't be the value of any parameter of a call.
pub(super) fn of_value(text: &str) -> Option<Code> {
    if is_placeholder(text) {
        return Some(Code::CellPlaceholder);
    }
    is_undecoded(text).then_some(Code::RowEncoding)
}

/// Returns why a text can't be an id.
pub(super) fn of_id(text: &str) -> Option<Code> {
    if let Some(code) = of_value(text) {
        return Some(code);
    }
    if is_number(text) {
        return Some(Code::CellNumber);
    }
    text.chars().any(is_unseen).then_some(Code::CellUnseen)
}

/// Whether a text is `NULL` or the like, a spreadsheet's error such as `#N/A`, or the `###` of a column that is too narrow.
fn is_placeholder(text: &str) -> bool {
    if let Some(error) = text.strip_prefix('#') {
        return error.eq_ignore_ascii_case("n/a")
            || error.ends_with(['!', '?'])
            || text.len() > 2 && text.bytes().all(|byte| byte == b'#');
    }
    PLACEHOLDERS
        .iter()
        .any(|placeholder| text.eq_ignore_ascii_case(placeholder))
}

/// Whether a program turned an id into a number, such as `1.23E+14` or `12345.0`. A real id may have an E between digits, but
/// hardly with a plus sign.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let decimal = |text: &str| {
        let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        digits(whole) && digits(fraction)
    };
    match text.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => {
            decimal(mantissa) && exponent.strip_prefix('+').is_some_and(digits)
        }
        None => text.strip_suffix(".0").is_some_and(digits),
    }
}

/// Whether a text was decoded with the wrong encoding: it has a control character above ASCII, or is UTF-8 that was read as
/// Windows-1252, such as `Ã¤` for `ä`.
fn is_undecoded(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    if text.chars().any(|c| matches!(c, '\u{80}'..='\u{9f}')) {
        return true;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(byte_of).collect();
    bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok())
}

/// Returns the byte of a character in Windows-1252.
fn byte_of(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(c) {
        return Some(byte);
    }
    let place = WINDOWS_1252.iter().position(|other| *other == c)?;
    u8::try_from(place.checked_add(0x80)?).ok()
}

/// Whether a character is invisible: a control character such as a line break, or one without a width. Two ids that differ by
/// it look the same.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}
