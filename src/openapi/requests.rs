//! The schemas of requests: every parameter of the rules, with its limits.

use serde_json::{Map, Value, json};

use crate::batch;
use crate::calls::{self, CALL};
use crate::money::MAX_WHOLE_DIGITS;
use crate::parameters::{MAX_DESCRIPTION, MAX_DURATION_DIGITS, MAX_NAME};
use crate::request::{CALL_OUTCOME_KEYS, SEARCH};

/// All schemas of requests by their names.
pub fn components() -> Map<String, Value> {
    let token = parameter("oauth_token");
    let search_by_time: Map<String, Value> = SEARCH
        .iter()
        .map(|name| match *name {
            "transaction_id" => (String::from(*name), blank()),
            name => (name.to_owned(), parameter(name)),
        })
        .collect();
    let report = json!({
        "search": { "$ref": "#/components/schemas/Search" },
        "call_outcome": { "$ref": "#/components/schemas/CallOutcomeParameters" },
    });
    let with = |name: &str, value: Value| {
        let mut members = report.clone();
        if let Value::Object(members) = &mut members {
            members.insert(name.to_owned(), value);
        }
        members
    };
    let schemas = json!({
        "Report": {
            "type": "object",
            "description": "What became of a call. Unknown keys are ignored, with a warning.",
            "properties": with("oauth_token", token.clone()),
            "required": ["search", "call_outcome"],
        },
        "Search": {
            "description": "Which call: by its id, or the one that started closest.",
            "anyOf": [
                { "$ref": "#/components/schemas/SearchById" },
                { "$ref": "#/components/schemas/SearchByTime" },
            ],
        },
        "SearchById": {
            "type": "object",
            "description": "By the call's id. All other parameters of a search are ignored.",
            "properties": { "transaction_id": parameter("transaction_id") },
            "required": ["transaction_id"],
        },
        "SearchByTime": {
            "type": "object",
            "description": "By roughly when the call started.",
            "properties": search_by_time,
            "required": ["start_time_t"],
        },
        "CallOutcomeParameters": {
            "type": "object",
            "properties": parameters(&CALL_OUTCOME_KEYS),
            "required": [CALL_OUTCOME_KEYS[0]],
        },
        "BatchReport": {
            "type": "object",
            "properties": with("row", parameter("row")),
            "required": ["search", "call_outcome"],
        },
        "BatchRequest": {
            "type": "object",
            "properties": {
                "call_outcomes": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": batch::MAX_ROWS,
                    "items": { "$ref": "#/components/schemas/BatchReport" },
                },
                "oauth_token": token,
            },
            "required": ["call_outcomes"],
        },
        "CallParameters": {
            "type": "object",
            "description": "One of the ids is required; without `transaction_id` the call gets one.",
            "properties": parameters(&CALL),
            "required": ["start_time_t"],
            "anyOf": [{ "required": [CALL[0]] }, { "required": [CALL[1]] }],
        },
        "ImportRequest": {
            "type": "object",
            "properties": {
                "calls": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": calls::MAX_ROWS,
                    "items": { "$ref": "#/components/schemas/CallParameters" },
                },
                "call": { "$ref": "#/components/schemas/CallParameters" },
                "oauth_token": token,
            },
            "anyOf": [{ "required": ["calls"] }, { "required": ["call"] }],
        },
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

fn parameters(names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), parameter(name)))
        .collect()
}

/// What is not passed.
fn blank() -> Value {
    json!({ "type": ["string", "null"], "pattern": "^\\s*$" })
}

/// A text; numbers and booleans count as written.
fn text(max: usize, about: &str) -> Value {
    json!({
        "type": ["string", "number", "boolean", "null"],
        "maxLength": max,
        "pattern": "^[^\\u0000]*$",
        "description": about,
    })
}

/// A text that one of the patterns describes, or a whole number within one of the ranges.
fn whole(patterns: &str, ranges: &[(u64, u64)], about: &str) -> Value {
    let mut any = vec![
        json!({ "type": "string", "pattern": format!("^({patterns})$") }),
        json!({ "type": "null" }),
    ];
    let numbers = ranges
        .iter()
        .map(|(least, most)| json!({ "type": "integer", "minimum": least, "maximum": most }));
    any.extend(numbers);
    json!({ "anyOf": any, "description": about })
}

const TIMES: [(u64, u64); 2] = [
    (1_000_000_000, 9_999_999_999),
    (1_000_000_000_000, 9_999_999_999_999),
];

fn phone(about: &str) -> Value {
    let number = r"\s*|[ ().\-]*\+([ ().\-]*[0-9]){7,15}[ ().\-]*|([ ().\-]*[0-9]){10,11}[ ().\-]*";
    whole(number, &[(1_000_000_000, 99_999_999_999)], about)
}

/// The schema of a parameter.
fn parameter(name: &str) -> Value {
    match name {
        "transaction_id" => json!({
            "type": ["string", "integer"],
            "pattern": "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$",
            "description": "The id of the call, in any case. A malformed id is one that no call has.",
        }),
        "start_time_t" => {
            let digits = json!({ "type": "string", "pattern": "^([0-9]{10}|[0-9]{13})$" });
            let [seconds, milliseconds] = TIMES.map(
                |(least, most)| json!({ "type": "integer", "minimum": least, "maximum": most }),
            );
            json!({
                "anyOf": [digits, seconds, milliseconds],
                "description": "Roughly when the call started: 10 digits (Unix seconds) or 13 (milliseconds), in UTC. The closest call within the window is taken.",
            })
        }
        "calling_phone_number" => phone(
            "Who called, in E.164: `+`, country code and number. Spaces, `-`, `.`, `(` and `)` are dropped; 10 digits get the default country code. Only calls from this number are considered.",
        ),
        "destination_phone_number" => phone("Whom they called, as `calling_phone_number`."),
        "duration_in_seconds" => whole(
            &format!("\\s*|[0-9]{{1,{MAX_DURATION_DIGITS}}}"),
            &[(0, 999_999_999)],
            "How long the call was, in whole seconds. In a search roughly: it ranks calls and never excludes one.",
        ),
        "advertiser_id_from_network" => text(
            MAX_NAME,
            "The advertiser, by the network's id. In a search only its calls are considered, and only a network's token may name it.",
        ),
        "advertiser_campaign_id_from_network" => text(
            MAX_NAME,
            "The campaign, by the network's id. In a search only its calls are considered.",
        ),
        "network_id" => text(MAX_NAME, "Has to be the token's network."),
        "outcome_name" => json!({
            "type": ["string", "number", "boolean"],
            "maxLength": MAX_NAME,
            "pattern": "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$",
            "description": "What happened, such as Sale. Compared without regard to case, shown in the casing of its first report.",
        }),
        "partner_unique_id" => text(
            MAX_NAME,
            "Tells two outcomes of one name on one call apart. Together with call and name it identifies the outcome.",
        ),
        "description" => text(MAX_DESCRIPTION, "Free text. Null clears it."),
        "occurred_at_time_t" => whole(
            "|[0-9]{10}|[0-9]{13}",
            &TIMES,
            "When the outcome occurred, as `start_time_t`. The time of the request if a first report leaves it out.",
        ),
        "sale_amount" => json!({
            "anyOf": [
                { "type": "string", "pattern": format!("^([0-9]{{1,{MAX_WHOLE_DIGITS}}}(\\.[0-9]{{1,2}})?)?$") },
                { "type": "number", "minimum": 0 },
                { "type": "null" },
            ],
            "description": "Money with up to two decimals, without separators or currency. Null or an empty text clears it.",
        }),
        "value" => json!({
            "anyOf": [
                { "type": "boolean" },
                { "type": "integer", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01]|)$" },
                { "type": "null" },
            ],
            "description": "Whether the outcome was met. True if a first report leaves it out.",
        }),
        "external_call_unique_id" => text(MAX_NAME, "The sender's own id of the call."),
        "row" => text(MAX_NAME, "The client's own key, which its answer repeats."),
        "oauth_token" => json!({
            "type": ["string", "null"],
            "description": "The token, where it is not in the header.",
        }),
        name if name.starts_with("custom_paramter") => {
            let mut schema = text(MAX_NAME, "The reference's misspelling, with a warning.");
            if let Value::Object(schema) = &mut schema {
                schema.insert("deprecated".to_owned(), Value::Bool(true));
            }
            schema
        }
        _ => text(MAX_NAME, "A text of the sender's own. Null clears it."),
    }
}
