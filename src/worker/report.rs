//! Reporting an outcome: the use case of the 2015 dialect.
//!
//! Not here: HTTP, and how the database finds and stores things.

use sha2::{Digest, Sha256};
use worker::kv::KvError;
use worker::{D1Database, KvStore, console_error, js_sys};

use super::answer::{explanation, refusal, stored, would_be};
use super::archive::{self, Archived};
use super::config::{Asked, Config};
use super::limits::{Limits, Policy};
use super::reading::Rest;
use super::store::pause::pause;
use super::store::report::{self as store, Answer, Ask};
use super::store::{Call, Cost, Facts, Failure, Record};
use crate::explanation::Explanation;
use crate::ledger::{self, Decision};
use crate::problem::{Code, Problem};
use crate::reply::{Extras, Reply, refuse, refuse_call, refuse_invalid, refuse_syntax};
use crate::request::{self, Search, SentToken};
use crate::time::UnixMillis;
use crate::transaction_id::TransactionId;

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
    pub asked: Asked,
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
    pub rest: Option<Rest>,
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
        request::text(self.body).map_err(|(error, valid)| refuse_syntax(&error, valid))
    }

    /// The token of the body, or else of the header.
    pub fn token(&self, in_body: SentToken<'_>) -> Option<String> {
        match in_body {
            SentToken::Text(token) => Some(token.into_owned()),
            SentToken::NotSent => self.header_token.clone(),
            SentToken::NoToken => None,
        }
    }

    /// The answer to something unexpected; the cause goes to the log only.
    pub fn fail(&self, cause: &str) -> Reply {
        console_error!(
            "{}",
            serde_json::json!({ "error": cause, "handle": self.request_id })
        );
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
        request::read(body, config.rules).map_err(|error| refuse_syntax(&error, body))
    });
    let reading = match reading {
        Ok(reading) => reading,
        Err(reply) => {
            outgoing.reply = reply;
            return outgoing;
        }
    };
    outgoing.warnings = reading.warnings;
    // (2) Token and problems.
    let Some(token) = incoming.token(reading.token) else {
        outgoing.reply = refuse(&Problem::whole(Code::TokenMissing));
        return outgoing;
    };
    let token_hash = hash(&token);
    outgoing.token_hash = Some(token_hash.clone());
    let report = match reading.report {
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
    let ask = Ask {
        report: &report,
        token_hash: &token_hash,
        path_network_id: incoming.path_network_id.as_deref(),
        window: config.window,
        ambiguity: config.ambiguity,
        asked: incoming.asked,
        now: now(),
        candidate,
        retry: false,
        restore: None,
    };
    let Outgoing {
        reply,
        warnings,
        cost,
        ..
    } = &mut outgoing;
    *reply = carry_out(db, archive, ask, warnings, cost)
        .await
        .unwrap_or_else(|cause| incoming.fail(&cause.replace(&token_hash, "…")));
    outgoing
}

/// Sends the batch until its answer is clear. An `Err` is an unexpected cause, for the log.
async fn carry_out(
    db: &D1Database,
    archive: &KvStore,
    mut ask: Ask<'_>,
    warnings: &[Problem],
    cost: &mut Cost,
) -> Result<Reply, String> {
    let unavailable = || Ok(refuse(&Problem::whole(Code::ServiceUnavailable)));
    let mut is_lost = false;
    for tried in 0..TRIES {
        if std::mem::take(&mut is_lost) {
            pause(tried).await;
        }
        let answer = match store::report(db, &ask, cost).await {
            Ok(answer) => answer,
            Err(failure @ (Failure::Ambiguous | Failure::Overtaken)) => {
                is_lost = matches!(failure, Failure::Ambiguous);
                ask.retry = true;
                continue;
            }
            Err(Failure::Overloaded) => return unavailable(),
            Err(Failure::Unexpected(cause)) => return Err(cause),
        };
        match conclude(&ask, &answer, warnings) {
            Conclusion::Reply(reply) => return Ok(reply),
            Conclusion::NoCall(explanation) => {
                let Ok(archived) = archived(archive, &ask, answer.facts.as_ref()).await else {
                    return unavailable();
                };
                match (archived, answer.facts) {
                    (Some(call), Some(facts)) if ask.asked.validate_only => {
                        return Ok(dry_run_on(&ask, &facts, &call, warnings));
                    }
                    (Some(call), _) => ask.restore = Some(call.json),
                    (None, _) => return Ok(refuse_call(Code::CallNotFound, explanation)),
                }
            }
            Conclusion::Taken => {
                ask.candidate = new_id().map_err(|_| "no random bits".to_owned())?;
                ask.retry = false;
            }
            Conclusion::Contradiction => {
                return Err("the statement and the specification disagree".to_owned());
            }
        }
    }
    unavailable()
}

/// The call that the report names by id, if it is in the archive and the token sees it. Asked once.
async fn archived(
    archive: &KvStore,
    ask: &Ask<'_>,
    facts: Option<&Facts>,
) -> Result<Option<Archived>, KvError> {
    let (Search::ById(Some(id)), Some(facts), None) = (&ask.report.search, facts, &ask.restore)
    else {
        return Ok(None);
    };
    let call = archive::find(archive, &facts.network_id, *id).await?;
    Ok(call.filter(|call| call.is_visible_to(facts.advertiser_id.as_deref())))
}

enum Conclusion {
    Reply(Reply),
    /// No call, as far as the database knows; why, if the client asked.
    NoCall(Option<Explanation>),
    /// The candidate id belongs to another record.
    Taken,
    /// What was stored is not what the ledger decides.
    Contradiction,
}

/// The answer to what the batch returned. The ledger decides from the facts; the statement has to agree.
fn conclude(ask: &Ask<'_>, answer: &Answer, warnings: &[Problem]) -> Conclusion {
    let explanation = explanation(
        ask.report,
        ask.asked,
        ask.ambiguity,
        answer.facts.as_ref(),
        answer.why.as_ref(),
    );
    let shown = explanation.as_ref().filter(|_| ask.asked.explain);
    let extras = Extras {
        dry_run: ask.asked.validate_only.then_some(warnings),
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
    let Some(call) = facts.call() else {
        return Conclusion::NoCall(shown.cloned());
    };
    let ambiguous = explanation.as_ref().filter(|why| why.is_ambiguous());
    if let (true, Some(why)) = (ask.asked.unambiguous, ambiguous) {
        return if answer.appended.is_none() {
            Conclusion::Reply(refuse_call(Code::CallAmbiguous, Some(why.clone())))
        } else {
            Conclusion::Contradiction
        };
    }
    let current = facts.current.as_ref();
    let name = facts.display.as_deref();
    let decision = ledger::decide(
        current.map(Record::fields).as_ref(),
        &ask.report.patch,
        ask.now,
    );
    if ask.asked.validate_only {
        let created = matches!(decision, Decision::Create(_));
        return Conclusion::Reply(
            would_be(ask.report, ask.now, current, call, name, decision).reply(created, extras),
        );
    }
    match (decision, &answer.appended, current) {
        (Decision::Unchanged, None, Some(current)) => {
            Conclusion::Reply(stored(ask.report, current, call, name).reply(false, extras))
        }
        (Decision::Create(fields), Some(record), None) if record.fields() == fields => {
            Conclusion::Reply(stored(ask.report, record, call, name).reply(true, extras))
        }
        (Decision::Correct(fields), Some(record), Some(current))
            if record.fields() == fields && record.corrects() == current.id() =>
        {
            Conclusion::Reply(stored(ask.report, record, call, name).reply(false, extras))
        }
        (Decision::Create(_) | Decision::Correct(_), None, _) => Conclusion::Taken,
        _ => Conclusion::Contradiction,
    }
}

/// What a report would store on an archived call: nothing is put back for a dry run.
fn dry_run_on(ask: &Ask<'_>, facts: &Facts, archived: &Archived, warnings: &[Problem]) -> Reply {
    let Search::ById(Some(transaction_id)) = ask.report.search else {
        return refuse(&Problem::whole(Code::CallNotFound));
    };
    let call = Call {
        transaction_id,
        start: UnixMillis::from_millis(archived.start_ms),
    };
    let extras = Extras {
        dry_run: Some(warnings),
        explanation: ask.asked.explain.then_some(&Explanation::BY_ID),
    };
    let decision = ledger::decide(None, &ask.report.patch, ask.now);
    would_be(
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

/// The SHA-256 of a token, in lower-case hexadecimal.
pub fn hash(token: &str) -> String {
    format!("{:x}", Sha256::digest(token.as_bytes()))
}
