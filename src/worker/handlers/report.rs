//! Reporting an outcome: the use case of the 2015 dialect.
//!
//! Not here: HTTP, and how the database finds and stores things.

use std::cell::OnceCell;

use sha2::{Digest, Sha256};
use worker::{D1Database, KvStore, console_error, js_sys};

use super::answer::{explanation, preview, refusal, stored};
use super::reading::BodyStream;
use crate::input::query::Query;
use crate::input::report::{self, Report, Search, SentToken};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::{Extras, Reply, refuse, refuse_call, refuse_invalid, refuse_syntax};
use crate::rules::archive::{Part, Search as ArchiveSearch};
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::rules::matching::Target;
use crate::rules::merge::{self, Decision};
use crate::worker::archive;
use crate::worker::config::{Config, QueryOptions};
use crate::worker::rate_limit::{Limits, Policy};
use crate::worker::store::pause::pause;
use crate::worker::store::report::{self as store, ReportQuery, ReportRows};
use crate::worker::store::{Call, Cost, Facts, Failure, Record};

/// How often a batch is sent at most, when the connection breaks or a candidate id turns out to be taken.
const TRIES: usize = 3;

/// What came in.
pub struct Incoming<'a> {
    /// The body.
    pub body: &'a [u8],
    /// The token in the `Authorization` header.
    pub header_token: Option<String>,
    /// The network in the path.
    pub path_network_id: Option<String>,
    /// What an unexpected failure is called in the answer and in the log.
    pub request_id: &'a str,
    /// What the client asks for beyond the 2015 dialect.
    pub options: QueryOptions,
    /// The query that says so, with what is wrong in it.
    pub query: &'a Query,
    /// Who asks too often.
    pub limits: &'a Limits,
}

/// What goes out.
pub struct Outgoing {
    /// The answer.
    pub reply: Reply,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
    /// What the database did for it.
    pub cost: Cost,
    /// The type of the body, if it is not JSON.
    pub content_type: Option<&'static str>,
    /// The id to start the next page after.
    pub next: Option<TransactionId>,
    /// What follows the body of the reply.
    pub rest: Option<BodyStream>,
    /// The limit that refused the request.
    pub limited: Option<Policy>,
    /// The SHA-256 of the token, once the request was read far enough to know it.
    pub token_hash: Option<String>,
}

impl Outgoing {
    /// An answer that refuses, before the database was asked.
    pub fn refused(problem: &Problem) -> Self {
        Self::new(refuse(problem))
    }

    /// An answer that cost nothing yet.
    pub fn new(reply: Reply) -> Self {
        Self {
            reply,
            warnings: Vec::new(),
            cost: Cost::default(),
            content_type: None,
            next: None,
            rest: None,
            limited: None,
            token_hash: None,
        }
    }

    /// Whether the request was refused and its token, if any, is not known to be good.
    pub fn is_suspect(&self) -> bool {
        match self.reply.code {
            // A limit refused it already, before any work.
            None | Some(Code::RateLimited) => false,
            Some(Code::TokenInvalid | Code::Internal) => true,
            // What the database refuses it refuses to a good token only. Where it cannot be reached nobody is to blame.
            Some(_) => self.cost.trips == 0,
        }
    }

    /// The answer to one request too many.
    pub fn limited(self, policy: Policy) -> Self {
        Self {
            reply: refuse(&Problem::whole(Code::RateLimited)),
            limited: Some(policy),
            ..self
        }
    }
}

impl Incoming<'_> {
    /// The body as text, or the answer to one that is not UTF-8.
    pub fn text(&self) -> Result<&str, Reply> {
        report::text(self.body).map_err(|(error, valid)| refuse_syntax(&error, valid))
    }

    /// The token of the body, or else of the header.
    pub fn token(&self, in_body: SentToken<'_>) -> Option<String> {
        match in_body {
            SentToken::Text(token) => Some(token.into_owned()),
            SentToken::NotSent => self.header_token.clone(),
            SentToken::NoToken => None,
        }
    }

    /// What was read of the body, with the problems of the query behind its own.
    pub fn with_query<T>(&self, read: Result<T, Vec<Problem>>) -> Result<T, Vec<Problem>> {
        if self.query.problems.is_empty() {
            return read;
        }
        let mut problems = read.err().unwrap_or_default();
        problems.extend(self.query.problems.iter().cloned());
        Err(problems)
    }

    /// Tells the log of something unexpected, under the handle of the request.
    pub fn log(&self, cause: &str) {
        console_error!(
            "{}",
            serde_json::json!({ "error": cause, "handle": self.request_id })
        );
    }

    /// The answer to something unexpected; the cause goes to the log only.
    pub fn fail(&self, cause: &str) -> Reply {
        self.log(cause);
        refuse(&Problem::whole(Code::Internal).with_name(self.request_id.to_owned()))
    }
}

/// Carries out a report.
///
/// 1. Parse: 400.
/// 2. No token at all: 401. Any problem: 403, all of them at once. Neither costs the database anything.
/// 3. One batch: see `store`. A broken connection is retried with the same candidate id, so that a batch that was
///    committed after all is found again and not repeated.
///    A call that the database does not know by its id is looked for in the archive, once, and put back.
/// 4. Answer from the facts: unknown token 401, permission and access 403, no call 404, else 201 or 200.
pub async fn run(
    db: &D1Database,
    archive: &KvStore,
    config: &Config,
    incoming: &Incoming<'_>,
) -> Outgoing {
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::Internal));
    // (1) Parse.
    let reading = incoming.text().and_then(|body| {
        report::read(body, config.rules).map_err(|error| refuse_syntax(&error, body))
    });
    let reading = match reading {
        Ok(reading) => reading,
        Err(reply) => {
            outgoing.reply = reply;
            return outgoing;
        }
    };
    outgoing.warnings = reading.warnings;
    outgoing
        .warnings
        .extend_from_slice(&incoming.query.warnings);
    // (2) Token and problems.
    let Some(token) = incoming.token(reading.token) else {
        outgoing.reply = refuse(&Problem::whole(Code::TokenMissing));
        return outgoing;
    };
    let token_hash = hash(&token);
    outgoing.token_hash = Some(token_hash.clone());
    let report = match incoming.with_query(reading.report) {
        Ok(report) => report,
        Err(problems) => {
            outgoing.reply = refuse_invalid(&problems);
            return outgoing;
        }
    };
    // (3) and (4)
    if let Some(policy) = incoming.limits.refuse_token(&token_hash).await {
        return outgoing.limited(policy);
    }
    let Ok(candidate) = new_id() else {
        outgoing.reply = incoming.fail("no random bits");
        return outgoing;
    };
    let ask = ReportQuery {
        report: &report,
        token_hash: &token_hash,
        path_network_id: incoming.path_network_id.as_deref(),
        window: config.window,
        ambiguity: config.ambiguity,
        options: incoming.options,
        now: now(),
        candidate,
        retry: false,
        restore: None,
        explanation: None,
    };
    let Outgoing {
        reply,
        warnings,
        cost,
        ..
    } = &mut outgoing;
    *reply = carry_out(db, archive, incoming, ask, warnings, cost)
        .await
        .unwrap_or_else(|cause| incoming.fail(&cause.replace(&token_hash, "…")));
    outgoing
}

/// Sends the batch until its outcome is known. An `Err` is an unexpected cause, for the log.
async fn carry_out(
    db: &D1Database,
    archive: &KvStore,
    incoming: &Incoming<'_>,
    ask: ReportQuery<'_>,
    warnings: &[Problem],
    cost: &mut Cost,
) -> Result<Reply, String> {
    // The report by the id of its call, once that was searched for in the archive.
    let by_id = OnceCell::new();
    let mut ask = ask;
    let mut failed = 0;
    while failed < TRIES {
        let step = try_once(db, archive, &ask, warnings, cost).await;
        match step {
            Ok(Step::Reply(reply)) => return Ok(reply),
            Ok(Step::Restore(call)) => ask.restore = Some(call),
            Ok(Step::Found(found)) => {
                let Found {
                    transaction_id,
                    archived,
                    explanation,
                } = found;
                ask.report = by_id.get_or_init(|| Report {
                    search: Search::ById(Some(transaction_id)),
                    ..ask.report.clone()
                });
                ask.restore = archived;
                ask.explanation = explanation;
            }
            Ok(Step::IdCollision) => {
                failed = failed.saturating_add(1);
                if failed == TRIES {
                    // Ids are random: so many that are taken are a bug of ours.
                    incoming
                        .log("the statement appended no record where the specification has one");
                }
                ask.candidate = new_id().map_err(|_| "no random bits".to_owned())?;
                ask.retry = false;
            }
            Ok(Step::Disagreement) => {
                failed = failed.saturating_add(1);
                incoming.log("the statement and the specification disagree");
                ask.retry = true;
            }
            Err(Failure::Overloaded) => break,
            Err(Failure::Unexpected(cause)) => return Err(cause),
            Err(failure) => {
                failed = failed.saturating_add(1);
                ask.retry = true;
                if matches!(failure, Failure::ConnectionLost) && failed < TRIES {
                    pause(failed).await;
                }
            }
        }
    }
    Ok(refuse(&Problem::whole(Code::ServiceUnavailable)))
}

/// What comes of sending the batch once.
enum Step {
    /// The answer.
    Reply(Reply),
    /// The call is archived: it has to be put back, then the report runs as ever.
    Restore(StoredCall),
    /// The archive was searched, too: the report goes on by the id of the call.
    Found(Found),
    /// The candidate id belongs to another record.
    IdCollision,
    /// A bug of ours: a record was stored that the specification does not have. The next try finds it by its id, and
    /// answers with it.
    Disagreement,
}

/// The closest call of the database and the archive.
struct Found {
    transaction_id: TransactionId,
    /// Its copy, if it is archived.
    archived: Option<StoredCall>,
    /// Why it is the closest, if the client asked.
    explanation: Option<Explanation>,
}

async fn try_once(
    db: &D1Database,
    archive: &KvStore,
    ask: &ReportQuery<'_>,
    warnings: &[Problem],
    cost: &mut Cost,
) -> Result<Step, Failure> {
    let answer = store::report(db, ask, cost).await?;
    let conclusion = conclude(ask, &answer, warnings);
    if answer.appended.is_some() && !conclusion.is_success() {
        return Ok(Step::Disagreement);
    }
    Ok(match conclusion {
        Conclusion::Reply(reply) => Step::Reply(reply),
        Conclusion::IdCollision => Step::IdCollision,
        // Nothing was stored.
        Conclusion::Contradiction => {
            let cause = "the statement and the specification disagree";
            return Err(Failure::Unexpected(cause.to_owned()));
        }
        Conclusion::SearchArchive => {
            search_archive(db, archive, ask, answer.facts, warnings, cost).await?
        }
        Conclusion::NoCall(explanation) => {
            let archived = archived(archive, ask, answer.facts.as_ref()).await?;
            match (archived, answer.facts) {
                (Some(call), Some(facts)) if ask.options.validate_only => {
                    let by_id = ask.options.explain.then_some(&Explanation::BY_ID);
                    let why = ask.explanation.as_ref().or(by_id);
                    Step::Reply(dry_run_on(ask, &facts, &call, why, warnings))
                }
                (Some(call), _) => Step::Restore(call),
                (None, _) => Step::Reply(refuse_call(Code::CallNotFound, explanation)),
            }
        }
    })
}

/// The call that the report names by id, if it is in the archive and the token sees it. Asked once.
async fn archived(
    archive: &KvStore,
    ask: &ReportQuery<'_>,
    facts: Option<&Facts>,
) -> Result<Option<StoredCall>, Failure> {
    let (Search::ById(Some(id)), Some(facts), None) = (&ask.report.search, facts, &ask.restore)
    else {
        return Ok(None);
    };
    let advertiser_id = facts.advertiser_id.as_deref();
    let Facts {
        network_id,
        generations,
        ..
    } = facts;
    archive::find_visible(archive, network_id, advertiser_id, generations, *id).await
}

/// Searches the database and the archive for the closest call.
///
/// Each list of parts comes with what the database knows at the same moment, so that a call which is put back meanwhile is
/// seen in one of the two places.
async fn search_archive(
    db: &D1Database,
    archive: &KvStore,
    ask: &ReportQuery<'_>,
    facts: Option<Facts>,
    warnings: &[Problem],
    cost: &mut Cost,
) -> Result<Step, Failure> {
    let (Search::ByTime(search), Some(facts)) = (&ask.report.search, facts) else {
        return Err(Failure::Unexpected("no search by time".to_owned()));
    };
    let options = ask.options;
    let target = Target::new(search, ask.window, 1);
    let advertiser_id = facts.advertiser_id.as_deref();
    let mut search = ArchiveSearch::new(target, advertiser_id, options.explained_parts());
    while search.needs_list() {
        let now = store::list_archived(db, ask, &mut search, cost).await?;
        if now.is_none() {
            return Ok(Step::Reply(refuse(&Problem::whole(Code::TokenInvalid))));
        }
        while let Some(parts) = search.next_parts() {
            let parts: Vec<&Part> = parts.iter().collect();
            let read = archive::read(archive, &facts.network_id, &parts).await?;
            for (part, calls) in parts.into_iter().zip(&read) {
                search.read(part, calls);
            }
        }
    }
    let explanation = options
        .needs_explanation()
        .then(|| search.explain(ask.ambiguity));
    let shown = explanation.as_ref().filter(|_| options.explain).cloned();
    let Some((call, archived)) = search.closest() else {
        return Ok(Step::Reply(refuse_call(Code::CallNotFound, shown)));
    };
    if options.unambiguous
        && let Some(why) = explanation.filter(Explanation::is_ambiguous)
    {
        let reply = refuse_call(Code::CallAmbiguous, Some(why));
        return Ok(Step::Reply(reply));
    }
    if let (true, Some(copy)) = (options.validate_only, archived) {
        return Ok(Step::Reply(dry_run_on(
            ask,
            &facts,
            copy,
            shown.as_ref(),
            warnings,
        )));
    }
    Ok(Step::Found(Found {
        transaction_id: call.transaction_id,
        archived: archived.cloned(),
        explanation: shown,
    }))
}

enum Conclusion {
    Reply(Reply),
    /// No call, as far as the database knows; why, if the client asked.
    NoCall(Option<Explanation>),
    /// Archived calls may be closer than those of the database.
    SearchArchive,
    /// The candidate id belongs to another record.
    IdCollision,
    /// What was stored is not what the ledger decides.
    Contradiction,
}

impl Conclusion {
    /// Whether the client is answered with a record.
    const fn is_success(&self) -> bool {
        matches!(self, Self::Reply(reply) if reply.status < 300)
    }
}

/// The answer to what the batch returned. The ledger decides from the facts; the statement has to agree.
fn conclude(ask: &ReportQuery<'_>, answer: &ReportRows, warnings: &[Problem]) -> Conclusion {
    let explanation = explanation(
        ask.report,
        ask.options,
        ask.ambiguity,
        answer.facts.as_ref(),
        answer.why.as_ref(),
    );
    let explanation = ask.explanation.clone().or(explanation);
    let shown = explanation.as_ref().filter(|_| ask.options.explain);
    let extras = Extras {
        dry_run: ask.options.validate_only.then_some(warnings),
        explanation: shown,
    };
    if let Some(mine) = &answer.mine {
        let name = mine.display.as_deref();
        let recorded = stored(ask.report, &mine.record, mine.call, name);
        return Conclusion::Reply(recorded.reply(mine.record.revision == 1, extras));
    }
    let Some(facts) = &answer.facts else {
        return Conclusion::Reply(refuse(&Problem::whole(Code::TokenInvalid)));
    };
    if let Some(code) = refusal(ask.report, ask.path_network_id, facts) {
        return Conclusion::Reply(refuse(&Problem::whole(code)));
    }
    if facts.needs_archive() {
        return Conclusion::SearchArchive;
    }
    let Some(call) = facts.call() else {
        return Conclusion::NoCall(shown.cloned());
    };
    let ambiguous = explanation.as_ref().filter(|why| why.is_ambiguous());
    if let (true, Some(why)) = (ask.options.unambiguous, ambiguous) {
        return if answer.appended.is_none() {
            Conclusion::Reply(refuse_call(Code::CallAmbiguous, Some(why.clone())))
        } else {
            Conclusion::Contradiction
        };
    }
    let current = facts.current.as_ref();
    let name = facts.display.as_deref();
    let decision = merge::decide(
        current.map(Record::fields).as_ref(),
        &ask.report.patch,
        ask.now,
    );
    if ask.options.validate_only {
        let created = matches!(decision, Decision::Create(_));
        return Conclusion::Reply(
            preview(ask.report, ask.now, current, call, name, decision).reply(created, extras),
        );
    }
    match (decision, &answer.appended, current) {
        (Decision::Unchanged, None, Some(current)) => {
            Conclusion::Reply(stored(ask.report, current, call, name).reply(false, extras))
        }
        (Decision::Create(fields), Some(record), None)
            if record.fields() == fields && record.corrects().is_none() =>
        {
            Conclusion::Reply(stored(ask.report, record, call, name).reply(true, extras))
        }
        (Decision::Correct(fields), Some(record), Some(current))
            if record.fields() == fields && record.corrects() == current.id() =>
        {
            Conclusion::Reply(stored(ask.report, record, call, name).reply(false, extras))
        }
        (Decision::Create(_) | Decision::Correct(_), None, _) => Conclusion::IdCollision,
        _ => Conclusion::Contradiction,
    }
}

/// What a report would store on an archived call: nothing is put back for a dry run.
fn dry_run_on(
    ask: &ReportQuery<'_>,
    facts: &Facts,
    archived: &StoredCall,
    explanation: Option<&Explanation>,
    warnings: &[Problem],
) -> Reply {
    let Some(call) = Call::from_archive(archived) else {
        return refuse(&Problem::whole(Code::CallNotFound));
    };
    let extras = Extras {
        dry_run: Some(warnings),
        explanation,
    };
    let decision = merge::decide(None, &ask.report.patch, ask.now);
    preview(
        ask.report,
        ask.now,
        None,
        call,
        facts.display.as_deref(),
        decision,
    )
    .reply(true, extras)
}

/// The time in Unix milliseconds. It stands still until something comes from outside.
pub fn clock() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds, for 285,000 years"
    )]
    let milliseconds = js_sys::Date::now() as i64;
    milliseconds
}

/// The time of the request, in Unix seconds.
pub fn now() -> i64 {
    clock().div_euclid(1_000)
}

/// A new id: shard 0 and 56 random bits.
pub fn new_id() -> Result<TransactionId, getrandom::Error> {
    getrandom::u64().map(|bits| TransactionId::from_bits(bits >> 8))
}

/// The SHA-256 of a text, such as a token, in lower-case hexadecimal.
pub fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}
