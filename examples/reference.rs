//! Prints the OpenAPI document and the registry of codes, from which `npm run build` makes the reference.

use call_outcomes::openapi::{document, registry};
use serde_json::json;

fn main() {
    println!("{}", json!({ "openapi": document(), "errors": registry() }));
}
