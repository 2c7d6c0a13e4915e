//! The database of reading: what an id names, and records one after the other.
//!
//! Not here: how records are written, and who may read.

use std::ops::ControlFlow;
use std::rc::Rc;

use serde::Deserialize;
use worker::{D1Database, D1Result};

use super::retry::{TRIES, retry};
use super::statement::{Bind, prepare};
use super::{Call, Cost, Failure, Record, first, read_json, run, search};
use crate::input::export::Export;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::response::OutcomeRecord;
use crate::response::records::StoredRecord;
use crate::rules::archive::IndexGeneration;

const READ: &str = include_str!("sql/read/read_context.sql");
const WALK: &str = include_str!("sql/read/records_page.sql");
const ONE: &str = include_str!("sql/read/next_one.sql");
const IN_HISTORY: &str = include_str!("sql/read/next_in_history.sql");
const OF_CALL: &str = include_str!("sql/read/next_of_call.sql");
const IN_EXPORT: &str = include_str!("sql/read/next_in_export.sql");
const EXPORTED: &str = include_str!("sql/read/exported.sql");
const PAGE_END: &str = include_str!("sql/read/page_end.sql");
const BOUNDS: &str = include_str!("sql/read/bounds.sql");

/// The permission to read outcomes.
pub const OUTCOMES_READ: &str = "outcomes:read";

/// What one statement returns ends with the record that passes this, in bytes: with it, it stays under 1 MB.
const MOST_BYTES: usize = 900_000;
/// Behind every record.
const END: i64 = 9_007_199_254_740_991;

/// Who reads, and what the id names. The fields stand as `read_context.sql` selects them.
#[derive(Debug, Deserialize)]
pub struct Reader {
    /// The token's network.
    pub network_id: String,
    /// The token's advertiser, if it is an advertiser's.
    pub advertiser_id: Option<String>,
    permissions: String,
    /// The outcome with a record of this id.
    pub outcome: Option<Outcome>,
    call: Option<(i64, String, i64)>,
    /// The hash tables of archived calls by their ids, if the database has no call with the id.
    pub generations: Vec<IndexGeneration>,
}

/// An outcome, by one of its records. The fields stand as `read_context.sql` selects them.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    /// The record's place in the order of commits.
    pub seq: i64,
    name_key: String,
    partner_unique_id: String,
    call_id: i64,
    current: i64,
}

impl Reader {
    /// Whether the token may read outcomes.
    pub fn permitted(&self) -> bool {
        self.permissions
            .split(' ')
            .any(|granted| granted == OUTCOMES_READ)
    }

    /// The call with this id, as the database knows it and as it is shown.
    pub fn call(&self) -> Option<(i64, Call)> {
        let (id, transaction_id, start_ms) = self.call.as_ref()?;
        Some((*id, Call::from_row(transaction_id, *start_ms)?))
    }
}

/// Looks up the token and what an id names; `None` if the token is unknown or revoked.
pub async fn read(
    db: &D1Database,
    token_hash: &str,
    id: Option<TransactionId>,
    cost: &mut Cost,
) -> Result<Option<Reader>, Failure> {
    let binds = [
        ("token", Bind::Text(token_hash.to_owned())),
        (
            "transaction_id",
            Bind::text(id.as_ref().map(TransactionId::as_str)),
        ),
    ];
    let sql = READ
        .replace("{{by_id}}", search::BY_ID)
        .replace("{{generations}}", &search::generations("b"));
    first(query(db, &sql, &binds, cost).await?.first())
}

/// Runs a statement that only reads. It is sent again if the connection is lost.
async fn query(
    db: &D1Database,
    sql: &str,
    binds: &[(&'static str, Bind)],
    cost: &mut Cost,
) -> Result<Vec<D1Result>, Failure> {
    let attempt = async || {
        let statements = vec![prepare(db, sql, binds)?];
        Ok(ControlFlow::Break(run(db, statements, cost).await?))
    };
    retry(TRIES, attempt).await
}

/// A walk over records, a page at a time.
pub struct Walk {
    db: Rc<D1Database>,
    next: String,
    binds: Vec<(&'static str, Bind)>,
    after: i64,
    left: usize,
}

/// A record, and its place in the order of commits.
#[derive(Deserialize)]
struct Row {
    seq: i64,
    recorded_at: i64,
    name: String,
    partner_unique_id: String,
    call_transaction_id: String,
    call_start_ms: i64,
    record: Record,
}

impl Row {
    fn into_stored(self) -> Option<StoredRecord> {
        let recorded = OutcomeRecord {
            transaction_id: Some(self.record.id()?),
            corrects: self.record.corrects(),
            outcome_name: self.name,
            partner_unique_id: self.partner_unique_id,
            fields: self.record.fields(),
            call_transaction_id: TransactionId::parse(&self.call_transaction_id)?,
            call_start: UnixMillis::from_millis(self.call_start_ms),
        };
        Some(StoredRecord {
            recorded,
            recorded_at: self.recorded_at,
        })
    }
}

impl Walk {
    /// The current record of an outcome alone.
    pub fn current(db: Rc<D1Database>, outcome: &Outcome) -> Self {
        Self::over(db, ONE, vec![("last", Bind::Integer(outcome.current))])
    }

    /// Every record of an outcome up to the current one, oldest first.
    pub fn history(db: Rc<D1Database>, outcome: &Outcome) -> Self {
        let binds = vec![
            ("call_id", Bind::Integer(outcome.call_id)),
            ("name_key", Bind::Text(outcome.name_key.clone())),
            (
                "partner_unique_id",
                Bind::Text(outcome.partner_unique_id.clone()),
            ),
            ("last", Bind::Integer(outcome.current)),
        ];
        Self::over(db, IN_HISTORY, binds)
    }

    /// The current record of each outcome of a call.
    pub fn of_call(db: Rc<D1Database>, call_id: i64) -> Self {
        Self::over(db, OF_CALL, vec![("call_id", Bind::Integer(call_id))])
    }

    /// A page of an export behind the record at `after`, and the id to start the next one after, if there is one.
    pub async fn export(
        db: Rc<D1Database>,
        reader: &Reader,
        export: &Export,
        after: i64,
        cost: &mut Cost,
    ) -> Result<(Self, Option<TransactionId>), Failure> {
        let time = |time: Option<i64>| time.map_or(Bind::Null, Bind::Integer);
        let mut walk = Self {
            next: IN_EXPORT.replace("{{exported}}", EXPORTED),
            binds: vec![
                ("network_id", Bind::Text(reader.network_id.clone())),
                ("advertiser_id", Bind::text(reader.advertiser_id.as_deref())),
                ("from", time(export.from)),
                ("to", time(export.to)),
            ],
            after,
            left: export.limit,
            db,
        };
        let last = if export.from.is_some() || export.to.is_some() {
            let (low, high) = walk.bounds(cost).await?;
            if export.from.is_some() {
                walk.after = walk.after.max(low);
            }
            if export.to.is_some() { high } else { END }
        } else {
            END
        };
        walk.binds.push(("last", Bind::Integer(last)));
        let end = walk.page_end(cost).await?;
        let mut end = end.iter();
        let (Some((_, id)), Some(_)) = (end.next(), end.next()) else {
            return Ok((walk, None));
        };
        Ok((walk, TransactionId::parse(id)))
    }

    fn over(db: Rc<D1Database>, next: &str, binds: Vec<(&'static str, Bind)>) -> Self {
        Self {
            db,
            next: next.to_owned(),
            binds,
            after: 0,
            left: usize::MAX,
        }
    }

    async fn bounds(&self, cost: &mut Cost) -> Result<(i64, i64), Failure> {
        let found = self.rows(BOUNDS, cost).await?.into_iter().next();
        found.ok_or_else(|| Failure::Unexpected("no bounds".to_owned()))
    }

    async fn page_end(&self, cost: &mut Cost) -> Result<Vec<(i64, String)>, Failure> {
        self.rows(&PAGE_END.replace("{{exported}}", EXPORTED), cost)
            .await
    }

    /// The next records, as many as one statement returns; none at the end.
    pub async fn next(&mut self, cost: &mut Cost) -> Result<Vec<StoredRecord>, Failure> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        let rows: Vec<Row> = self
            .rows(&WALK.replace("{{next}}", &self.next), cost)
            .await?;
        if let Some(row) = rows.last() {
            self.after = row.seq;
        }
        self.left = self.left.saturating_sub(rows.len());
        let unreadable = || Failure::Unexpected("a record that cannot be read".to_owned());
        rows.into_iter()
            .map(|row| row.into_stored().ok_or_else(unreadable))
            .collect()
    }

    async fn rows<T: for<'de> Deserialize<'de>>(
        &self,
        sql: &str,
        cost: &mut Cost,
    ) -> Result<Vec<T>, Failure> {
        let count = |count: usize| Bind::Integer(i64::try_from(count).unwrap_or(END).min(END));
        let mut binds = self.binds.clone();
        binds.extend([
            ("after", Bind::Integer(self.after)),
            ("most", count(self.left)),
            ("most_bytes", count(MOST_BYTES)),
        ]);
        read_json(query(&self.db, sql, &binds, cost).await?.first())
    }
}
