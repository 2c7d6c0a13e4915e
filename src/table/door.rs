//! The door to JavaScript of the playground's page for files, and of the command that loads calls. Rows stay on this
//! side: chunks come in, and what is written to files goes out.
//!
//! Not here: anything that decides.

use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use super::amount::Mark;
use super::check::{Check, Settings};
use super::guess::guess;
use super::time::{Style, Zone, offset_of};
use super::{Choice, Column, Content, Format, Target};
use crate::export::write_line;
use crate::json::Reader;
use crate::phone::CountryCode;
use crate::request::Rules;
use crate::write::to_json;

/// What a file holds, as it is told column by column; then its check.
#[wasm_bindgen]
pub struct Table {
    content: Content,
    settings: Settings,
    check: Option<Check>,
}

/// Of calls, where that is said; else of reports.
fn content_of(of_calls: Option<bool>) -> Content {
    match of_calls {
        Some(true) => Content::Calls,
        _ => Content::Reports,
    }
}

/// What a file seems to be.
#[must_use]
#[wasm_bindgen(js_name = guess)]
pub fn guess_file(
    sample: &[u8],
    is_whole: bool,
    delimiter: Option<u8>,
    of_calls: Option<bool>,
) -> String {
    guess(content_of(of_calls), sample, is_whole, delimiter)
}

/// What can be chosen for a column: each parameter with its part of a report, what it holds, and the formats of that:
/// their names, examples, and whether they take a zone.
#[must_use]
#[wasm_bindgen]
pub fn choices(of_calls: Option<bool>) -> String {
    let time = |style: Style| (style.name(), style.example(), style != Style::Unix);
    let amount = |mark: Mark| (mark.name(), mark.example(), false);
    let choices = |target: Target| match target.choice() {
        Choice::Time => ("time", Style::ALL.map(time).to_vec()),
        Choice::Amount => ("amount", Mark::ALL.map(amount).to_vec()),
        Choice::None => ("", Vec::new()),
    };
    let all: Vec<_> = Target::all(content_of(of_calls))
        .map(|target| (target.section(), target.name(), choices(target)))
        .collect();
    to_json(&all)
}

/// The seconds of an offset such as `+02:00`, if it is one.
#[must_use]
#[wasm_bindgen(js_name = offsetOf)]
pub fn offset(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "less than a day in seconds")]
    offset_of(text).map(|seconds| seconds as f64)
}

/// Cells as a line of CSV, none of which a spreadsheet takes for a formula.
#[must_use]
#[wasm_bindgen(js_name = toCsv)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "a list of texts comes from JavaScript by value"
)]
pub fn csv_line(cells: Vec<String>) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(&mut line, b',', cells.iter().map(String::as_str));
    line
}

/// Why a text is not a JSON object, and where.
#[must_use]
#[wasm_bindgen(js_name = jsonError)]
pub fn json_error(text: &str) -> Option<String> {
    let read = Reader::object(text).and_then(|mut reader| {
        reader.value()?;
        reader.end()
    });
    read.err().map(|error| error.message(text))
}

#[wasm_bindgen]
impl Table {
    /// A file whose cells are separated by `delimiter`; without one, a file with a report or a call a line.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(delimiter: Option<u8>, of_calls: Option<bool>) -> Self {
        let settings = delimiter.map_or(Settings::Ndjson, |delimiter| {
            Settings::Csv(delimiter, Vec::new())
        });
        Self {
            content: content_of(of_calls),
            settings,
            check: None,
        }
    }

    /// What the next column holds; a name that is none is no parameter. `zone` is the first offset of its time zone, then
    /// each change: from when, and the offset from then on. Without any, a time needs an offset of its own.
    #[wasm_bindgen]
    pub fn column(&mut self, parameter: &str, format: &str, zone: &[f64]) {
        let Settings::Csv(_, columns) = &mut self.settings else {
            return;
        };
        let target = Target::find(self.content, parameter);
        let style = Style::ALL.into_iter().find(|style| style.name() == format);
        let mark = Mark::ALL.into_iter().find(|mark| mark.name() == format);
        columns.push(target.map(|target| Column {
            target,
            format: match (target.choice(), style, mark) {
                (Choice::Time, Some(style), _) => Format::Time(style, zone_of(zone)),
                (Choice::Amount, _, Some(mark)) => Format::Amount(mark),
                _ => Format::Plain,
            },
        }));
    }

    /// Begins to check. The first `show` rows are kept to be shown; in `strict` rules an unknown key refuses its row.
    ///
    /// # Errors
    /// Where the country code is none.
    #[wasm_bindgen]
    pub fn begin(&mut self, country: &str, show: usize, strict: bool) -> Result<(), JsError> {
        let country = CountryCode::parse(country)
            .ok_or_else(|| JsError::new("default_country_code must have 1 to 3 digits"))?;
        let rules = Rules { country, strict };
        let settings = self.settings.clone();
        self.check = Some(Check::new(self.content, settings, rules, show));
        Ok(())
    }

    /// Refuses a good row after all, for a reason that only the server knew.
    #[wasm_bindgen]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a list of texts comes from JavaScript by value"
    )]
    pub fn reject(&mut self, line: usize, cells: Vec<String>, error: &str) {
        if let Some(check) = &mut self.check {
            check.reject(line, &cells, error);
        }
    }

    /// Reads a chunk; an empty one is the end.
    #[wasm_bindgen]
    pub fn read(&mut self, chunk: &[u8]) {
        match &mut self.check {
            Some(check) if chunk.is_empty() => check.finish(),
            Some(check) => check.read(chunk),
            None => {}
        }
    }

    /// The good rows since the last call, one a line.
    #[wasm_bindgen(js_name = takeGood)]
    pub fn take_good(&mut self) -> Vec<u8> {
        self.check.as_mut().map_or_else(Vec::new, Check::take_good)
    }

    /// The bad rows since the last call, as CSV or lines.
    #[wasm_bindgen(js_name = takeBad)]
    pub fn take_bad(&mut self) -> Vec<u8> {
        self.check.as_mut().map_or_else(Vec::new, Check::take_bad)
    }

    /// The text since the last call that could not be cut into rows, which belongs behind all bad rows.
    #[wasm_bindgen(js_name = takeUnread)]
    pub fn take_unread(&mut self) -> Vec<u8> {
        self.check
            .as_mut()
            .map_or_else(Vec::new, Check::take_unread)
    }

    /// How many rows there are so far, and how many of them are good and bad.
    #[must_use]
    #[wasm_bindgen]
    pub fn counts(&self) -> Vec<usize> {
        let check = self.check.as_ref();
        check.map_or_else(Vec::new, |check| check.counts().to_vec())
    }

    /// How the file did so far.
    #[must_use]
    #[wasm_bindgen]
    pub fn tally(&self) -> String {
        self.check.as_ref().map_or_else(String::new, Check::tally)
    }

    /// The first rows, before and after.
    #[must_use]
    #[wasm_bindgen]
    pub fn shown(&self) -> String {
        self.check.as_ref().map_or_else(String::new, Check::shown)
    }

    /// By which the same good rows are known again.
    #[must_use]
    #[wasm_bindgen]
    pub fn fingerprint(&self) -> String {
        let check = self.check.as_ref();
        check.map_or_else(String::new, Check::fingerprint)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole seconds, and a cast of a float saturates"
)]
fn zone_of(seconds: &[f64]) -> Zone {
    let mut seconds = seconds.iter().map(|seconds| *seconds as i64);
    let Some(first) = seconds.next() else {
        return Zone::UNKNOWN;
    };
    let mut changes = Vec::new();
    while let (Some(from), Some(offset)) = (seconds.next(), seconds.next()) {
        changes.push((from, offset));
    }
    Zone::new(first, changes)
}
