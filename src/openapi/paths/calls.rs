//! Imports of calls.

use schemars::generate::SchemaGenerator;
use serde_json::{Value, json};

use super::super::examples;
use super::super::responses::{schema, success};
use super::{JSON, LIST_ERRORS, references, responses};
use crate::input::query::Operation;
use crate::response::lists::ImportAnswer;

/// POST of calls.
pub fn import(generator: &mut SchemaGenerator) -> Value {
    let answer = schema::<ImportAnswer<'_>>(generator);
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
