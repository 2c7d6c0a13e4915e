//! Checks a whole file: takes its chunks, and returns the good rows, a file of the bad rows, and a summary. Memory use does
//! not grow with the file. Rows are checked in `row`, and counted in `summary`.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::iter::Peekable;
use std::rc::Rc;
use std::vec::IntoIter;

use serde::Serialize;

use super::lines::{Line, Lines};
use super::records::{Record, Records};
use super::row::{CheckedRow, check_line, check_record};
use super::summary::{Found, Place, Summary, shorten};
use super::{CONFIDENCE, Column, Content, ERROR};
use crate::input::report::Rules;
use crate::json::write::{string, to_json};
use crate::json::{Reader, SyntaxError};
use crate::problem::Problem;
use crate::response::csv::{unescape_formula, write_line};

/// Spreadsheets need it to recognize UTF-8.
const BOM: &str = "\u{feff}";

/// The format of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// CSV: the delimiter, and what the columns hold.
    Csv(u8, Vec<Option<Column>>),
    /// One report or call per line, as JSON.
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

/// A row of the preview: its cells, and the result of checking it.
#[derive(Serialize)]
pub struct Preview {
    line: usize,
    cells: Vec<String>,
    request: Option<String>,
    problems: Vec<Found>,
}

/// The format of the file of bad rows.
#[derive(Clone, Copy)]
enum Output {
    Csv(u8),
    /// The original lines, with the error as an additional member.
    Ndjson,
}

/// Good rows to set aside, in order.
struct Aside {
    /// The place of each among the good rows, and its confidence.
    marked: Peekable<IntoIter<(usize, String)>>,
    /// How many good rows came so far.
    good: usize,
}

struct Sheet {
    content: Content,
    columns: Rc<[Option<Column>]>,
    rules: Rules,
    output: Output,
    header: Option<Rc<[String]>>,
    summary: Summary,
    good: Vec<u8>,
    bad: Vec<u8>,
    /// The original text that could not be split into rows of calls.
    unread: Vec<u8>,
    /// The last byte of such text.
    raw_end: u8,
    fingerprint: DefaultHasher,
    preview: Vec<Preview>,
    preview_rows: usize,
    aside: Option<Aside>,
}

impl Check {
    /// Creates a check that keeps the first `preview_rows` for a preview.
    #[must_use]
    pub fn new(content: Content, settings: Settings, rules: Rules, preview_rows: usize) -> Self {
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
            summary: Summary::default(),
            good: Vec::new(),
            bad: Vec::new(),
            unread: Vec::new(),
            raw_end: 0,
            fingerprint: DefaultHasher::new(),
            preview: Vec::new(),
            preview_rows,
            aside: None,
        };
        if let (Input::Ndjson(_), Output::Csv(_)) = (&input, output) {
            sheet.begin(["line", "report"].map(str::to_owned).to_vec());
        }
        Self { input, sheet }
    }

    /// Makes this a second reading of the file that only sets good rows aside: [`Self::take_bad`] returns these rows, with
    /// their confidence in place of an error, and nothing else. `marked` has the place of each among the good rows, in
    /// order, and its confidence. Called before the first chunk.
    pub fn set_aside(&mut self, marked: Vec<(usize, String)>) {
        self.sheet.aside = Some(Aside {
            marked: marked.into_iter().peekable(),
            good: 0,
        });
        if let Some(header) = self.sheet.header.take() {
            self.sheet.bad.clear();
            self.sheet.begin(header.to_vec());
        }
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

    /// Reads the last row, if no line break ended it.
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

    /// Adds a good row to the bad ones, with the error that the server gave it.
    pub fn reject(&mut self, line: usize, cells: &[String], error: &str) {
        self.sheet
            .write_bad(cells, &format!("line {line}: {error}"));
    }

    /// Returns the good rows since the last call, one per line: reports as rows of a batch, calls each with its line and cells.
    pub fn take_good(&mut self) -> Vec<u8> {
        let good = std::mem::take(&mut self.sheet.good);
        self.sheet.fingerprint.write(&good);
        good
    }

    /// Returns the bad rows since the last call, as CSV with the file's own columns, or as lines.
    pub fn take_bad(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sheet.bad)
    }

    /// Returns the original text since the last call that could not be split into rows of calls. Write it after all bad rows,
    /// because an unclosed quote in it would merge them. For reports, such text is among the bad rows.
    pub fn take_unread(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sheet.unread)
    }

    /// Returns the numbers of all, good and bad rows so far.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        self.sheet.summary.counts()
    }

    /// Returns the counts and the first problems so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.sheet.summary
    }

    /// Returns the first rows.
    #[must_use]
    pub fn preview(&self) -> &[Preview] {
        &self.sheet.preview
    }

    /// Returns a fingerprint that recognizes the same good rows, of which none is kept.
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
                self.begin(
                    cells
                        .iter()
                        .map(|cell| unescape_formula(cell).to_owned())
                        .collect(),
                );
            }
            return;
        };
        let has_errors = own(&header, ERROR).len() < header.len();
        let is_whole = !record.too_large && !record.is_open && !record.is_merged;
        if is_whole && is_blank(record, has_errors) {
            return;
        }
        let checked = check_record(record, &self.columns, has_errors, self.content, self.rules);
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
                vec![String::new(); own(&header, ERROR).len()]
            }
        };
        if !is_whole {
            self.keep_record(record);
        }
        self.row(record.line, checked, &place, &cells);
        if record.is_open || record.is_merged {
            self.summary
                .merged(record.last_line.saturating_sub(record.line));
        }
    }

    /// Keeps the rest of a record's original text, with a line break at the end.
    fn keep_record(&mut self, record: &Record<'_>) {
        self.keep_raw(record.raw);
        match self.raw_end {
            b'\n' => {}
            b'\r' => self.keep_raw(b"\n"),
            _ => self.keep_raw(b"\r\n"),
        }
    }

    /// Keeps original text. The bad reports of an NDJSON file are written as CSV, which can't hold such text.
    fn keep_raw(&mut self, raw: &[u8]) {
        self.raw_end = raw.last().copied().unwrap_or(self.raw_end);
        match (self.content, self.columns.is_empty()) {
            (Content::Calls, _) => self.unread.extend_from_slice(raw),
            (Content::Reports, false) => self.bad.extend_from_slice(raw),
            (Content::Reports, true) => {}
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let checked = check_line(line.text, line.number, self.content, self.rules);
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let place = |problem: &Problem| {
            let value = problem
                .span
                .and_then(|span| line.text?.get(span.start..span.end));
            Some((problem.pointer.clone(), text(value)))
        };
        let cells = || vec![line.number.to_string(), text(line.text)];
        self.row(line.number, checked, &place, &cells);
    }

    /// The column that is added to the rows of the file that this writes.
    const fn added(&self) -> &'static str {
        match self.aside {
            Some(_) => CONFIDENCE,
            None => ERROR,
        }
    }

    /// Begins the file of bad rows: the header, and the column that is added.
    fn begin(&mut self, mut header: Vec<String>) {
        // Spreadsheets add empty cells after the last column.
        while header.len() > self.columns.len().max(1)
            && header.last().is_some_and(|name| name.trim().is_empty())
        {
            header.pop();
        }
        if let Output::Csv(delimiter) = self.output {
            let added = self.added();
            self.bad.extend_from_slice(BOM.as_bytes());
            let names = own(&header, added).iter().map(String::as_str);
            write_line(&mut self.bad, delimiter, names.chain([added]));
        }
        self.header = Some(header.into());
    }

    fn row(
        &mut self,
        line: usize,
        checked: CheckedRow,
        place: Place<'_>,
        cells: &dyn Fn() -> Vec<String>,
    ) {
        if let Some(aside) = &mut self.aside {
            if checked.good.is_some() {
                let marked = aside.marked.next_if(|(place, _)| *place == aside.good);
                aside.good = aside.good.saturating_add(1);
                if let Some((_, confidence)) = marked {
                    self.write_bad(&cells(), &confidence);
                }
            }
            return;
        }
        let found = self
            .summary
            .row(line, &checked.problems, &checked.warnings, place);
        if let Some(good) = &checked.good {
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
                .take(checked.problems.len())
                .map(error)
                .collect();
            self.write_bad(&cells(), &format!("line {line}: {}", errors.join("; ")));
        }
        if self.preview.len() < self.preview_rows {
            self.preview.push(Preview {
                line,
                cells: cells().iter().map(|cell| shorten(cell)).collect(),
                request: checked.good,
                problems: found,
            });
        }
    }

    /// Writes a row of the file of bad rows: its original cells, so that it stays invalid until it is corrected, and after
    /// them the error, or what else is added.
    fn write_bad(&mut self, cells: &[String], error: &str) {
        let delimiter = match self.output {
            Output::Csv(delimiter) => delimiter,
            Output::Ndjson => {
                let line = cells.last().map_or("", String::as_str);
                // A line that is too large is among the unread text.
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

    /// Returns the cells of a row without the error of an earlier check, and without empty cells after the last column.
    fn own_cells<'c>(&self, cells: &'c [String]) -> Vec<&'c str> {
        let header = self.header.as_deref().unwrap_or_default();
        let mut texts: Vec<&str> = cells.iter().map(|cell| unescape_formula(cell)).collect();
        while texts.len() > header.len() && texts.last().is_some_and(|text| text.is_empty()) {
            texts.pop();
        }
        let has_errors = own(header, self.added()).len() < header.len();
        let is_ours =
            texts.len() == header.len() || texts.last().is_some_and(|text| is_error(text));
        if has_errors && is_ours {
            texts.pop();
        }
        texts
    }
}

/// Whether all cells of a record are empty, apart from the error of an earlier check in the last one.
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

/// Returns the delimiter that a first line such as `sep=;` declares to spreadsheets. That line may itself have been split at
/// `delimiter`.
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

/// Returns a good call with its line and cells, as JSON.
fn candidate(line: usize, cells: &[String], call: &str) -> String {
    format!(
        "{{\"line\":{line},\"cells\":{},\"call\":{call}}}",
        to_json(&cells)
    )
}

/// Returns a line with its error as the last member. A line that is not an object becomes the member `line`.
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

/// Returns the original text of an object's members, without the error of an earlier check.
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

/// Returns a header without the column that an earlier check added, or that is added again.
fn own<'a>(header: &'a [String], added: &str) -> &'a [String] {
    match header.split_last() {
        Some((last, others)) if last == ERROR || last == added => others,
        _ => header,
    }
}
