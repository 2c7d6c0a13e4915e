//! One row: what stands in the file, as a report or a call, and what the rules of a batch or an import say of it.
//!
//! Not here: the rules, and the file.

use super::check::ERROR;
use super::records::Record;
use super::{Column, Content, Converted, Section};
use crate::input::batch::MAX_LINE;
use crate::input::calls::read_call;
use crate::input::report::{self, Rules, Search, read_row};
use crate::json::write::{string, to_json};
use crate::json::{Reader, SyntaxError};
use crate::problem::{Code, Problem, pointer_to};
use crate::validate::normal::{Call, Keyed};

/// What became of a row.
#[derive(Debug, Default)]
pub struct CheckedRow {
    /// The row of a batch, or the call, in its normal form, unless there are problems.
    pub good: Option<String>,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
}

impl CheckedRow {
    fn bad(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }
}

/// Judges a record; `columns` say what the cells are, of which a record has as many as the header.
#[must_use]
pub fn check_record(
    record: &Record<'_>,
    columns: &[Option<Column>],
    content: Content,
    rules: Rules,
) -> CheckedRow {
    if record.too_large {
        return CheckedRow::bad(too_large());
    }
    let Some(cells) = record.cells() else {
        return CheckedRow::bad(Problem::whole(Code::RowEncoding));
    };
    // Cells that are empty behind the last column are a spreadsheet's habit.
    let stray = cells
        .iter()
        .skip(columns.len())
        .any(|cell| !cell.is_empty());
    if cells.len() < columns.len() || stray {
        return CheckedRow::bad(Problem::whole(Code::RowCells));
    }
    let is_lost = |(column, cell): (&Option<Column>, &&str)| column.is_some() && is_lossy(cell);
    if columns.iter().zip(&cells).any(is_lost) {
        return CheckedRow::bad(Problem::whole(Code::RowEncoding));
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
    let mut checked = check(&text, record.line, content, rules);
    for problem in &mut checked.problems {
        if let Some((_, code)) = failed
            .iter()
            .find(|(pointer, _)| *pointer == problem.pointer)
        {
            problem.code = *code;
            problem.fix = None;
        }
    }
    checked
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
pub fn check_line(
    line: Option<&[u8]>,
    number: usize,
    content: Content,
    rules: Rules,
) -> CheckedRow {
    let Some(line) = line else {
        return CheckedRow::bad(too_large());
    };
    match std::str::from_utf8(line) {
        Ok(text) if !is_lossy(text) => check(text, number, content, rules),
        _ => CheckedRow::bad(Problem::whole(Code::RowEncoding)),
    }
}

fn too_large() -> Problem {
    Problem::whole(Code::RowTooLarge).with_max(MAX_LINE)
}

fn check(text: &str, line: usize, content: Content, rules: Rules) -> CheckedRow {
    match content {
        Content::Reports => check_report(text, &line.to_string(), rules),
        Content::Calls => check_call(text, rules),
    }
    .unwrap_or_else(|error| CheckedRow::bad(error.to_problem()))
}

/// The row's own key, or else `key`, goes with a good row.
fn check_report(report: &str, key: &str, rules: Rules) -> Result<CheckedRow, SyntaxError> {
    let mut reader = Reader::object(report)?;
    let mut strays_left = usize::MAX;
    let row = read_row(&mut reader, rules, &mut strays_left)?;
    reader.end()?;
    let (good, problems) = match row.report {
        // A single report with a malformed id finds no call. Before it is sent, that can be told.
        Ok(report) if report.search == Search::ById(None) => {
            let name = report::SEARCH[0];
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
    Ok(CheckedRow {
        good,
        problems,
        warnings: row.warnings,
    })
}

/// In strict rules an unknown or repeated key refuses the call, as the server would only warn of it.
fn check_call(call: &str, rules: Rules) -> Result<CheckedRow, SyntaxError> {
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
        Ok(call) => (Some(to_json(&Call::from(&call))), Vec::new()),
        Err(problems) => (None, problems),
    };
    if rules.strict {
        problems.append(&mut warnings);
    }
    Ok(CheckedRow {
        good: good.filter(|_| problems.is_empty()),
        problems,
        warnings,
    })
}
