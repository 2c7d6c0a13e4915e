//! Cross-origin requests: which headers let scripts of other origins use the API.

use worker::{Headers, Request, Result};

use super::config::Config;
use super::router::Route;

/// How long a browser may cache a preflight, in seconds.
const PREFLIGHT_MAX_AGE: &str = "7200";
/// The request headers that a script of an allowed origin may send.
const ALLOWED_HEADERS: &str = "Accept, Authorization, Content-Type, X-Request-Id";
/// The response headers that it may read.
const EXPOSED_HEADERS: &str = "RateLimit-Policy, Retry-After, WWW-Authenticate, X-Api-Version, X-Database-Cost, \
     X-Error-Code, X-Next, X-Request-Id, X-Warnings";

/// Sets the CORS headers. Only the origins in `ALLOWED_ORIGINS` are allowed, and never with cookies.
pub fn set_headers(
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
