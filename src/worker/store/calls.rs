//! Imports of calls: looks up all that an import names, and stores all its valid rows in one batch.
//!
//! `rules::import` decides what an import changes.

use serde::Deserialize;
use serde_json::{Value, json};
use worker::D1Database;

use super::archive::restored;
use super::statement::{Bind, prepare};
use super::{Cost, Failure, read_json, run};
use crate::input::calls::CallRow;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::IndexGeneration;
use crate::rules::import::{ImportContext, Plan, StoredCall};

const CONTEXT: &str = include_str!("sql/import/import_context.sql");
const INSERT: &str = include_str!("sql/import/insert_calls.sql");
const UPDATE: &str = include_str!("sql/import/update_calls.sql");
const ADVERTISERS: &str = include_str!("sql/import/insert_advertisers.sql");
const CAMPAIGNS: &str = include_str!("sql/import/insert_campaigns.sql");
const TOKEN_IS_VALID: &str = include_str!("sql/import/token_is_valid.sql");

/// The permission to import calls.
pub const CALLS_WRITE: &str = "calls:write";

/// A row of `import_context.sql`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ContextRow {
    Token(String, Option<String>, String, Vec<IndexGeneration>),
    /// The calls with the two ids of a row that the token sees, and those of the ids that belong to an outcome or to a call
    /// that it does not see.
    Ids(
        Option<StoredCall>,
        Option<StoredCall>,
        Option<String>,
        Option<String>,
    ),
    Advertiser(String),
    Campaign(String, Option<String>),
}

/// What is stored before an import.
pub struct Facts {
    /// The token's network.
    pub network_id: String,
    /// Whether the token may import calls.
    pub permitted: bool,
    /// The hash tables of archived calls by their ids.
    pub generations: Vec<IndexGeneration>,
    /// What is stored of all that the rows name.
    pub known: ImportContext,
}

/// Looks up the token and all that the rows name; `None` if the token is unknown or revoked.
pub async fn facts(
    db: &D1Database,
    token_hash: &str,
    rows: &[CallRow<'_>],
    cost: &mut Cost,
) -> Result<Option<Facts>, Failure> {
    let named: Vec<Value> = rows
        .iter()
        .flatten()
        .map(|call| {
            let id = call.transaction_id.as_ref().map(TransactionId::as_str);
            json!({ "t": id, "e": call.external_id, "a": call.advertiser_id, "c": call.campaign_id })
        })
        .collect();
    let binds = [
        ("token", Bind::Text(token_hash.to_owned())),
        ("permission", Bind::Text(CALLS_WRITE.to_owned())),
        ("rows", Bind::Text(Value::Array(named).to_string())),
    ];
    let results = run(db, vec![prepare(db, CONTEXT, &binds)?], cost).await?;
    let mut facts = None;
    for row in read_json::<ContextRow>(results.first())? {
        if let ContextRow::Token(network_id, advertiser, permissions, generations) = row {
            facts = Some(Facts {
                network_id,
                generations,
                permitted: permissions.split(' ').any(|granted| granted == CALLS_WRITE),
                known: ImportContext {
                    token_advertiser: advertiser,
                    ..ImportContext::default()
                },
            });
        } else if let Some(facts) = &mut facts {
            learn(&mut facts.known, row);
        }
    }
    Ok(facts)
}

fn learn(known: &mut ImportContext, row: ContextRow) {
    match row {
        ContextRow::Token(..) => {}
        ContextRow::Ids(by_id, by_external_id, taken, taken_external) => {
            known.calls.extend(by_id);
            known.calls.extend(by_external_id);
            known.taken_ids.extend(taken);
            known.taken_external_ids.extend(taken_external);
        }
        ContextRow::Advertiser(id) => {
            known.advertisers.insert(id);
        }
        ContextRow::Campaign(id, advertiser) => {
            known.campaigns.insert(id, advertiser);
        }
    }
}

/// Stores all of a plan in one batch, or nothing; returns whether it did. It does not where the token was revoked since the
/// plan was made. The caller plans again then, as after a conflict with another import.
pub async fn store(
    db: &D1Database,
    token_hash: &str,
    plan: &Plan,
    cost: &mut Cost,
) -> Result<bool, Failure> {
    let calls = |places: &[usize]| -> Vec<Value> {
        places
            .iter()
            .filter_map(|place| plan.calls.get(*place))
            .map(super::call_row)
            .collect()
    };
    let campaigns = plan.new_campaigns.iter().map(|campaign| json!(campaign));
    let work = [
        (
            ADVERTISERS,
            plan.new_advertisers.iter().map(|id| json!(id)).collect(),
        ),
        (CAMPAIGNS, campaigns.collect()),
        (INSERT, calls(&plan.created)),
        (UPDATE, calls(&plan.updated)),
    ];
    let planned = plan.created.len().saturating_add(plan.updated.len());
    let mut statements = Vec::new();
    for (sql, rows) in work {
        let rows: Vec<Value> = rows;
        if !rows.is_empty() {
            let binds = [
                ("token", Bind::Text(token_hash.to_owned())),
                ("rows", Bind::Text(Value::Array(rows).to_string())),
            ];
            statements.push(prepare(db, sql, &binds)?);
        }
    }
    if statements.is_empty() {
        return Ok(true);
    }
    if !plan.updated.is_empty() {
        let ids: Vec<Value> = plan
            .updated
            .iter()
            .filter_map(|place| Some(json!([plan.calls.get(*place)?.transaction_id])))
            .collect();
        statements.push(restored(db, token_hash, Value::Array(ids).to_string())?);
    }
    let binds = [("token", Bind::Text(token_hash.to_owned()))];
    statements.push(prepare(db, TOKEN_IS_VALID, &binds)?);
    let results = run(db, statements, cost).await?;
    let Some((token_is_valid, results)) = results.split_last() else {
        return Ok(false);
    };
    let mut stored = 0_usize;
    for result in results {
        stored = stored.saturating_add(read_json::<bool>(Some(result))?.len());
    }
    Ok(stored == planned && !read_json::<bool>(Some(token_is_valid))?.is_empty())
}
