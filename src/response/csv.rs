//! Writing CSV that spreadsheets neither run as formulas nor split differently, and reading its cells back.

use std::borrow::Cow;

/// The characters that make a spreadsheet take a cell for a formula, in front of it or behind what it drops.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a text is a formula behind its leading apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell that no spreadsheet takes for a formula: text that begins like one, behind any apostrophes, gets one more
/// apostrophe in front. [`unescape_formula`] takes exactly that one off, so every text survives being written and read.
#[must_use]
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that [`escape_formula`] may have written.
#[must_use]
pub fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| is_formula(text))
        .unwrap_or(cell)
}

/// Appends texts as a line of CSV that [`escape_formula`] makes safe. Whatever programs take for a delimiter or a line break is
/// quoted, not only this file's own: a comma-separated file is often opened by one that expects semicolons.
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
    // A line with one empty cell would be an empty line, which readers pass over.
    if count == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}
