//! What handlers return: a success, or a refusal.

use futures_util::stream::LocalBoxStream;
use worker::Error;

use super::rate_limit::Policy;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::{ErrorAnswer, Reply, refuse};

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// The parts of a body that follow the first.
pub type BodyStream = LocalBoxStream<'static, Result<Vec<u8>, Error>>;

/// The answer to a request that was carried out.
pub struct Success {
    /// The status and the first part of the body.
    pub reply: Reply,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The rest of the body.
    pub rest: Option<BodyStream>,
    /// The id to start the next page after, for a header.
    pub next: Option<TransactionId>,
}

impl Success {
    /// An answer without a body.
    pub const fn no_content() -> Self {
        Self::json(204, String::new())
    }

    /// An answer with JSON.
    pub const fn json(status: u16, body: String) -> Self {
        Self::reply(Reply::success(status, body))
    }

    /// An answer with what the rules reply.
    pub const fn reply(reply: Reply) -> Self {
        Self {
            reply,
            content_type: JSON,
            rest: None,
            next: None,
        }
    }

    /// The same answer, with more of its body to send after the first part.
    pub fn followed_by(self, rest: Option<BodyStream>) -> Self {
        Self { rest, ..self }
    }

    /// The same answer, as a page of CSV; `next` is the id to start the next page after.
    pub fn in_csv(self, next: Option<TransactionId>) -> Self {
        Self {
            content_type: CSV,
            next,
            ..self
        }
    }
}

/// Why a request is refused.
pub struct Refusal {
    answer: ErrorAnswer,
    /// The limit that was exceeded; only with [`Code::RateLimited`].
    limit: Option<Policy>,
}

impl Refusal {
    /// Refuses one request too many.
    pub fn rate_limited(policy: Policy) -> Self {
        Self {
            answer: refuse(&Problem::whole(Code::RateLimited)),
            limit: Some(policy),
        }
    }

    /// Refuses after an unexpected failure, which the log names under the request's id.
    pub fn internal(request_id: &str) -> Self {
        Problem::whole(Code::Internal)
            .with_name(request_id.to_owned())
            .into()
    }

    /// The code of the first problem.
    pub const fn code(&self) -> Code {
        self.answer.code()
    }

    /// Returns the error answer.
    pub const fn answer(&self) -> &ErrorAnswer {
        &self.answer
    }

    /// Returns the rate limit that was exceeded.
    pub const fn limit(&self) -> Option<Policy> {
        self.limit
    }

    /// Returns the error answer, for a row of a list.
    pub fn into_answer(self) -> ErrorAnswer {
        self.answer
    }
}

impl From<ErrorAnswer> for Refusal {
    fn from(answer: ErrorAnswer) -> Self {
        Self {
            answer,
            limit: None,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        refuse(&problem).into()
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Problem::whole(code).into()
    }
}

/// What a handler returns.
pub type HandlerResult = Result<Success, Refusal>;

/// Returns the HTTP status of an answer.
pub const fn status(result: &HandlerResult) -> u16 {
    match result {
        Ok(success) => success.reply.status,
        Err(refusal) => refusal.answer.status(),
    }
}

/// Returns the error code of an answer. A success has one if every row of a list failed.
pub const fn error_code(result: &HandlerResult) -> Option<Code> {
    match result {
        Ok(success) => success.reply.code,
        Err(refusal) => Some(refusal.code()),
    }
}
