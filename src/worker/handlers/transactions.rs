//! Exporting the records that a token sees, in pages.

use std::rc::Rc;

use super::prologue::{Admitted, Input, Parsed, admit};
use super::record_stream::{WriteRecord, find_reader, stream};
use crate::input::export::Export;
use crate::input::report::SentToken;
use crate::problem::Code;
use crate::response::records::{Format, ListFrame};
use crate::worker::context::{RequestContext, RequestState};
use crate::worker::result::{HandlerResult, Success};
use crate::worker::store::reading::Walk;

/// Returns a page of the records that the token sees, in the order in which they were stored.
///
/// 1. Admit the request: no token 401, invalid parameters 403, too many requests 429. See [`admit`].
/// 2. One trip for the token and the record to start after: 401, 403, 404.
/// 3. Trips for the end of the page, and for its records.
pub async fn transactions(
    context: &RequestContext<'_>,
    format: Format,
    state: &mut RequestState,
) -> HandlerResult {
    // (1) Admit.
    let parse = || {
        let parameters = context.parameters.iter();
        let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(Parsed {
            token: SentToken::NotSent,
            input: Input::Checked(Export::read(parameters)),
            warnings: Vec::new(),
        })
    };
    let Admitted {
        token_hash,
        input: export,
    } = admit(context, state, parse).await?;
    // (2) Token and start.
    let cost = &mut state.cost;
    let reader = find_reader(context, &token_hash, export.start_after.flatten(), cost).await?;
    let after = match (export.start_after, &reader.outcome) {
        (None, _) => 0,
        (Some(_), Some(outcome)) => outcome.seq,
        (Some(_), None) => return Err(Code::TransactionNotFound.into()),
    };
    // (3) Records.
    let failed = |failure| context.refuse_failure(failure, &token_hash);
    let page = Walk::export(Rc::clone(&context.db), &reader, &export, after, cost).await;
    let (walk, next) = page.map_err(failed)?;
    let parts = ListFrame::of_page(format, next);
    let write: WriteRecord = match format {
        Format::Json => |stored| stored.in_page(Format::Json),
        Format::Csv => |stored| stored.in_page(Format::Csv),
    };
    let body = stream(context.request_id, parts, walk, write, cost).await;
    let (body, rest) = body.map_err(failed)?;
    let success = Success::json(200, body).followed_by(rest);
    Ok(match format {
        Format::Json => success,
        Format::Csv => success.in_csv(next),
    })
}
