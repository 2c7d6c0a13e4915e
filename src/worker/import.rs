//! Importing calls: the use case.
//!
//! Not here: HTTP, and what an import changes.

use worker::D1Database;

use super::config::Config;
use super::report::{Incoming, Outgoing, hash, new_id};
use super::store::Failure;
use super::store::calls::{facts, store};
use super::store::pause::pause;
use crate::calls::{Reading, find_token, read};
use crate::ingest::{Plan, plan};
use crate::problem::{Code, Counted, Problem, pointer_to};
use crate::reply::lists::reply_to_import;
use crate::reply::{refuse, refuse_invalid, refuse_syntax};
use crate::transaction_id::TransactionId;

/// How often an import is planned at most, when another one comes between.
const TRIES: usize = 3;

/// Carries out an import.
///
/// 1. Parse: 400. No token at all: 401, before any row is judged. No rows: 403; too many: 413.
/// 2. One trip for the token and what is stored of all that the rows name: 401, 403.
/// 3. Plan, and one trip that stores all good rows together, but for a dry run. The keys and triggers of the schema
///    refuse a plan that another import has overtaken, and a token that was revoked meanwhile stores nothing; then again
///    from 2.
pub async fn import(db: &D1Database, config: &Config, incoming: &Incoming<'_>) -> Outgoing {
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::ServiceUnavailable));
    // (1) Parse.
    let found = incoming.text().and_then(|body| {
        let token = find_token(body).map_err(|error| refuse_syntax(&error, body))?;
        Ok((body, token))
    });
    let (body, token) = match found {
        Ok(found) => found,
        Err(reply) => {
            outgoing.reply = reply;
            return outgoing;
        }
    };
    let Some(token) = incoming.token(token) else {
        outgoing.reply = refuse(&Problem::whole(Code::TokenMissing));
        return outgoing;
    };
    let token_hash = hash(&token);
    outgoing.token_hash = Some(token_hash.clone());
    if let Some(policy) = incoming.limits.refuse_token(&token_hash).await {
        return outgoing.limited(policy);
    }
    let Reading { rows, warnings, .. } = match read(body, config.rules) {
        Ok(reading) => reading,
        Err(error) => {
            outgoing.reply = refuse_syntax(&error, body);
            return outgoing;
        }
    };
    let mut all_warnings = Counted::default();
    all_warnings.extend(&warnings, Problem::clone);
    drop(warnings);
    all_warnings.extend(&incoming.query.warnings, Problem::clone);
    let rows = match incoming.with_query(rows) {
        Ok(rows) => rows,
        Err(problems) => {
            outgoing.reply = refuse_invalid(&problems);
            return outgoing;
        }
    };
    let mut is_lost = false;
    for tried in 0..TRIES {
        if std::mem::take(&mut is_lost) {
            pause(tried).await;
        }
        // (2) What is known.
        let failure = match facts(db, &token_hash, &rows, &mut outgoing.cost).await {
            Ok(None) => {
                outgoing.reply = refuse(&Problem::whole(Code::TokenInvalid));
                return outgoing;
            }
            Ok(Some(facts)) if !facts.permitted => {
                outgoing.reply = refuse(&Problem::whole(Code::PermissionMissing));
                return outgoing;
            }
            Ok(Some(facts)) => {
                // (3) Plan and store.
                let pointer = |index: usize| pointer_to("/calls", &index.to_string());
                let fresh = || new_id().unwrap_or_else(|_| TransactionId::from_bits(0));
                let plan: Plan = plan(facts.known, rows.clone(), pointer, fresh);
                let is_dry_run = incoming.asked.validate_only;
                let is_stored = if is_dry_run {
                    Ok(true)
                } else {
                    store(db, &token_hash, &plan, &mut outgoing.cost).await
                };
                match is_stored {
                    Ok(true) => {
                        all_warnings.extend(&plan.warnings, Problem::clone);
                        outgoing.warnings = all_warnings.into_problems();
                        let dry_run = is_dry_run.then_some(outgoing.warnings.as_slice());
                        outgoing.reply = reply_to_import(&plan, dry_run);
                        return outgoing;
                    }
                    // What was planned is not so any more.
                    Ok(false) => Failure::Overtaken,
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Ambiguous => is_lost = true,
            Failure::Overtaken => {}
            Failure::Overloaded => return outgoing,
            Failure::Unexpected(cause) => {
                outgoing.reply = incoming.fail(&cause.replace(&token_hash, "…"));
                return outgoing;
            }
        }
    }
    outgoing
}
