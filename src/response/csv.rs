//! Writes CSV whose cells spreadsheets don't run as formulas or split, and reads its cells back.

use std::borrow::Cow;

/// The characters with which a cell begins that a spreadsheet takes for a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Returns whether a text is a formula after its leading apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Puts an apostrophe in front of a text that a spreadsheet would take for a formula, even after other apostrophes.
/// [`unescape_formula`] removes it, so that every text can be written and read back.
#[must_use]
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Removes the apostrophe that [`escape_formula`] adds.
#[must_use]
pub fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| is_formula(text))
        .unwrap_or(cell)
}

/// Appends a line of CSV, with cells escaped by [`escape_formula`]. Every common delimiter is quoted, because programs
/// often open a comma-separated file as one with semicolons.
pub fn write_line<'t>(out: &mut Vec<u8>, delimiter: u8, texts: impl IntoIterator<Item = &'t str>) {
    let needs_quotes = |byte: u8| {
        byte == delimiter || matches!(byte, b'"' | b',' | b';' | b'\t' | b'|' | b'\r' | b'\n')
    };
    let start = out.len();
    let mut count = 0_usize;
    for text in texts {
        if count > 0 {
            out.push(delimiter);
        }
        count = count.saturating_add(1);
        let cell = escape_formula(text);
        if cell.bytes().any(needs_quotes) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    // A line with one empty cell would be an empty line, which readers skip.
    if count == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}
