//! Importing calls.

use std::ops::ControlFlow;

use super::prologue::{Admitted, Checked, Input, Parsed, admit, body_text};
use crate::input::calls::{CallRow, find_token, read};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, LimitedProblems, Problem, pointer_to};
use crate::response::lists::reply_to_import;
use crate::response::{ErrorAnswer, refuse_syntax};
use crate::rules::import::{Plan, plan};
use crate::worker::archive::{self, CallId};
use crate::worker::context::{RequestContext, RequestState, new_id};
use crate::worker::result::{HandlerResult, Success};
use crate::worker::store::calls::{Facts, facts, store};
use crate::worker::store::retry::{TRIES, retry};
use crate::worker::store::{Cost, Failure};

/// Imports calls.
///
/// 1. Admit the request: 400, 401, 429, before any row is checked; then no rows 403, too many 413. See [`admit`].
/// 2. One trip for the token and what is stored of everything that the rows name: 401, 403. Calls in the archive count as
///    stored.
/// 3. Plan, and one trip that stores all good rows together, except for a dry run. If another import comes between, the
///    keys and triggers of the schema refuse the plan; if the token is revoked, nothing is stored. Then again from 2.
pub async fn import(
    context: &RequestContext<'_>,
    body: &[u8],
    state: &mut RequestState,
) -> HandlerResult {
    // (1) Admit.
    let Admitted {
        token_hash,
        input: rows,
    } = admit(context, state, || parse(context, body)).await?;
    // (2) and (3)
    let import = Import {
        context,
        token_hash: &token_hash,
        rows: &rows,
    };
    let cost = &mut state.cost;
    let result = retry(TRIES, async || import.attempt(cost).await).await;
    let plan = result.map_err(|failure| context.refuse_failure(failure, &token_hash))??;
    let mut warnings = LimitedProblems::default();
    warnings.extend(&state.warnings, Problem::clone);
    warnings.extend(&plan.warnings, Problem::clone);
    state.warnings = warnings.into_problems();
    let is_dry_run = context.options.validate_only;
    let reply = reply_to_import(&plan, is_dry_run.then_some(&state.warnings));
    Ok(Success::reply(reply))
}

fn parse<'b>(
    context: &RequestContext<'_>,
    body: &'b [u8],
) -> Result<Parsed<'b, Vec<CallRow<'b>>>, ErrorAnswer> {
    let text = body_text(body)?;
    let rules = context.config.rules;
    let check = move || -> Result<Checked<Vec<CallRow<'b>>>, ErrorAnswer> {
        let read = read(text, rules).map_err(|error| refuse_syntax(&error, text))?;
        Ok((read.rows, read.warnings))
    };
    Ok(Parsed {
        token: find_token(text).map_err(|error| refuse_syntax(&error, text))?,
        input: Input::Unchecked(Box::new(check)),
        warnings: Vec::new(),
    })
}

/// An import under way.
struct Import<'a> {
    context: &'a RequestContext<'a>,
    token_hash: &'a str,
    rows: &'a [CallRow<'a>],
}

impl Import<'_> {
    /// Returns the plan once it is stored, or why the token may not import.
    async fn attempt(&self, cost: &mut Cost) -> Result<ControlFlow<Result<Plan, Code>>, Failure> {
        let db = &self.context.db;
        // (2) Token and what is stored.
        let Some(mut facts) = facts(db, self.token_hash, self.rows, cost).await? else {
            return Ok(ControlFlow::Break(Err(Code::TokenInvalid)));
        };
        if !facts.permitted {
            return Ok(ControlFlow::Break(Err(Code::PermissionMissing)));
        }
        self.find_archived(&mut facts).await?;
        // (3) Plan and store.
        let pointer = |index: usize| pointer_to("/calls", &index.to_string());
        let fresh = || new_id().unwrap_or_else(|_| TransactionId::from_bits(0));
        let plan = plan(facts.known, self.rows.to_vec(), pointer, fresh);
        let is_dry_run = self.context.options.validate_only;
        if is_dry_run || store(db, self.token_hash, &plan, cost).await? {
            return Ok(ControlFlow::Break(Ok(plan)));
        }
        // Something has changed since it was planned.
        Err(Failure::Conflict)
    }

    /// Adds the archived calls that rows name by either id. An id that the token doesn't see in the database is looked
    /// up in any case, so that the response time doesn't reveal whether it exists.
    async fn find_archived(&self, facts: &mut Facts) -> Result<(), Failure> {
        let Facts {
            known, generations, ..
        } = facts;
        if generations.is_empty() {
            return Ok(());
        }
        let is_known = |id: &CallId| known.calls.iter().any(|call| id.names(call));
        let mut ids = self.named_ids();
        ids.retain(|id| !is_known(id));
        let archive = &self.context.archive;
        let found = archive::find(archive, &facts.network_id, generations, &ids).await?;
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

    /// Returns the ids that the rows name, each once.
    fn named_ids(&self) -> Vec<CallId> {
        let mut ids = Vec::new();
        for row in self.rows.iter().flatten() {
            let id = row.transaction_id;
            ids.extend(id.map(|id| CallId::Transaction(id.to_string())));
            let external_id = row.external_id.as_deref();
            ids.extend(external_id.map(|id| CallId::External(id.to_owned())));
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
