//! The server's configuration and health.

use serde_json::{Value, json};

use super::super::responses::success;
use super::{JSON, responses};

/// GET of the public configuration.
pub fn config() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    let answer = json!({
        "type": "object",
        "properties": {
            "default_country_code": { "type": "string" },
            "match_window_seconds": number,
            "duration_weight": number,
            "start_error_seconds": number,
            "duration_error_seconds": number,
            "min_confidence": { "type": "number", "minimum": 0, "maximum": 1 },
            "limits": { "type": "object", "additionalProperties": number },
            "version": { "type": "string" },
            "build": { "type": ["string", "null"] },
        },
        "required": ["default_country_code", "match_window_seconds", "duration_weight", "start_error_seconds", "duration_error_seconds", "min_confidence", "limits", "version", "build"],
        "additionalProperties": false,
    });
    json!({
        "operationId": "get_config",
        "tags": ["Operations"],
        "summary": "Read the settings of validation and matching, and the build of the rules",
        "security": [],
        "responses": responses(&[("200", success("The public configuration.", JSON, &answer, &[]))], &["405"]),
    })
}

/// GET of the health check.
pub fn health() -> Value {
    let answer = json!({
        "type": "object",
        "properties": {
            "status": { "type": "string", "const": "ok" },
            "version": { "type": "string" },
            "schema": { "type": ["string", "null"], "description": "The newest migration that the database has." },
            "build": { "type": ["string", "null"] },
        },
        "required": ["status", "version", "schema", "build"],
        "additionalProperties": false,
    });
    json!({
        "operationId": "get_health",
        "tags": ["Operations"],
        "summary": "Check that the server works and reaches its database",
        "description": "A 503 names the migrations that the database lacks, or else the missing tables, indexes and triggers, and the server's variables that are invalid.",
        "security": [],
        "responses": responses(&[("200", success("The server works and reaches its database.", JSON, &answer, &[]))], &["405", "503"]),
    })
}
