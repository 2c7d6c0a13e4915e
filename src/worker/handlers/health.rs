//! Whether the server works: its database, the schema of it, and its variables.
//!
//! Not here: HTTP.

use serde_json::json;
use worker::{D1Database, console_error};

use super::report::Outgoing;
use crate::problem::{Code, Problem};
use crate::response::{Reply, refuse_all};
use crate::worker::config::{BUILD, Config};
use crate::worker::store::schema::schema;

/// 200 with the version of the schema that the database reports, or 503 that names what it lacks and which variables
/// cannot be read.
pub async fn health(db: &D1Database, config: &Config) -> Outgoing {
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::ServiceUnavailable));
    let schema = match schema(db, &mut outgoing.cost).await {
        Ok(schema) => schema,
        Err(failure) => {
            console_error!("{}", json!({ "error": format!("{failure:?}") }));
            return outgoing;
        }
    };
    let mut problems = Vec::new();
    if !schema.missing.is_empty() {
        let missing = schema.missing.join(", ");
        problems.push(Problem::whole(Code::SchemaOutdated).with_name(missing));
    }
    let unreadable = config.unreadable.iter().copied();
    problems
        .extend(unreadable.map(|name| Problem::whole(Code::ConfigurationInvalid).with_name(name)));
    outgoing.reply = if problems.is_empty() {
        let body = json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "schema": schema.version,
            "build": BUILD,
        });
        Reply::success(200, body.to_string())
    } else {
        refuse_all(problems)
    };
    outgoing
}
