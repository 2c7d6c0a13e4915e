//! The archive's tables: lists the parts near a search, and puts calls back. The parts themselves are in KV.

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{D1Database, D1PreparedStatement, D1Result};

use super::statement::{Bind, Statement, prepare};
use super::template::Template;
use super::{Facts, Failure, MatchTrace, read_json};
use crate::rules::archive::{ArchiveSearch, DatabaseMatches, LISTED_PARTS, NearbyParts, Part};
use crate::rules::import::StoredCall;

const PARTS: &str = include_str!("sql/archive/archived_parts.sql");
const COPIES: &str = include_str!("sql/archive/archived_copies.sql");
const RESTORE: &str = include_str!("sql/archive/restore.sql");
const RESTORED: &str = include_str!("sql/archive/restored.sql");

/// How many searches share a statement, so that its result stays small.
const SEARCHES: usize = 50;
/// Beyond every hour, in either direction.
const ANY_HOUR: i64 = 9_999_999_999;

/// Prepares the statements that list the next parts of each search.
pub fn list(
    db: &D1Database,
    token_hash: &str,
    searches: &[&ArchiveSearch],
) -> Result<Vec<D1PreparedStatement>, Failure> {
    let statement = Statement::new(&parts());
    let bind = |searches: &[&ArchiveSearch]| {
        let searches: Vec<Value> = searches.iter().map(|search| to_row(search)).collect();
        let binds = [
            ("token", Bind::Text(token_hash.to_owned())),
            ("searches", Bind::Text(Value::Array(searches).to_string())),
        ];
        statement.bind(db, &binds)
    };
    searches.chunks(SEARCHES).map(bind).collect()
}

fn parts() -> Template {
    Template::from(PARTS)
        .fill("copies", Template::from(COPIES).as_sql())
        .fill("limit", &LISTED_PARTS.to_string())
}

fn to_row(search: &ArchiveSearch) -> Value {
    let (low, high) = search.hours().unwrap_or((-ANY_HOUR, ANY_HOUR));
    let [later, earlier] = search.cursors();
    json!([
        low, high, later.0, later.1, later.2, earlier.0, earlier.1, earlier.2
    ])
}

/// Reads the results of [`list`], in the order of the searches; empty where the token has become invalid.
pub fn listed<'r>(
    results: impl Iterator<Item = &'r D1Result>,
) -> Result<Vec<NearbyParts>, Failure> {
    #[derive(Deserialize)]
    struct Row(usize, Vec<Part>, Vec<Part>);
    let mut lists = Vec::new();
    for result in results {
        let mut rows: Vec<Row> = read_json(Some(result))?;
        rows.sort_unstable_by_key(|Row(key, ..)| *key);
        lists.extend(
            rows.into_iter()
                .map(|Row(_, later, earlier)| NearbyParts { later, earlier }),
        );
    }
    Ok(lists)
}

/// Returns what the database knows of a search by time.
pub fn known(facts: &Facts, why: Option<&MatchTrace>) -> DatabaseMatches {
    match why {
        Some(why) => why.known(),
        None => DatabaseMatches {
            candidates: [facts.candidate(), None],
            ..DatabaseMatches::default()
        },
    }
}

/// Prepares the statements that put back those archived calls that the token sees.
pub fn restore(
    db: &D1Database,
    token_hash: &str,
    calls: &[StoredCall],
) -> Result<Vec<D1PreparedStatement>, Failure> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Value> = calls.iter().map(super::call_row).collect();
    let rows = Value::Array(rows).to_string();
    let binds = [
        ("token", Bind::Text(token_hash.to_owned())),
        ("archived", Bind::Text(rows.clone())),
    ];
    Ok(vec![
        prepare(db, RESTORE, &binds)?,
        restored(db, token_hash, rows)?,
    ])
}

/// Prepares the statement that marks calls as put back, so that their archived copies do not count. `rows` is a list of
/// lists that begin with the call's id.
pub fn restored(
    db: &D1Database,
    token_hash: &str,
    rows: String,
) -> Result<D1PreparedStatement, Failure> {
    let binds = [
        ("token", Bind::Text(token_hash.to_owned())),
        ("archived", Bind::Text(rows)),
    ];
    prepare(db, RESTORED, &binds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_of_the_list_of_parts_is_filled() {
        let (_, names) = parts().number_parameters();
        assert_eq!(names, ["searches", "token"]);
    }
}
