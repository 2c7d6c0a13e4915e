//! Reading an outcome with its history, or a call with its outcomes.

use std::rc::Rc;

use super::prologue::{Admitted, Input, Parsed, admit};
use super::record_stream::{find_reader, stream};
use crate::input::report::SentToken;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::CallSummary;
use crate::response::records::{ListFrame, StoredRecord};
use crate::worker::archive;
use crate::worker::context::{RequestContext, RequestState};
use crate::worker::result::{HandlerResult, Success};
use crate::worker::store::Failure;
use crate::worker::store::reading::{Reader, Walk};

/// Returns an outcome with its history, or a call with its outcomes.
///
/// 1. Admit the request: no token 401, no id 403, too many requests 429. See [`admit`].
/// 2. One trip for the token and what the id names: 401, 403. Neither an outcome nor a call: a call in the archive, or
///    404.
/// 3. Trips for the records.
pub async fn read(context: &RequestContext<'_>, state: &mut RequestState) -> HandlerResult {
    // (1) Admit.
    let parse = || {
        Ok(Parsed {
            token: SentToken::NotSent,
            input: Input::Checked(sent_id(context)),
            warnings: Vec::new(),
        })
    };
    let Admitted {
        token_hash,
        input: id,
    } = admit(context, state, parse).await?;
    // (2) Token and id.
    let cost = &mut state.cost;
    let reader = find_reader(context, &token_hash, id, cost).await?;
    let failed = |failure| context.refuse_failure(failure, &token_hash);
    let db = Rc::clone(&context.db);
    let (parts, walk) = match (&reader.outcome, reader.call()) {
        (Some(outcome), _) => {
            let current = Walk::current(Rc::clone(&db), outcome).next(cost).await;
            let current = current.map_err(failed)?.into_iter().next();
            let missing = || Failure::Unexpected("an outcome without a current record".to_owned());
            let current = current.ok_or_else(missing).map_err(failed)?;
            let parts = ListFrame::of_outcome(&current.recorded);
            (parts, Walk::history(db, outcome))
        }
        (None, Some((call_id, call))) => {
            let call = CallSummary::new(call.transaction_id, call.start);
            (ListFrame::of_call(&call), Walk::of_call(db, call_id))
        }
        (None, None) => return archived_call(context, &reader, id).await,
    };
    // (3) Records.
    let body = stream(
        context.request_id,
        parts,
        walk,
        StoredRecord::in_history,
        cost,
    )
    .await;
    let (body, rest) = body.map_err(failed)?;
    Ok(Success::json(200, body).followed_by(rest))
}

/// Returns the id in the query; `None` is a malformed one, which nothing has.
fn sent_id(context: &RequestContext<'_>) -> Result<Option<TransactionId>, Vec<Problem>> {
    let mut sent = context.parameters.iter().rev();
    let id = sent.find(|(name, _)| name == "transaction_id");
    let id = id
        .map(|(_, id)| id.trim())
        .filter(|id| !id.is_empty())
        .map(TransactionId::parse);
    id.ok_or_else(|| {
        let problem = Problem::whole(Code::TransactionIdMissing).with_name("transaction_id");
        vec![problem]
    })
}

/// Returns a call in the archive, which has no outcomes.
async fn archived_call(
    context: &RequestContext<'_>,
    reader: &Reader,
    id: Option<TransactionId>,
) -> HandlerResult {
    let id = id.ok_or(Code::TransactionNotFound)?;
    let Reader {
        network_id,
        advertiser_id,
        generations,
        ..
    } = reader;
    let (archive, advertiser_id) = (&context.archive, advertiser_id.as_deref());
    let call = archive::find_visible(archive, network_id, advertiser_id, generations, id).await;
    let call = call
        .map_err(|_| Code::ServiceUnavailable)?
        .ok_or(Code::TransactionNotFound)?;
    let start = UnixMillis::from_millis(call.start_ms);
    let ListFrame { head, tail, .. } = ListFrame::of_call(&CallSummary::new(id, start));
    Ok(Success::json(200, head + &tail))
}
