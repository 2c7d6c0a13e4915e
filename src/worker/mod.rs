//! The edge API: the fetch event, routes, size cap, clock and ids.
//!
//! Not here: rules of requests, and SQL.

mod answer;
mod archive;
mod batches;
mod import;
mod reading;
mod report;
mod store;

use std::rc::Rc;

use futures_util::{StreamExt, stream};
use percent_encoding::percent_decode_str;
use serde_json::json;
use worker::{
    Context, Date, Env, Error, Headers, Method, Request, Response, Result, console_log, event,
};

use crate::batch;
use crate::calls;
use crate::explanation::AMBIGUITY_SECONDS;
use crate::parameters::MAX_NAME;
use crate::phone::CountryCode;
use crate::problem::{Class, Code, Problem, warnings_header};
use crate::problem_json;
use crate::reply::reading::Format;
use crate::reply::{Reply, refuse};
use crate::request::{self, Rules};
use crate::time::is_calendar_date;
use report::{Incoming, Outgoing};
use store::Cost;

/// The version that is served, whatever date a path has.
const API_VERSION: &str = "2015-08-17";
/// What a 503 asks a client to wait, in seconds.
const RETRY_AFTER: &str = "2";
/// The default of `MATCH_WINDOW_SECONDS`: a day.
const MATCH_WINDOW_SECONDS: i64 = 86_400;

/// The Worker's variables.
pub struct Config {
    /// What changes validation.
    pub rules: Rules,
    /// How far a start may be off, in milliseconds; `None` is any distance.
    pub window: Option<i64>,
    /// Below which margin to the next best call a match is ambiguous, in milliseconds.
    pub ambiguity: i64,
    /// The most rows of a batch.
    pub batch_max_rows: usize,
    /// Whether answers show what they cost the database.
    pub expose_cost: bool,
}

/// What a client asks for in the query, beyond the 2015 dialect.
#[derive(Clone, Copy, Default)]
pub struct Asked {
    /// Nothing is stored.
    pub validate_only: bool,
    /// The answer tells why the call was found, or none.
    pub explain: bool,
    /// An ambiguous match is none.
    pub unambiguous: bool,
}

impl Asked {
    fn from_url(url: &str) -> Self {
        Self {
            validate_only: asks_for(url, "validate_only"),
            explain: asks_for(url, "explain"),
            unambiguous: asks_for(url, "unambiguous"),
        }
    }
}

impl Config {
    fn from_env(env: &Env) -> Self {
        let var = |name: &str| env.var(name).ok().map(|value| value.to_string());
        let country = var("DEFAULT_COUNTRY_CODE").and_then(|code| CountryCode::parse(&code));
        let seconds = |name, default: i64| {
            let seconds = var(name).and_then(|seconds| seconds.parse::<i64>().ok());
            let seconds = seconds.filter(|seconds| *seconds >= 0);
            seconds.unwrap_or(default).saturating_mul(1_000)
        };
        let window = seconds("MATCH_WINDOW_SECONDS", MATCH_WINDOW_SECONDS);
        Self {
            rules: Rules {
                country: country.unwrap_or(CountryCode::DEFAULT),
                strict: false,
            },
            window: (window > 0).then_some(window),
            ambiguity: seconds("AMBIGUITY_SECONDS", AMBIGUITY_SECONDS),
            batch_max_rows: var("BATCH_MAX_ROWS")
                .and_then(|rows| rows.parse().ok())
                .map_or(batch::MAX_ROWS, |rows: usize| {
                    rows.clamp(1, batch::MAX_ROWS)
                }),
            expose_cost: var("EXPOSE_COST").is_some_and(|value| value == "true"),
        }
    }
}

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Report {
        version: &'a str,
        network_id: Option<&'a str>,
    },
    Batch {
        version: &'a str,
    },
    Calls {
        version: &'a str,
    },
    Transactions {
        version: &'a str,
        format: Format,
    },
    Health,
    /// The registry of codes, or one of them.
    Codes(Option<&'a str>),
}

impl<'a> Route<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let is_report = |name: &str| matches!(name, "call_outcomes" | "call_outcomes.json");
        let mut segments = path.strip_prefix('/')?.split('/');
        match (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) {
            (Some("healthz"), None, ..) => Some(Self::Health),
            (Some("errors.json"), None, ..) => Some(Self::Codes(None)),
            (Some("errors"), Some(code), None, ..) => Some(Self::Codes(Some(code))),
            (Some("api"), Some(version), Some(name), None, _) if is_report(name) => {
                Some(Self::Report {
                    version,
                    network_id: None,
                })
            }
            (
                Some("api"),
                Some(version),
                Some("call_outcomes"),
                Some("batch" | "batch.json"),
                None,
            ) => Some(Self::Batch { version }),
            (Some("api"), Some(version), Some("transactions" | "transactions.json"), None, _) => {
                Some(Self::Transactions {
                    version,
                    format: Format::Json,
                })
            }
            (Some("api"), Some(version), Some("transactions.csv"), None, _) => {
                Some(Self::Transactions {
                    version,
                    format: Format::Csv,
                })
            }
            (Some("api"), Some(version), Some("calls" | "calls.json"), None, _) => {
                Some(Self::Calls { version })
            }
            (Some("api"), Some(version), Some(network), Some(name), None)
                if is_report(name) && !network.is_empty() =>
            {
                Some(Self::Report {
                    version,
                    network_id: Some(network),
                })
            }
            _ => None,
        }
    }

    /// The methods that the route takes, as `Allow` lists them.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Report {
                network_id: None, ..
            } => "GET, POST, PUT",
            Self::Report { .. } => "POST, PUT",
            Self::Transactions { .. } => "GET",
            Self::Batch { .. } | Self::Calls { .. } => "POST",
            Self::Health | Self::Codes(_) => "GET, HEAD",
        }
    }

    /// The API version in the path.
    const fn version(&self) -> Option<&'a str> {
        match self {
            Self::Report { version, .. }
            | Self::Batch { version }
            | Self::Calls { version }
            | Self::Transactions { version, .. } => Some(version),
            Self::Health | Self::Codes(_) => None,
        }
    }

    fn takes(&self, method: &Method) -> bool {
        self.methods()
            .split(", ")
            .any(|name| name == method.as_ref())
    }
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    let started = Date::now().as_millis();
    let request_id = request_id(request.headers());
    let mut config = Config::from_env(&env);
    let url = request.inner().url();
    let asked = Asked::from_url(&url);
    config.rules.strict = asks_for(&url, "strict");
    let path = request.path();
    let route = Route::parse(&path);
    let mut outgoing = answer(
        &mut request,
        &env,
        &config,
        asked,
        route.as_ref(),
        &request_id,
    )
    .await;

    let content_type = outgoing.negotiate(&request, &request_id);
    let Outgoing {
        reply,
        warnings,
        cost,
        next,
        ..
    } = &outgoing;
    let headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    headers.set("X-Request-Id", &request_id)?;
    if route
        .as_ref()
        .is_some_and(|route| route.version().is_some())
    {
        headers.set("X-Api-Version", API_VERSION)?;
    }
    if let Some(code) = reply.code {
        headers.set("X-Error-Code", code.as_str())?;
        match code.class() {
            Class::NotAuthorized => headers.set("WWW-Authenticate", "Bearer")?,
            Class::MethodNotAllowed => {
                headers.set("Allow", route.as_ref().map_or("", Route::methods))?;
            }
            Class::ServiceUnavailable => headers.set("Retry-After", RETRY_AFTER)?,
            _ => {}
        }
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
    let milliseconds = Date::now().as_millis().saturating_sub(started);
    log(&request_id, route.as_ref(), &outgoing, milliseconds);
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

/// The answer to a request, up to its headers. Route 404, method 405, version 400, size 413, then the use case.
async fn answer(
    http: &mut Request,
    env: &Env,
    config: &Config,
    asked: Asked,
    route: Option<&Route<'_>>,
    request_id: &str,
) -> Outgoing {
    let refused = |problem: Problem| Outgoing::refused(&problem);
    let Some(route) = route else {
        return refused(Problem::whole(Code::RouteNotFound));
    };
    if !route.takes(&http.method()) {
        return refused(Problem::whole(Code::MethodNotAllowed).with_name(route.methods()));
    }
    if let Route::Codes(code) = route {
        return codes(*code);
    }
    let internal = || refused(Problem::whole(Code::Internal).with_name(request_id.to_owned()));
    let Ok(db) = env.d1("DB") else {
        return internal();
    };
    let Some(version) = route.version() else {
        return health(&db).await;
    };
    if !is_calendar_date(version) {
        return refused(Problem::whole(Code::VersionInvalid));
    }
    let Ok(archive) = env.kv("ARCHIVE") else {
        return internal();
    };
    let is_read = http.method() == Method::Get;
    let (network_id, max_body) = match route {
        Route::Batch { .. } => (None, batch::MAX_BODY),
        Route::Calls { .. } => (None, calls::MAX_BODY),
        Route::Report { network_id, .. } => (*network_id, request::MAX_BODY),
        _ => (None, 0),
    };
    let body = match read_body(http, max_body).await {
        _ if is_read => Vec::new(),
        Ok(Some(body)) => body,
        Ok(None) => return refused(Problem::whole(Code::BodyTooLarge).with_max(max_body)),
        Err(_) => return internal(),
    };
    let incoming = Incoming {
        body: &body,
        header_token: header_token(http.headers()),
        path_network_id: network_id
            .map(network_segment)
            .filter(|id| !id.trim().is_empty()),
        request_id,
        asked,
    };
    match route {
        Route::Calls { .. } => import::import(&db, config, &incoming).await,
        Route::Batch { .. } => {
            let lines = is_ndjson(http.headers());
            batches::run(&db, &archive, config, &incoming, lines).await
        }
        Route::Transactions { format, .. } => {
            reading::page(Rc::new(db), &incoming, &query(&http.inner().url()), *format).await
        }
        _ if is_read => {
            let query = query(&http.inner().url());
            let id = query.iter().rfind(|(name, _)| name == "transaction_id");
            reading::one(
                Rc::new(db),
                &archive,
                &incoming,
                id.map(|(_, id)| id.as_str()),
            )
            .await
        }
        _ => report::run(&db, &archive, config, &incoming).await,
    }
}

/// The registry, or a code's entry in it.
fn codes(code: Option<&str>) -> Outgoing {
    match problem_json::registry(code) {
        Some(body) => Outgoing::new(Reply::success(200, body)),
        None => Outgoing::refused(&Problem::whole(Code::RouteNotFound)),
    }
}

async fn health(db: &worker::D1Database) -> Outgoing {
    let cost = Cost {
        trips: 1,
        ..Cost::default()
    };
    let reply = if store::is_healthy(db).await {
        let body = json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "schema": store::SCHEMA,
            "build": option_env!("CALL_OUTCOMES_BUILD"),
        });
        Reply::success(200, body.to_string())
    } else {
        refuse(&Problem::whole(Code::ServiceUnavailable))
    };
    Outgoing {
        cost,
        ..Outgoing::new(reply)
    }
}

/// The body, or `None` where it is larger than `max`, without reading the rest.
async fn read_body(request: &mut Request, max: usize) -> Result<Option<Vec<u8>>> {
    let announced = request
        .headers()
        .get("Content-Length")?
        .and_then(|length| length.parse::<usize>().ok());
    if let Some(length) = announced {
        // The runtime holds a body to its announced length.
        return if length > max {
            Ok(None)
        } else {
            request.bytes().await.map(Some)
        };
    }
    if request.inner().body().is_none() {
        return Ok(Some(Vec::new()));
    }
    let mut body = Vec::new();
    let mut chunks = request.stream()?;
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > max {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// Whether the query of a URL has `name=true`.
fn asks_for(url: &str, name: &str) -> bool {
    raw_query(url).any(|pair| pair == (name, "true"))
}

/// The query of a URL, decoded.
fn query(url: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    raw_query(url)
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn raw_query(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('='))
}

/// The network that a path names.
fn network_segment(segment: &str) -> String {
    percent_decode_str(segment)
        .decode_utf8_lossy()
        .chars()
        .take(MAX_NAME)
        .collect()
}

/// Whether the body is a JSON value a line.
fn is_ndjson(headers: &Headers) -> bool {
    let content_type = headers.get("Content-Type").ok().flatten();
    content_type.is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type
            .trim()
            .eq_ignore_ascii_case("application/x-ndjson")
    })
}

/// The token in `Authorization`: alone, or behind `Bearer` or `Token` in any case.
fn header_token(headers: &Headers) -> Option<String> {
    let value = headers.get("Authorization").ok().flatten()?;
    let value = value.trim();
    let is_scheme =
        |word: &str| word.eq_ignore_ascii_case("Bearer") || word.eq_ignore_ascii_case("Token");
    let token = match value.split_once(' ') {
        Some((scheme, token)) if is_scheme(scheme) => token.trim_start(),
        None if is_scheme(value) => "",
        _ => value,
    };
    (!token.is_empty()).then(|| token.to_owned())
}

/// The client's request id, if it is a sane one, or a new one.
fn request_id(headers: &Headers) -> String {
    let sent = headers.get("X-Request-Id").ok().flatten().filter(|id| {
        let is_sane =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        (1..=128).contains(&id.len()) && id.bytes().all(is_sane)
    });
    sent.unwrap_or_else(|| {
        let bits = || getrandom::u64().unwrap_or_default();
        format!("{:016x}{:016x}", bits(), bits())
    })
}

impl Outgoing {
    /// Turns a refusal into a problem document where the client asks for one; returns the body's type.
    fn negotiate(&mut self, request: &Request, request_id: &str) -> &'static str {
        let accept = request.headers().get("Accept").ok().flatten();
        let wanted = accept.is_some_and(|accept| accept.contains(problem_json::CONTENT_TYPE));
        if !wanted || self.reply.problems.is_empty() {
            return self.content_type.unwrap_or("application/json");
        }
        let origin = request.inner().url();
        let origin = origin.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        self.reply.body = problem_json::document(&self.reply, &self.warnings, &origin, request_id);
        problem_json::CONTENT_TYPE
    }
}

/// One line a request. Never a token, a phone number or free text.
fn log(request_id: &str, route: Option<&Route<'_>>, outgoing: &Outgoing, milliseconds: u64) {
    let route = match route {
        Some(Route::Report {
            network_id: None, ..
        }) => "/api/{version}/call_outcomes",
        Some(Route::Report { .. }) => "/api/{version}/{network_id}/call_outcomes",
        Some(Route::Batch { .. }) => "/api/{version}/call_outcomes/batch",
        Some(Route::Calls { .. }) => "/api/{version}/calls",
        Some(Route::Transactions { .. }) => "/api/{version}/transactions",
        Some(Route::Health) => "/healthz",
        Some(Route::Codes(_)) => "/errors",
        None => "",
    };
    let Outgoing { reply, cost, .. } = outgoing;
    let line = json!({
        "request_id": request_id,
        "route": route,
        "status": reply.status,
        "class": reply.code.map(|code| code.class().as_str()),
        "code": reply.code.map(Code::as_str),
        "milliseconds": milliseconds,
        "trips": cost.trips,
        "statements": cost.statements,
        "rows_read": cost.rows_read,
        "rows_written": cost.rows_written,
    });
    console_log!("{line}");
}
