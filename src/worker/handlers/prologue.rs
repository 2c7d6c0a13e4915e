//! The checks of a request before its first trip to the database, in the order of the contract. A request that they
//! refuse costs the database nothing.

use crate::input::report::{SentToken, text};
use crate::problem::{Code, LimitedProblems, Problem};
use crate::response::{ErrorAnswer, refuse_invalid, refuse_syntax};
use crate::worker::context::{RequestContext, RequestState, hash};
use crate::worker::result::Refusal;

/// A request whose syntax was checked.
pub struct Parsed<'b, T> {
    /// The token in the body.
    pub token: SentToken<'b>,
    /// What the request asks for.
    pub input: Input<'b, T>,
    /// Things that are probably not as the client meant them.
    pub warnings: Vec<Problem>,
}

/// What a request asks for, or its problems.
pub enum Input<'b, T> {
    /// Checked while it was parsed.
    Checked(Result<T, Vec<Problem>>),
    /// Checking takes long, so it waits for the rate limit.
    Unchecked(Box<dyn FnOnce() -> Result<Checked<T>, ErrorAnswer> + 'b>),
}

/// The input or its problems, and its warnings.
pub type Checked<T> = (Result<T, Vec<Problem>>, Vec<Problem>);

/// A request that may go to the database.
pub struct Admitted<T> {
    /// The SHA-256 of its token, which is still to be looked up.
    pub token_hash: String,
    /// What it asks for.
    pub input: T,
}

/// Returns a body as text; 400 if it isn't UTF-8.
pub fn body_text(body: &[u8]) -> Result<&str, ErrorAnswer> {
    text(body).map_err(|(error, valid)| refuse_syntax(&error, valid))
}

/// Admits a request to the database.
///
/// 1. Parse, by `parse`: 400.
/// 2. No token in the body or the header: 401.
/// 3. Any problem of the body or the query: 403, all of them at once, or 413.
/// 4. Too many requests with the token: 429. This comes before (3) if checking the body takes long.
///
/// Whether the token is valid and has the permission is for the handler to check, with its first trip.
pub async fn admit<'b, T>(
    context: &RequestContext<'_>,
    state: &mut RequestState,
    parse: impl FnOnce() -> Result<Parsed<'b, T>, ErrorAnswer>,
) -> Result<Admitted<T>, Refusal> {
    // (1) Parse.
    let Parsed {
        token,
        input,
        warnings,
    } = parse()?;
    // (2) Token.
    let token_hash = hash_token(context, state, token, warnings)?;
    // (3) Problems and (4) rate limit.
    let check = match input {
        Input::Checked(input) => Ok(refuse_problems(context, input)?),
        Input::Unchecked(check) => Err(check),
    };
    limit_token(context, &token_hash).await?;
    let input = match check {
        Ok(input) => input,
        Err(check) => {
            let (input, warnings) = check()?;
            count_warnings(state, &warnings);
            refuse_problems(context, input)?
        }
    };
    Ok(Admitted { token_hash, input })
}

/// Returns the hash of the token in the body, or else of that in the header.
fn hash_token(
    context: &RequestContext<'_>,
    state: &mut RequestState,
    token: SentToken<'_>,
    warnings: Vec<Problem>,
) -> Result<String, Refusal> {
    state.warnings = warnings;
    state.warnings.extend_from_slice(&context.query.warnings);
    let token = match token {
        SentToken::Text(token) => Some(token.into_owned()),
        SentToken::NotSent => context.header_token.clone(),
        SentToken::NoToken => None,
    };
    let token_hash = hash(&token.ok_or(Code::TokenMissing)?);
    state.token_hash = Some(token_hash.clone());
    Ok(token_hash)
}

/// Refuses the problems of the body, and those of the query behind them.
fn refuse_problems<T>(
    context: &RequestContext<'_>,
    input: Result<T, Vec<Problem>>,
) -> Result<T, ErrorAnswer> {
    let of_query = &context.query.problems;
    match input {
        Ok(input) if of_query.is_empty() => Ok(input),
        Ok(_) => Err(refuse_invalid(of_query)),
        Err(mut problems) => {
            problems.extend_from_slice(of_query);
            Err(refuse_invalid(&problems))
        }
    }
}

/// Adds the warnings of rows, of which there may be any number.
fn count_warnings(state: &mut RequestState, of_rows: &[Problem]) {
    let mut counted = LimitedProblems::default();
    counted.extend(of_rows, Problem::clone);
    counted.extend(&state.warnings, Problem::clone);
    state.warnings = counted.into_problems();
}

async fn limit_token(context: &RequestContext<'_>, token_hash: &str) -> Result<(), Refusal> {
    match context.limits.exceeded_by_token(token_hash).await {
        Some(policy) => Err(Refusal::rate_limited(policy)),
        None => Ok(()),
    }
}
