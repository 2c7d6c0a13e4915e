//! What other programs leave in the cells of calls instead of a value. A call is final once it is stored, so what is
//! probably damaged is refused; in an outcome it can be corrected.

use crate::problem::Code;

/// What programs write where there is no value. All in lower case.
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

/// What Windows-1252 has from 0x80 on; the places that are none stand for themselves.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Why a text is no value of a call, whatever parameter it is for.
pub(super) fn of_value(text: &str) -> Option<Code> {
    if is_placeholder(text) {
        return Some(Code::CellPlaceholder);
    }
    is_undecoded(text).then_some(Code::RowEncoding)
}

/// Why a text is no id.
pub(super) fn of_id(text: &str) -> Option<Code> {
    if let Some(code) = of_value(text) {
        return Some(code);
    }
    if is_number(text) {
        return Some(Code::CellNumber);
    }
    text.chars().any(is_unseen).then_some(Code::CellUnseen)
}

/// `NULL` and the like, an error of a spreadsheet such as `#N/A`, or a column that was too narrow.
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

/// What a spreadsheet or a program makes of an id by taking it for a number: `1.23E+14`, or `12345.0`. An id may itself
/// have an E between digits, but hardly with the sign.
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

/// Whether bytes were read in another encoding than theirs: a control character above ASCII, which no text has, or UTF-8
/// that was taken for Windows-1252, as `Ã¤` for `ä`.
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

/// The byte of a character in Windows-1252.
fn byte_of(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(c) {
        return Some(byte);
    }
    let place = WINDOWS_1252.iter().position(|other| *other == c)?;
    u8::try_from(place.checked_add(0x80)?).ok()
}

/// A line break, another control character, or one without a width: nobody sees that two ids differ by it.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}
