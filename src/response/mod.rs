//! Writes answers: those to a report here, those to lists of rows in [`lists`], errors in the private module
//! `error_answer`. The Worker makes HTTP responses of them.

pub mod csv;
mod error_answer;
pub mod limits;
pub mod lists;
pub mod problem_json;
pub mod records;
mod warnings;

use serde::Serialize;

use crate::model::outcome::Fields;
use crate::model::time::{UnixMillis, show_seconds};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::rules::explanation::Explanation;
pub use error_answer::{
    ErrorAnswer, refuse, refuse_all, refuse_call, refuse_invalid, refuse_row, refuse_syntax,
};
pub use warnings::warnings_header;

/// An answer to a request that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// The code of the first failed row, where every row of a list failed.
    pub code: Option<Code>,
}

impl Reply {
    /// An answer with JSON.
    #[must_use]
    pub const fn success(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            code: None,
        }
    }
}

/// A record of an outcome and its call, as an answer shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRecord {
    /// The record's id, or `None` if it isn't stored.
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

/// The parts of an answer that a client gets only if it asks for them.
#[derive(Clone, Copy, Default)]
pub struct Extras<'a> {
    /// For a dry run: the warnings, which the answer lists in full.
    pub dry_run: Option<&'a [Problem]>,
    /// The explanation of the match.
    pub explanation: Option<&'a Explanation>,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(schemars::JsonSchema),
    schemars(rename = "Body")
)]
pub(crate) struct ReportAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    call_outcome: CallOutcome<'a>,
    call: CallSummary,
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

/// The call of an outcome, as an answer shows it.
#[derive(Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(schemars::JsonSchema),
    schemars(rename = "Call")
)]
pub struct CallSummary {
    transaction_id: TransactionId,
    start_time_t: String,
}

impl CallSummary {
    /// The call with this id, which started then.
    #[must_use]
    pub fn new(transaction_id: TransactionId, start: UnixMillis) -> Self {
        Self {
            transaction_id,
            start_time_t: show_seconds(start.seconds()),
        }
    }
}

/// Writes a value as JSON. The values here can't fail to be written.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl OutcomeRecord {
    /// Answers with the record: status 201 for a new outcome, 200 for an existing one and for a dry run.
    #[must_use]
    pub fn reply(&self, created: bool, extras: Extras<'_>) -> Reply {
        let status = if created { 201 } else { 200 };
        let body = ReportAnswer {
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

    fn call(&self) -> CallSummary {
        CallSummary::new(self.call_transaction_id, self.call_start)
    }
}
