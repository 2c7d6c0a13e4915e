//! The routes. Each module describes the operations of one group.

mod calls;
mod operations;
mod outcomes;
mod reading;
mod url_parameters;

use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

pub use url_parameters::parameters;
use url_parameters::references;

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

/// All routes.
pub fn paths(generator: &mut SchemaGenerator) -> Value {
    let mut reports = outcomes::report(generator, &["version"]);
    if let Value::Object(reports) = &mut reports {
        reports.insert("get".to_owned(), reading::read(generator));
    }
    let in_network = outcomes::report(generator, &["version", "network_id"]);
    json!({
        "/api/{version}/call_outcomes": reports,
        "/api/{version}/{network_id}/call_outcomes": in_network,
        "/api/{version}/call_outcomes/batch": { "post": outcomes::batch(generator) },
        "/api/{version}/transactions": { "get": reading::export(generator) },
        "/api/{version}/transactions.csv": { "get": reading::export_csv() },
        "/api/{version}/calls": { "post": calls::import(generator) },
        "/config.json": { "get": operations::config() },
        "/healthz": { "get": operations::health() },
    })
}

const JSON: &str = "application/json";
const WRITE_ERRORS: [&str; 9] = [
    "400", "401", "403", "404", "405", "413", "429", "500", "503",
];
const LIST_ERRORS: [&str; 8] = ["400", "401", "403", "405", "413", "429", "500", "503"];
const READ_ERRORS: [&str; 8] = ["400", "401", "403", "404", "405", "429", "500", "503"];

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
