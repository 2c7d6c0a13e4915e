//! A batch of reports: looks up what is stored before its rows, and appends all their records in one batch of statements.
//!
//! Handlers decide what each row leads to.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{D1Database, D1PreparedStatement, D1Result};

use super::search::{self, SearchShape};
use super::statement::{Bind, prepare};
use super::template::Template;
use super::{
    CONTEXT, CURRENT, Cost, Facts, Failure, MatchTrace, NO_FILTERS, OUTCOMES_WRITE, archive,
    columns, first, read_json, run,
};
use crate::input::report::Report;
use crate::model::money::Cents;
use crate::model::outcome::Fields;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::{ArchiveSearch, NearbyParts};
use crate::rules::import::StoredCall;

const ROWS: &str = include_str!("sql/batch/rows.sql");
const TOKEN: &str = include_str!("sql/batch/token.sql");
const APPEND: &str = include_str!("sql/batch/append_all.sql");

/// A value bound in one statement stays below this, in bytes: D1 takes 2 MB.
const MAX_BOUND: usize = 1_000_000;

/// The errors of the schema where another request has stored something since the records were decided.
const CONFLICTS: [&str; 2] = [
    "UNIQUE constraint failed: outcomes.",
    "NOT NULL constraint failed: outcomes.",
];

/// A look-up for some rows of a batch.
pub struct BatchQuery<'a> {
    /// The reports, each by its place in the batch.
    pub reports: &'a [(usize, &'a Report<'a>)],
    /// The SHA-256 of the token.
    pub token_hash: &'a str,
    /// The network in the path, if there is one.
    pub path_network_id: Option<&'a str>,
    /// How far a start may be off, in milliseconds.
    pub window: Option<i64>,
    /// Whether to look up why each call was found or not.
    pub explain: bool,
    /// Archived calls to put back first.
    pub restore: &'a [StoredCall],
    /// Searches of the archive whose next parts are listed.
    pub searches: Vec<&'a ArchiveSearch>,
    /// A record of an earlier try that may have been committed.
    pub tried: Option<TransactionId>,
}

/// What is stored before the rows.
pub struct Known {
    /// The token's network.
    pub network_id: String,
    /// The token's advertiser, if it is an advertiser's.
    pub advertiser_id: Option<String>,
    /// Whether the record of the earlier try is stored.
    pub is_committed: bool,
    /// What is stored before each report, by its place.
    pub facts: HashMap<usize, Facts>,
    /// Why its call was found or not, where that was asked for.
    pub whys: HashMap<usize, MatchTrace>,
    /// The next parts of the archive for each search.
    pub listed: Vec<NearbyParts>,
}

/// The reports of a batch that search alike, each with its place in the batch.
type Group<'a> = Vec<(usize, &'a Report<'a>)>;

/// Looks up what is stored before the rows, with a statement for each shape of search; `None` if the token is unknown or
/// revoked.
pub async fn facts(
    db: &D1Database,
    ask: &BatchQuery<'_>,
    cost: &mut Cost,
) -> Result<Option<Known>, Failure> {
    let groups = group(ask.reports);
    let restore = archive::restore(db, ask.token_hash, ask.restore)?;
    let restoring = restore.len();
    let mut statements = restore;
    statements.push(token(db, ask)?);
    for (shape, reports) in &groups {
        statements.extend(reads(db, ask, *shape, reports)?);
    }
    statements.extend(archive::list(db, ask.token_hash, &ask.searches)?);
    let results = run(db, statements, cost).await?;
    read_known(ask, &groups, results.iter().skip(restoring))
}

fn group<'a>(reports: &[(usize, &'a Report<'a>)]) -> BTreeMap<SearchShape, Group<'a>> {
    let mut groups: BTreeMap<_, Group<'a>> = BTreeMap::new();
    for (place, report) in reports {
        let alike = groups.entry(SearchShape::of(&report.search)).or_default();
        alike.push((*place, report));
    }
    groups
}

/// Prepares the statement that looks up the token and the record of an earlier try.
fn token(db: &D1Database, ask: &BatchQuery<'_>) -> Result<D1PreparedStatement, Failure> {
    let tried = ask.tried.as_ref().map(TransactionId::as_str);
    let binds = [
        ("token", Bind::Text(ask.token_hash.to_owned())),
        ("candidate", Bind::text(tried)),
    ];
    prepare(db, TOKEN, &binds)
}

/// Prepares the statements that read what is stored before reports of one shape: their context, and where it was asked
/// for, why each call was found.
fn reads(
    db: &D1Database,
    ask: &BatchQuery<'_>,
    shape: SearchShape,
    reports: &Group<'_>,
) -> Result<Vec<D1PreparedStatement>, Failure> {
    let rows: Vec<_> = reports
        .iter()
        .map(|(_, report)| columns(report, ask.window))
        .collect();
    let names: Vec<&str> = rows
        .iter()
        .take(1)
        .flatten()
        .map(|(name, _)| *name)
        .collect();
    let to_object = |row: &Vec<(&str, Bind)>| -> Value {
        row.iter()
            .map(|(name, bind)| (*name, bind.to_json()))
            .collect()
    };
    let rows: Value = rows.iter().map(to_object).collect();
    let mut binds = vec![
        ("token", Bind::Text(ask.token_hash.to_owned())),
        ("permission", Bind::Text(OUTCOMES_WRITE.to_owned())),
        ("path_network_id", Bind::text(ask.path_network_id)),
        ("rows", Bind::Text(rows.to_string())),
    ];
    if matches!(shape, SearchShape::ById) {
        binds.extend(NO_FILTERS);
    }
    templates(shape, ask.explain, &names)
        .into_iter()
        .map(|template| prepare(db, template, &binds))
        .collect()
}

/// The statements of [`reads`], over rows of reports that have these columns.
fn templates(shape: SearchShape, explain: bool, columns: &[&str]) -> Vec<Template> {
    let context = Template::from(CONTEXT)
        .fill("campaign", search::campaign().as_sql())
        .fill("call", shape.call().as_sql())
        .fill("current", Template::from(CURRENT).as_sql())
        .fill("archived", shape.archived(explain).as_sql())
        .fill("generations", shape.generations().as_sql());
    let mut templates = vec![over_reports(context, columns)];
    if let Some(explanation) = shape.explain().filter(|_| explain) {
        templates.push(over_reports(explanation, columns));
    }
    templates
}

/// Makes a statement of one report a statement over the reports in `:rows`.
fn over_reports(template: Template, columns: &[&str]) -> Template {
    let selected: Vec<String> = std::iter::once("key AS at".to_owned())
        .chain(
            columns
                .iter()
                .map(|name| format!("value ->> '$.{name}' AS {name}")),
        )
        .collect();
    let rows = Template::from(ROWS).fill("columns", &selected.join(", "));
    let template = template.fill("at", "q.at").fill("each", "CROSS JOIN q");
    template.over_rows(columns).fill("rows", rows.as_sql())
}

/// Reads the results of [`facts`]: those of the token, of each group, and of the archive.
fn read_known<'r>(
    ask: &BatchQuery<'_>,
    groups: &BTreeMap<SearchShape, Group<'_>>,
    mut results: impl Iterator<Item = &'r D1Result>,
) -> Result<Option<Known>, Failure> {
    #[derive(Deserialize)]
    struct Token(String, Option<String>, u8);
    let Some(Token(network_id, advertiser_id, committed)) = first(results.next())? else {
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
    for (shape, reports) in groups {
        let place = |at: usize| reports.get(at).map(|(place, _)| *place);
        let facts: Vec<Facts> = read_json(results.next())?;
        let facts = facts.into_iter();
        known
            .facts
            .extend(facts.filter_map(|facts| Some((place(facts.at)?, facts))));
        if ask.explain && shape.explains() {
            let whys: Vec<MatchTrace> = read_json(results.next())?;
            let whys = whys.into_iter();
            known
                .whys
                .extend(whys.filter_map(|why| Some((place(why.at)?, why))));
        }
    }
    known.listed = archive::listed(results)?;
    Ok(Some(known))
}

/// A record to append.
pub struct NewRecord {
    /// The call's key in the database.
    pub call_id: i64,
    /// The call's id.
    pub call: TransactionId,
    /// The record's id.
    pub transaction_id: TransactionId,
    /// The record that it corrects.
    pub corrects: Option<TransactionId>,
    /// The outcome's name as it was reported, if the network did not have it.
    pub new_name: Option<String>,
    /// The outcome's name in lower case, by which names are compared.
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
            self.new_name,
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

/// Appends all records with the names that they bring, or none if something has changed since they were decided. Returns
/// `false` if the token was revoked since.
pub async fn append(
    db: &D1Database,
    token_hash: &str,
    records: &[NewRecord],
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
    let results = match run(db, statements, cost).await {
        Err(Failure::Unexpected(text)) if CONFLICTS.iter().any(|part| text.contains(part)) => {
            return Err(Failure::Conflict);
        }
        other => other?,
    };
    let changed = match results.first().map(D1Result::meta) {
        Some(meta) => meta?.and_then(|meta| meta.changes),
        None => None,
    };
    Ok(changed.is_some_and(|changes| changes > 0))
}

/// Adds statements over `rows`, in as many lists as keep below the limit of a value.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::store::search::tests::shapes;

    #[test]
    fn every_placeholder_of_every_shape_is_filled() {
        for shape in shapes() {
            for explain in [false, true] {
                for template in templates(shape, explain, &["name_key", "start"]) {
                    let (sql, names) = template.number_parameters();
                    assert!(
                        sql.contains("q.name_key") || sql.contains("q.start"),
                        "{shape:?}"
                    );
                    assert!(
                        names
                            .iter()
                            .all(|name| name != "name_key" && name != "start")
                    );
                }
            }
        }
    }
}
