//! The database of the archive: which parts there are near a search, and putting calls back.

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{D1Database, D1PreparedStatement, D1Result};

use super::statement::{Bind, prepare};
use super::{Facts, Failure, MatchTrace, read_json};
use crate::rules::archive::{ArchiveSearch, DatabaseMatches, LISTED_PARTS, NearbyParts, Part};
use crate::rules::import::StoredCall;

const PARTS: &str = include_str!("sql/archive/archived_parts.sql");
const COPIES: &str = include_str!("sql/archive/archived_copies.sql");
const RESTORE: &str = include_str!("sql/archive/restore.sql");
const RESTORED: &str = include_str!("sql/archive/restored.sql");

/// How many searches share a statement, so that its result stays small.
const SEARCHES: usize = 50;
/// An hour beyond every other, in either direction.
const ANY_HOUR: i64 = 9_999_999_999;

/// The statements that list the next parts of each search.
pub fn list(
    db: &D1Database,
    token_hash: &str,
    searches: &[&ArchiveSearch],
) -> Result<Vec<D1PreparedStatement>, Failure> {
    let sql = PARTS
        .replace("{{copies}}", COPIES)
        .replace("{{most}}", &LISTED_PARTS.to_string());
    let statement = |searches: &[&ArchiveSearch]| {
        let searches: Vec<Value> = searches.iter().map(|search| to_row(search)).collect();
        let binds = [
            ("token", Bind::Text(token_hash.to_owned())),
            ("searches", Bind::Text(Value::Array(searches).to_string())),
        ];
        Ok(prepare(db, &sql, &binds)?)
    };
    searches.chunks(SEARCHES).map(statement).collect()
}

fn to_row(search: &ArchiveSearch) -> Value {
    let (low, high) = search.hours().unwrap_or((-ANY_HOUR, ANY_HOUR));
    let [later, earlier] = search.cursors();
    json!([
        low, high, later.0, later.1, later.2, earlier.0, earlier.1, earlier.2
    ])
}

/// What the statements of [`list`] returned, in the order of the searches; nothing where the token is no longer good.
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

/// What the database knows of a search by time.
pub fn known(facts: &Facts, why: Option<&MatchTrace>) -> DatabaseMatches {
    match why {
        Some(why) => why.known(),
        None => DatabaseMatches {
            candidates: [facts.candidate(), None],
            ..DatabaseMatches::default()
        },
    }
}

/// The statements that put archived calls back, those that the token sees.
pub fn restore(
    db: &D1Database,
    token_hash: &str,
    calls: &[StoredCall],
) -> Result<Vec<D1PreparedStatement>, Failure> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Value> = calls.iter().map(super::calls::to_row).collect();
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

/// The statement that says which calls are in the database again, so that archived copies of them do not count. `rows` is
/// a list of lists that begin with the call's id.
pub fn restored(
    db: &D1Database,
    token_hash: &str,
    rows: String,
) -> Result<D1PreparedStatement, Failure> {
    let binds = [
        ("token", Bind::Text(token_hash.to_owned())),
        ("archived", Bind::Text(rows)),
    ];
    Ok(prepare(db, RESTORED, &binds)?)
}
