//! What a request for the records asks, and records as a spreadsheet.
//!
//! Not here: the database, and who may read.

use std::borrow::Cow;

use crate::problem::{Code, Problem};
use crate::time::UnixMillis;
use crate::transaction_id::TransactionId;

/// How many records a page has, unless the request says.
pub const DEFAULT_LIMIT: usize = 1_000;
/// How many records a page has at most.
pub const MAX_LIMIT: usize = 4_000;

/// Which records are asked for, in the order in which they were stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Only those written at this time or later, in Unix seconds.
    pub from: Option<i64>,
    /// Only those written at this time or earlier, in Unix seconds.
    pub to: Option<i64>,
    /// How many at most.
    pub limit: usize,
    /// Only those behind this one; `Some(None)` is a malformed id, which no record has.
    pub start_after: Option<Option<TransactionId>>,
}

impl Export {
    /// Reads the parameters of a query; blank is not passed, of a repeated one the last counts, others are ignored.
    ///
    /// # Errors
    /// Every parameter that is wrong.
    pub fn read<'q>(
        query: impl IntoIterator<Item = (&'q str, &'q str)>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut from, mut to, mut limit, mut start_after) = (None, None, None, None);
        for (name, value) in query {
            let place = match name {
                "from" => &mut from,
                "to" => &mut to,
                "limit" => &mut limit,
                "start_after_transaction_id" => &mut start_after,
                _ => continue,
            };
            *place = Some(value.trim()).filter(|value| !value.is_empty());
        }
        let mut problems = Vec::new();
        let mut time = |sent: Option<&str>, name, code| {
            let time = UnixMillis::parse(sent?).map(UnixMillis::seconds);
            if time.is_none() {
                problems.push(Problem::whole(code).with_name(name));
            }
            time
        };
        let from = time(from, "from", Code::FromFormat);
        let to = time(to, "to", Code::ToFormat);
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |limit| {
            let is_plain = limit.bytes().all(|byte| byte.is_ascii_digit());
            let number = limit.parse().ok().filter(|_| is_plain);
            number.filter(|number| (1..=MAX_LIMIT).contains(number))
        });
        let Some(limit) = limit.filter(|_| problems.is_empty()) else {
            if limit.is_none() {
                let problem = Problem::whole(Code::LimitFormat).with_name("limit");
                problems.push(problem.with_max(MAX_LIMIT));
            }
            return Err(problems);
        };
        Ok(Self {
            from,
            to,
            limit,
            start_after: start_after.map(TransactionId::parse),
        })
    }
}

/// The characters that make a spreadsheet take a cell for a formula, in front of it or behind what it drops.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a text is a formula behind its leading apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A cell that no spreadsheet takes for a formula: text that begins like one, behind any apostrophes, gets one more
/// apostrophe in front. [`original`] takes exactly that one off, so every text survives being written and read.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that [`neutral`] may have written.
#[must_use]
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| is_formula(text))
        .unwrap_or(cell)
}

/// Appends texts as a line of CSV that [`neutral`] makes safe. Whatever programs take for a delimiter or a line break is
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
        let cell = neutral(text);
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
