//! Reading outcomes: what an id names, and pages of records.

use std::ops::ControlFlow;
use std::rc::Rc;

use serde::Deserialize;
use worker::{D1Database, D1Result};

use super::retry::{TRIES, retry};
use super::statement::{Bind, Statement};
use super::template::Template;
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

/// A statement returns no more records after this many bytes: with the one that passes it, its result stays under 1 MB.
const MOST_BYTES: usize = 900_000;
/// Beyond every record.
const END: i64 = 9_007_199_254_740_991;

/// The token, and what the id names. The fields are in the order in which `read_context.sql` selects them.
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

/// An outcome, by one of its records. The fields are in the order in which `read_context.sql` selects them.
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

    /// The call with this id: its key in the database, and the call as it is shown.
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
    first(query(db, &read_context(), &binds, cost).await?.first())
}

/// The statement that looks up a token and an id.
fn read_context() -> Template {
    Template::from(READ)
        .fill("by_id", search::by_id().as_sql())
        .fill("generations", search::generations().as_sql())
}

/// A page of records, each found by the expression `next`.
fn page(next: &Template) -> Template {
    Template::from(WALK).fill("next", next.as_sql())
}

/// A statement over the records of an export.
fn exported(sql: &str) -> Template {
    Template::from(sql).fill("exported", Template::from(EXPORTED).as_sql())
}

/// Runs a statement that only reads. It is sent again if the connection is lost.
async fn query(
    db: &D1Database,
    template: &Template,
    binds: &[(&'static str, Bind)],
    cost: &mut Cost,
) -> Result<Vec<D1Result>, Failure> {
    let statement = Statement::new(template);
    let attempt = async || {
        let statements = vec![statement.bind(db, binds)?];
        Ok(ControlFlow::Break(run(db, statements, cost).await?))
    };
    retry(TRIES, attempt).await
}

/// Reads records one after the other, as many at a time as one statement returns.
pub struct Walk {
    db: Rc<D1Database>,
    next: Template,
    binds: Vec<(&'static str, Bind)>,
    after: i64,
    left: usize,
}

/// A record on a page, as `records_page.sql` selects it.
#[derive(Deserialize)]
struct PageRow {
    seq: i64,
    recorded_at: i64,
    name: String,
    partner_unique_id: String,
    call_transaction_id: String,
    call_start_ms: i64,
    record: Record,
}

impl PageRow {
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

    /// A page of an export after the record at `after`, and the id that the next page starts after, if there is one.
    pub async fn export(
        db: Rc<D1Database>,
        reader: &Reader,
        export: &Export,
        after: i64,
        cost: &mut Cost,
    ) -> Result<(Self, Option<TransactionId>), Failure> {
        let time = |time: Option<i64>| time.map_or(Bind::Null, Bind::Integer);
        let mut walk = Self {
            next: exported(IN_EXPORT),
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
            next: Template::from(next),
            binds,
            after: 0,
            left: usize::MAX,
        }
    }

    async fn bounds(&self, cost: &mut Cost) -> Result<(i64, i64), Failure> {
        let found = self
            .rows(Template::from(BOUNDS), cost)
            .await?
            .into_iter()
            .next();
        found.ok_or_else(|| Failure::Unexpected("no bounds".to_owned()))
    }

    async fn page_end(&self, cost: &mut Cost) -> Result<Vec<(i64, String)>, Failure> {
        self.rows(exported(PAGE_END), cost).await
    }

    /// Reads the next records, as many as one statement returns; none at the end.
    pub async fn next(&mut self, cost: &mut Cost) -> Result<Vec<StoredRecord>, Failure> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        let rows: Vec<PageRow> = self.rows(page(&self.next), cost).await?;
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
        template: Template,
        cost: &mut Cost,
    ) -> Result<Vec<T>, Failure> {
        let count = |count: usize| Bind::Integer(i64::try_from(count).unwrap_or(END).min(END));
        let mut binds = self.binds.clone();
        binds.extend([
            ("after", Bind::Integer(self.after)),
            ("most", count(self.left)),
            ("most_bytes", count(MOST_BYTES)),
        ]);
        read_json(query(&self.db, &template, &binds, cost).await?.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled() {
        let mut statements = vec![read_context(), exported(PAGE_END), Template::from(BOUNDS)];
        let next = [ONE, IN_HISTORY, OF_CALL].map(Template::from);
        statements.extend(next.iter().map(page));
        statements.push(page(&exported(IN_EXPORT)));
        for statement in statements {
            let (_, names) = statement.number_parameters();
            assert!(!names.is_empty());
        }
    }
}
