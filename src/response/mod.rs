//! Every answer of the 2015 dialect, byte for byte (reference: "Response Codes", "Errors").
//!
//! Not here: HTTP responses, and headers other than what they say. Answers to lists of rows are in [`lists`].

pub mod csv;
pub mod limits;
pub mod lists;
pub mod problem_json;
pub mod records;

use serde::Serialize;

use crate::json::SyntaxError;
use crate::model::outcome::Fields;
use crate::model::time::{UnixMillis, show_seconds};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Class, Code, Problem};
use crate::rules::explanation::Explanation;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// The first problem's code, where the request was refused.
    pub code: Option<Code>,
    /// Why it was refused, in one text.
    pub detail: String,
    /// Why it was refused, each reason.
    pub problems: Vec<Problem>,
    /// Why no call was found, where the answer tells.
    pub explanation: Option<Box<Explanation>>,
}

impl Reply {
    /// An answer that refuses nothing.
    #[must_use]
    pub const fn success(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            code: None,
            detail: String::new(),
            problems: Vec::new(),
            explanation: None,
        }
    }
}

/// A record and its call, as an answer shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The record's id; `None` where it is not stored.
    pub transaction_id: Option<TransactionId>,
    /// The record that this one corrects.
    pub corrects: Option<TransactionId>,
    /// The name in the casing of its first report.
    pub outcome_name: String,
    /// The partner's id.
    pub partner_unique_id: String,
    /// The fields.
    pub fields: Fields,
    /// The call's id.
    pub call_transaction_id: TransactionId,
    /// When the call started.
    pub call_start: UnixMillis,
}

/// What an answer shows beyond the 2015 dialect, where the client asks for it.
#[derive(Clone, Copy, Default)]
pub struct Extras<'a> {
    /// Nothing was stored: the answer says what a report would do, and its warnings in full.
    pub dry_run: Option<&'a [Problem]>,
    /// Why this call was found.
    pub explanation: Option<&'a Explanation>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    call_outcome: CallOutcome<'a>,
    call: Call,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    warnings: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<&'a Explanation>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct CallOutcome<'a> {
    transaction_id: Option<TransactionId>,
    corrects_transaction_id: Option<TransactionId>,
    outcome_name: &'a str,
    partner_unique_id: &'a str,
    description: &'a str,
    occurred_at_time_t: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_amount: Option<String>,
    value: &'static str,
    custom_parameter_1: &'a str,
    custom_parameter_2: &'a str,
    custom_parameter_3: &'a str,
}

/// A call, as an answer shows it.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Call {
    transaction_id: TransactionId,
    start_time_t: String,
}

impl Call {
    /// The call with this id, which started then.
    #[must_use]
    pub fn new(transaction_id: TransactionId, start: UnixMillis) -> Self {
        Self {
            transaction_id,
            start_time_t: show_seconds(start.seconds()),
        }
    }
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

/// JSON of a value that has nothing in it which JSON cannot write.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Recorded {
    /// The answer that shows the record: 201 for a new outcome, 200 for an existing one, and for a dry run.
    #[must_use]
    pub fn reply(&self, created: bool, extras: Extras<'_>) -> Reply {
        let status = if created { 201 } else { 200 };
        let body = Body {
            validate_only: extras.dry_run.map(|_| true),
            status: extras.dry_run.map(|_| status),
            call_outcome: self.outcome(),
            call: self.call(),
            warnings: extras.dry_run.unwrap_or_default(),
            r#match: extras.explanation,
        };
        let status = if extras.dry_run.is_some() {
            200
        } else {
            status
        };
        Reply::success(status, to_json(&body))
    }

    fn outcome(&self) -> CallOutcome<'_> {
        let fields = &self.fields;
        let [one, two, three] = &fields.custom_parameters;
        CallOutcome {
            transaction_id: self.transaction_id,
            corrects_transaction_id: self.corrects,
            outcome_name: &self.outcome_name,
            partner_unique_id: &self.partner_unique_id,
            description: &fields.description,
            occurred_at_time_t: show_seconds(fields.occurred_at),
            sale_amount: fields.sale_amount.map(|amount| amount.to_string()),
            value: if fields.value { "true" } else { "false" },
            custom_parameter_1: one,
            custom_parameter_2: two,
            custom_parameter_3: three,
        }
    }

    fn call(&self) -> Call {
        Call::new(self.call_transaction_id, self.call_start)
    }
}

/// The answer to a request that is refused for one reason.
#[must_use]
pub fn refuse(problem: &Problem) -> Reply {
    refuse_with(vec![problem.clone()], problem.message(), None)
}

/// The answer that refuses for several reasons of one class; `problems` is not empty.
#[must_use]
pub fn refuse_all(problems: Vec<Problem>) -> Reply {
    let messages: Vec<String> = problems.iter().map(Problem::message).collect();
    refuse_with(problems, messages.join("; "), None)
}

/// The answer to a request whose call was not found, or not surely.
#[must_use]
pub fn refuse_call(code: Code, explanation: Option<Explanation>) -> Reply {
    let problem = Problem::whole(code);
    let message = problem.message();
    refuse_with(vec![problem], message, explanation)
}

/// The answer to a body that is not a JSON object.
#[must_use]
pub fn refuse_syntax(error: &SyntaxError, body: &str) -> Reply {
    refuse_with(vec![error.to_problem()], error.message(body), None)
}

/// The answer to a request with these problems, all in one message; `problems` is not empty. A request that is too
/// large is not looked at any further: that alone is said.
#[must_use]
pub fn refuse_invalid(problems: &[Problem]) -> Reply {
    match problems.first() {
        Some(problem) if problem.code.class() != Class::RecordInvalid => refuse(problem),
        _ => refuse_with(problems.to_vec(), validation_failed(problems), None),
    }
}

/// Every problem in one text.
fn validation_failed(problems: &[Problem]) -> String {
    let messages: Vec<String> = problems.iter().map(Problem::message).collect();
    format!("Validation failed: {}", messages.join(", "))
}

fn refuse_with(problems: Vec<Problem>, detail: String, explanation: Option<Explanation>) -> Reply {
    let code = problems
        .first()
        .map_or(Code::Internal, |problem| problem.code);
    let class = code.class();
    let errors = Errors {
        errors: Error {
            class: class.as_str(),
            invalid_data: &detail,
        },
        r#match: explanation.as_ref(),
    };
    Reply {
        status: class.status(),
        body: to_json(&errors),
        code: Some(code),
        detail,
        problems,
        explanation: explanation.map(Box::new),
    }
}
