//! A whole file: chunks in; rows of a batch, CSV of the bad rows, and how the file did out. What it keeps does not
//! grow with the file.
//!
//! Not here: reading and judging a row, and counting.

use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;

use serde::Serialize;

use super::Column;
use super::lines::{Line, Lines};
use super::records::{Record, Records};
use super::row::{Judged, judge_line, judge_record};
use super::tally::{Found, Place, Tally, shorten};
use crate::export::neutral;
use crate::problem::Problem;
use crate::request::Rules;
use crate::write::to_json;

/// The column that the bad rows get; one of that name at the end of a file is ours, from another time.
const ERROR: &str = "error";
/// Without it a spreadsheet takes UTF-8 for something else.
const BOM: &str = "\u{feff}";

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// CSV: what separates the cells, and what the columns hold.
    Csv(u8, Vec<Option<Column>>),
    /// A report a line.
    Ndjson,
}

/// Checks a file.
pub struct Check {
    input: Input,
    sheet: Sheet,
}

enum Input {
    Csv(Box<Records>),
    Ndjson(Lines),
}

/// A row, before and after.
#[derive(Serialize)]
struct Shown {
    line: usize,
    cells: Vec<String>,
    request: Option<String>,
    problems: Vec<Found>,
}

struct Sheet {
    columns: Rc<[Option<Column>]>,
    rules: Rules,
    delimiter: u8,
    header: Option<Rc<[String]>>,
    tally: Tally,
    good: Vec<u8>,
    bad: csv::Writer<Vec<u8>>,
    fingerprint: DefaultHasher,
    shown: Vec<Shown>,
    show: usize,
}

/// Cells as a line of CSV, none of which a spreadsheet takes for a formula.
#[must_use]
pub fn to_csv<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = writer(b',', "");
    write(&mut writer, cells);
    writer.into_inner().unwrap_or_default()
}

/// Writes CSV behind what stands in `start`.
fn writer(delimiter: u8, start: &str) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(start.as_bytes().to_vec())
}

fn write<'a>(writer: &mut csv::Writer<Vec<u8>>, cells: impl Iterator<Item = &'a str>) {
    // Writing to memory does not fail.
    let _ = writer.write_record(cells.map(|cell| neutral(cell).into_owned()));
}

impl Check {
    /// A check of a file, which keeps the first `show` rows to be shown.
    #[must_use]
    pub fn new(settings: Settings, rules: Rules, show: usize) -> Self {
        let (input, delimiter, columns, header) = match settings {
            Settings::Csv(delimiter, columns) => (
                Input::Csv(Box::new(Records::new(delimiter))),
                delimiter,
                columns,
                None,
            ),
            Settings::Ndjson => {
                let header = ["line", "report"].map(str::to_owned);
                let input = Input::Ndjson(Lines::default());
                (input, b',', Vec::new(), Some(header.to_vec()))
            }
        };
        let mut sheet = Sheet {
            columns: columns.into(),
            rules,
            delimiter,
            header: None,
            tally: Tally::default(),
            good: Vec::new(),
            bad: writer(delimiter, BOM),
            fingerprint: DefaultHasher::new(),
            shown: Vec::new(),
            show,
        };
        if let Some(header) = header {
            sheet.begin(header);
        }
        Self { input, sheet }
    }

    /// Reads a chunk.
    pub fn read(&mut self, chunk: &[u8]) {
        let sheet = &mut self.sheet;
        match &mut self.input {
            Input::Csv(records) => records.read(chunk, &mut |record| sheet.record(&record)),
            Input::Ndjson(lines) => lines.read(chunk, &mut |line| sheet.line(line)),
        }
    }

    /// Reads what no line break ended.
    pub fn finish(&mut self) {
        let sheet = &mut self.sheet;
        match &mut self.input {
            Input::Csv(records) => records.finish(&mut |record| sheet.record(&record)),
            Input::Ndjson(lines) => lines.finish(&mut |line| sheet.line(line)),
        }
    }

    /// The good rows since the last call, one a line.
    pub fn take_good(&mut self) -> Vec<u8> {
        let good = std::mem::take(&mut self.sheet.good);
        self.sheet.fingerprint.write(&good);
        good
    }

    /// The bad rows since the last call, as CSV.
    pub fn take_bad(&mut self) -> Vec<u8> {
        let empty = writer(self.sheet.delimiter, "");
        std::mem::replace(&mut self.sheet.bad, empty)
            .into_inner()
            .unwrap_or_default()
    }

    /// How many rows there are so far, and how many of them are good and bad.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        self.sheet.tally.counts()
    }

    /// How the file did so far, as JSON.
    #[must_use]
    pub fn tally(&self) -> String {
        to_json(&self.sheet.tally)
    }

    /// The first rows as JSON, before and after.
    #[must_use]
    pub fn shown(&self) -> String {
        to_json(&self.sheet.shown)
    }

    /// By which the same good rows are known again, though none of them is kept.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", self.sheet.fingerprint.finish())
    }
}

impl Sheet {
    fn record(&mut self, record: &Record<'_>) {
        let Some(header) = self.header.clone() else {
            self.begin(record.lossy_cells());
            return;
        };
        let judged = judge_record(record, &self.columns, self.rules);
        let columns = Rc::clone(&self.columns);
        let pointers = columns
            .iter()
            .map(|column| Some(column.as_ref()?.target.pointer()));
        let place = |problem: &Problem| {
            let mut pointers = pointers.clone();
            let at = pointers.position(|pointer| pointer.as_ref() == Some(&problem.pointer))?;
            Some((
                header.get(at)?.clone(),
                record.lossy_cells().get(at)?.clone(),
            ))
        };
        self.row(record.line, judged, &place, &|| record.lossy_cells());
    }

    fn line(&mut self, line: Line<'_>) {
        let judged = judge_line(line.text, line.number, self.rules);
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let place = |problem: &Problem| {
            let value = problem
                .span
                .and_then(|span| line.text?.get(span.start..span.end));
            Some((problem.pointer.clone(), text(value)))
        };
        let cells = || vec![line.number.to_string(), text(line.text)];
        self.row(line.number, judged, &place, &cells);
    }

    /// Begins the file of bad rows: the header, and the column of the error.
    fn begin(&mut self, header: Vec<String>) {
        let names = own(&header).iter().map(String::as_str);
        write(&mut self.bad, names.chain([ERROR]));
        self.header = Some(header.into());
    }

    fn row(
        &mut self,
        line: usize,
        judged: Judged,
        place: Place<'_>,
        cells: &dyn Fn() -> Vec<String>,
    ) {
        let found = self
            .tally
            .row(line, &judged.problems, &judged.warnings, place);
        if let Some(good) = &judged.good {
            self.good.extend_from_slice(good.as_bytes());
            self.good.push(b'\n');
        } else {
            let error = |found: &Found| format!("{} ({})", found.message, found.code.as_str());
            let errors: Vec<String> = found
                .iter()
                .take(judged.problems.len())
                .map(error)
                .collect();
            self.write_bad(&cells(), &format!("line {line}: {}", errors.join("; ")));
        }
        if self.shown.len() < self.show {
            self.shown.push(Shown {
                line,
                cells: cells().iter().map(|cell| shorten(cell)).collect(),
                request: judged.good,
                problems: found,
            });
        }
    }

    /// A bad row: its cells, the error in its column, and what stood behind the last column.
    fn write_bad(&mut self, cells: &[String], error: &str) {
        let width = self.header.as_deref().map_or(0, |header| own(header).len());
        let all = self.header.as_deref().map_or(0, <[_]>::len);
        let padding = width.saturating_sub(cells.len());
        let line = cells.iter().take(width).map(String::as_str);
        let line = line.chain(std::iter::repeat_n("", padding)).chain([error]);
        let behind = cells.iter().skip(all).map(String::as_str);
        write(&mut self.bad, line.chain(behind));
    }
}

/// A header without the column that an earlier check added.
fn own(header: &[String]) -> &[String] {
    match header.split_last() {
        Some((last, others)) if last == ERROR => others,
        _ => header,
    }
}
