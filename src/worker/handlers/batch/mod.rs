//! Reporting many outcomes in one request: the use case.
//!
//! Not here: HTTP, the rules of a report, and SQL.

mod decide;

use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt};
use worker::{D1Database, KvStore};

use crate::input::batch::{Reading, Row, read, read_lines};
use crate::input::report::{Report, Search};
use crate::problem::{Code, Counted, Problem};
use crate::response::lists::{Answered, BatchAnswer, Effect};
use crate::response::{Reply, refuse, refuse_invalid, refuse_syntax};
use crate::rules::archive::{Part, Search as ArchiveSearch};
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::rules::matching::Target;
use crate::worker::archive::{self, CallId};
use crate::worker::config::{Config, QueryOptions};
use crate::worker::handlers::answer::refusal;
use crate::worker::handlers::report::{Incoming, Outgoing, hash, now};
use crate::worker::store::archive::known as known_to;
use crate::worker::store::batch::{self as store, BatchQuery, Known};
use crate::worker::store::pause::pause;
use crate::worker::store::{Cost, Failure};
use decide::Decided;

/// How many rows share their trips to the database. Fewer are overtaken less often, more need fewer trips.
const CHUNK: usize = 200;
/// How many parts of the archive are read at once, for all rows of a chunk.
const PARTS_AT_ONCE: usize = 8;
/// How often a chunk is decided at most, when other requests come between.
const TRIES: usize = 5;

/// Carries out a batch.
///
/// 1. Parse: 400. No token at all: 401. No rows: 403; too many: 413. Nothing has been stored then, and no row judged.
/// 2. For each chunk of rows, one trip for what is so before them. Unknown token: 401 for the whole.
/// 3. The ledger decides row by row, each seeing the rows before it, and one trip appends all new records. The keys of
///    the schema refuse what another request has overtaken; then the chunk again from 2.
///
/// An archived call costs a chunk one more trip.
pub async fn run(
    db: &D1Database,
    archive: &KvStore,
    config: &Config,
    incoming: &Incoming<'_>,
    lines: bool,
) -> Outgoing {
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::Internal));
    // (1) Parse.
    let max_rows = config.batch_max_rows;
    let reading = if lines {
        Ok(read_lines(incoming.body, config.rules, max_rows))
    } else {
        incoming.text().and_then(|body| {
            read(body, config.rules, max_rows).map_err(|error| refuse_syntax(&error, body))
        })
    };
    let Reading {
        token,
        rows,
        warnings,
    } = match reading {
        Ok(reading) => reading,
        Err(reply) => {
            outgoing.reply = reply;
            return outgoing;
        }
    };
    let mut all_warnings = Counted::default();
    all_warnings.extend(&warnings, Problem::clone);
    all_warnings.extend(&incoming.query.warnings, Problem::clone);
    outgoing.warnings = warnings;
    outgoing
        .warnings
        .extend_from_slice(&incoming.query.warnings);
    let Some(token) = incoming.token(token) else {
        outgoing.reply = refuse(&Problem::whole(Code::TokenMissing));
        return outgoing;
    };
    let token_hash = hash(&token);
    outgoing.token_hash = Some(token_hash.clone());
    let mut rows = match incoming.with_query(rows) {
        Ok(rows) => rows,
        Err(problems) => {
            outgoing.reply = refuse_invalid(&problems);
            return outgoing;
        }
    };
    if let Some(policy) = incoming.limits.refuse_token(&token_hash).await {
        return outgoing.limited(policy);
    }
    // (2) and (3)
    let batch = Batch {
        db,
        archive,
        config,
        incoming,
        token_hash: &token_hash,
        now: now(),
    };
    let list = if lines { "" } else { "/call_outcomes" };
    let mut index = 0_usize;
    let mut answer = BatchAnswer::default();
    loop {
        let chunk: Vec<Row<'_>> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        for row in &chunk {
            all_warnings.extend(&row.warnings, |warning| Problem {
                pointer: format!("{list}/{index}{}", warning.pointer),
                ..warning.clone()
            });
            index = index.saturating_add(1);
        }
        match batch.answer(&chunk, &mut outgoing.cost).await {
            Some(answered) => answer.extend(&answered),
            None if answer.is_empty() => {
                outgoing.reply = refuse(&Problem::whole(Code::TokenInvalid));
                return outgoing;
            }
            None => {
                let revoked = refuse(&Problem::whole(Code::TokenInvalid));
                let failed = chunk.iter().map(|row| failed_as(row, &revoked));
                answer.extend(&failed.collect::<Vec<_>>());
            }
        }
    }
    outgoing.warnings = all_warnings.into_problems();
    let (reply, rest) = answer.finish();
    outgoing.reply = reply;
    if !rest.is_empty() {
        let rest = stream::iter(rest).map(|part| Ok(part.into_bytes()));
        outgoing.rest = Some(rest.boxed_local());
    }
    outgoing
}

/// A batch under way.
struct Batch<'a> {
    db: &'a D1Database,
    archive: &'a KvStore,
    config: &'a Config,
    incoming: &'a Incoming<'a>,
    token_hash: &'a str,
    now: i64,
}

impl Batch<'_> {
    /// The answers to some rows; `None` if the token is unknown or revoked.
    async fn answer(&self, rows: &[Row<'_>], cost: &mut Cost) -> Option<Vec<Answered>> {
        let all_fail = |reply: &Reply| Some(rows.iter().map(|row| failed_as(row, reply)).collect());
        match self.try_to_answer(rows, cost).await {
            Ok(answers) => answers,
            Err(Failure::Unexpected(cause)) => {
                let cause = cause.replace(self.token_hash, "…");
                all_fail(&self.incoming.fail(&cause))
            }
            Err(_) => all_fail(&refuse(&Problem::whole(Code::ServiceUnavailable))),
        }
    }

    async fn try_to_answer(
        &self,
        rows: &[Row<'_>],
        cost: &mut Cost,
    ) -> Result<Option<Vec<Answered>>, Failure> {
        let mut progress = Progress::default();
        let mut failed = 0_usize;
        loop {
            let failure = match self.step(rows, &mut progress, cost).await {
                Ok(Step::Done(answers)) => return Ok(answers),
                Ok(Step::Again) => continue,
                Err(failure) => failure,
            };
            failed = failed.saturating_add(1);
            match failure {
                Failure::ConnectionLost if failed < TRIES => pause(failed).await,
                Failure::Conflict if failed < TRIES => {}
                failure => return Err(failure),
            }
        }
    }

    async fn step<'r>(
        &self,
        rows: &[Row<'r>],
        progress: &mut Progress<'r>,
        cost: &mut Cost,
    ) -> Result<Step, Failure> {
        let Progress {
            archived,
            restore,
            tried,
        } = progress;
        let reports = reports(rows, archived);
        let ask = BatchQuery {
            restore: restore.as_slice(),
            tried: tried.as_ref().and_then(Decided::candidate),
            ..self.ask(&reports)
        };
        let Some(known) = store::facts(self.db, &ask, cost).await? else {
            return Ok(Step::Done(None));
        };
        if let (true, Some(decided)) = (known.is_committed, tried.take()) {
            return Ok(Step::Done(Some(decided.answers)));
        }
        restore.clear();
        let Some(found) = self
            .search_archive(&reports, &known, archived, cost)
            .await?
        else {
            return Ok(Step::Done(None));
        };
        if !found.is_empty() {
            let options = self.incoming.options;
            if !options.validate_only {
                let reported = found.values().filter(|row| !row.is_refused(options));
                restore.extend(reported.filter_map(|row| row.archived.clone()));
            }
            archived.extend(found);
            return Ok(Step::Again);
        }
        let decided = self
            .decide(rows, &known, archived)
            .map_err(|_| Failure::Unexpected("no random bits".to_owned()))?;
        let records = &decided.records;
        if records.is_empty() {
            return Ok(Step::Done(Some(decided.answers)));
        }
        match store::append(self.db, self.token_hash, records, cost).await {
            Ok(true) => Ok(Step::Done(Some(decided.answers))),
            // The token was revoked since.
            Ok(false) => Err(Failure::Conflict),
            Err(failure) => {
                *tried = Some(decided);
                Err(failure)
            }
        }
    }

    fn ask<'x>(&'x self, reports: &'x [(usize, &'x Report<'x>)]) -> BatchQuery<'x> {
        BatchQuery {
            reports,
            token_hash: self.token_hash,
            path_network_id: self.incoming.path_network_id.as_deref(),
            window: self.config.window,
            explain: self.incoming.options.needs_explanation(),
            restore: &[],
            searches: Vec::new(),
            tried: None,
        }
    }

    /// Looks in the archive for the calls of those rows that may be on an archived one and were not looked up before;
    /// `None` if the token was revoked since.
    async fn search_archive<'r>(
        &self,
        reports: &[(usize, &Report<'r>)],
        known: &Known,
        looked_up: &Archived<'r>,
        cost: &mut Cost,
    ) -> Result<Option<Archived<'r>>, Failure> {
        let mut by_id = Vec::new();
        let mut by_time = Vec::new();
        for (place, report) in reports {
            let Some(facts) = known.facts.get(place) else {
                continue;
            };
            let path_network_id = self.incoming.path_network_id.as_deref();
            if looked_up.contains_key(place) || refusal(report, path_network_id, facts).is_some() {
                continue;
            }
            match &report.search {
                Search::ById(Some(id)) if !facts.generations.is_empty() => {
                    by_id.push((*place, CallId::Transaction(id.to_string())));
                }
                Search::ByTime(_) if facts.needs_archive() => by_time.push((*place, *report)),
                _ => {}
            }
        }
        let mut found = self.find_by_id(known, by_id).await?;
        match self.search_by_time(known, by_time, cost).await? {
            Some(others) => found.extend(others),
            None => return Ok(None),
        }
        Ok(Some(found))
    }

    async fn find_by_id<'r>(
        &self,
        known: &Known,
        rows: Vec<(usize, CallId)>,
    ) -> Result<Archived<'r>, Failure> {
        let generations = known
            .facts
            .values()
            .find(|facts| !facts.generations.is_empty());
        let generations = generations.map_or(&[][..], |facts| &facts.generations);
        let ids: Vec<CallId> = rows.iter().map(|(_, id)| id.clone()).collect();
        let calls = archive::find(self.archive, &known.network_id, generations, &ids).await?;
        let advertiser_id = known.advertiser_id.as_deref();
        let found = |(place, id): (usize, CallId)| {
            let call = calls.get(&id);
            let call = call.filter(|call| archive::is_visible(call, advertiser_id));
            let row = Found {
                archived: call.cloned(),
                ..Found::default()
            };
            (place, row)
        };
        Ok(rows.into_iter().map(found).collect())
    }

    /// As `search_archive` of a single report, for many: they share the trips to the database and the parts that are read.
    async fn search_by_time<'x, 'r>(
        &self,
        known: &Known,
        rows: Vec<(usize, &'x Report<'r>)>,
        cost: &mut Cost,
    ) -> Result<Option<Archived<'r>>, Failure> {
        let options = self.incoming.options;
        let advertiser_id = known.advertiser_id.as_deref();
        let explain = options.needs_explanation();
        let search = |(place, report): (usize, &'x Report<'r>)| match &report.search {
            Search::ByTime(search) => {
                let target = Target::new(search, self.config.window);
                let search = ArchiveSearch::new(target, advertiser_id, options.explained_parts());
                Some((place, report, search))
            }
            Search::ById(_) => None,
        };
        let mut searches: Vec<_> = rows.into_iter().filter_map(search).collect();
        loop {
            let mut active: Vec<_> = searches
                .iter_mut()
                .filter(|(.., search)| search.needs_list())
                .collect();
            if active.is_empty() {
                break;
            }
            let reports: Vec<_> = active
                .iter()
                .map(|(place, report, _)| (*place, *report))
                .collect();
            let ask = BatchQuery {
                searches: active.iter().map(|(.., search)| search).collect(),
                ..self.ask(&reports)
            };
            let Some(now) = store::facts(self.db, &ask, cost).await? else {
                return Ok(None);
            };
            for ((place, _, search), listed) in active.iter_mut().zip(now.listed) {
                if let Some(facts) = now.facts.get(place) {
                    search.know(known_to(facts, now.whys.get(place)));
                }
                search.list(listed);
            }
            let mut active: Vec<_> = active.into_iter().map(|(.., search)| search).collect();
            self.read_parts(&known.network_id, &mut active).await?;
        }
        let found = |(place, report, search): (usize, &'x Report<'r>, ArchiveSearch)| {
            let closest = search.closest();
            let by_id = closest.map(|(call, _)| Report {
                search: Search::ById(Some(call.transaction_id)),
                ..report.clone()
            });
            let row = Found {
                by_id,
                archived: closest.and_then(|(_, archived)| archived.cloned()),
                explanation: explain.then(|| search.explain(self.config.ambiguity)),
            };
            (place, row)
        };
        Ok(Some(searches.into_iter().map(found).collect()))
    }

    /// Reads the listed parts as far as each search needs them, a part once for all that need it at the same time.
    async fn read_parts(
        &self,
        network_id: &str,
        searches: &mut [&mut ArchiveSearch],
    ) -> Result<(), Failure> {
        loop {
            let mut wanted: BTreeMap<(i64, i64), Vec<(usize, Part)>> = BTreeMap::new();
            for (at, search) in searches.iter_mut().enumerate() {
                for part in search.next_parts().into_iter().flatten() {
                    let key = (part.hour, part.number);
                    wanted.entry(key).or_default().push((at, part));
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
            let wanted: Vec<_> = wanted.into_values().collect();
            for wanted in wanted.chunks(PARTS_AT_ONCE) {
                let parts: Vec<&Part> = wanted
                    .iter()
                    .filter_map(|readers| Some(&readers.first()?.1))
                    .collect();
                let read = archive::read(self.archive, network_id, &parts).await?;
                for (readers, calls) in wanted.iter().zip(&read) {
                    for (at, part) in readers {
                        if let Some(search) = searches.get_mut(*at) {
                            search.read(part, calls);
                        }
                    }
                }
            }
        }
    }
}

/// How far the rows of a chunk have come.
#[derive(Default)]
struct Progress<'r> {
    /// What was looked up in the archive.
    archived: Archived<'r>,
    /// Archived calls to put back.
    restore: Vec<StoredCall>,
    /// What a trip would have stored that failed, and may have been committed.
    tried: Option<Decided>,
}

/// What comes of a step.
enum Step {
    /// The answers; `None` if the token is unknown or revoked.
    Done(Option<Vec<Answered>>),
    /// The rows again, now that more is known of the archive.
    Again,
}

/// What the archive says of rows, each by its place.
type Archived<'r> = HashMap<usize, Found<'r>>;

/// What the archive says of a row.
#[derive(Default)]
pub struct Found<'r> {
    /// The report by the id of its call, if it was searched for by time and there is one.
    pub by_id: Option<Report<'r>>,
    /// The call's copy, if it is archived.
    pub archived: Option<StoredCall>,
    /// Why a search by time found it, or none, if that was asked.
    pub explanation: Option<Explanation>,
}

impl Found<'_> {
    /// Whether the row is refused for its match, so that nothing is put back for it.
    fn is_refused(&self, options: QueryOptions) -> bool {
        let why = self.explanation.as_ref();
        options.unambiguous && why.is_some_and(Explanation::is_ambiguous)
    }
}

/// The valid reports, each by its place, by the id of their call where the archive told it.
fn reports<'x, 'r>(
    rows: &'x [Row<'r>],
    archived: &'x Archived<'r>,
) -> Vec<(usize, &'x Report<'r>)> {
    let report = |(place, row): (usize, &'x Row<'r>)| {
        let sent = row.report.as_ref().ok()?;
        let by_id = archived.get(&place).and_then(|found| found.by_id.as_ref());
        Some((place, by_id.unwrap_or(sent)))
    };
    rows.iter().enumerate().filter_map(report).collect()
}

/// A row that is not carried out: as it was refused already, or else so.
fn failed_as(row: &Row<'_>, reply: &Reply) -> Answered {
    let reply = match &row.report {
        Err(refused) => refused,
        Ok(_) => reply,
    };
    answered(row, reply.clone(), Effect::Failed)
}

fn answered(row: &Row<'_>, reply: Reply, effect: Effect) -> Answered {
    Answered {
        key: row.key.as_deref().map(str::to_owned),
        status: reply.status,
        body: reply.body,
        effect,
    }
}
