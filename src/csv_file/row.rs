//! Checks one row of a file, as a report or a call, by the rules of a batch or an import.

use std::borrow::Cow;

use super::check::is_error;
use super::records::Record;
use super::{Column, Content, Converted, ERROR, Section, Target, damage};
use crate::input::batch::MAX_LINE;
use crate::input::calls::{self, CallReport};
use crate::input::fields::ObjectFields;
use crate::input::parameters::{CALL_NAMES, CALL_OUTCOME_KEYS, SEARCH_NAMES};
use crate::input::report::{self, Rules, Search, read_row};
use crate::json::write::to_json;
use crate::json::{Reader, SyntaxError};
use crate::problem::{Code, Problem, pointer_to};
use crate::validate::normal::{NormalBatchRow, NormalCall};

/// The result of checking a row.
#[derive(Debug, Default)]
pub struct CheckedRow {
    /// The row of a batch, or the call, in its normal form, unless there are problems.
    pub good: Option<String>,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// Probable mistakes.
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

/// Checks a record. It must have a cell for each of the `columns`, which are those of the header. `has_errors` says whether
/// the last column holds the errors of an earlier check.
#[must_use]
pub fn check_record(
    record: &Record<'_>,
    columns: &[Option<Column>],
    has_errors: bool,
    content: Content,
    rules: Rules,
) -> CheckedRow {
    if record.is_open || record.is_merged {
        let code = if record.is_open {
            Code::RowQuoteOpen
        } else {
            Code::RowQuoteMisplaced
        };
        let problem = Problem::whole(code).with_name(record.line.to_string());
        return CheckedRow::bad(problem.with_max(record.last_line));
    }
    if record.too_large {
        return CheckedRow::bad(too_large());
    }
    let Some(cells) = record.cells() else {
        return CheckedRow::bad(Problem::whole(Code::RowEncoding));
    };
    if !has_cells(&cells, columns.len(), has_errors, content) {
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
            check_report(report::check_row(search, outcome, rules), record.line)
        }
        Content::Calls => {
            let call = texts.fields(Section::Call, &CALL_NAMES);
            check_call(rules, |lenient, warnings| {
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

/// Whether a record has a cell for each column. Spreadsheets add empty cells after the last column, which don't count.
fn has_cells(cells: &[&str], width: usize, has_errors: bool, content: Content) -> bool {
    let is_stray = cells.iter().skip(width).any(|cell| !cell.is_empty());
    let last = cells.get(width.saturating_sub(1));
    match last.filter(|_| !is_stray) {
        // If the cells are shifted, a value can end up in the error column. Such a call must not be stored.
        Some(error) if has_errors && content == Content::Calls => {
            error.trim().is_empty() || is_error(error)
        }
        Some(_) => true,
        // Rows that a quote merged come back as they are in the file, without an error cell.
        None if has_errors && cells.len().checked_add(1) == Some(width) => {
            !cells.last().is_some_and(|cell| is_error(cell))
        }
        None => false,
    }
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

/// Whether a text contains U+FFFD, which replaces a character that was lost. `contains` would add the general substring
/// search to the package's size.
fn is_lossy(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| c == char::REPLACEMENT_CHARACTER)
}

/// Checks a line that holds a report or a call; `None` is a line that is too large.
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
        Content::Reports => check_report(read_row(&mut reader, rules, &mut strays_left)?, line),
        Content::Calls => {
            let sent = ObjectFields::read(&mut reader, &CALL_NAMES, None)?;
            check_call(rules, |lenient, warnings| {
                calls::check_call(&sent, "", lenient, &mut strays_left, warnings)
            })
        }
    };
    reader.end()?;
    Ok(checked)
}

/// Returns a report in its normal form, with its own key or else its line as the key.
fn check_report(row: report::ReportRow<'_>, line: usize) -> CheckedRow {
    let (good, problems) = match row.report {
        // A single report with a malformed id gets "not found". In a file it is a problem before anything is sent.
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

/// Returns a call in its normal form. With strict rules, an unknown or repeated key refuses the call, which the server
/// would accept with a warning.
fn check_call<'a>(
    rules: Rules,
    check: impl FnOnce(Rules, &mut Vec<Problem>) -> calls::CallRow<'a>,
) -> CheckedRow {
    // The error that an earlier check added is not a mistake, so it is removed before strict rules apply.
    let lenient = Rules {
        strict: false,
        ..rules
    };
    let mut warnings = Vec::new();
    let row = check(lenient, &mut warnings);
    let error = pointer_to("", ERROR);
    warnings.retain(|warning| warning.pointer != error);
    let (good, mut problems) = match row {
        Ok(mut call) => match trim_ids(&mut call) {
            problems if problems.is_empty() => (Some(to_json(&NormalCall::from(&call))), problems),
            problems => (None, problems),
        },
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

/// Removes the spaces around ids, and returns the problems of ids that are damaged.
fn trim_ids(call: &mut CallReport<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |name: &'static str, id: &str| {
        if let Some(code) = damage::of_id(id) {
            let mut problem = Problem::whole(code).with_name(name);
            problem.pointer = pointer_to("", name);
            problems.push(problem);
        }
    };
    if let Some(id) = call.transaction_id {
        check(CALL_NAMES[0], &id.to_string());
    }
    for (name, id) in [
        (CALL_NAMES[1], &mut call.external_id),
        (CALL_NAMES[6], &mut call.advertiser_id),
        (CALL_NAMES[7], &mut call.campaign_id),
    ] {
        if let Some(id) = id {
            if id.trim().len() < id.len() {
                *id = Cow::Owned(id.trim().to_owned());
            }
            check(name, id);
        }
    }
    problems
}
