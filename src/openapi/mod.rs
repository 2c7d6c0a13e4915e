//! Generates the OpenAPI document from the types of the answers, the parameters of the rules, their limits and the
//! registry of codes. Descriptions of parameters are in `parameters`, those of routes in `paths`.

mod examples;
mod mistakes;
mod parameters;
mod paths;
mod requests;
mod responses;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::response::problem_json;

pub use mistakes::mistakes;

/// The document (OpenAPI 3.1).
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let responses = responses::components(&mut generator);
    let paths = paths::paths(&mut generator);
    let mut schemas = answers(&mut generator);
    schemas.extend(requests::components());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Call Outcomes API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": paths::ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "security": [{ "token": [] }, {}],
        "tags": paths::tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Send the token in the header `Authorization: Bearer <token>` (`Token <token>` or the token alone work too), or in the body as `oauth_token`. If both are sent, the one in the body counts. Never put a token into a URL or a public page.",
                },
            },
            "parameters": paths::parameters(),
            "headers": responses::headers(),
            "responses": responses,
            "schemas": schemas,
        },
    })
}

/// The registry as data, and as the code pages need it.
#[must_use]
pub fn registry() -> Value {
    let json = problem_json::registry();
    serde_json::from_str(&json).unwrap_or_default()
}

/// The schemas of the answers' types. An answer never has another member.
fn answers(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut schemas = generator.take_definitions(true);
    for schema in schemas.values_mut() {
        close(schema);
    }
    schemas
}

fn close(schema: &mut Value) {
    if let Value::Object(members) = schema {
        if members.contains_key("properties") {
            members.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        members.values_mut().for_each(close);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}
