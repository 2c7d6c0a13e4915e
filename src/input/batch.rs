//! Reads a batch: a JSON object with a list of reports, or one report a line.
//!
//! A body is read twice. The first pass checks it as a whole and finds the token and the number of rows; the second
//! reads row by row, so that a row takes memory only when its turn comes.

use std::borrow::Cow;
use std::slice::Split;

use crate::input::fields::{MAX_LIST_STRAYS, ObjectFields};
use crate::input::report::{self, Report, ReportRow, Rules, SentToken, read_row, token};
use crate::json::{Reader, SyntaxError, Value};
use crate::problem::{Code, Problem, Span, pointer_to};

/// The largest body, in bytes.
pub const MAX_BODY: usize = 4_194_304;
/// The most rows in a request, unless configured lower.
pub const MAX_ROWS: usize = 1_000;
/// The largest line of a body with one report a line, in bytes.
pub const MAX_LINE: usize = report::MAX_BODY;

const ROOT: [&str; 2] = ["call_outcomes", "oauth_token"];

/// A row of a batch.
pub struct BatchRow<'a> {
    /// The client's own key for the row.
    pub key: Option<Cow<'a, str>>,
    /// The report, or the reason why it is invalid.
    pub report: Result<Report<'a>, InvalidRow<'a>>,
    /// Warnings, with pointers that begin at the row.
    pub warnings: Vec<Problem>,
}

/// The reason why a row of a batch isn't a valid report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRow<'a> {
    /// The row is not a JSON object: the error, and the text that it points into.
    Syntax(SyntaxError, &'a str),
    /// Every problem of the report.
    Problems(Vec<Problem>),
}

/// A batch whose rows are still to be read.
pub struct BatchRequest<'a> {
    /// The token in the body.
    pub token: SentToken<'a>,
    /// The rows in their order, at least one and no more than allowed, or the problems of the whole batch.
    pub rows: Result<BatchRows<'a>, Vec<Problem>>,
    /// Warnings about the object around the rows.
    pub warnings: Vec<Problem>,
}

/// The rows of a batch. Each is read when the iterator gets to it.
pub struct BatchRows<'a> {
    form: Form<'a>,
    /// How many rows are left.
    left: usize,
    rules: Rules,
    /// How many unknown and repeated keys may still be named.
    strays_left: usize,
}

enum Form<'a> {
    /// Items of a list. The reader is before the next one. The text was checked in the first pass.
    List(Reader<'a>, &'a str),
    /// Lines.
    Lines(Lines<'a>),
}

type Lines<'a> = Split<'a, u8, fn(&u8) -> bool>;

impl<'a> BatchRows<'a> {
    const fn new(form: Form<'a>, left: usize, rules: Rules) -> Self {
        Self {
            form,
            left,
            rules,
            strays_left: MAX_LIST_STRAYS,
        }
    }
}

impl<'a> Iterator for BatchRows<'a> {
    type Item = BatchRow<'a>;

    fn next(&mut self) -> Option<BatchRow<'a>> {
        self.left = self.left.checked_sub(1)?;
        let Self {
            form,
            rules,
            strays_left,
            ..
        } = self;
        match form {
            Form::List(reader, body) => read_item(reader, body, *rules, strays_left).ok(),
            Form::Lines(lines) => {
                let line = lines.find(|line| !is_blank(line))?;
                Some(read_line(line, *rules, strays_left))
            }
        }
    }
}

/// Reads a JSON object with the list `call_outcomes`, of at most `max_rows`.
///
/// # Errors
/// `json.*` where the body is not a JSON object.
pub fn read(body: &str, rules: Rules, max_rows: usize) -> Result<BatchRequest<'_>, SyntaxError> {
    let mut reader = Reader::object(body)?.of_list();
    let mut rows = None;
    let root = ObjectFields::read(
        &mut reader,
        &ROOT,
        Some(&mut |reader, index| {
            let start = reader.position();
            if index > 0 || !reader.at_array() {
                return Ok(None);
            }
            reader.open_array()?;
            let items = reader.clone();
            let mut count = 0_usize;
            while reader.next_item()? {
                reader.value()?;
                count = count.saturating_add(1);
            }
            rows = Some((items, count));
            let end = reader.position();
            Ok(Some(Value::Array(Span { start, end })))
        }),
    )?;
    reader.end()?;
    let mut strays = Vec::new();
    let mut left = usize::MAX;
    root.stray_keys(&ROOT, "", &mut left, &mut strays);
    let rows = match (root.value(0), rows) {
        (Some(Value::Array(_)), Some((_, 0))) | (None | Some(Value::Null(_)), _) => Err(missing()),
        (Some(Value::Array(_)), Some((_, count))) if count > max_rows => {
            Err(vec![too_many(max_rows)])
        }
        (Some(Value::Array(_)), Some((items, count))) => {
            Ok(BatchRows::new(Form::List(items, body), count, rules))
        }
        (Some(value), _) => {
            let mut problem = Problem::whole(Code::CallOutcomesType).with_name(ROOT[0]);
            problem.pointer = pointer_to("", ROOT[0]);
            problem.span = Some(value.span());
            Err(vec![problem])
        }
    };
    let (rows, warnings) = if rules.strict && !strays.is_empty() {
        let mut problems = rows.err().unwrap_or_default();
        problems.append(&mut strays);
        (Err(problems), strays)
    } else {
        (rows, strays)
    };
    Ok(BatchRequest {
        token: token(root.value(1)),
        rows,
        warnings,
    })
}

/// Reads a body with one report a line. Empty lines are skipped. A line that can't be read fails only its row.
#[must_use]
pub fn read_lines(body: &[u8], rules: Rules, max_rows: usize) -> BatchRequest<'_> {
    let lines: Lines<'_> = body.split(|byte| *byte == b'\n');
    let mut count = 0_usize;
    let mut too_large = None;
    for line in lines.clone().filter(|line| !is_blank(line)) {
        if count >= max_rows {
            too_large = Some(too_many(max_rows));
            break;
        }
        if line.len() > MAX_LINE {
            let mut problem = Problem::whole(Code::RowTooLarge).with_max(MAX_LINE);
            problem.pointer = pointer_to("", &count.to_string());
            too_large = Some(problem);
            break;
        }
        count = count.saturating_add(1);
    }
    let rows = match too_large {
        Some(problem) => Err(vec![problem]),
        None if count == 0 => Err(missing()),
        None => Ok(BatchRows::new(Form::Lines(lines), count, rules)),
    };
    BatchRequest {
        token: SentToken::NotSent,
        rows,
        warnings: Vec::new(),
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

fn missing() -> Vec<Problem> {
    vec![Problem::whole(Code::CallOutcomesMissing)]
}

fn too_many(max_rows: usize) -> Problem {
    Problem::whole(Code::CallOutcomesTooMany).with_max(max_rows)
}

fn read_line<'a>(line: &'a [u8], rules: Rules, strays_left: &mut usize) -> BatchRow<'a> {
    let text = match report::text(line) {
        Ok(text) => text,
        Err((error, valid)) => return invalid(error, valid),
    };
    let mut read = || {
        let mut reader = Reader::object(text)?;
        let row = read_row(&mut reader, rules, strays_left)?;
        reader.end()?;
        Ok(row)
    };
    match read() {
        Ok(row) => report(row),
        Err(error) => invalid(error, text),
    }
}

/// The next row of a list.
fn read_item<'a>(
    reader: &mut Reader<'a>,
    body: &'a str,
    rules: Rules,
    strays_left: &mut usize,
) -> Result<BatchRow<'a>, SyntaxError> {
    reader.next_item()?;
    if reader.at_object() {
        return Ok(report(read_row(reader, rules, strays_left)?));
    }
    let Span { start, end } = reader.value()?.span();
    let text = body.get(start..end).unwrap_or("");
    Ok(invalid(SyntaxError::not_an_object(0), text))
}

fn report(row: ReportRow<'_>) -> BatchRow<'_> {
    BatchRow {
        key: row.key,
        report: row.report.map_err(InvalidRow::Problems),
        warnings: row.warnings,
    }
}

fn invalid(error: SyntaxError, text: &str) -> BatchRow<'_> {
    BatchRow {
        key: None,
        report: Err(InvalidRow::Syntax(error, text)),
        warnings: Vec::new(),
    }
}
