//! One row: what stands in the file, as a report or a call, and what the rules of a batch or an import say of it.
//!
//! Not here: the rules, and the file.

use std::borrow::Cow;

use super::records::Record;
use super::{Column, Content, Converted, ERROR, Section, Target};
use crate::input::batch::MAX_LINE;
use crate::input::calls;
use crate::input::fields::ObjectFields;
use crate::input::parameters::{CALL_NAMES, CALL_OUTCOME_KEYS, SEARCH_NAMES};
use crate::input::report::{self, Rules, Search, read_row};
use crate::json::write::to_json;
use crate::json::{Reader, SyntaxError};
use crate::problem::{Code, Problem, pointer_to};
use crate::validate::normal::{NormalBatchRow, NormalCall};

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
    let texts = Texts::convert(&cells, columns);
    let mut strays_left = usize::MAX;
    let mut checked = match content {
        Content::Reports => {
            let search = texts.fields(Section::Search, &SEARCH_NAMES);
            let outcome = texts.fields(Section::CallOutcome, &CALL_OUTCOME_KEYS);
            judge_report(report::check_row(search, outcome, rules), record.line)
        }
        Content::Calls => {
            let call = texts.fields(Section::Call, &CALL_NAMES);
            judge_call(rules, |lenient, warnings| {
                calls::check_call(&call, "", lenient, &mut strays_left, warnings)
            })
        }
    };
    for problem in &mut checked.problems {
        if let Some(code) = texts.failure(&problem.pointer) {
            problem.code = code;
            problem.fix = None;
        }
    }
    checked
}

/// The cells of a row that are parameters, converted.
struct Texts<'a>(Vec<(Target, Result<Cow<'a, str>, Code>)>);

impl<'a> Texts<'a> {
    fn convert(cells: &[&'a str], columns: &[Option<Column>]) -> Self {
        let text = |(column, cell): (&Option<Column>, &&'a str)| {
            let column = column.as_ref()?;
            let converted = match column.convert(cell) {
                Converted::Empty => return None,
                Converted::Text(text) => Ok(text),
                Converted::Failed(code) => Err(code),
            };
            Some((column.target, converted))
        };
        Self(columns.iter().zip(cells).filter_map(text).collect())
    }

    /// The parameters of a section.
    fn fields(&self, section: Section, names: &[&str]) -> ObjectFields<'_> {
        let own = self
            .0
            .iter()
            .filter(|(target, _)| target.section == section);
        let texts = own.map(|(target, text)| (target.name(), text.as_deref().ok()));
        ObjectFields::of_texts(names, texts)
    }

    /// Why the cell of a parameter could not be converted.
    fn failure(&self, pointer: &str) -> Option<Code> {
        let mut failed = self.0.iter().filter_map(|(target, text)| {
            let code = text.as_ref().err()?;
            (target.pointer() == pointer).then_some(*code)
        });
        failed.next()
    }
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
        Ok(text) if !is_lossy(text) => check(text, number, content, rules)
            .unwrap_or_else(|error| CheckedRow::bad(error.to_problem())),
        _ => CheckedRow::bad(Problem::whole(Code::RowEncoding)),
    }
}

fn too_large() -> Problem {
    Problem::whole(Code::RowTooLarge).with_max(MAX_LINE)
}

fn check(
    text: &str,
    line: usize,
    content: Content,
    rules: Rules,
) -> Result<CheckedRow, SyntaxError> {
    let mut reader = Reader::object(text)?;
    let mut strays_left = usize::MAX;
    let checked = match content {
        Content::Reports => judge_report(read_row(&mut reader, rules, &mut strays_left)?, line),
        Content::Calls => {
            let sent = ObjectFields::read(&mut reader, &CALL_NAMES, None)?;
            judge_call(rules, |lenient, warnings| {
                calls::check_call(&sent, "", lenient, &mut strays_left, warnings)
            })
        }
    };
    reader.end()?;
    Ok(checked)
}

/// A report in its normal form, under its own key or else its line.
fn judge_report(row: report::ReportRow<'_>, line: usize) -> CheckedRow {
    let (good, problems) = match row.report {
        // A single report with a malformed id finds no call. Before it is sent, that can be told.
        Ok(report) if report.search == Search::ById(None) => {
            let name = SEARCH_NAMES[0];
            let mut problem = Problem::whole(Code::TransactionIdFormat).with_name(name);
            problem.pointer = pointer_to(&pointer_to("", Section::Search.name()), name);
            (None, vec![problem])
        }
        Ok(report) => {
            let line = line.to_string();
            let row = NormalBatchRow::new(row.key.as_deref().unwrap_or(&line), &report);
            (Some(to_json(&row)), Vec::new())
        }
        Err(problems) => (None, problems),
    };
    CheckedRow {
        good,
        problems,
        warnings: row.warnings,
    }
}

/// A call in its normal form. In strict rules an unknown or repeated key refuses the call, as the server would only warn
/// of it.
fn judge_call<'a>(
    rules: Rules,
    check: impl FnOnce(Rules, &mut Vec<Problem>) -> calls::CallRow<'a>,
) -> CheckedRow {
    // What an earlier check added is no mistake, so strict rules apply only behind it.
    let lenient = Rules {
        strict: false,
        ..rules
    };
    let mut warnings = Vec::new();
    let row = check(lenient, &mut warnings);
    let error = pointer_to("", ERROR);
    warnings.retain(|warning| warning.pointer != error);
    let (good, mut problems) = match row {
        Ok(call) => (Some(to_json(&NormalCall::from(&call))), Vec::new()),
        Err(problems) => (None, problems),
    };
    if rules.strict {
        problems.append(&mut warnings);
    }
    CheckedRow {
        good: good.filter(|_| problems.is_empty()),
        problems,
        warnings,
    }
}
