//! Checking whether the server works: its database, the database's schema, and its variables.

use serde_json::json;
use worker::{D1Database, console_error};

use crate::problem::{Code, Problem};
use crate::response::refuse_all;
use crate::worker::config::{BUILD, Config};
use crate::worker::result::{HandlerResult, Success};
use crate::worker::store::Cost;
use crate::worker::store::schema::schema;

/// Returns 200 with the schema version that the database reports, or 503 with what the schema lacks and which variables
/// are malformed.
pub async fn health(db: &D1Database, config: &Config, cost: &mut Cost) -> HandlerResult {
    let schema = schema(db, cost).await.map_err(|failure| {
        console_error!("{}", json!({ "error": format!("{failure:?}") }));
        Code::ServiceUnavailable
    })?;
    let mut problems = Vec::new();
    if !schema.missing.is_empty() {
        let missing = schema.missing.join(", ");
        problems.push(Problem::whole(Code::SchemaOutdated).with_name(missing));
    }
    let malformed = config.malformed.iter().copied();
    problems
        .extend(malformed.map(|name| Problem::whole(Code::ConfigurationInvalid).with_name(name)));
    if !problems.is_empty() {
        return Err(refuse_all(problems).into());
    }
    let body = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "schema": schema.version,
        "build": BUILD,
    });
    Ok(Success::json(200, body.to_string()))
}
