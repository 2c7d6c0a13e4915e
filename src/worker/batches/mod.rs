//! Reporting many outcomes in one request: the use case.
//!
//! Not here: HTTP, the rules of a report, and SQL.

mod decide;

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use worker::{D1Database, KvStore};

use super::answer::refusal;
use super::archive::{self, Archived};
use super::config::{Asked, Config};
use super::report::{Incoming, Outgoing, hash, now};
use super::store::batch::{self as store, Ask, Known};
use super::store::pause::pause;
use super::store::{Cost, Failure};
use crate::batch::{Reading, Row, read, read_lines};
use crate::problem::{Code, Counted, Problem};
use crate::reply::lists::{Answered, BatchAnswer, Effect};
use crate::reply::{Reply, refuse, refuse_invalid, refuse_syntax};
use crate::request::{Report, Search};
use crate::transaction_id::TransactionId;
use decide::Decided;

/// How many rows share their trips to the database. Fewer are overtaken less often, more need fewer trips.
const CHUNK: usize = 200;
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
    outgoing.warnings = warnings;
    let Some(token) = incoming.token(token) else {
        outgoing.reply = refuse(&Problem::whole(Code::TokenMissing));
        return outgoing;
    };
    let token_hash = hash(&token);
    outgoing.token_hash = Some(token_hash.clone());
    let mut rows = match rows {
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
        let reports: Vec<(usize, &Report<'_>)> = rows
            .iter()
            .enumerate()
            .filter_map(|(place, row)| Some((place, row.report.as_ref().ok()?)))
            .collect();
        let Asked {
            validate_only,
            explain,
            unambiguous,
        } = self.incoming.asked;
        let mut ask = Ask {
            reports: &reports,
            token_hash: self.token_hash,
            path_network_id: self.incoming.path_network_id.as_deref(),
            window: self.config.window,
            explain: explain || unambiguous,
            restore: Vec::new(),
            tried: None,
        };
        let mut archived = None;
        let mut decided: Option<Decided> = None;
        let mut is_lost = false;
        for tried in 0..TRIES {
            if std::mem::take(&mut is_lost) {
                pause(tried).await;
            }
            let failure = match store::facts(self.db, &ask, cost).await {
                Ok(None) => return None,
                Ok(Some(known)) => {
                    if let (true, Some(decided)) = (known.is_committed, decided.take()) {
                        return Some(decided.answers);
                    }
                    ask.tried = None;
                    if archived.is_none() {
                        let Ok(found) = self.find_archived(&ask, &known).await else {
                            return all_fail(&refuse(&Problem::whole(Code::ServiceUnavailable)));
                        };
                        if !validate_only && !found.is_empty() {
                            ask.restore = found.values().map(|call| call.json.clone()).collect();
                        }
                        archived = Some(found);
                        if !ask.restore.is_empty() {
                            continue;
                        }
                    }
                    ask.restore.clear();
                    let archived = archived.as_ref().filter(|_| validate_only);
                    let Ok(decision) = self.decide(rows, &known, archived) else {
                        return all_fail(&self.incoming.fail("no random bits"));
                    };
                    if decision.records.is_empty() {
                        return Some(decision.answers);
                    }
                    let Decided { records, names, .. } = &decision;
                    match store::append(self.db, self.token_hash, records, names, cost).await {
                        Ok(true) => return Some(decision.answers),
                        Ok(false) => continue,
                        Err(failure) => {
                            ask.tried = records.first().map(|record| record.transaction_id);
                            decided = Some(decision);
                            failure
                        }
                    }
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Ambiguous => is_lost = true,
                Failure::Overtaken => {}
                Failure::Overloaded => break,
                Failure::Unexpected(cause) => {
                    let cause = cause.replace(self.token_hash, "…");
                    return all_fail(&self.incoming.fail(&cause));
                }
            }
        }
        all_fail(&refuse(&Problem::whole(Code::ServiceUnavailable)))
    }

    /// The archived calls among those that the rows name by id and the database does not know, as far as the token
    /// sees them.
    async fn find_archived(
        &self,
        ask: &Ask<'_>,
        known: &Known,
    ) -> Result<HashMap<TransactionId, Archived>, worker::kv::KvError> {
        let mut ids: Vec<TransactionId> = ask
            .reports
            .iter()
            .filter_map(
                |(place, report)| match (&report.search, known.facts.get(place)) {
                    (Search::ById(Some(id)), Some(facts))
                        if facts.call().is_none() && refusal(report, None, facts).is_none() =>
                    {
                        Some(*id)
                    }
                    _ => None,
                },
            )
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let found = archive::find_all(self.archive, &known.network_id, &ids).await?;
        let visible = |call: &Archived| call.is_visible_to(known.advertiser_id.as_deref());
        Ok(found
            .into_iter()
            .filter(|(_, call)| visible(call))
            .collect())
    }
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
