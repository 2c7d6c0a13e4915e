//! Reporting many outcomes in one request.

mod archived;
mod decide;

use std::collections::HashMap;
use std::ops::ControlFlow;

use futures_util::stream::{self, StreamExt};

use super::archived::ArchiveMatch;
use super::prologue::{Admitted, Input, Parsed, admit, body_text};
use crate::input::batch::{BatchRequest, BatchRow, BatchRows, read, read_lines};
use crate::input::report::Report;
use crate::problem::{Code, LimitedProblems, Problem};
use crate::response::lists::{BatchAnswer, Effect, RowAnswer};
use crate::response::{ErrorAnswer, Reply, refuse, refuse_row, refuse_syntax};
use crate::rules::import::StoredCall;
use crate::worker::context::{RequestContext, RequestState, now};
use crate::worker::result::{BodyStream, HandlerResult, Refusal, Success};
use crate::worker::store::batch::{self as store, BatchQuery};
use crate::worker::store::retry::{BATCH_TRIES, retry};
use crate::worker::store::{Cost, Failure};
use decide::Decided;

/// How many rows share their trips to the database. Smaller chunks conflict less often with other requests, larger ones
/// need fewer trips.
const CHUNK: usize = 200;

/// How the rows of a batch are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFormat {
    /// A JSON object with a list.
    Json,
    /// A JSON object a line.
    Lines,
}

/// Reports many outcomes.
///
/// 1. Admit the request: 400, 401, no rows 403, too many 413, too many requests 429. See [`admit`]. No row is checked
///    before.
/// 2. For each chunk of rows, one trip for the facts before them. Unknown token: 401 for the whole request.
/// 3. The rules decide row by row, each row seeing those before it, and one trip appends all new records. The keys of
///    the schema refuse them if another request came between; then the chunk again from 2.
///
/// Archived calls cost a chunk one more trip.
pub async fn batch(
    context: &RequestContext<'_>,
    body: &[u8],
    format: BatchFormat,
    state: &mut RequestState,
) -> HandlerResult {
    // (1) Admit.
    let Admitted {
        token_hash,
        input: mut rows,
    } = admit(context, state, || parse(context, body, format)).await?;
    let mut warnings = LimitedProblems::default();
    warnings.extend(&state.warnings, Problem::clone);
    // (2) and (3)
    let batch = Batch {
        context,
        token_hash: &token_hash,
        now: now(),
    };
    let mut index = 0_usize;
    let mut answer = BatchAnswer::default();
    loop {
        let chunk: Vec<BatchRow<'_>> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        for row in &chunk {
            warnings.extend(&row.warnings, |warning| in_row(warning, index, format));
            index = index.saturating_add(1);
        }
        match batch.answer(&chunk, &mut state.cost).await {
            Some(answered) => answer.extend(&answered),
            None if answer.is_empty() => return Err(Code::TokenInvalid.into()),
            // Revoked meanwhile.
            None => answer.extend(&all_failed(&chunk, Code::TokenInvalid)),
        }
    }
    state.warnings = warnings.into_problems();
    let (reply, rest) = answer.finish();
    Ok(Success::reply(reply).followed_by(body_stream(rest)))
}

fn parse<'b>(
    context: &RequestContext<'_>,
    body: &'b [u8],
    format: BatchFormat,
) -> Result<Parsed<'b, BatchRows<'b>>, ErrorAnswer> {
    let (rules, max_rows) = (context.config.rules, context.config.batch_max_rows);
    let BatchRequest {
        token,
        rows,
        warnings,
    } = match format {
        BatchFormat::Lines => read_lines(body, rules, max_rows),
        BatchFormat::Json => {
            let text = body_text(body)?;
            read(text, rules, max_rows).map_err(|error| refuse_syntax(&error, text))?
        }
    };
    Ok(Parsed {
        token,
        input: Input::Checked(rows),
        warnings,
    })
}

/// Returns the warning of a row as one of the whole body.
fn in_row(warning: &Problem, index: usize, format: BatchFormat) -> Problem {
    let list = match format {
        BatchFormat::Json => "/call_outcomes",
        BatchFormat::Lines => "",
    };
    Problem {
        pointer: format!("{list}/{index}{}", warning.pointer),
        ..warning.clone()
    }
}

/// Returns the parts of a body that follow the first, if there are any.
fn body_stream(parts: Vec<String>) -> Option<BodyStream> {
    let is_empty = parts.is_empty();
    let parts = stream::iter(parts).map(|part| Ok(part.into_bytes()));
    (!is_empty).then(|| parts.boxed_local())
}

/// A batch under way.
struct Batch<'a> {
    context: &'a RequestContext<'a>,
    token_hash: &'a str,
    /// The time of the request, in Unix seconds.
    now: i64,
}

impl Batch<'_> {
    /// Returns the answers to a chunk of rows; `None` if the token is unknown or revoked.
    async fn answer(&self, rows: &[BatchRow<'_>], cost: &mut Cost) -> Option<Vec<RowAnswer>> {
        let mut chunk = Chunk {
            batch: self,
            rows,
            archived: HashMap::new(),
            restore: Vec::new(),
            unconfirmed: None,
        };
        match retry(BATCH_TRIES, async || chunk.attempt(cost).await).await {
            Ok(answers) => answers,
            Err(failure) => {
                let refusal = self.context.refuse_failure(failure, self.token_hash);
                Some(failed_rows(rows, &refusal.into_answer()))
            }
        }
    }

    /// Refuses a row after an unexpected failure.
    fn fail(&self, cause: &str) -> ErrorAnswer {
        self.context.log_error(cause);
        Refusal::internal(self.context.request_id).into_answer()
    }

    fn query<'x>(&'x self, reports: &'x [(usize, &'x Report<'x>)]) -> BatchQuery<'x> {
        BatchQuery {
            reports,
            token_hash: self.token_hash,
            path_network_id: self.context.path_network_id.as_deref(),
            window: self.context.config.window,
            explain: self.context.options.needs_explanation(),
            restore: &[],
            searches: Vec::new(),
            tried: None,
        }
    }
}

/// What the archive knows of rows, each by its place in the chunk.
type ArchiveMatches<'r> = HashMap<usize, ArchiveMatch<'r>>;

/// A chunk of rows under way.
struct Chunk<'a, 'r> {
    batch: &'a Batch<'a>,
    rows: &'a [BatchRow<'r>],
    /// The rows that were looked up in the archive.
    archived: ArchiveMatches<'r>,
    /// Archived calls to put back first.
    restore: Vec<StoredCall>,
    /// What an attempt that failed would have stored, and may have.
    unconfirmed: Option<Decided>,
}

impl<'r> Chunk<'_, 'r> {
    /// Answers the rows; `None` if the token is unknown or revoked.
    async fn attempt(
        &mut self,
        cost: &mut Cost,
    ) -> Result<ControlFlow<Option<Vec<RowAnswer>>>, Failure> {
        let context = self.batch.context;
        // (2) Facts.
        let reports = reports(self.rows, &self.archived);
        let query = BatchQuery {
            restore: &self.restore,
            tried: self.unconfirmed.as_ref().and_then(Decided::first_id),
            ..self.batch.query(&reports)
        };
        let Some(known) = store::facts(&context.db, &query, cost).await? else {
            return Ok(ControlFlow::Break(None));
        };
        if let (true, Some(decided)) = (known.is_committed, self.unconfirmed.take()) {
            return Ok(ControlFlow::Break(Some(decided.answers)));
        }
        self.restore.clear();
        let (batch, looked_up) = (self.batch, &self.archived);
        let found = batch.search_archive(&reports, &known, looked_up, cost);
        let Some(found) = found.await? else {
            return Ok(ControlFlow::Break(None));
        };
        if !found.is_empty() {
            self.keep(found);
            return Ok(ControlFlow::Continue(()));
        }
        // (3) Decide and append.
        let decided = self.batch.decide(self.rows, &known, &self.archived)?;
        self.append(decided, cost).await
    }

    /// Keeps what the archive knows of rows, for the next attempt. A dry run puts nothing back.
    fn keep(&mut self, found: ArchiveMatches<'r>) {
        let options = self.batch.context.options;
        if !options.validate_only {
            let reported = found.values().filter(|row| !row.is_refused(options));
            self.restore
                .extend(reported.filter_map(|row| row.copy.clone()));
        }
        self.archived.extend(found);
    }

    async fn append(
        &mut self,
        decided: Decided,
        cost: &mut Cost,
    ) -> Result<ControlFlow<Option<Vec<RowAnswer>>>, Failure> {
        let records = &decided.records;
        if records.is_empty() {
            return Ok(ControlFlow::Break(Some(decided.answers)));
        }
        let Batch {
            context,
            token_hash,
            ..
        } = self.batch;
        match store::append(&context.db, token_hash, records, cost).await {
            Ok(true) => Ok(ControlFlow::Break(Some(decided.answers))),
            // The token was revoked meanwhile.
            Ok(false) => Err(Failure::Conflict),
            Err(failure) => {
                self.unconfirmed = Some(decided);
                Err(failure)
            }
        }
    }
}

/// Returns the valid reports, each by its place, by the id of their call where the archive knows it.
fn reports<'x, 'r>(
    rows: &'x [BatchRow<'r>],
    archived: &'x ArchiveMatches<'r>,
) -> Vec<(usize, &'x Report<'r>)> {
    let report = |(place, row): (usize, &'x BatchRow<'r>)| {
        let sent = row.report.as_ref().ok()?;
        let by_id = archived.get(&place).and_then(|found| found.by_id.as_ref());
        Some((place, by_id.unwrap_or(sent)))
    };
    rows.iter().enumerate().filter_map(report).collect()
}

/// Answers rows that are not carried out, each with its own problems or else with `code`.
fn all_failed(rows: &[BatchRow<'_>], code: Code) -> Vec<RowAnswer> {
    failed_rows(rows, &refuse(&Problem::whole(code)))
}

/// Answers rows that are not carried out, each with its own problems or else with `answer`.
fn failed_rows(rows: &[BatchRow<'_>], answer: &ErrorAnswer) -> Vec<RowAnswer> {
    let failed = rows.iter().map(|row| {
        let own = row.report.as_ref().err().map(refuse_row);
        answered(row, Err(own.unwrap_or_else(|| answer.clone())))
    });
    failed.collect()
}

/// What a row did, with its reply, or why it failed.
type RowResult = Result<(Reply, Effect), ErrorAnswer>;

fn answered(row: &BatchRow<'_>, result: RowResult) -> RowAnswer {
    let (status, body, effect) = match result {
        Ok((reply, effect)) => (reply.status, reply.body, effect),
        Err(refused) => (refused.status(), refused.to_json(), Effect::Failed),
    };
    RowAnswer {
        key: row.key.as_deref().map(str::to_owned),
        status,
        body,
        effect,
    }
}
