//! One row: what stands in the file, as a report, and what the rules of a batch say of it.
//!
//! Not here: the rules, and the file.

use super::records::Record;
use super::{Column, Converted, Section};
use crate::batch::MAX_LINE;
use crate::json::{Reader, SyntaxError};
use crate::normal::Keyed;
use crate::problem::{Code, Problem, pointer_to};
use crate::request::{self, Rules, Search, read_row};
use crate::write::{string, to_json};

/// What became of a row.
#[derive(Debug, Default)]
pub struct Judged {
    /// The row of a batch in its normal form, unless there are problems.
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

/// Judges a record; `columns` say what the cells are, of which a record has as many as the header.
#[must_use]
pub fn judge_record(record: &Record<'_>, columns: &[Option<Column>], rules: Rules) -> Judged {
    if record.too_large {
        return Judged::bad(too_large());
    }
    let Some(cells) = record.cells() else {
        return Judged::bad(Problem::whole(Code::RowEncoding));
    };
    // Cells that are empty behind the last column are a spreadsheet's habit.
    let stray = cells
        .iter()
        .skip(columns.len())
        .any(|cell| !cell.is_empty());
    if cells.len() < columns.len() || stray {
        return Judged::bad(Problem::whole(Code::RowCells));
    }
    let mut failed = Vec::new();
    let report = report(&cells, columns, &mut failed);
    let mut judged = judge(&report, &record.line.to_string(), rules)
        .unwrap_or_else(|error| Judged::bad(error.to_problem()));
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

/// The cells as the JSON of a report. A cell that cannot be converted becomes a list, which every rule refuses.
fn report(cells: &[&str], columns: &[Option<Column>], failed: &mut Vec<(String, Code)>) -> String {
    let mut out = String::with_capacity(512);
    for section in [Section::Search, Section::CallOutcome] {
        out.push(if out.is_empty() { '{' } else { ',' });
        string(&mut out, section.name());
        out.push_str(":{");
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
            string(&mut out, column.target.name);
            out.push(':');
            match converted {
                Some(text) => string(&mut out, &text),
                None => out.push_str("[]"),
            }
        }
        out.push('}');
    }
    out.push('}');
    out
}

/// Judges a line, which is a report; `None` is one that is too large.
#[must_use]
pub fn judge_line(line: Option<&[u8]>, number: usize, rules: Rules) -> Judged {
    let Some(line) = line else {
        return Judged::bad(too_large());
    };
    let text = match request::text(line) {
        Ok(text) => text,
        Err((error, _)) => return Judged::bad(error.to_problem()),
    };
    judge(text, &number.to_string(), rules).unwrap_or_else(|error| Judged::bad(error.to_problem()))
}

fn too_large() -> Problem {
    Problem::whole(Code::RowTooLarge).with_max(MAX_LINE)
}

/// The row's own key, or else `key`, goes with a good row.
fn judge(report: &str, key: &str, rules: Rules) -> Result<Judged, SyntaxError> {
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
