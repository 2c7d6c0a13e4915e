//! Compares the schema of the database with `migrations/`, on which the statements rely.

use worker::D1Database;

use super::{Cost, Failure, read_json, run};

const OBJECTS_OF: &str = include_str!("sql/schema/objects.sql");
const MIGRATIONS_OF: &str = include_str!("sql/schema/migrations.sql");
/// The table in which wrangler records the migrations that it has applied.
const APPLIED: &str = "table d1_migrations";

// `MIGRATIONS` and `OBJECTS`, from the files in `migrations/`.
include!(concat!(env!("OUT_DIR"), "/schema.rs"));

/// The schema of a database.
pub struct Schema {
    /// The newest migration that was applied to it.
    pub version: Option<String>,
    /// The migrations that it lacks; or, if it lacks none, the tables, indexes and triggers, each with its kind.
    pub missing: Vec<String>,
}

/// Reads the schema of the database.
pub async fn schema(db: &D1Database, cost: &mut Cost) -> Result<Schema, Failure> {
    let objects = names(db, OBJECTS_OF, cost).await?;
    let has = |object: &str| objects.iter().any(|name| name == object);
    // Selecting from a table that does not exist is an error.
    let applied = if has(APPLIED) {
        names(db, MIGRATIONS_OF, cost).await?
    } else {
        Vec::new()
    };
    let shown = |file: &str| file.strip_suffix(".sql").unwrap_or(file).to_owned();
    let mut missing: Vec<String> = MIGRATIONS
        .iter()
        .filter(|file| !applied.iter().any(|name| name == *file))
        .map(|file| format!("migration {}", shown(file)))
        .collect();
    if missing.is_empty() {
        let lacking = OBJECTS.iter().filter(|object| !has(object));
        missing.extend(lacking.map(|object| (*object).to_owned()));
    }
    Ok(Schema {
        version: applied.last().map(|file| shown(file)),
        missing,
    })
}

async fn names(db: &D1Database, sql: &str, cost: &mut Cost) -> Result<Vec<String>, Failure> {
    let results = run(db, vec![db.prepare(sql)], cost).await?;
    read_json(results.first())
}
