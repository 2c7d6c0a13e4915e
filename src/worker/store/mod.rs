//! The database: the statements of each use case, what their rows mean, and what its errors mean.
//!
//! Every use case composes its SQL (`search`, `template`), binds values (`statement`) and sends all in one batch, which D1
//! runs as one transaction. Handlers decide what the rows lead to.

pub mod archive;
pub mod batch;
pub mod calls;
pub mod reading;
pub mod report;
pub mod retry;
pub mod schema;
mod search;
mod statement;
mod template;

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{D1Database, D1PreparedStatement, D1Result, Error};

use crate::input::report::{Report, Search, TimeSearch};
use crate::model::money::Cents;
use crate::model::outcome::Fields;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::{DatabaseMatches, IndexGeneration};
use crate::rules::confidence::{MatchSettings, Neighbourhood};
use crate::rules::explanation::{Explanation, NearMisses};
use crate::rules::import::StoredCall;
use crate::rules::matching::{self, Target};
use statement::Bind;

const CONTEXT: &str = include_str!("sql/report/report_context.sql");
const CURRENT: &str = include_str!("sql/report/current.sql");

/// The last start there can be: 13 digits.
const LATEST: i64 = 9_999_999_999_999;

/// Parts of D1's messages after which the same batch may succeed, and may have been committed.
const TRANSIENT: [&str; 7] = [
    // A local database that a command writes to at the same time.
    "SQLITE_BUSY",
    "connection lost",
    "to be reset",
    "was reset",
    "reset because",
    "transient issue",
    "internal error; reference",
];

/// Why the database or the archive gave no result.
#[derive(Debug)]
pub enum Failure {
    /// It is overloaded. Nothing was stored.
    Overloaded,
    /// The connection broke: the batch may have been committed.
    ConnectionLost,
    /// A constraint of the schema refused the batch, because another request was faster. Nothing was stored.
    Conflict,
    /// The id of a new record is taken. Nothing was stored.
    IdCollision,
    /// The statement stored a record that the rules would not store: a bug. The record is found by its id.
    Disagreement,
    /// Anything else. The text is for the log only.
    Unexpected(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = match &error {
            Error::D1(d1) => {
                let thrown: &js_sys::Error = d1.as_ref();
                format!("{} {}", thrown.message(), d1.cause())
            }
            other => other.to_string(),
        };
        let says = |part: &str| text.contains(part);
        if says("overloaded") || says("Too many requests queued") {
            Self::Overloaded
        } else if TRANSIENT.iter().any(|part| says(part)) {
            Self::ConnectionLost
        } else if says("UNIQUE constraint failed: calls.") || says("conflict: ") {
            Self::Conflict
        } else {
            Self::Unexpected(text)
        }
    }
}

/// The cost of requests to the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Round trips.
    pub trips: usize,
    /// Statements, which D1 limits for a request.
    pub statements: usize,
    /// Rows read, as D1 bills them.
    pub rows_read: usize,
    /// Rows written, as D1 bills them.
    pub rows_written: usize,
}

/// The permission to report outcomes.
pub const OUTCOMES_WRITE: &str = "outcomes:write";

/// A record as the statements return it.
#[derive(Debug, Deserialize)]
pub struct Record {
    transaction_id: String,
    corrects_transaction_id: Option<String>,
    /// 1 for the first record of an outcome.
    pub revision: u32,
    description: String,
    occurred_at: i64,
    sale_cents: Option<i64>,
    value: u8,
    custom_1: String,
    custom_2: String,
    custom_3: String,
}

impl Record {
    /// The record's id.
    pub fn id(&self) -> Option<TransactionId> {
        TransactionId::parse(&self.transaction_id)
    }

    /// The id of the record that this one corrects.
    pub fn corrects(&self) -> Option<TransactionId> {
        self.corrects_transaction_id
            .as_deref()
            .and_then(TransactionId::parse)
    }

    /// The fields.
    pub fn fields(&self) -> Fields {
        Fields {
            description: self.description.clone(),
            occurred_at: self.occurred_at,
            sale_amount: self.sale_cents.and_then(Cents::from_stored),
            value: self.value != 0,
            custom_parameters: [
                self.custom_1.clone(),
                self.custom_2.clone(),
                self.custom_3.clone(),
            ],
        }
    }
}

/// The call of a report.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its id.
    pub transaction_id: TransactionId,
    /// When it started.
    pub start: UnixMillis,
}

impl Call {
    /// The call of an archived copy; `None` if its id is malformed.
    pub fn from_archive(call: &StoredCall) -> Option<Self> {
        Self::from_row(&call.transaction_id, call.start_ms)
    }

    fn from_row(id: &str, start_ms: i64) -> Option<Self> {
        let transaction_id = TransactionId::parse(id)?;
        Some(Self {
            transaction_id,
            start: UnixMillis::from_millis(start_ms),
        })
    }
}

/// What is stored before a report. The fields are in the order in which `report_context.sql` selects them.
#[derive(Debug, Deserialize)]
pub struct Facts {
    /// The report's place in its list.
    pub at: usize,
    /// The token's network.
    pub network_id: String,
    /// The token's advertiser, if it is an advertiser's.
    pub advertiser_id: Option<String>,
    permissions: String,
    /// 1 if the advertiser that a network token named is in the directory.
    pub advertiser_known: Option<u8>,
    /// Whether the token sees the campaign that was named: 1 or 0.
    pub campaign_visible: u8,
    /// The call as the database knows it.
    pub call_id: Option<i64>,
    call_transaction_id: Option<String>,
    call_start_ms: Option<i64>,
    call_duration: Option<u32>,
    /// The current record of the outcome, if it was reported before.
    pub current: Option<Record>,
    /// How the outcome name is shown, if it was reported before.
    pub display: Option<String>,
    archived: u8,
    /// The hash tables of archived calls by their ids, if the report names a call that the database does not know.
    pub generations: Vec<IndexGeneration>,
}

impl Facts {
    /// Whether the token has a permission.
    pub fn permits(&self, permission: &str) -> bool {
        self.permissions
            .split(' ')
            .any(|granted| granted == permission)
    }

    /// The call, if one was found.
    pub fn call(&self) -> Option<Call> {
        Call::from_row(self.call_transaction_id.as_deref()?, self.call_start_ms?)
    }

    /// Whether archived calls may change the result of the search.
    pub const fn needs_archive(&self) -> bool {
        self.archived != 0
    }

    /// The call as matching sees it, if one was found.
    fn candidate(&self) -> Option<matching::Call> {
        let call = self.call()?;
        Some(found(call.transaction_id, call.start, self.call_duration))
    }
}

/// A call as `explain.sql` selects it: its id, its start and its duration.
#[derive(Clone, Debug, Deserialize)]
struct TracedCall(String, i64, Option<u32>);

impl TracedCall {
    /// The call as matching sees it.
    fn to_call(&self) -> Option<matching::Call> {
        let start = UnixMillis::from_millis(self.1);
        Some(found(TransactionId::parse(&self.0)?, start, self.2))
    }
}

/// A call that the database found, as matching sees it.
const fn found(
    transaction_id: TransactionId,
    start: UnixMillis,
    duration: Option<u32>,
) -> matching::Call {
    matching::Call {
        transaction_id,
        start,
        duration,
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
    }
}

/// Why a search by time found its call or none. The fields are in the order in which `explain.sql` selects them.
#[derive(Debug, Deserialize)]
pub struct MatchTrace {
    /// The report's place in its list.
    pub at: usize,
    chosen: Option<TracedCall>,
    runner_up: Option<TracedCall>,
    filtered: Option<TracedCall>,
    numbered: Option<TracedCall>,
    visible: Option<TracedCall>,
    /// The candidates that started closest: all of them, or more than are counted.
    near: Vec<TracedCall>,
}

impl MatchTrace {
    /// Returns the candidates that started closest, as matching sees them.
    fn near(&self) -> Vec<matching::Call> {
        self.near.iter().filter_map(TracedCall::to_call).collect()
    }

    /// Returns what a search of the archive takes into account.
    fn known(&self) -> DatabaseMatches {
        let call = |call: &Option<TracedCall>| call.as_ref().and_then(TracedCall::to_call);
        DatabaseMatches {
            candidates: [call(&self.chosen), call(&self.runner_up)],
            count: self.near.len(),
            rejected: [
                call(&self.filtered),
                call(&self.numbered),
                call(&self.visible),
            ],
            near: self.near(),
        }
    }

    /// Returns the explanation of a search.
    pub fn explain(&self, search: &TimeSearch<'_>, settings: &MatchSettings) -> Explanation {
        let target = Target::new(search, settings);
        let call = |call: &Option<TracedCall>| call.as_ref().and_then(TracedCall::to_call);
        if let Some(chosen) = call(&self.chosen) {
            let runner_up = call(&self.runner_up);
            return Explanation::found(
                &target,
                &chosen,
                runner_up.as_ref(),
                self.near.len(),
                &Neighbourhood::of(&target, &self.near()),
                settings,
            );
        }
        let steps = [&self.filtered, &self.numbered, &self.visible].map(call);
        let [filtered, numbered, visible] = steps.each_ref().map(Option::as_ref);
        let steps = NearMisses {
            filtered,
            numbered,
            visible,
        };
        Explanation::not_found(&target, steps)
    }
}

/// Sends a batch and adds what it cost.
async fn run(
    db: &D1Database,
    statements: Vec<D1PreparedStatement>,
    cost: &mut Cost,
) -> Result<Vec<D1Result>, Failure> {
    cost.trips = cost.trips.saturating_add(1);
    cost.statements = cost.statements.saturating_add(statements.len());
    let results = db.batch(statements).await?;
    for result in &results {
        if let Some(meta) = result.meta()? {
            cost.rows_read = cost.rows_read.saturating_add(meta.rows_read.unwrap_or(0));
            cost.rows_written = cost
                .rows_written
                .saturating_add(meta.rows_written.unwrap_or(0));
        }
    }
    Ok(results)
}

/// Reads the first row of a result, if it has one.
fn first<T: for<'de> Deserialize<'de>>(result: Option<&D1Result>) -> Result<Option<T>, Failure> {
    Ok(read_json(result)?.into_iter().next())
}

/// Reads the rows of a result, each from its one column of JSON.
fn read_json<T: for<'de> Deserialize<'de>>(result: Option<&D1Result>) -> Result<Vec<T>, Failure> {
    #[derive(Deserialize)]
    struct Row {
        json: String,
    }
    let Some(result) = result else {
        return Err(Failure::Unexpected(
            "the batch returned fewer results than statements".to_owned(),
        ));
    };
    let rows: Vec<Row> = result.results()?;
    rows.iter()
        .map(|row| serde_json::from_str(&row.json))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::Unexpected(format!("a row that cannot be read: {error}")))
}

/// A call as the statements that store calls take it.
fn call_row(call: &StoredCall) -> Value {
    json!([
        call.transaction_id,
        call.external_id,
        call.start_ms,
        call.duration,
        call.calling_phone,
        call.destination_phone,
        call.advertiser_id,
        call.campaign_id,
    ])
}

/// The values of parameters that have none beside an id: NULL.
const NO_FILTERS: [(&str, Bind); 3] = [
    ("network_id", Bind::Null),
    ("advertiser_id", Bind::Null),
    ("campaign_id", Bind::Null),
];

/// How many milliseconds of the start count as much as a second of the duration, as statements take it.
fn duration_weight(settings: &MatchSettings) -> (&'static str, Bind) {
    let weight = i64::from(settings.duration_weight).saturating_mul(1_000);
    ("duration_weight", Bind::Integer(weight))
}

/// The values that find a report's call and current record. Reports of one [`search::SearchShape`] have the same names.
fn columns(report: &Report<'_>, settings: &MatchSettings) -> Vec<(&'static str, Bind)> {
    let identity = &report.identity;
    let mut columns = vec![
        ("name_key", Bind::Text(identity.name_key())),
        (
            "partner_unique_id",
            Bind::Text(identity.partner_unique_id.clone().into_owned()),
        ),
    ];
    match &report.search {
        Search::ById(id) => {
            let id = id.as_ref().map(TransactionId::as_str);
            columns.push(("transaction_id", Bind::text(id)));
        }
        Search::ByTime(search) => {
            let start = search.start.millis();
            let window = settings.window.unwrap_or(LATEST);
            let phone = search.calling_phone.map(|phone| phone.to_string());
            let duration = search.duration.map(i64::from);
            columns.extend([
                ("start", Bind::Integer(start)),
                ("earliest", Bind::Integer(start.saturating_sub(window))),
                ("latest", Bind::Integer(start.saturating_add(window))),
                ("calling_phone", Bind::text(phone.as_deref())),
                ("duration", duration.map_or(Bind::Null, Bind::Integer)),
                ("advertiser_id", Bind::text(search.advertiser_id.as_deref())),
                ("campaign_id", Bind::text(search.campaign_id.as_deref())),
                ("network_id", Bind::text(search.network_id.as_deref())),
            ]);
        }
    }
    columns
}
