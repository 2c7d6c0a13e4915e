//! The limit of refused requests by address, which slows down guessing tokens.

use worker::{D1Database, Env, Request};

use super::context::{RequestState, hash};
use super::rate_limit::{Policy, RateLimits};
use super::request::{address, header_token};
use super::result::Refusal;
use super::store::reading;
use crate::problem::Code;

/// Counts a refused request for its address, unless its token is known to be valid. Returns the policy if the request
/// exceeds the limit.
///
/// Every refusal counts, even that of an unknown path: its body had to be read. A token that hasn't been looked up yet
/// is looked up once the limit is exceeded, so that a valid one behind the same address is never refused. Where that
/// fails, the client gets the benefit of the doubt.
pub async fn exceeded(
    env: &Env,
    limits: &RateLimits,
    request: &Request,
    refusal: &Refusal,
    state: &mut RequestState,
) -> Option<Policy> {
    if !is_suspect(refusal.code(), state) {
        return None;
    }
    let policy = limits
        .exceeded_by_address(&address(request.headers()))
        .await?;
    let in_header = || header_token(request.headers()).map(|token| hash(&token));
    match state.token_hash.take().or_else(in_header) {
        Some(hash) if refusal.code() != Code::TokenInvalid => {
            let db: D1Database = env.d1("DB").ok()?;
            let found = reading::read(&db, &hash, None, &mut state.cost).await;
            matches!(found, Ok(None)).then_some(policy)
        }
        _ => Some(policy),
    }
}

/// Whether the token of a refused request, if it has one, is not known to be valid.
const fn is_suspect(code: Code, state: &RequestState) -> bool {
    match code {
        // Refused by a limit already, before any work was done.
        Code::RateLimited => false,
        Code::TokenInvalid | Code::Internal => true,
        // After a trip to the database, only a request with a valid token is refused otherwise; or the database is
        // unavailable, which is nobody's fault.
        _ => state.cost.trips == 0,
    }
}
