//! Prints the OpenAPI document and the registry of codes, from which `npm run build` makes the reference.

use call_outcomes::openapi::{document, mistakes, registry};
use serde_json::json;

fn main() {
    let all = json!({ "openapi": document(), "errors": registry(), "mistakes": mistakes() });
    println!("{all}");
}
