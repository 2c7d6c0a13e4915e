//! The parameters in paths and queries.

use serde_json::{Value, json};

use crate::input::export::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::input::query::Operation;

/// The parameters in paths and queries, by their names.
pub fn parameters() -> Value {
    let flag = |name: &str, about: &str| {
        let about = format!("{about} Any value except `false` and `0` turns it on.");
        json!({
            "name": name,
            "in": "query",
            "description": about,
            "schema": { "type": "boolean", "default": false },
        })
    };
    json!({
        "version": {
            "name": "version",
            "in": "path",
            "required": true,
            "description": "The version, as a calendar date. Every date is served as 2015-08-17.",
            "schema": { "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
            "example": "2015-08-17",
        },
        "network_id": {
            "name": "network_id",
            "in": "path",
            "required": true,
            "description": "Does the same as `search.network_id`: it must be the token's network. Ignored next to `search.transaction_id`.",
            "schema": { "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$" },
            "example": "3",
        },
        "validate_only": flag("validate_only", "Stores nothing. The answer says what the request would do."),
        "explain": flag("explain", "Adds to the answer how the call was found, or why none was."),
        "unambiguous": flag("unambiguous", "Refuses the report (`call.ambiguous`) if the confidence of its match is below the server's threshold."),
        "min_confidence": {
            "name": "min_confidence",
            "in": "query",
            "description": "Refuses the report (`call.ambiguous`) if the confidence of its match is lower: a decimal with at most three decimals. Takes precedence over `unambiguous`.",
            "schema": { "type": "number", "minimum": 0, "maximum": 1 },
            "example": 0.95,
        },
        "strict": flag("strict", "Refuses unknown and repeated keys instead of warning about them."),
        "transaction_id": {
            "name": "transaction_id",
            "in": "query",
            "required": true,
            "description": "The id of a call, or of any record of an outcome.",
            "schema": { "type": "string", "minLength": 1 },
            "example": "00000000-00000001",
        },
        "from": {
            "name": "from",
            "in": "query",
            "description": "Only records written at this time or later, in Unix seconds.",
            "schema": { "type": "string", "pattern": "^([0-9]{10}|[0-9]{13})$" },
        },
        "to": {
            "name": "to",
            "in": "query",
            "description": "Only records written at this time or earlier, in Unix seconds.",
            "schema": { "type": "string", "pattern": "^([0-9]{10}|[0-9]{13})$" },
        },
        "limit": {
            "name": "limit",
            "in": "query",
            "description": "The maximum number of records.",
            "schema": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT },
        },
        "start_after_transaction_id": {
            "name": "start_after_transaction_id",
            "in": "query",
            "description": "Only records after this one. Pass `next` of the previous page.",
            "schema": { "type": "string" },
        },
    })
}

/// The parameters of a route: those of its path, and of its query what the operation takes.
pub fn references(path: &[&str], operation: Operation) -> Vec<Value> {
    [path, operation.switches(), operation.parameters()]
        .concat()
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect()
}
