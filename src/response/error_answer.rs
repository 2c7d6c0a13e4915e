//! Error answers: why a request, or a row of a list, is refused.
//!
//! HTTP headers are set by the Worker, and problem documents are written by [`super::problem_json`].

use serde::Serialize;

use super::to_json;
use crate::input::batch::InvalidRow;
use crate::json::SyntaxError;
use crate::problem::{Class, Code, Problem};
use crate::rules::explanation::Explanation;

/// An error answer before it is written, as plain JSON or as a problem document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    code: Code,
    detail: String,
    problems: Vec<Problem>,
    explanation: Option<Box<Explanation>>,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: Error<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<&'a Explanation>,
}

#[derive(Serialize)]
struct Error<'a> {
    class: &'static str,
    invalid_data: &'a str,
}

impl ErrorAnswer {
    fn new(problems: Vec<Problem>, detail: String) -> Self {
        Self {
            code: problems
                .first()
                .map_or(Code::Internal, |problem| problem.code),
            detail,
            problems,
            explanation: None,
        }
    }

    /// The code of the first problem.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.code.class().status()
    }

    /// Returns the text of all problems.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Every problem.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns why no call was found, if the client asked for it.
    #[must_use]
    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_deref()
    }

    /// The answer as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(&Errors {
            errors: Error {
                class: self.code.class().as_str(),
                invalid_data: &self.detail,
            },
            r#match: self.explanation(),
        })
    }
}

/// Refuses for one reason.
#[must_use]
pub fn refuse(problem: &Problem) -> ErrorAnswer {
    ErrorAnswer::new(vec![problem.clone()], problem.message())
}

/// Refuses for several reasons of one class; `problems` is not empty.
#[must_use]
pub fn refuse_all(problems: Vec<Problem>) -> ErrorAnswer {
    let detail = messages(&problems).join("; ");
    ErrorAnswer::new(problems, detail)
}

/// Refuses a report whose call was not found, or not unambiguously.
#[must_use]
pub fn refuse_call(code: Code, explanation: Option<Explanation>) -> ErrorAnswer {
    ErrorAnswer {
        explanation: explanation.map(Box::new),
        ..refuse(&Problem::whole(code))
    }
}

/// Refuses a body that is not a JSON object.
#[must_use]
pub fn refuse_syntax(error: &SyntaxError, body: &str) -> ErrorAnswer {
    ErrorAnswer::new(vec![error.to_problem()], error.message(body))
}

/// Refuses a request with these problems, all in one message; `problems` is not empty. If the first says that the
/// request is too large, the others are left out: nothing else of the request was checked.
#[must_use]
pub fn refuse_invalid(problems: &[Problem]) -> ErrorAnswer {
    match problems.first() {
        Some(problem) if problem.code.class() != Class::RecordInvalid => refuse(problem),
        _ => ErrorAnswer::new(problems.to_vec(), validation_failed(problems)),
    }
}

/// Refuses a row of a batch as a request with that report alone would be refused.
#[must_use]
pub fn refuse_row(row: &InvalidRow<'_>) -> ErrorAnswer {
    match row {
        InvalidRow::Syntax(error, text) => refuse_syntax(error, text),
        InvalidRow::Problems(problems) => refuse_invalid(problems),
    }
}

/// Every problem in one text.
pub(super) fn validation_failed(problems: &[Problem]) -> String {
    format!("Validation failed: {}", messages(problems).join(", "))
}

fn messages(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::message).collect()
}
