//! A whole file: chunks in; good rows, a file of the bad rows, and how the file did out. What it keeps does not grow
//! with the file.
//!
//! Not here: reading and judging a row, and counting.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;

use serde::Serialize;

use super::lines::{Line, Lines};
use super::records::{Record, Records};
use super::row::{Judged, judge_line, judge_record};
use super::tally::{Found, Place, Tally, shorten};
use super::{Column, Content};
use crate::export::{original, write_line};
use crate::json::{Reader, SyntaxError};
use crate::problem::Problem;
use crate::request::Rules;
use crate::write::{string, to_json};

/// The column that the bad rows get; one of that name at the end of a file is ours, from another time.
pub(super) const ERROR: &str = "error";
/// Without it a spreadsheet takes UTF-8 for something else.
const BOM: &str = "\u{feff}";

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// CSV: what separates the cells, and what the columns hold.
    Csv(u8, Vec<Option<Column>>),
    /// A report or a call a line.
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

/// How the bad rows are written.
#[derive(Clone, Copy)]
enum Output {
    Csv(u8),
    /// The lines as they stood, with the error as one more member.
    Ndjson,
}

struct Sheet {
    content: Content,
    columns: Rc<[Option<Column>]>,
    rules: Rules,
    output: Output,
    header: Option<Rc<[String]>>,
    tally: Tally,
    good: Vec<u8>,
    bad: Vec<u8>,
    /// What could not be cut into rows of calls, as it stands in the file.
    unread: Vec<u8>,
    /// The last byte of such text.
    raw_end: u8,
    fingerprint: DefaultHasher,
    shown: Vec<Shown>,
    show: usize,
}

impl Check {
    /// A check of a file, which keeps the first `show` rows to be shown.
    #[must_use]
    pub fn new(content: Content, settings: Settings, rules: Rules, show: usize) -> Self {
        let (input, columns, output) = match settings {
            Settings::Csv(delimiter, columns) => {
                let input = Input::Csv(Box::new(Records::new(delimiter)));
                (input, columns, Output::Csv(delimiter))
            }
            Settings::Ndjson => {
                let output = match content {
                    Content::Reports => Output::Csv(b','),
                    Content::Calls => Output::Ndjson,
                };
                (Input::Ndjson(Lines::default()), Vec::new(), output)
            }
        };
        let mut sheet = Sheet {
            content,
            columns: columns.into(),
            rules,
            output,
            header: None,
            tally: Tally::default(),
            good: Vec::new(),
            bad: Vec::new(),
            unread: Vec::new(),
            raw_end: 0,
            fingerprint: DefaultHasher::new(),
            shown: Vec::new(),
            show,
        };
        if let (Input::Ndjson(_), Output::Csv(_)) = (&input, output) {
            sheet.begin(["line", "report"].map(str::to_owned).to_vec());
        }
        Self { input, sheet }
    }

    /// Reads a chunk.
    pub fn read(&mut self, chunk: &[u8]) {
        let sheet = &mut self.sheet;
        match &mut self.input {
            Input::Csv(records) => {
                records.read(chunk, &mut |record| sheet.record(&record));
                sheet.keep_raw(&records.take_overflow());
            }
            Input::Ndjson(lines) => {
                lines.read(chunk, &mut |line| sheet.line(line));
                sheet.keep_raw(&lines.take_overflow());
            }
        }
    }

    /// Reads what no line break ended.
    pub fn finish(&mut self) {
        let sheet = &mut self.sheet;
        match &mut self.input {
            Input::Csv(records) => records.finish(&mut |record| sheet.record(&record)),
            Input::Ndjson(lines) => {
                lines.finish(&mut |line| sheet.line(line));
                sheet.keep_raw(&lines.take_overflow());
            }
        }
    }

    /// Refuses a good row after all, for a reason that only the server knew: as CSV or a line it joins the bad ones.
    pub fn reject(&mut self, line: usize, cells: &[String], error: &str) {
        self.sheet
            .write_bad(cells, &format!("line {line}: {error}"));
    }

    /// The good rows since the last call, one a line: reports as rows of a batch, calls each with its line and cells.
    pub fn take_good(&mut self) -> Vec<u8> {
        let good = std::mem::take(&mut self.sheet.good);
        self.sheet.fingerprint.write(&good);
        good
    }

    /// The bad rows since the last call, as CSV with the file's own columns, or as lines.
    pub fn take_bad(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sheet.bad)
    }

    /// The text since the last call that could not be cut into rows of calls, as it stands in the file; that of reports is
    /// among the bad rows. It belongs behind all bad rows, as a quote that is open in it would take them in.
    pub fn take_unread(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sheet.unread)
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
            let cells = record.lossy_cells();
            let Output::Csv(delimiter) = self.output else {
                return;
            };
            if record.line > 1 || declared_delimiter(&cells, delimiter).is_none() {
                self.begin(cells.iter().map(|cell| original(cell).to_owned()).collect());
            }
            return;
        };
        let has_errors = own(&header).len() < header.len();
        let is_whole = !record.too_large && !record.is_open && !record.is_merged;
        if is_whole && is_blank(record, has_errors) {
            return;
        }
        let judged = judge_record(record, &self.columns, has_errors, self.content, self.rules);
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
        let cells = || {
            if is_whole {
                record.lossy_cells()
            } else {
                vec![String::new(); own(&header).len()]
            }
        };
        if !is_whole {
            self.keep_record(record);
        }
        self.row(record.line, judged, &place, &cells);
        if record.is_open || record.is_merged {
            self.tally
                .merged(record.last_line.saturating_sub(record.line));
        }
    }

    /// Keeps the rest of a record as it stands in the file.
    fn keep_record(&mut self, record: &Record<'_>) {
        self.keep_raw(record.raw);
        match self.raw_end {
            b'\n' => {}
            b'\r' => self.keep_raw(b"\n"),
            _ => self.keep_raw(b"\r\n"),
        }
    }

    /// Keeps text as it stands in the file. Of a file that is no CSV, the bad rows are one, where it has no place.
    fn keep_raw(&mut self, raw: &[u8]) {
        self.raw_end = raw.last().copied().unwrap_or(self.raw_end);
        match (self.content, self.columns.is_empty()) {
            (Content::Calls, _) => self.unread.extend_from_slice(raw),
            (Content::Reports, false) => self.bad.extend_from_slice(raw),
            (Content::Reports, true) => {}
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let judged = judge_line(line.text, line.number, self.content, self.rules);
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
    fn begin(&mut self, mut header: Vec<String>) {
        // Cells that are empty behind the last column are a spreadsheet's habit.
        while header.len() > self.columns.len().max(1)
            && header.last().is_some_and(|name| name.trim().is_empty())
        {
            header.pop();
        }
        if let Output::Csv(delimiter) = self.output {
            self.bad.extend_from_slice(BOM.as_bytes());
            let names = own(&header).iter().map(String::as_str);
            write_line(&mut self.bad, delimiter, names.chain([ERROR]));
        }
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
            let line = match self.content {
                Content::Reports => Cow::Borrowed(good),
                Content::Calls => Cow::Owned(candidate(line, &cells(), good)),
            };
            self.good.extend_from_slice(line.as_bytes());
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

    /// A bad row: its cells as they came, so that it is bad again until it is corrected, and behind them the error.
    fn write_bad(&mut self, cells: &[String], error: &str) {
        let delimiter = match self.output {
            Output::Csv(delimiter) => delimiter,
            Output::Ndjson => {
                let line = cells.last().map_or("", String::as_str);
                // A line that is too large is kept as it stands.
                if !line.is_empty() {
                    self.bad
                        .extend_from_slice(with_error(line, error).as_bytes());
                    self.bad.push(b'\n');
                }
                return;
            }
        };
        let own_cells = self.own_cells(cells);
        let mut bad = std::mem::take(&mut self.bad);
        write_line(&mut bad, delimiter, own_cells.into_iter().chain([error]));
        self.bad = bad;
    }

    /// The cells of a row without the error of an earlier check, and without empty ones behind the last column.
    fn own_cells<'c>(&self, cells: &'c [String]) -> Vec<&'c str> {
        let header = self.header.as_deref().unwrap_or_default();
        let mut texts: Vec<&str> = cells.iter().map(|cell| original(cell)).collect();
        while texts.len() > header.len() && texts.last().is_some_and(|text| text.is_empty()) {
            texts.pop();
        }
        let has_errors = own(header).len() < header.len();
        let is_ours =
            texts.len() == header.len() || texts.last().is_some_and(|text| is_error(text));
        if has_errors && is_ours {
            texts.pop();
        }
        texts
    }
}

/// Whether no cell of a record holds anything, but for the error of an earlier check in the last one.
fn is_blank(record: &Record<'_>, has_errors: bool) -> bool {
    let Some(at) = record.first_filled() else {
        return true;
    };
    if !has_errors || at == 0 {
        return false;
    }
    let cells = record.lossy_cells();
    cells.len() == at.saturating_add(1) && cells.last().is_some_and(|cell| is_error(cell))
}

/// Whether a cell is the error of an earlier check.
pub(super) fn is_error(cell: &str) -> bool {
    let number = cell
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "));
    number.is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What separates the cells of a file, where its first line says so for a spreadsheet, as `sep=;`. Such a line may itself
/// have been cut at `delimiter`.
pub(super) fn declared_delimiter(cells: &[impl AsRef<str>], delimiter: u8) -> Option<u8> {
    let (first, others) = cells.split_first()?;
    let (name, said) = first.as_ref().split_at_checked(4)?;
    if !name.eq_ignore_ascii_case("sep=") || others.iter().any(|cell| !cell.as_ref().is_empty()) {
        return None;
    }
    match (said.as_bytes(), others.len()) {
        ([said], 0) => Some(*said),
        ([], 1) => Some(delimiter),
        _ => None,
    }
}

/// A good call with its line and cells, as JSON.
fn candidate(line: usize, cells: &[String], call: &str) -> String {
    format!(
        "{{\"line\":{line},\"cells\":{},\"call\":{call}}}",
        to_json(&cells)
    )
}

/// A line with its error as the last member. What is no object becomes a member too, and is one once corrected.
fn with_error(line: &str, error: &str) -> String {
    let mut out = members(line).unwrap_or_else(|_| {
        let mut out = "\"line\":".to_owned();
        string(&mut out, line);
        out
    });
    out.insert(0, '{');
    if out.len() > 1 {
        out.push(',');
    }
    string(&mut out, ERROR);
    out.push(':');
    string(&mut out, error);
    out.push('}');
    out
}

/// The members of an object as they stand in a text, without the error of an earlier check.
fn members(text: &str) -> Result<String, SyntaxError> {
    let mut reader = Reader::object(text)?;
    let mut out = String::new();
    reader.open_object()?;
    while let Some(key) = reader.next_key()? {
        let value = reader.value()?.span();
        if key.decode() == ERROR {
            continue;
        }
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(text.get(key.span.start..value.end).unwrap_or_default());
    }
    reader.end()?;
    Ok(out)
}

/// A header without the column that an earlier check added.
fn own(header: &[String]) -> &[String] {
    match header.split_last() {
        Some((last, others)) if last == ERROR => others,
        _ => header,
    }
}
