//! What handlers get beside the body: the bindings, the options of the request, and the platform's clock, random ids
//! and hashes.

use std::rc::Rc;

use sha2::{Digest, Sha256};
use worker::{D1Database, Headers, KvStore, console_error, js_sys};

use super::config::Config;
use super::query_options::QueryOptions;
use super::rate_limit::RateLimits;
use super::result::Refusal;
use super::store::{Cost, Failure};
use crate::input::query::Query;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};

/// Per-request context.
pub struct RequestContext<'a> {
    /// The database.
    pub db: Rc<D1Database>,
    /// The archive of calls.
    pub archive: KvStore,
    /// The Worker's variables.
    pub config: &'a Config,
    /// The rate limiters.
    pub limits: &'a RateLimits,
    /// The query, as far as its switches and unknown parameters go.
    pub query: &'a Query,
    /// The switches of the query that are on.
    pub options: QueryOptions,
    /// The query's decoded names and values.
    pub parameters: &'a [(String, String)],
    /// The token in the `Authorization` header.
    pub header_token: Option<String>,
    /// The network in the path.
    pub path_network_id: Option<String>,
    /// Identifies the request in the log and in the answer to an unexpected failure.
    pub request_id: &'a str,
}

impl RequestContext<'_> {
    /// Refuses the request because of a failure of the database or the archive. The cause of an unexpected one goes to
    /// the log only, without the token's hash.
    pub fn refuse_failure(&self, failure: Failure, token_hash: &str) -> Refusal {
        match failure {
            Failure::Unexpected(cause) => {
                self.log_error(&cause.replace(token_hash, "…"));
                Refusal::internal(self.request_id)
            }
            _ => Code::ServiceUnavailable.into(),
        }
    }

    /// Logs an unexpected error with the request's id.
    pub fn log_error(&self, error: &str) {
        log_error(error, self.request_id);
    }
}

/// Logs an unexpected error; `handle` is the request's id.
pub fn log_error(error: &str, handle: &str) {
    let line = serde_json::json!({ "error": error, "handle": handle });
    console_error!("{line}");
}

/// What handling a request has collected so far, whether it succeeds or is refused.
#[derive(Default)]
pub struct RequestState {
    /// Things that are probably not as the client meant them.
    pub warnings: Vec<Problem>,
    /// What the database has done.
    pub cost: Cost,
    /// The SHA-256 of the token, once the request was read far enough to know it.
    pub token_hash: Option<String>,
}

/// The client's request id if it is well-formed, else a new one.
pub fn request_id(headers: &Headers) -> String {
    let sent = headers.get("X-Request-Id").ok().flatten().filter(|id| {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        (1..=128).contains(&id.len()) && id.bytes().all(is_allowed)
    });
    sent.unwrap_or_else(|| {
        let bits = || getrandom::u64().unwrap_or_default();
        format!("{:016x}{:016x}", bits(), bits())
    })
}

/// Returns the time in Unix milliseconds. On the platform it only advances with I/O.
pub fn clock() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds, for 285,000 years"
    )]
    let milliseconds = js_sys::Date::now() as i64;
    milliseconds
}

/// Returns the time in Unix seconds.
pub fn now() -> i64 {
    clock().div_euclid(1_000)
}

/// Makes a transaction id: shard 0 and 56 random bits.
pub fn new_id() -> Result<TransactionId, Failure> {
    match getrandom::u64() {
        Ok(bits) => Ok(TransactionId::from_bits(bits >> 8)),
        Err(_) => Err(Failure::Unexpected("no random bits".to_owned())),
    }
}

/// Returns the SHA-256 of a text, such as a token, in lower-case hexadecimal.
pub fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}
