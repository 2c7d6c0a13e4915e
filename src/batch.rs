//! A batch as it is sent: a JSON object with a list of reports, or a report a line, into a list of rows.
//!
//! Not here: the rules of a report, and what becomes of it.

use std::borrow::Cow;

use crate::json::{Reader, SyntaxError, Value};
use crate::parameters::Sent;
use crate::problem::{Code, Problem, Span, pointer_to};
use crate::reply::{Reply, refuse_invalid, refuse_syntax};
use crate::request::{self, Report, Rules, SentToken, read_row, token};

/// The largest body, in bytes.
pub const MAX_BODY: usize = 4_194_304;
/// The most rows in a request, unless configured lower.
pub const MAX_ROWS: usize = 1_000;
/// The largest row of a body with a report a line, in bytes: a single report's.
pub const MAX_LINE: usize = request::MAX_BODY;

const ROOT: [&str; 2] = ["call_outcomes", "oauth_token"];

/// A row.
pub struct Row<'a> {
    /// The client's own key for it.
    pub key: Option<Cow<'a, str>>,
    /// The report, or the answer that refuses it.
    pub report: Result<Report<'a>, Box<Reply>>,
    /// What is probably not as it was meant. Pointers begin at the row.
    pub warnings: Vec<Problem>,
}

/// A batch, read.
pub struct Reading<'a> {
    /// The token in the body.
    pub token: SentToken<'a>,
    /// The rows in their order, or why the whole is refused.
    pub rows: Result<Vec<Row<'a>>, Vec<Problem>>,
    /// What is probably not as it was meant, beside the rows.
    pub warnings: Vec<Problem>,
}

/// Reads a JSON object with the list `call_outcomes`, of at most `max_rows`.
///
/// # Errors
/// `json.*` where the body is not a JSON object.
pub fn read(body: &str, rules: Rules, max_rows: usize) -> Result<Reading<'_>, SyntaxError> {
    let mut reader = Reader::object(body)?.of_list();
    let mut rows = None;
    let root = Sent::read(
        &mut reader,
        &ROOT,
        Some(&mut |reader, place| {
            let start = reader.position();
            if place > 0 || !reader.at_array() {
                return Ok(None);
            }
            rows = Some(read_list(reader, body, rules, max_rows)?);
            let end = reader.position();
            Ok(Some(Value::Array(Span { start, end })))
        }),
    )?;
    reader.end()?;
    let mut strays = Vec::new();
    root.stray_keys(&ROOT, "", &mut strays);
    let rows = match (root.value(0), rows) {
        (Some(Value::Array(_)), Some(Ok(rows))) if rows.is_empty() => Err(missing()),
        (Some(Value::Array(_)), Some(rows)) => rows,
        (None | Some(Value::Null(_)), _) => Err(missing()),
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
    Ok(Reading {
        token: token(root.value(1)),
        rows,
        warnings,
    })
}

/// Reads a body with a report a line; empty lines are passed over. A line that cannot be read fails its row only.
#[must_use]
pub fn read_lines(body: &[u8], rules: Rules, max_rows: usize) -> Reading<'_> {
    let lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty());
    let mut rows = Vec::new();
    let mut too_large = None;
    for line in lines {
        if rows.len() >= max_rows {
            too_large = Some(too_many(max_rows));
            break;
        }
        if line.len() > MAX_LINE {
            let mut problem = Problem::whole(Code::RowTooLarge).with_max(MAX_LINE);
            problem.pointer = pointer_to("", &rows.len().to_string());
            too_large = Some(problem);
            break;
        }
        rows.push(read_line(line, rules));
    }
    let rows = match too_large {
        Some(problem) => Err(vec![problem]),
        None if rows.is_empty() => Err(missing()),
        None => Ok(rows),
    };
    Reading {
        token: SentToken::NotSent,
        rows,
        warnings: Vec::new(),
    }
}

fn missing() -> Vec<Problem> {
    vec![Problem::whole(Code::CallOutcomesMissing)]
}

fn too_many(max_rows: usize) -> Problem {
    Problem::whole(Code::CallOutcomesTooMany).with_max(max_rows)
}

fn read_line(line: &[u8], rules: Rules) -> Row<'_> {
    let text = match request::text(line) {
        Ok(text) => text,
        Err((error, valid)) => return refused(refuse_syntax(&error, valid)),
    };
    let read = || {
        let mut reader = Reader::object(text)?;
        let row = read_row(&mut reader, rules)?;
        reader.end()?;
        Ok(row)
    };
    match read() {
        Ok(row) => report(row),
        Err(error) => refused(refuse_syntax(&error, text)),
    }
}

/// The rows of a list; what is behind the last one allowed is read over.
fn read_list<'a>(
    reader: &mut Reader<'a>,
    body: &'a str,
    rules: Rules,
    max_rows: usize,
) -> Result<Result<Vec<Row<'a>>, Vec<Problem>>, SyntaxError> {
    let mut rows = Vec::new();
    let mut too_long = false;
    reader.open_array()?;
    while reader.next_item()? {
        if rows.len() >= max_rows {
            too_long = true;
            reader.value()?;
        } else if reader.at_object() {
            rows.push(report(read_row(reader, rules)?));
        } else {
            let Span { start, end } = reader.value()?.span();
            let text = body.get(start..end).unwrap_or("");
            let error = Reader::object(text).err();
            rows.extend(error.map(|error| refused(refuse_syntax(&error, text))));
        }
    }
    Ok(if too_long {
        Err(vec![too_many(max_rows)])
    } else {
        Ok(rows)
    })
}

fn report(row: request::Row<'_>) -> Row<'_> {
    Row {
        key: row.key,
        report: row
            .report
            .map_err(|problems| Box::new(refuse_invalid(&problems))),
        warnings: row.warnings,
    }
}

fn refused<'a>(reply: Reply) -> Row<'a> {
    Row {
        key: None,
        report: Err(Box::new(reply)),
        warnings: Vec::new(),
    }
}
