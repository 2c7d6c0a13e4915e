//! The routes, with their parameters and answers.

use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::examples;
use super::responses::{schema, success};
use crate::input::export::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::input::query::Operation;
use crate::response::lists::{Batch, Import};
use crate::response::records::Transaction;
use crate::response::{Body, Call, CallOutcome};

/// The description of the API.
pub const ABOUT: &str = "The Call Outcomes API (version 2015-08-17) of Invoca. With it, a business reports the outcome of a phone call, such as a sale. A request names the call, by its transaction id or by its approximate start and the caller, and creates the outcome, or corrects it if it was reported before. Sending the same request again changes nothing. Every API path can end in `.json`. The version in the path can be any calendar date; every date is served as version 2015-08-17.";

/// The groups of routes, with their descriptions.
pub fn tags() -> Value {
    json!([
        { "name": "Outcomes", "description": "Report the outcomes of calls." },
        { "name": "Reading", "description": "Read what was reported." },
        { "name": "Calls", "description": "Import the calls that outcomes are reported on." },
        { "name": "Operations", "description": "Read the server's configuration and check its health." },
    ])
}

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
        "unambiguous": flag("unambiguous", "Refuses the report (`call.ambiguous`) if another call matches about equally well."),
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
fn references(path: &[&str], operation: Operation) -> Vec<Value> {
    [path, operation.switches(), operation.parameters()]
        .concat()
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect()
}

/// The answers of a route: its own, and the errors by their statuses.
fn responses(own: &[(&str, Value)], errors: &[&str]) -> Map<String, Value> {
    let errors = errors.iter().map(|status| {
        let reference = json!({ "$ref": format!("#/components/responses/{status}") });
        ((*status).to_owned(), reference)
    });
    own.iter()
        .map(|(status, response)| ((*status).to_owned(), response.clone()))
        .chain(errors)
        .collect()
}

/// All routes.
pub fn paths(generator: &mut SchemaGenerator) -> Value {
    let mut reports = reports(generator, &["version"]);
    if let Value::Object(reports) = &mut reports {
        reports.insert("get".to_owned(), read(generator));
    }
    let in_network = self::reports(generator, &["version", "network_id"]);
    json!({
        "/api/{version}/call_outcomes": reports,
        "/api/{version}/{network_id}/call_outcomes": in_network,
        "/api/{version}/call_outcomes/batch": { "post": batch(generator) },
        "/api/{version}/transactions": { "get": export(generator) },
        "/api/{version}/transactions.csv": { "get": export_csv() },
        "/api/{version}/calls": { "post": import(generator) },
        "/config.json": { "get": config() },
        "/healthz": { "get": health() },
    })
}

const JSON: &str = "application/json";
const WRITE_ERRORS: [&str; 9] = [
    "400", "401", "403", "404", "405", "413", "429", "500", "503",
];
const LIST_ERRORS: [&str; 8] = ["400", "401", "403", "405", "413", "429", "500", "503"];
const READ_ERRORS: [&str; 8] = ["400", "401", "403", "404", "405", "429", "500", "503"];

fn reports(generator: &mut SchemaGenerator, path: &[&str]) -> Value {
    let answer = schema::<Body<'_>>(generator);
    let in_network = path.len() > 1;
    let operation = |method: &str, summary: &str, examples: Value| {
        let id = if in_network {
            format!("{method}_call_outcome_in_network")
        } else {
            format!("{method}_call_outcome")
        };
        json!({
            "operationId": id,
            "tags": ["Outcomes"],
            "summary": summary,
            "description": "POST and PUT do the same. Requires the permission `outcomes:write`. An outcome is identified by its call, its name and `partner_unique_id`. The first report creates it (201). A report with other fields corrects it (200): a new record names the one it corrects. A report that repeats what is stored changes nothing (200).",
            "parameters": references(path, Operation::Report),
            "requestBody": {
                "required": true,
                "content": { JSON: { "schema": { "$ref": "#/components/schemas/Report" }, "examples": examples } },
            },
            "responses": responses(
                &[
                    ("200", with_examples(
                        success("The outcome existed. It was corrected, or did not change. A dry run always has this status.", JSON, &answer, &["X-Api-Version"]),
                        examples::corrections(),
                    )),
                    ("201", with_examples(
                        success("The outcome was created.", JSON, &answer, &["X-Api-Version"]),
                        examples::creations(),
                    )),
                ],
                &WRITE_ERRORS,
            ),
        })
    };
    json!({
        "post": operation("post", "Report a call outcome", examples::reports()),
        "put": operation("put", "Report or correct a call outcome", examples::reports()),
    })
}

fn with_examples(mut response: Value, examples: Value) -> Value {
    if let Some(Value::Object(content)) = response.pointer_mut("/content/application~1json") {
        content.insert("examples".to_owned(), examples);
    }
    response
}

fn batch(generator: &mut SchemaGenerator) -> Value {
    let answer = schema::<Batch<'_>>(generator);
    json!({
        "operationId": "post_batch",
        "tags": ["Outcomes"],
        "summary": "Report many call outcomes",
        "description": "Requires the permission `outcomes:write`. The `status` and `body` of each result are those that a single report would get. Rows apply in their order. A row that fails does not affect the others. With `Content-Type: application/x-ndjson`, the body has one report per line, and the token is in the header.",
        "parameters": references(&["version"], Operation::Batch),
        "requestBody": {
            "required": true,
            "content": { JSON: { "schema": { "$ref": "#/components/schemas/BatchRequest" }, "examples": examples::batches() } },
        },
        "responses": responses(
            &[
                ("200", success("No row failed.", JSON, &answer, &["X-Api-Version"])),
                ("207", success("At least one row failed.", JSON, &answer, &["X-Api-Version"])),
            ],
            &LIST_ERRORS,
        ),
    })
}

fn read(generator: &mut SchemaGenerator) -> Value {
    let outcome = schema::<CallOutcome<'_>>(generator);
    let call = schema::<Call>(generator);
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

fn export(generator: &mut SchemaGenerator) -> Value {
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

fn export_csv() -> Value {
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

fn import(generator: &mut SchemaGenerator) -> Value {
    let answer = schema::<Import<'_>>(generator);
    let rows = |about: &str| success(about, JSON, &answer, &["X-Api-Version"]);
    let mut all = responses(
        &[
            (
                "200",
                rows(
                    "No call is new, and no row failed. A dry run has this status too, unless every row failed; its `status` member is the one that an import would have.",
                ),
            ),
            ("201", rows("At least one call is new, and no row failed.")),
            ("207", rows("At least one row failed.")),
        ],
        &LIST_ERRORS,
    );
    // If every row failed, the answer has the rows, which say why.
    let mut refused = rows("Every row failed, or the request as a whole was refused.");
    if let Some(schema) = refused.pointer_mut("/content/application~1json/schema") {
        *schema = json!({ "anyOf": [
            answer,
            { "$ref": "#/components/responses/403/content/application~1json/schema" },
        ]});
    }
    if let Some(Value::Object(content)) = refused.get_mut("content") {
        let document = json!({ "schema": { "$ref": "#/components/schemas/Document" } });
        content.insert("application/problem+json".to_owned(), document);
    }
    all.insert("403".to_owned(), refused);
    json!({
        "operationId": "post_calls",
        "tags": ["Calls"],
        "summary": "Import calls",
        "description": "Requires the permission `calls:write`. A call is identified by either of its ids. Importing the same call again changes nothing. A value that was missing is filled in. A value that differs from the stored one fails its row. The valid rows of a request are stored together.",
        "parameters": references(&["version"], Operation::Import),
        "requestBody": {
            "required": true,
            "content": { JSON: { "schema": { "$ref": "#/components/schemas/ImportRequest" }, "examples": examples::imports() } },
        },
        "responses": all,
    })
}

fn config() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    let answer = json!({
        "type": "object",
        "properties": {
            "default_country_code": { "type": "string" },
            "match_window_seconds": number,
            "ambiguity_seconds": number,
            "limits": { "type": "object", "additionalProperties": number },
            "version": { "type": "string" },
            "build": { "type": ["string", "null"] },
        },
        "required": ["default_country_code", "match_window_seconds", "ambiguity_seconds", "limits", "version", "build"],
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

fn health() -> Value {
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
