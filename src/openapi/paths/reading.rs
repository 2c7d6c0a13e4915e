//! Reading what was reported.

use schemars::generate::SchemaGenerator;
use serde_json::{Value, json};

use super::super::responses::{schema, success};
use super::{JSON, READ_ERRORS, references, responses};
use crate::input::query::Operation;
use crate::response::records::Transaction;
use crate::response::{CallOutcome, CallSummary};

/// GET of an outcome or a call.
pub fn read(generator: &mut SchemaGenerator) -> Value {
    let outcome = schema::<CallOutcome<'_>>(generator);
    let call = schema::<CallSummary>(generator);
    let answer = json!({
        "anyOf": [
            {
                "type": "object",
                "description": "An outcome: its current record, and all its records, oldest first.",
                "properties": { "call_outcome": outcome, "history": { "type": "array", "items": outcome }, "call": call },
                "required": ["call_outcome", "history", "call"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "description": "A call, and the current record of each of its outcomes.",
                "properties": { "call": call, "call_outcomes": { "type": "array", "items": outcome } },
                "required": ["call", "call_outcomes"],
                "additionalProperties": false,
            },
        ],
    });
    json!({
        "operationId": "get_call_outcome",
        "tags": ["Reading"],
        "summary": "Read an outcome with its history, or a call with its outcomes",
        "description": "Requires the permission `outcomes:read`.",
        "parameters": references(&["version"], Operation::Read),
        "responses": responses(&[("200", success("The outcome or the call with this id.", JSON, &answer, &["X-Api-Version"]))], &READ_ERRORS),
    })
}

/// GET of all records as JSON.
pub fn export(generator: &mut SchemaGenerator) -> Value {
    let page = json!({
        "type": "object",
        "properties": {
            "transactions": { "type": "array", "items": schema::<Transaction<'_>>(generator) },
            "next": { "type": ["string", "null"], "description": "The id to pass as `start_after_transaction_id` for the next page, or null on the last page." },
        },
        "required": ["transactions", "next"],
        "additionalProperties": false,
    });
    json!({
        "operationId": "get_transactions",
        "tags": ["Reading"],
        "summary": "Read all records, in pages",
        "description": "Requires the permission `outcomes:read`. Records come in the order in which they were stored. A reader that pages through them sees each record exactly once, even while others write.",
        "parameters": references(&["version"], Operation::Export),
        "responses": responses(&[("200", success("A page of records.", JSON, &page, &["X-Api-Version"]))], &READ_ERRORS),
    })
}

/// GET of all records as CSV.
pub fn export_csv() -> Value {
    let csv = json!({ "type": "string", "description": "The first row is the header. Lines end in CRLF. Text that begins like a formula has an apostrophe in front." });
    json!({
        "operationId": "get_transactions_csv",
        "tags": ["Reading"],
        "summary": "Read all records as CSV, in pages",
        "description": "Requires the permission `outcomes:read`. Returns the same records as `/transactions`. `X-Next` has the id to pass as `start_after_transaction_id` for the next page.",
        "parameters": references(&["version"], Operation::Export),
        "responses": responses(&[("200", success("A page of records.", "text/csv", &csv, &["X-Api-Version", "X-Next"]))], &READ_ERRORS),
    })
}
