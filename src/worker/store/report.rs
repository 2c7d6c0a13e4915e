//! A report's one batch: who asks, which call, what was reported, and the new record.
//!
//! Not here: what the facts lead to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use worker::D1Database;

use super::search::{CAMPAIGN, SearchShape};
use super::statement::{Bind, Statement, prepare};
use super::{
    CURRENT, Call, Cost, FACTS, Facts, Failure, MatchTrace, OUTCOMES_WRITE, Record, archive,
    columns, first, run,
};
use crate::input::report::{Report, Search};
use crate::model::money::Cents;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::ArchiveSearch;
use crate::rules::import::StoredCall;
use crate::worker::query_options::QueryOptions;

const APPEND: &str = include_str!("sql/report/append.sql");
const NAME: &str = include_str!("sql/report/name.sql");
const MINE: &str = include_str!("sql/report/retry_record.sql");

/// A report with all that the database needs to know of its request.
pub struct ReportQuery<'a> {
    /// The report.
    pub report: &'a Report<'a>,
    /// The SHA-256 of the token.
    pub token_hash: &'a str,
    /// The network in the path, if there is one.
    pub path_network_id: Option<&'a str>,
    /// How far a start may be off, in milliseconds.
    pub window: Option<i64>,
    /// Below which margin a match is ambiguous, in milliseconds.
    pub ambiguity: i64,
    /// What the client asks for beyond the 2015 dialect.
    pub options: QueryOptions,
    /// The time of the request, in Unix seconds.
    pub now: i64,
    /// The id of the new record, should there be one.
    pub candidate: TransactionId,
    /// Whether an earlier try with this candidate may have been committed.
    pub retry: bool,
    /// An archived call to put back first.
    pub restore: Option<StoredCall>,
}

/// The record of an earlier try.
pub struct RetryRecord {
    /// The record.
    pub record: Record,
    /// Its call.
    pub call: Call,
    /// How its name is shown.
    pub display: Option<String>,
}

/// What one batch returned.
pub struct ReportRows {
    /// What an earlier try of this request stored.
    pub mine: Option<RetryRecord>,
    /// What was so before; `None` if the token is unknown or revoked.
    pub facts: Option<Facts>,
    /// Why, where the client asked and searched by time.
    pub why: Option<MatchTrace>,
    /// The record that was appended.
    pub appended: Option<Record>,
}

/// The statements of all reports of one shape, filled and numbered.
struct Statements {
    facts: Statement,
    /// Where the client asked, and searched by time.
    why: Option<Statement>,
    append: Statement,
    name: Statement,
}

impl Statements {
    fn new(shape: SearchShape, options: QueryOptions) -> Self {
        let call = shape.call();
        let archived = shape.archived(options.needs_explanation());
        let fill = |sql: &str, call: &str| {
            let filled = sql
                .replace("{{call}}", call)
                .replace("{{current}}", CURRENT)
                .replace("{{campaign}}", CAMPAIGN)
                .replace("{{archived}}", &archived)
                .replace("{{generations}}", &shape.generations())
                .replace("{{rows}}", "")
                .replace("{{each}}", "")
                .replace("{{at}}", "0");
            Statement::new(&filled)
        };
        Self {
            facts: fill(FACTS, &call),
            why: shape
                .explain()
                .filter(|_| options.needs_explanation())
                .map(|sql| fill(&sql, &call)),
            append: if options.unambiguous {
                fill(APPEND, &shape.unambiguous_call())
            } else {
                fill(APPEND, &call)
            },
            name: Statement::new(NAME),
        }
    }

    /// Those of a shape: filling them takes longer than all else that this isolate does for a report, so they are kept.
    fn of(shape: SearchShape, options: QueryOptions) -> Rc<Self> {
        type Kept = BTreeMap<(SearchShape, bool, bool), Rc<Statements>>;
        thread_local! {
            static KEPT: RefCell<Kept> = const { RefCell::new(BTreeMap::new()) };
        }
        let key = (shape, options.explain, options.unambiguous);
        KEPT.with_borrow_mut(|kept| {
            let statements = kept
                .entry(key)
                .or_insert_with(|| Rc::new(Self::new(shape, options)));
            Rc::clone(statements)
        })
    }
}

/// Authenticates, matches, merges and appends, in one batch, which D1 runs as one transaction. A dry run appends
/// nothing.
pub async fn report(
    db: &D1Database,
    ask: &ReportQuery<'_>,
    cost: &mut Cost,
) -> Result<ReportRows, Failure> {
    let binds = binds(ask)?;
    let prepared = Statements::of(SearchShape::of(&ask.report.search), ask.options);
    let mut statements = archive::restore(db, ask.token_hash, ask.restore.as_slice())?;
    let restoring = statements.len();
    if ask.retry {
        statements.push(prepare(db, MINE, &binds)?);
    }
    statements.push(prepared.facts.bind(db, &binds)?);
    if let Some(why) = &prepared.why {
        statements.push(why.bind(db, &binds)?);
    }
    if !ask.options.validate_only {
        statements.push(prepared.append.bind(db, &binds)?);
        statements.push(prepared.name.bind(db, &binds)?);
    }
    let results = run(db, statements, cost).await?;
    let mut results = results.iter().skip(restoring);
    let mine = if ask.retry {
        first(results.next())?.and_then(mine)
    } else {
        None
    };
    let facts = first(results.next())?;
    let why = if prepared.why.is_some() {
        first(results.next())?
    } else {
        None
    };
    let appended = if ask.options.validate_only {
        None
    } else {
        first(results.next())?
    };
    Ok(ReportRows {
        mine,
        facts,
        why,
        appended,
    })
}

/// What is so before the report, with the parts of the archive that its search looks at next: of one moment. `None` if the
/// token is unknown or revoked.
pub async fn list_archived(
    db: &D1Database,
    ask: &ReportQuery<'_>,
    search: &mut ArchiveSearch,
    cost: &mut Cost,
) -> Result<Option<Facts>, Failure> {
    let binds = binds(ask)?;
    let prepared = Statements::of(SearchShape::of(&ask.report.search), ask.options);
    let mut statements = vec![prepared.facts.bind(db, &binds)?];
    if let Some(why) = &prepared.why {
        statements.push(why.bind(db, &binds)?);
    }
    statements.extend(archive::list(db, ask.token_hash, &[search])?);
    let results = run(db, statements, cost).await?;
    let mut results = results.iter();
    let facts: Option<Facts> = first(results.next())?;
    let why = match &prepared.why {
        Some(_) => first(results.next())?,
        None => None,
    };
    if let Some(facts) = &facts {
        search.add_database_matches(archive::known(facts, why.as_ref()));
    }
    for listed in archive::listed(results)? {
        search.add_parts(listed);
    }
    Ok(facts)
}

/// A row of `retry_record.sql`.
fn mine(
    (record, id, start_ms, display): (Record, String, i64, Option<String>),
) -> Option<RetryRecord> {
    let call = Call::from_row(&id, start_ms)?;
    Some(RetryRecord {
        record,
        call,
        display,
    })
}

fn binds(ask: &ReportQuery<'_>) -> Result<Vec<(&'static str, Bind)>, Failure> {
    let text = |value: &str| Bind::Text(value.to_owned());
    // As every parameter of a search, it is ignored beside an id.
    let path_network_id = match ask.report.search {
        Search::ById(_) => None,
        Search::ByTime(_) => ask.path_network_id,
    };
    let patch = patch(ask.report).map_err(|error| Failure::Unexpected(error.to_string()))?;
    let mut binds = vec![
        ("token", text(ask.token_hash)),
        ("permission", text(OUTCOMES_WRITE)),
        ("path_network_id", Bind::text(path_network_id)),
        ("ambiguity", Bind::Integer(ask.ambiguity)),
        ("name", text(&ask.report.identity.name)),
        ("candidate", text(ask.candidate.as_str())),
        ("patch", Bind::Text(patch)),
        ("now", Bind::Integer(ask.now)),
    ];
    binds.extend(columns(ask.report, ask.window));
    Ok(binds)
}

/// The sent fields as one JSON object: a field that was not sent is absent, an amount that was cleared is null.
fn patch(report: &Report<'_>) -> serde_json::Result<String> {
    #[expect(
        clippy::option_option,
        reason = "an amount is not sent, cleared or set"
    )]
    #[derive(Serialize)]
    struct SentFields<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        occurred_at: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sale_cents: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        custom_1: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        custom_2: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        custom_3: Option<&'a str>,
    }
    let patch = &report.patch;
    let [one, two, three] = &patch.custom_parameters;
    serde_json::to_string(&SentFields {
        description: patch.description.as_deref(),
        occurred_at: patch.occurred_at,
        sale_cents: patch.sale_amount.map(|amount| amount.map(Cents::get)),
        value: patch.value.map(u8::from),
        custom_1: one.as_deref(),
        custom_2: two.as_deref(),
        custom_3: three.as_deref(),
    })
}
