//! The Cloudflare Worker: the fetch event, the checks of a request that don't depend on its use case, and the log.
//!
//! Use cases are in [`handlers`], SQL is in [`store`], and rules are in the crate's core.

mod address_limit;
mod archive;
mod config;
mod context;
mod cors;
mod handlers;
mod query_options;
mod rate_limit;
mod request;
mod response;
mod result;
mod router;
mod store;

use std::rc::Rc;

use serde::Serialize;
use worker::{Context, D1Database, Env, KvStore, Request, Response, Result, console_log, event};

use self::config::Config;
use self::context::{RequestContext, RequestState, clock, request_id};
use self::handlers::batch::BatchFormat;
use self::handlers::{batch, config as public_config, health, import, read, report, transactions};
use self::query_options::QueryOptions;
use self::rate_limit::RateLimits;
use self::request::{
    Body, discard_body, header_token, is_ndjson, network_segment, query, read_body,
};
use self::response::Responder;
use self::result::{HandlerResult, Refusal, Success, error_code, status};
use self::router::Route;
use crate::input;
use crate::input::query::{Operation, Query};
use crate::model::time::is_calendar_date;
use crate::problem::{Code, Problem};

#[event(fetch)]
async fn fetch(mut http: Request, env: Env, _context: Context) -> Result<Response> {
    let started = clock();
    let request_id = request_id(http.headers());
    let mut config = Config::of(&env);
    let path = http.path();
    let route = Route::parse(&path);
    let parameters = query(&http.inner().url());
    let query = read_query(&http, route.as_ref(), &parameters);
    config.rules.strict = query.is_on("strict");
    let limits = RateLimits::new(&env, config.token_limit, config.address_limit);
    let dispatcher = Dispatcher {
        env: &env,
        config: &config,
        limits: &limits,
        query: &query,
        parameters: &parameters,
        request_id: &request_id,
    };
    let mut state = RequestState::default();
    let mut result = dispatcher
        .dispatch(&mut http, route.as_ref(), &mut state)
        .await;
    if error_code(&result).is_some() {
        discard_body(&mut http).await;
    }
    if let Err(refusal) = &result
        && let Some(policy) =
            address_limit::exceeded(&env, &limits, &http, refusal, &mut state).await
    {
        result = Err(Refusal::rate_limited(policy));
    }
    let milliseconds = clock().saturating_sub(started);
    log(&request_id, route.as_ref(), &result, &state, milliseconds);
    let responder = Responder {
        request: &http,
        route: route.as_ref(),
        config: &config,
        request_id: &request_id,
    };
    responder.respond(&state, result)
}

fn read_query(http: &Request, route: Option<&Route<'_>>, parameters: &[(String, String)]) -> Query {
    let method = http.inner().method();
    let operation = route.map_or(Operation::Server, |route| route.operation(&method));
    let pairs = parameters.iter();
    Query::read(
        operation,
        pairs.map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

/// What dispatching needs beside the request.
struct Dispatcher<'a> {
    env: &'a Env,
    config: &'a Config,
    limits: &'a RateLimits,
    query: &'a Query,
    parameters: &'a [(String, String)],
    request_id: &'a str,
}

impl<'a> Dispatcher<'a> {
    /// Answers a request.
    ///
    /// 1. Unknown route: 404. Wrong method: 405.
    /// 2. Routes without a version: configuration and health.
    /// 3. The version is no calendar date: 400. The body is too large: 413; it is incomplete: 400.
    /// 4. The use case.
    async fn dispatch(
        &self,
        http: &mut Request,
        route: Option<&Route<'_>>,
        state: &mut RequestState,
    ) -> HandlerResult {
        // (1) Route and method.
        let route = route.ok_or(Code::RouteNotFound)?;
        // The binding's own `method` takes a method that it doesn't know for GET.
        let method = http.inner().method();
        if method == "OPTIONS" {
            return Ok(Success::no_content());
        }
        if !route.takes(&method) {
            let problem = Problem::whole(Code::MethodNotAllowed);
            return Err(problem.with_name(route.methods()).into());
        }
        // (2) Routes without a version.
        let warnings = &self.query.warnings;
        if let Route::Config = route {
            state.warnings.clone_from(warnings);
            return Ok(public_config::config(self.config));
        }
        let db = self.database()?;
        let Some(version) = route.version() else {
            state.warnings.clone_from(warnings);
            return health::health(&db, self.config, &mut state.cost).await;
        };
        // (3) Version and body.
        if !is_calendar_date(version) {
            return Err(Code::VersionInvalid.into());
        }
        let archive = self.archive()?;
        let body = read_whole_body(http, route, &method).await?;
        // (4) Use case.
        let context = self.context(http, route, db, archive);
        match route {
            Route::Calls { .. } => import::import(&context, &body, state).await,
            Route::Batch { .. } => {
                let format = if is_ndjson(http.headers()) {
                    BatchFormat::Lines
                } else {
                    BatchFormat::Json
                };
                batch::batch(&context, &body, format, state).await
            }
            Route::Transactions { format, .. } => {
                transactions::transactions(&context, *format, state).await
            }
            _ if method == "GET" => read::read(&context, state).await,
            _ => report::report(&context, &body, state).await,
        }
    }

    fn database(&self) -> std::result::Result<D1Database, Refusal> {
        let db = self.env.d1("DB");
        db.map_err(|_| Refusal::internal(self.request_id))
    }

    fn archive(&self) -> std::result::Result<KvStore, Refusal> {
        let archive = self.env.kv("ARCHIVE");
        archive.map_err(|_| Refusal::internal(self.request_id))
    }

    fn context(
        &self,
        http: &Request,
        route: &Route<'_>,
        db: D1Database,
        archive: KvStore,
    ) -> RequestContext<'a> {
        let path_network_id = match route {
            Route::Report { network_id, .. } => network_id.map(network_segment),
            _ => None,
        };
        RequestContext {
            db: Rc::new(db),
            archive,
            config: self.config,
            limits: self.limits,
            query: self.query,
            options: QueryOptions::of(self.query),
            parameters: self.parameters,
            header_token: header_token(http.headers()),
            path_network_id: path_network_id.filter(|id| !id.trim().is_empty()),
            request_id: self.request_id,
        }
    }
}

/// Reads the body, of at most the size that the route takes. That of a GET is read and ignored.
async fn read_whole_body(
    http: &mut Request,
    route: &Route<'_>,
    method: &str,
) -> std::result::Result<Vec<u8>, Refusal> {
    let max = match route {
        Route::Report { .. } => input::report::MAX_BODY,
        Route::Batch { .. } => input::batch::MAX_BODY,
        Route::Calls { .. } => input::calls::MAX_BODY,
        Route::Transactions { .. } | Route::Health | Route::Config => 0,
    };
    match read_body(http, max).await {
        _ if method == "GET" => Ok(Vec::new()),
        Body::Whole(body) => Ok(body),
        Body::TooLarge => Err(Problem::whole(Code::BodyTooLarge).with_max(max).into()),
        Body::Incomplete => Err(Code::BodyIncomplete.into()),
    }
}

/// Logs one line for a request. Never a token, a phone number or free text.
fn log(
    request_id: &str,
    route: Option<&Route<'_>>,
    result: &HandlerResult,
    state: &RequestState,
    milliseconds: i64,
) {
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
    let code = error_code(result);
    let cost = &state.cost;
    let line = Line {
        request_id,
        route: route.map(Route::name),
        status: status(result),
        class: code.map(|code| code.class().as_str()),
        code: code.map(Code::as_str),
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
