//! The database of a batch: what is so before its rows, and one batch of statements that appends all their records.
//!
//! Not here: what the rows lead to.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{D1Database, D1PreparedStatement};

use super::search::{self, SearchShape};
use super::statement::{Bind, over_rows, prepare};
use super::{CURRENT, FACTS, archive};
use super::{Cost, Facts, Failure, MatchTrace, OUTCOMES_WRITE, columns, read_json, run};
use crate::input::report::Report;
use crate::model::money::Cents;
use crate::model::outcome::Fields;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::{ArchiveSearch, NearbyParts};
use crate::rules::import::StoredCall;

const ROWS: &str = include_str!("sql/batch/rows.sql");
const TOKEN: &str = include_str!("sql/batch/token.sql");
const APPEND: &str = include_str!("sql/batch/append_all.sql");
const NAMES: &str = include_str!("sql/batch/insert_names.sql");

/// A value bound in one statement stays below this, in bytes: D1 takes 2 MB.
const MAX_BOUND: usize = 1_000_000;

/// What the schema says of records that another request has overtaken.
const CONFLICTS: [&str; 3] = [
    "UNIQUE constraint failed: outcomes.",
    "UNIQUE constraint failed: outcome_names.",
    "NOT NULL constraint failed: outcomes.",
];

/// Some rows of a batch, with all that the database needs to know of their request.
pub struct BatchQuery<'a> {
    /// The reports, each by its place in the batch.
    pub reports: &'a [(usize, &'a Report<'a>)],
    /// The SHA-256 of the token.
    pub token_hash: &'a str,
    /// The network in the path, if there is one.
    pub path_network_id: Option<&'a str>,
    /// How far a start may be off, in milliseconds.
    pub window: Option<i64>,
    /// Whether to tell why a call was found or not.
    pub explain: bool,
    /// Archived calls to put back first.
    pub restore: &'a [StoredCall],
    /// Searches of the archive, to list the parts that come next for each.
    pub searches: Vec<&'a ArchiveSearch>,
    /// A record of an earlier try, which may have been committed.
    pub tried: Option<TransactionId>,
}

/// What is so before the rows.
pub struct Known {
    /// The token's network.
    pub network_id: String,
    /// The token's advertiser, if it is an advertiser's.
    pub advertiser_id: Option<String>,
    /// Whether the record of the earlier try is there.
    pub is_committed: bool,
    /// The facts of each report, by its place.
    pub facts: HashMap<usize, Facts>,
    /// Why its call was found or not, where that was asked.
    pub whys: HashMap<usize, MatchTrace>,
    /// The parts of the archive that come next for each search.
    pub listed: Vec<NearbyParts>,
}

/// Looks up what is so before the rows; `None` if the token is unknown or revoked. A statement for each shape of
/// search.
pub async fn facts(
    db: &D1Database,
    ask: &BatchQuery<'_>,
    cost: &mut Cost,
) -> Result<Option<Known>, Failure> {
    #[derive(Deserialize)]
    struct Token(String, Option<String>, u8);
    enum Kind {
        Facts,
        MatchTrace,
    }
    let token = ("token", Bind::Text(ask.token_hash.to_owned()));
    let mut shapes: BTreeMap<SearchShape, Vec<(usize, &Report<'_>)>> = BTreeMap::new();
    for (place, report) in ask.reports {
        let alike = shapes.entry(SearchShape::of(&report.search)).or_default();
        alike.push((*place, report));
    }
    let mut statements = archive::restore(db, ask.token_hash, ask.restore)?;
    let restoring = statements.len();
    let candidate = ask.tried.as_ref().map(TransactionId::as_str);
    let binds = [token.clone(), ("candidate", Bind::text(candidate))];
    statements.push(prepare(db, TOKEN, &binds)?);
    let mut options = Vec::new();
    for (shape, reports) in &shapes {
        let rows: Vec<Vec<_>> = reports
            .iter()
            .map(|(_, report)| columns(report, ask.window))
            .collect();
        let names: Vec<&str> = rows
            .first()
            .into_iter()
            .flatten()
            .map(|(n, _)| *n)
            .collect();
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|(name, bind)| (*name, bind.to_json()))
                    .collect()
            })
            .collect();
        let binds = [
            token.clone(),
            ("permission", Bind::Text(OUTCOMES_WRITE.to_owned())),
            ("path_network_id", Bind::text(ask.path_network_id)),
            ("rows", Bind::Text(Value::Array(rows).to_string())),
        ];
        let facts = FACTS
            .replace("{{archived}}", &shape.archived(ask.explain))
            .replace("{{generations}}", &shape.generations());
        statements.push(prepare(db, &over(&facts, *shape, &names), &binds)?);
        options.push((Kind::Facts, reports));
        if let Some(sql) = shape.explain().filter(|_| ask.explain) {
            statements.push(prepare(db, &over(&sql, *shape, &names), &binds)?);
            options.push((Kind::MatchTrace, reports));
        }
    }
    statements.extend(archive::list(db, ask.token_hash, &ask.searches)?);
    let results = run(db, statements, cost).await?;
    let mut results = results.iter().skip(restoring);
    let who = read_json::<Token>(results.next())?.into_iter().next();
    let Some(Token(network_id, advertiser_id, committed)) = who else {
        return Ok(None);
    };
    let mut known = Known {
        network_id,
        advertiser_id,
        is_committed: committed != 0,
        facts: HashMap::new(),
        whys: HashMap::new(),
        listed: Vec::new(),
    };
    for (kind, reports) in options {
        let place = |at: usize| reports.get(at).map(|(place, _)| *place);
        match kind {
            Kind::Facts => {
                let facts = read_json::<Facts>(results.next())?.into_iter();
                known
                    .facts
                    .extend(facts.filter_map(|f| Some((place(f.at)?, f))));
            }
            Kind::MatchTrace => {
                let whys = read_json::<MatchTrace>(results.next())?.into_iter();
                known
                    .whys
                    .extend(whys.filter_map(|w| Some((place(w.at)?, w))));
            }
        }
    }
    known.listed = archive::listed(results)?;
    Ok(Some(known))
}

/// The statement of one report for all that search alike, whose values have these names.
fn over(sql: &str, shape: SearchShape, names: &[&str]) -> String {
    let sql = sql
        .replace("{{call}}", &shape.call())
        .replace("{{current}}", CURRENT)
        .replace("{{campaign}}", search::CAMPAIGN)
        .replace("{{at}}", "q.at")
        .replace("{{each}}", "CROSS JOIN q");
    let columns: Vec<String> = std::iter::once("key AS at".to_owned())
        .chain(
            names
                .iter()
                .map(|name| format!("value ->> '$.{name}' AS {name}")),
        )
        .collect();
    let rows = ROWS.replace("{{columns}}", &columns.join(", "));
    over_rows(&sql, names).replace("{{rows}}", &rows)
}

/// A record to append.
pub struct NewRecord {
    /// The call, as the database knows it.
    pub call_id: i64,
    /// The call's id.
    pub call: TransactionId,
    /// The record's id.
    pub transaction_id: TransactionId,
    /// The record that it corrects.
    pub corrects: Option<TransactionId>,
    /// What the outcome's name is compared by.
    pub name_key: String,
    /// The partner's id.
    pub partner_unique_id: String,
    /// 1 for the first record of an outcome.
    pub revision: u32,
    /// The fields.
    pub fields: Fields,
}

impl NewRecord {
    fn to_row(&self) -> Value {
        let fields = &self.fields;
        let [one, two, three] = &fields.custom_parameters;
        json!([
            self.call_id,
            self.call,
            self.transaction_id,
            self.corrects,
            self.name_key,
            self.partner_unique_id,
            self.revision,
            fields.description,
            fields.occurred_at,
            fields.sale_amount.map(Cents::get),
            u8::from(fields.value),
            one,
            two,
            three,
        ])
    }
}

/// Appends all records and names, or none where something has changed since they were decided. `false` if the token
/// was revoked since.
pub async fn append(
    db: &D1Database,
    token_hash: &str,
    records: &[NewRecord],
    names: &[(String, String)],
    cost: &mut Cost,
) -> Result<bool, Failure> {
    let mut statements = Vec::new();
    lists(
        db,
        &mut statements,
        token_hash,
        APPEND,
        records.iter().map(NewRecord::to_row),
    )?;
    lists(
        db,
        &mut statements,
        token_hash,
        NAMES,
        names.iter().map(|name| json!(name)),
    )?;
    let results = match run(db, statements, cost).await {
        Err(Failure::Unexpected(text)) if CONFLICTS.iter().any(|part| text.contains(part)) => {
            return Err(Failure::Conflict);
        }
        other => other?,
    };
    let changed = match results.first().map(worker::D1Result::meta) {
        Some(meta) => meta?.and_then(|meta| meta.changes),
        None => None,
    };
    Ok(changed.is_some_and(|changes| changes > 0))
}

/// Statements over `rows`, in as many lists as keep below the limit of a value.
fn lists(
    db: &D1Database,
    statements: &mut Vec<D1PreparedStatement>,
    token_hash: &str,
    sql: &str,
    rows: impl Iterator<Item = Value>,
) -> Result<(), Failure> {
    let mut list = String::new();
    let mut push = |list: &str| -> Result<(), Failure> {
        let binds = [
            ("token", Bind::Text(token_hash.to_owned())),
            ("rows", Bind::Text(format!("[{list}]"))),
        ];
        statements.push(prepare(db, sql, &binds)?);
        Ok(())
    };
    for row in rows {
        let row = row.to_string();
        if !list.is_empty() {
            if list.len().saturating_add(row.len()) > MAX_BOUND {
                push(&list)?;
                list.clear();
            } else {
                list.push(',');
            }
        }
        list.push_str(&row);
    }
    if !list.is_empty() {
        push(&list)?;
    }
    Ok(())
}
