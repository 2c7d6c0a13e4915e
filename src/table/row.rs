//! One row: what stands in the file, as a report or a call, and what the rules of a batch or an import say of it.
//!
//! Not here: the rules, and the file.

use std::borrow::Cow;

use super::check::{ERROR, is_error};
use super::records::Record;
use super::{Column, Content, Converted, Section, damage};
use crate::batch::MAX_LINE;
use crate::calls::{CALL, CallReport, read_call};
use crate::json::{Reader, SyntaxError};
use crate::normal::{Call, Keyed};
use crate::problem::{Code, Problem, pointer_to};
use crate::request::{self, Rules, Search, read_row};
use crate::write::{string, to_json};

/// What became of a row.
#[derive(Debug, Default)]
pub struct Judged {
    /// The row of a batch, or the call, in its normal form, unless there are problems.
    pub good: Option<String>,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
}

impl Judged {
    fn bad(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }
}

/// Judges a record; `columns` say what the cells are, of which a record has as many as the header. `has_errors` says that
/// the last column is that of an earlier check's errors.
#[must_use]
pub fn judge_record(
    record: &Record<'_>,
    columns: &[Option<Column>],
    has_errors: bool,
    content: Content,
    rules: Rules,
) -> Judged {
    if record.is_open || record.is_merged {
        let code = if record.is_open {
            Code::RowQuoteOpen
        } else {
            Code::RowQuoteMisplaced
        };
        let problem = Problem::whole(code).with_name(record.line.to_string());
        return Judged::bad(problem.with_max(record.last_line));
    }
    if record.too_large {
        return Judged::bad(too_large());
    }
    let Some(cells) = record.cells() else {
        return Judged::bad(Problem::whole(Code::RowEncoding));
    };
    if !has_cells(&cells, columns.len(), has_errors, content) {
        return Judged::bad(Problem::whole(Code::RowCells));
    }
    let is_lost = |(column, cell): (&Option<Column>, &&str)| column.is_some() && is_lossy(cell);
    if columns.iter().zip(&cells).any(is_lost) {
        return Judged::bad(Problem::whole(Code::RowEncoding));
    }
    let mut failed = Vec::new();
    let mut text = String::with_capacity(512);
    match content {
        Content::Calls => object(&mut text, &cells, columns, Section::Call, &mut failed),
        Content::Reports => {
            for (before, section) in [('{', Section::Search), (',', Section::CallOutcome)] {
                text.push(before);
                string(&mut text, section.name());
                text.push(':');
                object(&mut text, &cells, columns, section, &mut failed);
            }
            text.push('}');
        }
    }
    let mut judged = judge(&text, record.line, content, rules);
    for problem in &mut judged.problems {
        if let Some((_, code)) = failed
            .iter()
            .find(|(pointer, _)| *pointer == problem.pointer)
        {
            problem.code = *code;
            problem.fix = None;
        }
    }
    judged
}

/// Whether a record has a cell for each column. Cells that are empty behind the last column are a spreadsheet's habit.
fn has_cells(cells: &[&str], width: usize, has_errors: bool, content: Content) -> bool {
    let is_stray = cells.iter().skip(width).any(|cell| !cell.is_empty());
    let last = cells.get(width.saturating_sub(1));
    match last.filter(|_| !is_stray) {
        // A row that was shifted may have a value there, with which a call must not be stored.
        Some(error) if has_errors && content == Content::Calls => {
            error.trim().is_empty() || is_error(error)
        }
        Some(_) => true,
        // A row that could not be read for a quote comes back as it stood, without an error behind it.
        None if has_errors && cells.len().checked_add(1) == Some(width) => {
            !cells.last().is_some_and(|cell| is_error(cell))
        }
        None => false,
    }
}

/// Appends the cells of a section as a JSON object. A cell that cannot be converted becomes a list, which every rule
/// refuses.
fn object(
    out: &mut String,
    cells: &[&str],
    columns: &[Option<Column>],
    section: Section,
    failed: &mut Vec<(String, Code)>,
) {
    out.push('{');
    let mut first = true;
    for (column, cell) in columns.iter().zip(cells) {
        let Some(column) = column.as_ref().filter(|c| c.target.section == section) else {
            continue;
        };
        let converted = match column.convert(cell) {
            Converted::Empty => continue,
            Converted::Text(text) => Some(text),
            Converted::Failed(code) => {
                failed.push((column.target.pointer(), code));
                None
            }
        };
        if !first {
            out.push(',');
        }
        first = false;
        string(out, column.target.name);
        out.push(':');
        match converted {
            Some(text) => string(out, &text),
            None => out.push_str("[]"),
        }
    }
    out.push('}');
}

/// Whether a text holds what stands for a character that was lost. Not by `contains`, which would bring the search for
/// any text into the package.
fn is_lossy(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| c == char::REPLACEMENT_CHARACTER)
}

/// Judges a line, which is a report or a call; `None` is one that is too large.
#[must_use]
pub fn judge_line(line: Option<&[u8]>, number: usize, content: Content, rules: Rules) -> Judged {
    let Some(line) = line else {
        return Judged::bad(too_large());
    };
    match std::str::from_utf8(line) {
        Ok(text) if !is_lossy(text) => judge(text, number, content, rules),
        _ => Judged::bad(Problem::whole(Code::RowEncoding)),
    }
}

fn too_large() -> Problem {
    Problem::whole(Code::RowTooLarge).with_max(MAX_LINE)
}

fn judge(text: &str, line: usize, content: Content, rules: Rules) -> Judged {
    match content {
        Content::Reports => judge_report(text, &line.to_string(), rules),
        Content::Calls => judge_call(text, rules),
    }
    .unwrap_or_else(|error| Judged::bad(error.to_problem()))
}

/// The row's own key, or else `key`, goes with a good row.
fn judge_report(report: &str, key: &str, rules: Rules) -> Result<Judged, SyntaxError> {
    let mut reader = Reader::object(report)?;
    let mut strays_left = usize::MAX;
    let row = read_row(&mut reader, rules, &mut strays_left)?;
    reader.end()?;
    let (good, problems) = match row.report {
        // A single report with a malformed id finds no call. Before it is sent, that can be told.
        Ok(report) if report.search == Search::ById(None) => {
            let name = request::SEARCH[0];
            let mut problem = Problem::whole(Code::TransactionIdFormat).with_name(name);
            problem.pointer = pointer_to(&pointer_to("", Section::Search.name()), name);
            (None, vec![problem])
        }
        Ok(report) => {
            let row = Keyed::new(row.key.as_deref().unwrap_or(key), &report);
            (Some(to_json(&row)), Vec::new())
        }
        Err(problems) => (None, problems),
    };
    Ok(Judged {
        good,
        problems,
        warnings: row.warnings,
    })
}

/// In strict rules an unknown or repeated key refuses the call, as the server would only warn of it.
fn judge_call(call: &str, rules: Rules) -> Result<Judged, SyntaxError> {
    let mut reader = Reader::object(call)?;
    let mut warnings = Vec::new();
    let mut strays_left = usize::MAX;
    // What an earlier check added is no mistake, so strict rules apply only behind it.
    let lenient = Rules {
        strict: false,
        ..rules
    };
    let row = read_call(&mut reader, "", lenient, &mut strays_left, &mut warnings)?;
    reader.end()?;
    let error = pointer_to("", ERROR);
    warnings.retain(|warning| warning.pointer != error);
    let (good, mut problems) = match row {
        Ok(mut call) => match trim_ids(&mut call) {
            problems if problems.is_empty() => (Some(to_json(&Call::from(&call))), problems),
            problems => (None, problems),
        },
        Err(problems) => (None, problems),
    };
    if rules.strict {
        problems.append(&mut warnings);
    }
    Ok(Judged {
        good: good.filter(|_| problems.is_empty()),
        problems,
        warnings,
    })
}

/// Takes the spaces around ids away, and finds those that are none.
fn trim_ids(call: &mut CallReport<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut judge = |name: &'static str, id: &str| {
        if let Some(code) = damage::of_id(id) {
            let mut problem = Problem::whole(code).with_name(name);
            problem.pointer = pointer_to("", name);
            problems.push(problem);
        }
    };
    if let Some(id) = call.transaction_id {
        judge(CALL[0], &id.to_string());
    }
    for (name, id) in [
        (CALL[1], &mut call.external_id),
        (CALL[6], &mut call.advertiser_id),
        (CALL[7], &mut call.campaign_id),
    ] {
        if let Some(id) = id {
            if id.trim().len() < id.len() {
                *id = Cow::Owned(id.trim().to_owned());
            }
            judge(name, id);
        }
    }
    problems
}
