//! The edge API: the fetch event, routes, size cap, clock and ids.
//!
//! Not here: rules of requests, and SQL.

mod archive;
mod config;
mod handlers;
mod rate_limit;
mod request;
mod response;
mod router;
mod store;

use std::rc::Rc;

use serde::Serialize;
use worker::{Context, Env, Request, Response, Result, console_log, event};

use self::request::{
    Body, address, discard_body, header_token, is_ndjson, network_segment, query, read_body,
    request_id,
};
use crate::input::batch;
use crate::input::calls;
use crate::input::query::{Operation, Query};
use crate::input::report;
use crate::model::time::is_calendar_date;
use crate::problem::{Code, Problem};
use crate::response::Reply;
use config::{Config, QueryOptions};
use handlers::report::{self as report_handler, Incoming, Outgoing, clock, hash};
use handlers::{batch as batch_handler, health, import, reading};
use rate_limit::{Limits, Policy};
use response::respond;
use router::Route;

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    let started = clock();
    let request_id = request_id(request.headers());
    let mut config = Config::of(&env);
    let url = request.inner().url();
    let path = request.path();
    let route = Route::parse(&path);
    let pairs = query(&url);
    let operation = route.as_ref().map_or(Operation::Server, |route| {
        route.operation(&request.inner().method())
    });
    let query = Query::read(operation, names_and_values(&pairs));
    config.rules.strict = query.is_on("strict");
    let limits = Limits::new(&env, &config);
    let context = RequestContext {
        env: &env,
        config: &config,
        limits: &limits,
        query: &query,
        pairs: &pairs,
        request_id: &request_id,
    };
    let mut outgoing = context.answer(&mut request, route.as_ref()).await;
    if outgoing.reply.code.is_some() {
        discard_body(&mut request).await;
    }
    if outgoing.is_suspect()
        && let Some(policy) = context.refuse(&request, &mut outgoing).await
    {
        outgoing = outgoing.limited(policy);
    }
    let milliseconds = clock().saturating_sub(started);
    log(&request_id, route.as_ref(), &outgoing, milliseconds);
    respond(&request, route.as_ref(), &config, &request_id, outgoing)
}

/// All that answering a request needs beside the request.
struct RequestContext<'a> {
    env: &'a Env,
    config: &'a Config,
    limits: &'a Limits,
    query: &'a Query,
    /// The query as it was sent, decoded.
    pairs: &'a [(String, String)],
    request_id: &'a str,
}

fn names_and_values(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
}

impl RequestContext<'_> {
    /// Counts a refused request for its address; the policy if that is one too many.
    ///
    /// Every refusal counts: even one for its path may have a body that had to be read. What is not known of a token is
    /// looked up then, so that a good one behind the same address is never refused; where that fails, the benefit of the
    /// doubt is the client's.
    async fn refuse(&self, http: &Request, outgoing: &mut Outgoing) -> Option<Policy> {
        let policy = self.limits.refuse_address(&address(http.headers())).await?;
        let in_header = || header_token(http.headers()).map(|token| hash(&token));
        match outgoing.token_hash.take().or_else(in_header) {
            Some(hash) if !is_unknown(outgoing) => {
                let db = self.env.d1("DB").ok()?;
                let found = store::reading::read(&db, &hash, None, &mut outgoing.cost).await;
                matches!(found, Ok(None)).then_some(policy)
            }
            _ => Some(policy),
        }
    }

    /// The answer to a request, up to its headers. Route 404, method 405, version 400, size 413, then the use case.
    async fn answer(&self, http: &mut Request, route: Option<&Route<'_>>) -> Outgoing {
        let Self {
            env,
            config,
            limits,
            query,
            pairs,
            request_id,
        } = *self;
        let refused = |problem: Problem| Outgoing::refused(&problem);
        let Some(route) = route else {
            return refused(Problem::whole(Code::RouteNotFound));
        };
        // As it was sent: the binding takes a method that it does not know for GET.
        let method = http.inner().method();
        if method == "OPTIONS" {
            return Outgoing::new(Reply::success(204, String::new()));
        }
        if !route.takes(&method) {
            return refused(Problem::whole(Code::MethodNotAllowed).with_name(route.methods()));
        }
        let warned = |outgoing: Outgoing| Outgoing {
            warnings: query.warnings.clone(),
            ..outgoing
        };
        if let Route::Config = route {
            return warned(Outgoing::new(Reply::success(200, config.public())));
        }
        let internal = || refused(Problem::whole(Code::Internal).with_name(request_id.to_owned()));
        let Ok(db) = env.d1("DB") else {
            return internal();
        };
        let Some(version) = route.version() else {
            return warned(health::health(&db, config).await);
        };
        if !is_calendar_date(version) {
            return refused(Problem::whole(Code::VersionInvalid));
        }
        let Ok(archive) = env.kv("ARCHIVE") else {
            return internal();
        };
        let is_read = method == "GET";
        let (network_id, max_body) = match route {
            Route::Batch { .. } => (None, batch::MAX_BODY),
            Route::Calls { .. } => (None, calls::MAX_BODY),
            Route::Report { network_id, .. } => (*network_id, report::MAX_BODY),
            _ => (None, 0),
        };
        let body = match read_body(http, max_body).await {
            _ if is_read => Vec::new(),
            Body::Whole(body) => body,
            Body::TooLarge => {
                return refused(Problem::whole(Code::BodyTooLarge).with_max(max_body));
            }
            Body::Incomplete => return refused(Problem::whole(Code::BodyIncomplete)),
        };
        let incoming = Incoming {
            body: &body,
            header_token: header_token(http.headers()),
            path_network_id: network_id
                .map(network_segment)
                .filter(|id| !id.trim().is_empty()),
            request_id,
            options: QueryOptions::of(query),
            query,
            limits,
        };
        match route {
            Route::Calls { .. } => import::import(&db, &archive, config, &incoming).await,
            Route::Batch { .. } => {
                let lines = is_ndjson(http.headers());
                batch_handler::run(&db, &archive, config, &incoming, lines).await
            }
            Route::Transactions { format, .. } => {
                reading::page(Rc::new(db), &incoming, pairs, *format).await
            }
            _ if is_read => {
                let id = pairs.iter().rfind(|(name, _)| name == "transaction_id");
                reading::one(
                    Rc::new(db),
                    &archive,
                    &incoming,
                    id.map(|(_, id)| id.as_str()),
                )
                .await
            }
            _ => report_handler::run(&db, &archive, config, &incoming).await,
        }
    }
}

/// Whether the database said that the token is unknown or revoked.
fn is_unknown(outgoing: &Outgoing) -> bool {
    matches!(outgoing.reply.code, Some(Code::TokenInvalid))
}

/// One line a request. Never a token, a phone number or free text.
fn log(request_id: &str, route: Option<&Route<'_>>, outgoing: &Outgoing, milliseconds: i64) {
    #[derive(Serialize)]
    struct Line<'a> {
        request_id: &'a str,
        route: Option<&'a str>,
        status: u16,
        class: Option<&'a str>,
        code: Option<&'a str>,
        milliseconds: i64,
        trips: usize,
        statements: usize,
        rows_read: usize,
        rows_written: usize,
    }
    let Outgoing { reply, cost, .. } = outgoing;
    let line = Line {
        request_id,
        route: route.map(Route::name),
        status: reply.status,
        class: reply.code.map(|code| code.class().as_str()),
        code: reply.code.map(Code::as_str),
        milliseconds,
        trips: cost.trips,
        statements: cost.statements,
        rows_read: cost.rows_read,
        rows_written: cost.rows_written,
    };
    if let Ok(line) = serde_json::to_string(&line) {
        console_log!("{line}");
    }
}
