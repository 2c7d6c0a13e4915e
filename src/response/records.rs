//! Answers with stored records: an outcome with its history, a call with its outcomes, and pages of all records.

use serde::Serialize;

use super::{CallOutcome, CallSummary, OutcomeRecord, to_json};
use crate::model::time::show_seconds;
use crate::model::transaction_id::TransactionId;
use crate::response::csv::write_line;

/// A stored record, and when it was stored.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// The record.
    pub recorded: OutcomeRecord,
    /// When it was stored, in Unix seconds.
    pub recorded_at: i64,
}

/// The format of a page of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// CSV with a header row and CRLF.
    Csv,
}

/// The columns of a CSV, which are the members of a record in JSON.
const COLUMNS: [&str; 13] = [
    "transaction_id",
    "corrects_transaction_id",
    "outcome_name",
    "partner_unique_id",
    "description",
    "occurred_at_time_t",
    "sale_amount",
    "value",
    "custom_parameter_1",
    "custom_parameter_2",
    "custom_parameter_3",
    "call_transaction_id",
    "recorded_at_t",
];

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Transaction<'a> {
    #[serde(flatten)]
    outcome: CallOutcome<'a>,
    call_transaction_id: TransactionId,
    recorded_at_t: String,
}

/// The text around the records of an answer, so that a long list can be sent while it is read.
#[derive(Clone, Debug)]
pub struct ListFrame {
    /// The text before the records.
    pub head: String,
    /// The text between two records.
    pub between: &'static str,
    /// The text after the records.
    pub tail: String,
}

impl ListFrame {
    /// The frame of a page of records. `next` is the id to start the next page after, if there is one.
    #[must_use]
    pub fn of_page(format: Format, next: Option<TransactionId>) -> Self {
        match format {
            Format::Json => Self {
                head: "{\"transactions\":[".to_owned(),
                between: ",",
                tail: format!("],\"next\":{}}}", to_json(&next)),
            },
            Format::Csv => Self {
                head: row(&COLUMNS),
                between: "",
                tail: String::new(),
            },
        }
    }

    /// The frame of an outcome's history. It begins with the current record.
    #[must_use]
    pub fn of_outcome(current: &OutcomeRecord) -> Self {
        Self {
            head: format!(
                "{{\"call_outcome\":{},\"history\":[",
                to_json(&current.outcome())
            ),
            between: ",",
            tail: format!("],\"call\":{}}}", to_json(&current.call())),
        }
    }

    /// The frame of a call's outcomes. It begins with the call.
    #[must_use]
    pub fn of_call(call: &CallSummary) -> Self {
        Self {
            head: format!("{{\"call\":{},\"call_outcomes\":[", to_json(call)),
            between: ",",
            tail: "]}".to_owned(),
        }
    }
}

impl StoredRecord {
    /// Writes the record for a page.
    #[must_use]
    pub fn in_page(&self, format: Format) -> String {
        let transaction = Transaction {
            outcome: self.recorded.outcome(),
            call_transaction_id: self.recorded.call_transaction_id,
            recorded_at_t: show_seconds(self.recorded_at),
        };
        match format {
            Format::Json => to_json(&transaction),
            Format::Csv => to_csv(transaction),
        }
    }

    /// Writes the record for an outcome's history.
    #[must_use]
    pub fn in_history(&self) -> String {
        to_json(&self.recorded.outcome())
    }
}

fn to_csv(transaction: Transaction<'_>) -> String {
    let outcome = transaction.outcome;
    let id = |id: Option<TransactionId>| id.map(|id| id.to_string()).unwrap_or_default();
    row(&[
        &id(outcome.transaction_id),
        &id(outcome.corrects_transaction_id),
        outcome.outcome_name,
        outcome.partner_unique_id,
        outcome.description,
        &outcome.occurred_at_time_t,
        &outcome.sale_amount.unwrap_or_default(),
        outcome.value,
        outcome.custom_parameter_1,
        outcome.custom_parameter_2,
        outcome.custom_parameter_3,
        &transaction.call_transaction_id.to_string(),
        &transaction.recorded_at_t,
    ])
}

/// Writes a row of CSV.
fn row(cells: &[&str; 13]) -> String {
    let mut line = Vec::new();
    write_line(&mut line, b',', cells.iter().copied());
    String::from_utf8(line).unwrap_or_default()
}
