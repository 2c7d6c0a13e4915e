//! Examples against the demo data. Some are those of Invoca's documentation.

use serde_json::{Value, json};

/// The demo token of a network.
pub const TOKEN: &str = "demo-network-token";
/// The demo token of an advertiser of that network.
pub const OF_ADVERTISER_TOKEN: &str = "demo-advertiser-token";
/// The demo token without permissions.
pub const NO_PERMISSION_TOKEN: &str = "demo-no-permission-token";

/// Requests, from "Example POST Request" and "Updates and Idempotency" in Invoca's documentation.
pub fn reports() -> Value {
    let call = json!({ "transaction_id": "00000000-00000001" });
    let quote = |partner_unique_id: &str, description: &str| {
        json!({
            "search": call,
            "call_outcome": {
                "outcome_name": "Quote",
                "partner_unique_id": partner_unique_id,
                "description": description,
            },
            "oauth_token": TOKEN,
        })
    };
    json!({
        "sale": {
            "summary": "Report a sale by the call's id",
            "value": {
                "search": call,
                "call_outcome": {
                    "outcome_name": "sale",
                    "partner_unique_id": "1",
                    "description": "1 year contract",
                    "occurred_at_time_t": "1440607313",
                    "sale_amount": "100.00",
                    "value": "true",
                },
                "oauth_token": TOKEN,
            },
        },
        "by_time": {
            "summary": "Find the call by its approximate start and the caller",
            "value": {
                "search": {
                    "start_time_t": "1435993260",
                    "calling_phone_number": "+1 8885551212",
                    "duration_in_seconds": 120,
                },
                "call_outcome": { "outcome_name": "Quote" },
                "oauth_token": TOKEN,
            },
        },
        "by_start": {
            "summary": "Find the call by its start alone: two calls match equally well",
            "value": {
                "search": { "start_time_t": "1440607350" },
                "call_outcome": { "outcome_name": "Quote" },
                "oauth_token": TOKEN,
            },
        },
        "first": { "summary": "Two outcomes on one call: the first", "value": quote("1", "Honda Accord 2015") },
        "second": { "summary": "Two outcomes on one call: the second", "value": quote("2", "Honda Pilot 2015") },
        "again": { "summary": "Repeat the first: nothing changes", "value": quote("1", "Honda Accord 2015") },
        "correction": { "summary": "Correct the first", "value": quote("1", "Honda Civic 2012") },
    })
}

fn answer(id: &str, corrects: Option<&str>, partner_unique_id: &str, description: &str) -> Value {
    json!({
        "call_outcome": {
            "transaction_id": id,
            "corrects_transaction_id": corrects,
            "outcome_name": "Quote",
            "partner_unique_id": partner_unique_id,
            "description": description,
            "occurred_at_time_t": "1440607999",
            "value": "true",
            "custom_parameter_1": "",
            "custom_parameter_2": "",
            "custom_parameter_3": "",
        },
        "call": { "transaction_id": "00000000-00000001", "start_time_t": "1435993200" },
    })
}

/// Answers to reports of new outcomes.
pub fn creations() -> Value {
    json!({
        "first": { "value": answer("00000000-0000000A", None, "1", "Honda Accord 2015") },
        "second": { "value": answer("00000000-0000000B", None, "2", "Honda Pilot 2015") },
    })
}

/// An answer to a correction.
pub fn corrections() -> Value {
    let corrected = answer(
        "00000000-0000000C",
        Some("00000000-0000000A"),
        "1",
        "Honda Civic 2012",
    );
    json!({ "correction": { "value": corrected } })
}

/// A batch.
pub fn batches() -> Value {
    json!({
        "two": {
            "summary": "Two reports, each with a key of your own",
            "value": {
                "call_outcomes": [
                    {
                        "row": "A",
                        "search": { "transaction_id": "00000000-00000001" },
                        "call_outcome": { "outcome_name": "Sale", "sale_amount": "100.00" },
                    },
                    {
                        "row": "B",
                        "search": { "start_time_t": "1440607300", "calling_phone_number": "+11234567890" },
                        "call_outcome": { "outcome_name": "Quote" },
                    },
                ],
                "oauth_token": TOKEN,
            },
        },
    })
}

/// An import.
pub fn imports() -> Value {
    json!({
        "one": {
            "summary": "Import a call",
            "value": {
                "call": {
                    "external_call_unique_id": "crm-1",
                    "start_time_t": "1450000000",
                    "duration_in_seconds": "62",
                    "calling_phone_number": "+14155550100",
                    "advertiser_id_from_network": "1",
                    "advertiser_campaign_id_from_network": "2",
                },
                "oauth_token": TOKEN,
            },
        },
    })
}
