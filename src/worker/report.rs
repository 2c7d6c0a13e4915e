//! Reporting an outcome: the use case of the 2015 dialect.
//!
//! Not here: HTTP, and how the database finds and stores things.

use sha2::{Digest, Sha256};
use worker::kv::KvError;
use worker::{D1Database, Date, KvStore, console_error};

use super::Config;
use super::archive::{self, Archived};
use super::store::{self, Answer, Ask, Call, Cost, Facts, Failure, OUTCOMES_WRITE, Record};
use crate::json::SyntaxError;
use crate::ledger::{self, Decision};
use crate::problem::{Code, Problem};
use crate::reply::{Recorded, Reply, refuse, refuse_invalid, refuse_syntax};
use crate::request::{self, Report, Search, SentToken};
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
}

/// What goes out.
pub struct Outgoing {
    /// The answer.
    pub reply: Reply,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
    /// What the database did for it.
    pub cost: Cost,
}

impl Outgoing {
    /// An answer that refuses, before the database was asked.
    pub fn refused(problem: &Problem) -> Self {
        Self {
            reply: refuse(problem),
            warnings: Vec::new(),
            cost: Cost::default(),
        }
    }
}

impl Incoming<'_> {
    /// The body as text, or the answer to one that is not UTF-8.
    pub fn text(&self) -> Result<&str, Reply> {
        std::str::from_utf8(self.body).map_err(|error| {
            let valid = self.body.get(..error.valid_up_to()).unwrap_or(&[]);
            let valid = std::str::from_utf8(valid).unwrap_or("");
            refuse_syntax(&SyntaxError::encoding(valid.len()), valid)
        })
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
    let report = match reading.report {
        Ok(report) => report,
        Err(problems) => {
            outgoing.reply = refuse_invalid(&problems);
            return outgoing;
        }
    };
    // (3) and (4)
    let token_hash = hash(&token);
    outgoing.reply = store_report(
        db,
        archive,
        config,
        incoming,
        &report,
        &token_hash,
        &mut outgoing.cost,
    )
    .await;
    outgoing
}

async fn store_report(
    db: &D1Database,
    archive: &KvStore,
    config: &Config,
    incoming: &Incoming<'_>,
    report: &Report<'_>,
    token_hash: &str,
    cost: &mut Cost,
) -> Reply {
    let Ok(mut candidate) = new_id() else {
        return incoming.fail("no random bits");
    };
    let mut ask = Ask {
        report,
        token_hash,
        path_network_id: incoming.path_network_id.as_deref(),
        window: config.window,
        now: i64::try_from(Date::now().as_millis())
            .unwrap_or(0)
            .div_euclid(1_000),
        candidate,
        retry: false,
        restore: None,
    };
    for _ in 0..TRIES {
        match store::report(db, &ask, cost).await {
            Ok(answer) => match conclude(&ask, &answer) {
                Conclusion::Reply(reply) => return reply,
                Conclusion::NoCall => match archived(archive, &ask, answer.facts.as_ref()).await {
                    Ok(Some(call)) => ask.restore = Some(call.json),
                    Ok(None) => return refuse(&Problem::whole(Code::CallNotFound)),
                    Err(_) => return refuse(&Problem::whole(Code::ServiceUnavailable)),
                },
                Conclusion::Taken => {
                    let Ok(other) = new_id() else {
                        return incoming.fail("no random bits");
                    };
                    candidate = other;
                    ask.candidate = candidate;
                    ask.retry = false;
                }
                Conclusion::Contradiction => {
                    return incoming.fail("the statement and the specification disagree");
                }
            },
            Err(Failure::Ambiguous | Failure::Overtaken) => ask.retry = true,
            Err(Failure::Overloaded) => return refuse(&Problem::whole(Code::ServiceUnavailable)),
            Err(Failure::Unexpected(cause)) => {
                return incoming.fail(&cause.replace(token_hash, "…"));
            }
        }
    }
    refuse(&Problem::whole(Code::ServiceUnavailable))
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
    /// No call, as far as the database knows.
    NoCall,
    /// The candidate id belongs to another record.
    Taken,
    /// What was stored is not what the ledger decides.
    Contradiction,
}

/// The answer to what the batch returned. The ledger decides from the facts; the statement has to agree.
fn conclude(ask: &Ask<'_>, answer: &Answer) -> Conclusion {
    if let Some(mine) = &answer.mine {
        let display = mine.display.as_deref().unwrap_or(&ask.report.identity.name);
        return show(
            ask,
            &mine.record,
            mine.call,
            display,
            mine.record.revision == 1,
        );
    }
    let Some(facts) = &answer.facts else {
        return Conclusion::Reply(refuse(&Problem::whole(Code::TokenInvalid)));
    };
    if let Some(code) = refusal(ask, facts) {
        return Conclusion::Reply(refuse(&Problem::whole(code)));
    }
    let Some(call) = facts.call() else {
        return Conclusion::NoCall;
    };
    let current = &facts.current;
    let fields = current.as_ref().map(Record::fields);
    let display = facts
        .display
        .as_deref()
        .unwrap_or(&ask.report.identity.name);
    match (
        ledger::decide(fields.as_ref(), &ask.report.patch, ask.now),
        &answer.appended,
        current,
    ) {
        (Decision::Unchanged, None, Some(current)) => show(ask, current, call, display, false),
        (Decision::Create(fields), Some(record), None) if record.fields() == fields => {
            show(ask, record, call, display, true)
        }
        (Decision::Correct(fields), Some(record), Some(current))
            if record.fields() == fields && record.corrects() == current.id() =>
        {
            show(ask, record, call, display, false)
        }
        (Decision::Create(_) | Decision::Correct(_), None, _) => Conclusion::Taken,
        _ => Conclusion::Contradiction,
    }
}

/// Why the token may not make this report, in the order of the contract: permission, advertiser, campaign, network.
fn refusal(ask: &Ask<'_>, facts: &Facts) -> Option<Code> {
    if !facts.permits(OUTCOMES_WRITE) {
        return Some(Code::PermissionMissing);
    }
    let Search::ByTime(search) = &ask.report.search else {
        return None;
    };
    if search.advertiser_id.is_some()
        && (facts.advertiser_id.is_some() || facts.advertiser_known.is_none())
    {
        return Some(Code::AdvertiserForbidden);
    }
    if search.campaign_id.is_some() && facts.campaign_visible == 0 {
        return Some(Code::CampaignForbidden);
    }
    let is_own = |network: Option<&str>| network.is_none_or(|network| network == facts.network_id);
    if !is_own(search.network_id.as_deref()) || !is_own(ask.path_network_id) {
        return Some(Code::NetworkForbidden);
    }
    None
}

fn show(ask: &Ask<'_>, record: &Record, call: Call, display: &str, created: bool) -> Conclusion {
    let Some(transaction_id) = record.id() else {
        return Conclusion::Contradiction;
    };
    let recorded = Recorded {
        transaction_id,
        corrects: record.corrects(),
        outcome_name: display.to_owned(),
        partner_unique_id: ask.report.identity.partner_unique_id.clone().into_owned(),
        fields: record.fields(),
        call_transaction_id: call.transaction_id,
        call_start: call.start,
    };
    Conclusion::Reply(recorded.reply(created))
}

/// A new id: shard 0 and 56 random bits.
pub fn new_id() -> Result<TransactionId, getrandom::Error> {
    getrandom::u64().map(|bits| TransactionId::from_bits(bits >> 8))
}

/// The SHA-256 of a token, in lower-case hexadecimal.
pub fn hash(token: &str) -> String {
    format!("{:x}", Sha256::digest(token.as_bytes()))
}
