//! The schemas of answers, and the errors by their status.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::problem::{Class, Code, Severity};
use crate::response::problem_json::{self, Document};
use crate::rules::explanation::Explanation;

/// The classes of error by their status.
fn classes() -> BTreeMap<u16, Vec<Class>> {
    let mut classes: BTreeMap<u16, Vec<Class>> = BTreeMap::new();
    for class in Class::ALL.iter().copied() {
        classes.entry(class.status()).or_default().push(class);
    }
    classes
}

/// The errors by their status, each with the codes that it may have.
pub fn components(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let explanation = schema::<Explanation>(generator);
    let document = schema::<Document<'_>>(generator);
    classes()
        .into_iter()
        .map(|(status, classes)| {
            let names: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
            let codes: Vec<&str> = Code::ALL
                .iter()
                .filter(|code| code.severity() == Severity::Error || status == 403)
                .filter(|code| classes.contains(&code.class()))
                .map(|code| code.as_str())
                .collect();
            let errors = json!({
                "type": "object",
                "properties": {
                    "errors": {
                        "type": "object",
                        "properties": {
                            "class": { "type": "string", "enum": names },
                            "invalid_data": { "type": "string" },
                        },
                        "required": ["class", "invalid_data"],
                        "additionalProperties": false,
                    },
                    "match": explanation,
                },
                "required": ["errors"],
                "additionalProperties": false,
            });
            let mut headers = common_headers();
            headers.insert(
                "X-Error-Code".to_owned(),
                json!({
                    "description": "The code of the first problem.",
                    "required": true,
                    "schema": { "type": "string", "enum": codes },
                }),
            );
            for name in match status {
                401 => &["WWW-Authenticate"][..],
                405 => &["Allow"],
                429 => &["Retry-After", "RateLimit-Policy"],
                503 => &["Retry-After"],
                _ => &[],
            } {
                headers.insert((*name).to_owned(), header(name));
            }
            let response = json!({
                "description": names.join(", "),
                "headers": headers,
                "content": {
                    "application/json": { "schema": errors },
                    problem_json::CONTENT_TYPE: { "schema": document },
                },
            });
            (status.to_string(), response)
        })
        .collect()
}

/// The schema of a type, as a reference if it has a name.
pub fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// An answer other than an error.
pub fn success(about: &str, content_type: &str, schema: &Value, more_headers: &[&str]) -> Value {
    let mut headers = common_headers();
    for name in more_headers {
        headers.insert((*name).to_owned(), header(name));
    }
    json!({
        "description": about,
        "headers": headers,
        "content": { content_type: { "schema": schema } },
    })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn common_headers() -> Map<String, Value> {
    ["X-Request-Id", "X-Warnings", "X-Database-Cost"]
        .iter()
        .map(|name| ((*name).to_owned(), header(name)))
        .collect()
}

/// The headers of answers.
pub fn headers() -> Value {
    let text = |about: &str, required: bool, schema: Value| json!({ "description": about, "required": required, "schema": schema });
    json!({
        "X-Request-Id": text("The id that the client sent, if it matches the pattern, or a new one.", true,
            json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" })),
        "X-Api-Version": text("The version of the API.", true, json!({ "type": "string", "const": "2015-08-17" })),
        "X-Warnings": text("Probable mistakes that do not refuse the request: pairs of a code and a pointer, separated by commas.", false,
            json!({ "type": "string", "maxLength": 2048 })),
        "X-Database-Cost": text("What the request cost the database. Only sent if the server's variable `EXPOSE_COST` is `true`.", false,
            json!({ "type": "string", "pattern": "^trips=[0-9]+ rows_read=[0-9]+ rows_written=[0-9]+$" })),
        "X-Next": text("The id to pass as `start_after_transaction_id` for the next page. Not sent on the last page.", false, json!({ "type": "string" })),
        "WWW-Authenticate": text("The authentication scheme.", true, json!({ "type": "string", "const": "Bearer" })),
        "Allow": text("The methods that the route accepts.", true, json!({ "type": "string" })),
        "Retry-After": text("The number of seconds to wait before the next try.", true, json!({ "type": "string", "pattern": "^[0-9]+$" })),
        "RateLimit-Policy": text("The limit that was exceeded.", true, json!({ "type": "string" })),
    })
}
