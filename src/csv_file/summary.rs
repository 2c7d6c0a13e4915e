//! The summary of a check: counts, and the first problems of each kind. Its size does not grow with the file.

use serde::Serialize;

use crate::problem::{Code, Problem};

/// The most kinds of problems that are counted separately.
const MAX_KINDS: usize = 100;
/// The most problems of a kind that are kept.
const MAX_OF_KIND: usize = 10;
/// The most problems that are kept in the order of the file.
const MAX_FIRST: usize = 100;
/// The most characters of a cell that are shown.
const MAX_SHOWN: usize = 80;

/// The summary of the rows so far.
#[derive(Default, Serialize)]
pub struct Summary {
    rows: usize,
    good: usize,
    bad: usize,
    kinds: Vec<Kind>,
    first: Vec<Found>,
}

/// The problems that have a code and a place in common.
#[derive(Serialize)]
struct Kind {
    code: Code,
    #[serde(skip)]
    pointer: String,
    is_warning: bool,
    count: usize,
    first: Vec<Found>,
}

/// A problem in a file.
#[derive(Clone, Serialize)]
pub(super) struct Found {
    pub line: usize,
    pub code: Code,
    pub message: String,
    pub column: Option<String>,
    pub cell: Option<String>,
}

/// The name of a problem's column, and its cell.
pub(super) type Place<'p> = &'p dyn Fn(&Problem) -> Option<(String, String)>;

impl Summary {
    /// The numbers of all, good and bad rows so far.
    pub(super) const fn counts(&self) -> [usize; 3] {
        [self.rows, self.good, self.bad]
    }

    /// Counts a row with its problems and warnings.
    pub(super) fn row(
        &mut self,
        line: usize,
        problems: &[Problem],
        warnings: &[Problem],
        place: Place<'_>,
    ) -> Vec<Found> {
        self.rows = self.rows.saturating_add(1);
        let count = if problems.is_empty() {
            &mut self.good
        } else {
            &mut self.bad
        };
        *count = count.saturating_add(1);
        let problem = |problem| (problem, false);
        let warning = |warning| (warning, true);
        let all = problems
            .iter()
            .map(problem)
            .chain(warnings.iter().map(warning));
        let found: Vec<Found> = all
            .map(|(problem, is_warning)| self.problem(line, problem, is_warning, place))
            .collect();
        let room = MAX_FIRST.saturating_sub(self.first.len());
        let first = found.iter().take(problems.len()).take(room);
        self.first.extend(first.cloned());
        found
    }

    /// Counts the other lines of a merged row, each as a bad row.
    pub(super) const fn merged(&mut self, lines: usize) {
        self.rows = self.rows.saturating_add(lines);
        self.bad = self.bad.saturating_add(lines);
    }

    fn problem(
        &mut self,
        line: usize,
        problem: &Problem,
        is_warning: bool,
        place: Place<'_>,
    ) -> Found {
        let has_room = self.first.len() < MAX_FIRST;
        let mut found = Found {
            line,
            code: problem.code,
            message: message(problem),
            column: None,
            cell: None,
        };
        let Some(kind) = self.kind(problem, is_warning) else {
            return found;
        };
        kind.count = kind.count.saturating_add(1);
        let is_kept = kind.first.len() < MAX_OF_KIND;
        // Most problems of a large file are counted and nothing more.
        if (is_kept || has_room)
            && let Some((column, cell)) = place(problem)
        {
            found.column = Some(column);
            found.cell = Some(shorten(&cell));
        }
        if is_kept {
            kind.first.push(found.clone());
        }
        found
    }

    /// Returns the kind of a problem. Beyond the most kinds, a problem counts with the last kind of its code.
    fn kind(&mut self, problem: &Problem, is_warning: bool) -> Option<&mut Kind> {
        let known = |kind: &Kind| kind.code == problem.code && kind.pointer == problem.pointer;
        let alike = |kind: &Kind| kind.code == problem.code;
        let full = self.kinds.len() >= MAX_KINDS;
        let last = || self.kinds.iter().rposition(alike).filter(|_| full);
        let at = self.kinds.iter().position(known).or_else(last);
        let at = at.unwrap_or_else(|| {
            self.kinds.push(Kind {
                code: problem.code,
                pointer: problem.pointer.clone(),
                is_warning,
                count: 0,
                first: Vec::new(),
            });
            self.kinds.len().saturating_sub(1)
        });
        self.kinds.get_mut(at)
    }
}

/// Returns the message of a problem. For an unknown name, it suggests the name that was probably meant.
fn message(problem: &Problem) -> String {
    let message = problem.message();
    match &problem.fix {
        Some(name) if problem.code == Code::KeyUnknown => {
            format!("{message}, did you mean {name}?")
        }
        _ => message,
    }
}

/// Shortens a cell for display.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
