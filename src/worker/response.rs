//! HTTP responses: turns what a handler returns into status, headers and body.
//!
//! The JSON of answers is written in the crate's `response` module.

use futures_util::StreamExt;
use futures_util::stream;
use worker::{Error, Headers, Request, Response};

use super::config::Config;
use super::context::RequestState;
use super::cors;
use super::result::{HandlerResult, Refusal, Success, error_code, status};
use super::router::Route;
use super::store::Cost;
use crate::problem::{Class, Code, Problem};
use crate::response::{problem_json, warnings_header};

/// The API version that is served, whatever date the path has.
const API_VERSION: &str = "2015-08-17";
/// What a 503 asks a client to wait, in seconds.
const RETRY_AFTER: &str = "2";
/// Answers are no pages: a browser that opens one must not run, load or frame anything.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// The request, as far as its response depends on it.
pub struct Responder<'a> {
    /// The request.
    pub request: &'a Request,
    /// What its path means.
    pub route: Option<&'a Route<'a>>,
    /// The Worker's variables.
    pub config: &'a Config,
    /// The request's id.
    pub request_id: &'a str,
}

impl Responder<'_> {
    /// Returns the HTTP response.
    pub fn respond(&self, state: &RequestState, result: HandlerResult) -> worker::Result<Response> {
        let headers = self.common_headers()?;
        cors::set_headers(&headers, self.request, self.route, self.config)?;
        if let Some(code) = error_code(&result) {
            self.set_error_headers(&headers, code)?;
        }
        self.set_state_headers(&headers, state)?;
        let status = status(&result);
        let response = match result {
            Ok(success) if status == 204 => {
                drop(success);
                return Ok(Response::empty()?.with_status(204).with_headers(headers));
            }
            Ok(success) => send(success, &headers)?,
            Err(refusal) => self.write(&refusal, &state.warnings, &headers)?,
        };
        Ok(response.with_status(status).with_headers(headers))
    }

    /// The headers of every response.
    fn common_headers(&self) -> worker::Result<Headers> {
        let headers = Headers::new();
        headers.set("X-Request-Id", self.request_id)?;
        headers.set("X-Content-Type-Options", "nosniff")?;
        headers.set("Referrer-Policy", "no-referrer")?;
        headers.set("Cache-Control", "no-store")?;
        headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY)?;
        if self.request.inner().url().starts_with("https:") {
            headers.set("Strict-Transport-Security", "max-age=63072000")?;
        }
        if self.route.is_some_and(|route| route.version().is_some()) {
            headers.set("X-Api-Version", API_VERSION)?;
        }
        Ok(headers)
    }

    fn set_error_headers(&self, headers: &Headers, code: Code) -> worker::Result<()> {
        headers.set("X-Error-Code", code.as_str())?;
        match code.class() {
            Class::NotAuthorized => headers.set("WWW-Authenticate", "Bearer"),
            Class::MethodNotAllowed => headers.set("Allow", self.route.map_or("", Route::methods)),
            Class::ServiceUnavailable => headers.set("Retry-After", RETRY_AFTER),
            _ => Ok(()),
        }
    }

    fn set_state_headers(&self, headers: &Headers, state: &RequestState) -> worker::Result<()> {
        if let Some(warnings) = warnings_header(&state.warnings) {
            headers.set("X-Warnings", &warnings)?;
        }
        let Cost {
            trips,
            rows_read,
            rows_written,
            ..
        } = state.cost;
        if self.config.expose_cost && trips > 0 {
            let cost = format!("trips={trips} rows_read={rows_read} rows_written={rows_written}");
            headers.set("X-Database-Cost", &cost)?;
        }
        Ok(())
    }

    /// Writes a refusal as JSON, or as a problem document if the client accepts one.
    fn write(
        &self,
        refusal: &Refusal,
        warnings: &[Problem],
        headers: &Headers,
    ) -> worker::Result<Response> {
        let answer = refusal.answer();
        if let Some(policy) = refusal.limit() {
            headers.set("Retry-After", &policy.period.to_string())?;
            headers.set("RateLimit-Policy", &policy.to_header())?;
        }
        let accept = self.request.headers().get("Accept").ok().flatten();
        if accept.is_some_and(|accept| accept.contains(problem_json::CONTENT_TYPE)) {
            headers.set("Content-Type", problem_json::CONTENT_TYPE)?;
            let url = self.request.inner().url();
            let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            let document = problem_json::document(answer, warnings, &origin, self.request_id);
            return Response::ok(document);
        }
        headers.set("Content-Type", "application/json")?;
        Response::ok(answer.to_json())
    }
}

/// Sends the body of a success, streaming what follows its first part.
fn send(success: Success, headers: &Headers) -> worker::Result<Response> {
    let Success {
        reply,
        content_type,
        rest,
        next,
    } = success;
    headers.set("Content-Type", content_type)?;
    if let Some(next) = next {
        headers.set("X-Next", next.as_str())?;
    }
    match rest {
        None => Response::ok(reply.body),
        Some(rest) => {
            let first = stream::once(async { Ok::<_, Error>(reply.body.into_bytes()) });
            Response::from_stream(first.chain(rest))
        }
    }
}
