//! Every answer of the 2015 dialect, byte for byte (reference: "Response Codes", "Errors").
//!
//! Not here: HTTP responses, and headers other than what they say.

use serde::Serialize;

use crate::json::SyntaxError;
use crate::outcome::Fields;
use crate::problem::{Code, Problem};
use crate::time::{UnixMillis, show_seconds};
use crate::transaction_id::TransactionId;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// The first problem's code, where the request was refused.
    pub code: Option<Code>,
}

/// A record and its call, as an answer shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The record's id.
    pub transaction_id: TransactionId,
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

#[derive(Serialize)]
struct Body<'a> {
    call_outcome: CallOutcome<'a>,
    call: Call<'a>,
}

#[derive(Serialize)]
struct CallOutcome<'a> {
    transaction_id: &'a str,
    corrects_transaction_id: Option<&'a str>,
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

#[derive(Serialize)]
struct Call<'a> {
    transaction_id: &'a str,
    start_time_t: String,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: Error<'a>,
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
    /// The answer that shows the record: 201 for a new outcome, 200 for an existing one.
    #[must_use]
    pub fn reply(&self, created: bool) -> Reply {
        let fields = &self.fields;
        let [one, two, three] = &fields.custom_parameters;
        let body = Body {
            call_outcome: CallOutcome {
                transaction_id: self.transaction_id.as_str(),
                corrects_transaction_id: self.corrects.as_ref().map(TransactionId::as_str),
                outcome_name: &self.outcome_name,
                partner_unique_id: &self.partner_unique_id,
                description: &fields.description,
                occurred_at_time_t: show_seconds(fields.occurred_at),
                sale_amount: fields.sale_amount.map(|amount| amount.to_string()),
                value: if fields.value { "true" } else { "false" },
                custom_parameter_1: one,
                custom_parameter_2: two,
                custom_parameter_3: three,
            },
            call: Call {
                transaction_id: self.call_transaction_id.as_str(),
                start_time_t: show_seconds(self.call_start.seconds()),
            },
        };
        Reply {
            status: if created { 201 } else { 200 },
            body: to_json(&body),
            code: None,
        }
    }
}

/// The answer to a request that is refused for one reason.
#[must_use]
pub fn refuse(problem: &Problem) -> Reply {
    refuse_with(problem.code, &problem.message())
}

/// The answer to a body that is not a JSON object.
#[must_use]
pub fn refuse_syntax(error: &SyntaxError, body: &str) -> Reply {
    refuse_with(error.code, &error.message(body))
}

/// The answer to a request with these problems, all in one message; `problems` is not empty.
#[must_use]
pub fn refuse_invalid(problems: &[Problem]) -> Reply {
    let messages: Vec<String> = problems.iter().map(Problem::message).collect();
    let code = problems
        .first()
        .map_or(Code::Internal, |problem| problem.code);
    refuse_with(code, &format!("Validation failed: {}", messages.join(", ")))
}

fn refuse_with(code: Code, invalid_data: &str) -> Reply {
    let class = code.class();
    let errors = Errors {
        errors: Error {
            class: class.as_str(),
            invalid_data,
        },
    };
    Reply {
        status: class.status(),
        body: to_json(&errors),
        code: Some(code),
    }
}
