//! A report's one batch of statements: reads what is stored before the report, and appends its record.
//!
//! Handlers decide what to answer. Which call it is stands in `search`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use worker::{D1Database, D1PreparedStatement, D1Result};

use super::search::{self, SearchShape};
use super::statement::{Bind, Binds, Statement, prepare};
use super::template::Template;
use super::{
    CONTEXT, CURRENT, Call, Cost, Facts, Failure, MatchTrace, NO_FILTERS, OUTCOMES_WRITE, Record,
    archive, columns, first, run,
};
use crate::input::report::{Report, Search};
use crate::model::money::Cents;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::ArchiveSearch;
use crate::rules::import::StoredCall;
use crate::worker::query_options::QueryOptions;

const APPEND: &str = include_str!("sql/report/append.sql");
const RETRY_RECORD: &str = include_str!("sql/report/retry_record.sql");

/// A report to carry out, with what its request adds to it.
pub struct ReportQuery<'a> {
    /// The report.
    pub report: &'a Report<'a>,
    /// The SHA-256 of the token.
    pub token_hash: &'a str,
    /// The network in the path, if there is one.
    pub path_network_id: Option<&'a str>,
    /// How far a start may be off, in milliseconds.
    pub window: Option<i64>,
    /// The margin below which a match is ambiguous, in milliseconds.
    pub ambiguity: i64,
    /// The options in the query string.
    pub options: QueryOptions,
    /// The time of the request, in Unix seconds.
    pub now: i64,
    /// The id of the record, if one is appended.
    pub candidate: TransactionId,
    /// Whether an earlier try with the same candidate may have been committed.
    pub retry: bool,
    /// An archived call to put back before.
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
    /// What is stored before it; `None` if the token is unknown or revoked.
    pub facts: Option<Facts>,
    /// Why the call was found or not, if the client asked for it and searched by time.
    pub why: Option<MatchTrace>,
    /// The record that was appended.
    pub appended: Option<Record>,
}

/// The statements of all reports with one shape of search.
struct Statements {
    context: Statement,
    /// Where the client asked for an explanation, and searched by time.
    explain: Option<Statement>,
    append: Statement,
}

impl Statements {
    fn new(shape: SearchShape, options: QueryOptions) -> Self {
        let call = shape.call();
        let archived = shape.archived(options.needs_explanation());
        let one_report =
            |template: Template| template.fill("rows", "").fill("at", "0").fill("each", "");
        let context = one_report(Template::from(CONTEXT))
            .fill("campaign", search::campaign().as_sql())
            .fill("call", call.as_sql())
            .fill("current", Template::from(CURRENT).as_sql())
            .fill("archived", archived.as_sql())
            .fill("generations", shape.generations().as_sql());
        let explain = shape.explain().filter(|_| options.needs_explanation());
        let appended_to = if options.unambiguous {
            shape.unambiguous_call()
        } else {
            call
        };
        let append = Template::from(APPEND)
            .fill("call", appended_to.as_sql())
            .fill("current", Template::from(CURRENT).as_sql())
            .fill("archived", archived.as_sql());
        Self {
            context: Statement::new(&context),
            explain: explain.map(|template| Statement::new(&one_report(template))),
            append: Statement::new(&append),
        }
    }

    /// Adds the statements that read.
    fn push_reads(
        &self,
        db: &D1Database,
        binds: &Binds,
        statements: &mut Vec<D1PreparedStatement>,
    ) -> Result<(), Failure> {
        statements.push(self.context.bind(db, binds)?);
        if let Some(explain) = &self.explain {
            statements.push(explain.bind(db, binds)?);
        }
        Ok(())
    }

    /// Takes their results.
    fn next_reads<'r>(
        &self,
        results: &mut impl Iterator<Item = &'r D1Result>,
    ) -> Result<(Option<Facts>, Option<MatchTrace>), Failure> {
        let facts = first(results.next())?;
        let why = match self.explain {
            Some(_) => first(results.next())?,
            None => None,
        };
        Ok((facts, why))
    }

    /// Returns the statements of a shape. They are cached, because filling the templates takes longer than the rest of what
    /// this isolate does for a report.
    fn of(shape: SearchShape, options: QueryOptions) -> Rc<Self> {
        type Cache = BTreeMap<(SearchShape, bool, bool), Rc<Statements>>;
        thread_local! {
            static CACHE: RefCell<Cache> = const { RefCell::new(BTreeMap::new()) };
        }
        let key = (shape, options.explain, options.unambiguous);
        CACHE.with_borrow_mut(|cache| {
            let statements = cache
                .entry(key)
                .or_insert_with(|| Rc::new(Self::new(shape, options)));
            Rc::clone(statements)
        })
    }
}

/// Authenticates, matches, merges and appends in one batch, which D1 runs as one transaction. A dry run appends nothing.
pub async fn report(
    db: &D1Database,
    ask: &ReportQuery<'_>,
    cost: &mut Cost,
) -> Result<ReportRows, Failure> {
    let binds = binds(ask)?;
    let prepared = Statements::of(SearchShape::of(&ask.report.search), ask.options);
    let restore = archive::restore(db, ask.token_hash, ask.restore.as_slice())?;
    let restoring = restore.len();
    let mut statements = restore;
    if ask.retry {
        statements.push(prepare(db, RETRY_RECORD, &binds)?);
    }
    prepared.push_reads(db, &binds, &mut statements)?;
    if !ask.options.validate_only {
        statements.push(prepared.append.bind(db, &binds)?);
    }
    let results = run(db, statements, cost).await?;
    let mut results = results.iter().skip(restoring);
    let mine = if ask.retry {
        first(results.next())?.and_then(mine)
    } else {
        None
    };
    let (facts, why) = prepared.next_reads(&mut results)?;
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

/// Reads what is stored before the report together with the parts of the archive that its search looks at next, both of
/// the same moment. `None` if the token is unknown or revoked.
pub async fn list_archived(
    db: &D1Database,
    ask: &ReportQuery<'_>,
    search: &mut ArchiveSearch,
    cost: &mut Cost,
) -> Result<Option<Facts>, Failure> {
    let binds = binds(ask)?;
    let prepared = Statements::of(SearchShape::of(&ask.report.search), ask.options);
    let mut statements = Vec::new();
    prepared.push_reads(db, &binds, &mut statements)?;
    statements.extend(archive::list(db, ask.token_hash, &[search])?);
    let results = run(db, statements, cost).await?;
    let mut results = results.iter();
    let (facts, why) = prepared.next_reads(&mut results)?;
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
    // Beside an id, every other parameter of a search is ignored.
    let (path_network_id, no_filters) = match ask.report.search {
        Search::ById(_) => (None, &NO_FILTERS[..]),
        Search::ByTime(_) => (ask.path_network_id, &[][..]),
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
    binds.extend_from_slice(no_filters);
    Ok(binds)
}

/// Returns the sent fields as one JSON object. A field that was not sent is absent; an amount that was cleared is null.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::report::{Rules, read};
    use crate::worker::store::search::tests::shapes;

    const BY_ID: &str = r#"{"transaction_id":"00000000-00000001"}"#;
    const BY_TIME: &str = r#"{"start_time_t":"1435993200","duration_in_seconds":"60",
        "calling_phone_number":"+18885551212","advertiser_id_from_network":"9",
        "advertiser_campaign_id_from_network":"7","network_id":"3"}"#;

    /// The values of a report, as one with this search has them.
    fn values(search: &str, options: QueryOptions) -> Vec<(&'static str, Bind)> {
        let body = format!(r#"{{"search":{search},"call_outcome":{{"outcome_name":"Sale"}}}}"#);
        let report = read(&body, Rules::default()).unwrap().report.unwrap();
        let id = TransactionId::parse("00000000-00000002").unwrap();
        let ask = ReportQuery {
            report: &report,
            token_hash: "",
            path_network_id: None,
            window: None,
            ambiguity: 5_000,
            options,
            now: 1_440_607_999,
            candidate: id,
            retry: false,
            restore: None,
        };
        binds(&ask).unwrap()
    }

    #[test]
    fn every_statement_of_every_shape_is_filled_and_has_its_values() {
        for shape in shapes() {
            for bits in 0..4_u8 {
                let options = QueryOptions {
                    explain: bits & 1 != 0,
                    unambiguous: bits & 2 != 0,
                    ..QueryOptions::default()
                };
                let search = match shape {
                    SearchShape::ById => BY_ID,
                    SearchShape::ByTime { .. } => BY_TIME,
                };
                let values = values(search, options);
                let statements = Statements::new(shape, options);
                let all = [
                    Some(&statements.context),
                    statements.explain.as_ref(),
                    Some(&statements.append),
                ];
                for statement in all.into_iter().flatten() {
                    assert!(statement.values(&values).is_ok(), "{shape:?}");
                }
                let retry = Statement::new(&Template::from(RETRY_RECORD));
                assert!(retry.values(&values).is_ok());
            }
        }
    }
}
