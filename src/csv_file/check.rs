//! A whole file: chunks in; good rows, a file of the bad rows, and how the file did out. What it keeps does not grow
//! with the file.
//!
//! Not here: reading and judging a row, and counting.

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
pub struct Preview {
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
    fingerprint: DefaultHasher,
    preview: Vec<Preview>,
    preview_rows: usize,
    aside: Option<Aside>,
}

impl Check {
    /// A check of a file, which keeps its first rows for a preview.
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

    /// How many rows there are so far, and how many of them are good and bad.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        self.sheet.summary.counts()
    }

    /// The counts and the first problems so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.sheet.summary
    }

    /// The first rows, before and after.
    #[must_use]
    pub fn preview(&self) -> &[Preview] {
        &self.sheet.preview
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
            self.begin(
                cells
                    .iter()
                    .map(|cell| unescape_formula(cell).to_owned())
                    .collect(),
            );
            return;
        };
        let checked = check_record(record, &self.columns, self.content, self.rules);
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
        self.row(record.line, checked, &place, &|| record.lossy_cells());
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
    fn begin(&mut self, header: Vec<String>) {
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

    /// A row of the file of bad rows: its cells, the error in the column that is added, and what stood behind the last column.
    fn write_bad(&mut self, cells: &[String], error: &str) {
        let delimiter = match self.output {
            Output::Csv(delimiter) => delimiter,
            Output::Ndjson => {
                let line = cells.last().map_or("", String::as_str);
                self.bad
                    .extend_from_slice(with_error(line, error).as_bytes());
                self.bad.push(b'\n');
                return;
            }
        };
        let width = self
            .header
            .as_deref()
            .map_or(0, |header| own(header, self.added()).len());
        let all = self.header.as_deref().map_or(0, <[_]>::len);
        let padding = width.saturating_sub(cells.len());
        let texts = || cells.iter().map(|cell| unescape_formula(cell));
        let line = texts().take(width);
        let line = line.chain(std::iter::repeat_n("", padding)).chain([error]);
        write_line(&mut self.bad, delimiter, line.chain(texts().skip(all)));
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

/// A header without the column that an earlier check added, or that is added again.
fn own<'a>(header: &'a [String], added: &str) -> &'a [String] {
    match header.split_last() {
        Some((last, others)) if last == ERROR || last == added => others,
        _ => header,
    }
}
