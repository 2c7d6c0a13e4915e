//! Importing calls: the use case.
//!
//! Not here: HTTP, and what an import changes.

use worker::{D1Database, KvStore};

use super::report::{Incoming, Outgoing, hash, new_id};
use crate::input::calls::{Reading, Row, find_token, read};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Counted, Problem, pointer_to};
use crate::response::lists::reply_to_import;
use crate::response::{refuse, refuse_invalid, refuse_syntax};
use crate::rules::import::{Plan, plan};
use crate::worker::archive::{self, CallId};
use crate::worker::config::Config;
use crate::worker::store::calls::{Facts, facts, store};
use crate::worker::store::pause::pause;
use crate::worker::store::{Cost, Failure};

/// How often an import is planned at most, when another one comes between.
const TRIES: usize = 3;

/// Carries out an import.
///
/// 1. Parse: 400. No token at all: 401, before any row is judged. No rows: 403; too many: 413.
/// 2. One trip for the token and what is stored of all that the rows name: 401, 403. Archived calls are met as others are.
/// 3. Plan, and one trip that stores all good rows together, but for a dry run. The keys and triggers of the schema
///    refuse a plan that another import has overtaken, and a token that was revoked meanwhile stores nothing; then again
///    from 2.
pub async fn import(
    db: &D1Database,
    archive: &KvStore,
    config: &Config,
    incoming: &Incoming<'_>,
) -> Outgoing {
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
            outgoing.warnings = all_warnings.into_problems();
            outgoing.reply = refuse_invalid(&problems);
            return outgoing;
        }
    };
    let import = Import {
        db,
        archive,
        token_hash: &token_hash,
        rows: &rows,
        is_dry_run: incoming.options.validate_only,
    };
    let mut failed = 0_usize;
    while failed < TRIES {
        let failure = match import.try_once(&mut outgoing.cost).await {
            Ok(Ok(plan)) => {
                all_warnings.extend(&plan.warnings, Problem::clone);
                outgoing.warnings = all_warnings.into_problems();
                let warnings = outgoing.warnings.as_slice();
                outgoing.reply = reply_to_import(&plan, import.is_dry_run.then_some(warnings));
                return outgoing;
            }
            Ok(Err(code)) => {
                outgoing.reply = refuse(&Problem::whole(code));
                return outgoing;
            }
            Err(failure) => failure,
        };
        failed = failed.saturating_add(1);
        match failure {
            Failure::ConnectionLost if failed < TRIES => pause(failed).await,
            Failure::ConnectionLost | Failure::Conflict => {}
            Failure::Overloaded => return outgoing,
            Failure::Unexpected(cause) => {
                outgoing.reply = incoming.fail(&cause.replace(&token_hash, "…"));
                return outgoing;
            }
        }
    }
    outgoing
}

/// An import under way.
struct Import<'a> {
    db: &'a D1Database,
    archive: &'a KvStore,
    token_hash: &'a str,
    rows: &'a [Row<'a>],
    is_dry_run: bool,
}

impl Import<'_> {
    /// The plan, once it is stored, or why the token may not import.
    async fn try_once(&self, cost: &mut Cost) -> Result<Result<Plan, Code>, Failure> {
        // (2) What is known.
        let Some(mut facts) = facts(self.db, self.token_hash, self.rows, cost).await? else {
            return Ok(Err(Code::TokenInvalid));
        };
        if !facts.permitted {
            return Ok(Err(Code::PermissionMissing));
        }
        self.find_archived(&mut facts).await?;
        // (3) Plan and store.
        let pointer = |index: usize| pointer_to("/calls", &index.to_string());
        let fresh = || new_id().unwrap_or_else(|_| TransactionId::from_bits(0));
        let plan = plan(facts.known, self.rows.to_vec(), pointer, fresh);
        if self.is_dry_run || store(self.db, self.token_hash, &plan, cost).await? {
            return Ok(Ok(plan));
        }
        // What was planned is not so any more.
        Err(Failure::Conflict)
    }

    /// Adds the archived calls that rows name by either id. An id that the token does not see in the database is looked up
    /// in any case, so that no time tells what is there.
    async fn find_archived(&self, facts: &mut Facts) -> Result<(), Failure> {
        let Facts {
            known, generations, ..
        } = facts;
        if generations.is_empty() {
            return Ok(());
        }
        let is_known = |id: &CallId| known.calls.iter().any(|call| id.names(call));
        let mut ids = Vec::new();
        for row in self.rows.iter().flatten() {
            let id = row
                .transaction_id
                .map(|id| CallId::Transaction(id.to_string()));
            let external_id = row.external_id.as_deref();
            ids.extend(id);
            ids.extend(external_id.map(|id| CallId::External(id.to_owned())));
        }
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !is_known(id));
        let found = archive::find(self.archive, &facts.network_id, generations, &ids).await?;
        let advertiser_id = known.token_advertiser.clone();
        for (id, call) in found {
            if archive::is_visible(&call, advertiser_id.as_deref()) {
                known.archived.push(call);
            } else {
                match id {
                    CallId::Transaction(id) => known.taken_ids.insert(id),
                    CallId::External(id) => known.taken_external_ids.insert(id),
                };
            }
        }
        Ok(())
    }
}
