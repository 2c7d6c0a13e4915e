//! Reports of outcomes, one or many in a request.

use schemars::generate::SchemaGenerator;
use serde_json::{Value, json};

use super::super::examples;
use super::super::responses::{schema, success};
use super::{JSON, LIST_ERRORS, WRITE_ERRORS, references, responses};
use crate::input::query::Operation;
use crate::response::ReportAnswer;
use crate::response::lists::BatchSchema;

/// POST and PUT of a report.
pub fn report(generator: &mut SchemaGenerator, path: &[&str]) -> Value {
    let answer = schema::<ReportAnswer<'_>>(generator);
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

/// POST of a batch.
pub fn batch(generator: &mut SchemaGenerator) -> Value {
    let answer = schema::<BatchSchema<'_>>(generator);
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
