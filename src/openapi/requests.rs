//! The schemas of requests, with every parameter and its limits. They allow exactly what the rules accept, with one
//! exception: a schema can't see how a number was written, so it allows `1435993200.0`. The schema of each parameter is in
//! `parameters`.

use serde_json::{Map, Value, json};

use super::parameters::{blank, id_of_a_call, parameter, passed, text};
use crate::input::batch;
use crate::input::calls;
use crate::input::fields::MAX_NAME;
use crate::input::parameters::{
    CALL_NAMES, CALL_OUTCOME, CALL_OUTCOME_NAMES, Parameter, SEARCH_NAMES,
};

/// All schemas of requests by their names.
pub fn components() -> Map<String, Value> {
    let token = parameter("oauth_token");
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
    let mut call = parameters(&CALL_NAMES);
    call.insert(CALL_NAMES[2].to_owned(), passed(parameter(CALL_NAMES[2])));
    let named_by =
        |id: &str| json!({ "properties": { id: passed(parameter(id)) }, "required": [id] });
    let schemas = json!({
        "Report": {
            "type": "object",
            "description": "The outcome of a call. Unknown keys are ignored, with a warning.",
            "properties": with("oauth_token", token.clone()),
            "required": ["search", "call_outcome"],
        },
        "CallOutcomeParameters": {
            "type": "object",
            "properties": parameters(&CALL_OUTCOME_NAMES),
            "required": [CALL_OUTCOME_NAMES[0]],
            "allOf": misspelt(),
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
            "description": "`transaction_id` or `external_call_unique_id` is required. A call without `transaction_id` gets one.",
            "properties": call,
            "required": [CALL_NAMES[2]],
            "anyOf": [named_by(CALL_NAMES[0]), named_by(CALL_NAMES[1])],
        },
        "ImportRequest": {
            "type": "object",
            "properties": { "oauth_token": token },
            "anyOf": [
                {
                    "properties": {
                        "calls": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": calls::MAX_ROWS,
                            "items": { "$ref": "#/components/schemas/CallParameters" },
                        },
                        "call": { "type": "null" },
                    },
                    "required": ["calls"],
                },
                {
                    "properties": {
                        "call": { "$ref": "#/components/schemas/CallParameters" },
                        "calls": { "type": "null" },
                    },
                    "required": ["call"],
                },
            ],
        },
    });
    [schemas, searches()]
        .into_iter()
        .filter_map(|schemas| schemas.as_object().cloned())
        .flatten()
        .collect()
}

/// The schemas of a search, in its two forms.
fn searches() -> Value {
    let by_time: Map<String, Value> = SEARCH_NAMES
        .iter()
        .map(|name| match *name {
            "transaction_id" => (String::from(*name), blank()),
            "start_time_t" => (String::from(*name), passed(parameter(name))),
            name => (name.to_owned(), parameter(name)),
        })
        .collect();
    json!({
        "Search": {
            "description": "The call: by its id, or by its approximate start.",
            "anyOf": [
                { "$ref": "#/components/schemas/SearchById" },
                { "$ref": "#/components/schemas/SearchByTime" },
            ],
        },
        "SearchById": {
            "type": "object",
            "description": "By the id of the call. All other parameters of the search are ignored.",
            "properties": { "transaction_id": id_of_a_call() },
            "required": ["transaction_id"],
        },
        "SearchByTime": {
            "type": "object",
            "description": "By the approximate start of the call.",
            "properties": by_time,
            "required": ["start_time_t"],
        },
    })
}

fn parameters(names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), parameter(name)))
        .collect()
}

/// The misspelt names that Invoca's documentation has. They are ignored if the correct name is sent too.
fn misspelt() -> Vec<Value> {
    let instead = |parameter: &Parameter| {
        let key = parameter.misspelling?;
        let mut schema = text(
            MAX_NAME,
            "A misspelling in Invoca's documentation. It is accepted with a warning.",
        );
        if let Value::Object(schema) = &mut schema {
            schema.insert("deprecated".to_owned(), Value::Bool(true));
        }
        let right = parameter.name;
        Some(json!({ "anyOf": [{ "required": [right] }, { "properties": { key: schema } }] }))
    };
    CALL_OUTCOME.iter().filter_map(instead).collect()
}
