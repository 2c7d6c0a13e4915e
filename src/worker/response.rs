//! Answers over HTTP: headers, content negotiation, CORS, and bodies that are sent while they are read.
//!
//! Not here: what is answered.

use futures_util::{StreamExt, stream};
use worker::{Error, Headers, Request, Response, Result};

use super::config::Config;
use super::handlers::report::Outgoing;
use super::router::Route;
use super::store::Cost;
use crate::problem::{Class, warnings_header};
use crate::response::problem_json;

/// The version that is served, whatever date a path has.
const API_VERSION: &str = "2015-08-17";
/// What a 503 asks a client to wait, in seconds.
const RETRY_AFTER: &str = "2";
/// No answer is a page: opened as one, it may do nothing, and stands in no frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// For how long a browser may remember what a preflight said, in seconds.
const PREFLIGHT_MAX_AGE: &str = "7200";
/// The headers that a script of an allowed origin may send.
const ALLOWED_HEADERS: &str = "Accept, Authorization, Content-Type, X-Request-Id";
/// The headers of ours that it may read.
const EXPOSED_HEADERS: &str = "RateLimit-Policy, Retry-After, WWW-Authenticate, X-Api-Version, X-Database-Cost, \
     X-Error-Code, X-Next, X-Request-Id, X-Warnings";

/// The answer as HTTP.
pub fn respond(
    request: &Request,
    route: Option<&Route<'_>>,
    config: &Config,
    request_id: &str,
    mut outgoing: Outgoing,
) -> Result<Response> {
    let url = request.inner().url();
    let headers = Headers::new();
    headers.set("X-Request-Id", request_id)?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    headers.set("Referrer-Policy", "no-referrer")?;
    headers.set("Cache-Control", "no-store")?;
    headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY)?;
    if url.starts_with("https:") {
        headers.set("Strict-Transport-Security", "max-age=63072000")?;
    }
    if route.is_some_and(|route| route.version().is_some()) {
        headers.set("X-Api-Version", API_VERSION)?;
    }
    cors(&headers, request, route, config)?;
    explain(&headers, route, config, &outgoing)?;
    if outgoing.reply.status == 204 {
        return Ok(Response::empty()?.with_status(204).with_headers(headers));
    }
    let content_type = negotiate(&mut outgoing, request, &url, request_id);
    headers.set("Content-Type", content_type)?;
    let Outgoing { reply, rest, .. } = outgoing;
    let response = match rest {
        None => Response::ok(reply.body)?,
        Some(rest) => {
            let body = reply.body.into_bytes();
            let start = stream::once(async { Ok::<_, Error>(body) });
            Response::from_stream(start.chain(rest))?
        }
    };
    Ok(response.with_status(reply.status).with_headers(headers))
}

/// What the answer says of itself beside its body.
fn explain(
    headers: &Headers,
    route: Option<&Route<'_>>,
    config: &Config,
    outgoing: &Outgoing,
) -> Result<()> {
    let Outgoing {
        reply,
        warnings,
        cost,
        next,
        limited,
        ..
    } = outgoing;
    if let Some(code) = reply.code {
        headers.set("X-Error-Code", code.as_str())?;
        match code.class() {
            Class::NotAuthorized => headers.set("WWW-Authenticate", "Bearer")?,
            Class::MethodNotAllowed => {
                headers.set("Allow", route.map_or("", Route::methods))?;
            }
            Class::ServiceUnavailable => headers.set("Retry-After", RETRY_AFTER)?,
            _ => {}
        }
    }
    if let Some(policy) = limited {
        headers.set("Retry-After", &policy.period.to_string())?;
        let shown = format!("\"{}\";q={};w={}", policy.name, policy.limit, policy.period);
        headers.set("RateLimit-Policy", &shown)?;
    }
    if let Some(warnings) = warnings_header(warnings) {
        headers.set("X-Warnings", &warnings)?;
    }
    if let Some(next) = next {
        headers.set("X-Next", next.as_str())?;
    }
    if config.expose_cost && cost.trips > 0 {
        let Cost {
            trips,
            rows_read,
            rows_written,
            ..
        } = cost;
        let shown = format!("trips={trips} rows_read={rows_read} rows_written={rows_written}");
        headers.set("X-Database-Cost", &shown)?;
    }
    Ok(())
}

/// What scripts of other origins may do: nothing, unless `ALLOWED_ORIGINS` names theirs. Never with cookies.
fn cors(
    headers: &Headers,
    request: &Request,
    route: Option<&Route<'_>>,
    config: &Config,
) -> Result<()> {
    let is_preflight = request.inner().method() == "OPTIONS";
    let methods = route.map_or("", Route::methods);
    if is_preflight {
        headers.set("Allow", methods)?;
    }
    if config.allowed_origins.is_empty() {
        return Ok(());
    }
    headers.set("Vary", "Origin")?;
    let origin = request.headers().get("Origin")?;
    let allowed = origin.filter(|origin| {
        let is_allowed = |allowed: &String| allowed == "*" || allowed == origin;
        config.allowed_origins.iter().any(is_allowed)
    });
    let Some(origin) = allowed else {
        return Ok(());
    };
    headers.set("Access-Control-Allow-Origin", &origin)?;
    if is_preflight {
        headers.set("Access-Control-Allow-Methods", methods)?;
        headers.set("Access-Control-Allow-Headers", ALLOWED_HEADERS)?;
        headers.set("Access-Control-Max-Age", PREFLIGHT_MAX_AGE)
    } else {
        headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS)
    }
}

/// Turns a refusal into a problem document where the client asks for one; returns the body's type.
fn negotiate(
    outgoing: &mut Outgoing,
    request: &Request,
    url: &str,
    request_id: &str,
) -> &'static str {
    let accept = request.headers().get("Accept").ok().flatten();
    let wanted = accept.is_some_and(|accept| accept.contains(problem_json::CONTENT_TYPE));
    if !wanted || outgoing.reply.problems.is_empty() {
        return outgoing.content_type.unwrap_or("application/json");
    }
    let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let Outgoing {
        reply, warnings, ..
    } = outgoing;
    reply.body = problem_json::document(reply, warnings, &origin, request_id);
    problem_json::CONTENT_TYPE
}
