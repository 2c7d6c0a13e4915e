//! Reporting an outcome.

mod archived;
mod conclude;

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::answer::Answer;
use super::prologue::{Admitted, Input, Parsed, admit, body_text};
use crate::input::report::{Report, read};
use crate::model::transaction_id::TransactionId;
use crate::problem::Problem;
use crate::response::{ErrorAnswer, refuse_syntax};
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::worker::context::{RequestContext, RequestState, new_id, now};
use crate::worker::result::{HandlerResult, Success};
use crate::worker::store::report::{self as store, ReportQuery};
use crate::worker::store::retry::{TRIES, retry};
use crate::worker::store::{Cost, Failure};
use conclude::Conclusion;

/// What the log says of a bug in the statement or in the rules.
const DISAGREEMENT: &str = "the statement and the specification disagree";

/// Reports an outcome.
///
/// 1. Admit the request: 400, 401, 403, 429. See [`admit`].
/// 2. One batch of statements: see `store::report`. It is retried until its outcome is known, after a lost connection
///    with the same candidate id, so that a batch that was committed after all is found and not repeated.
///    - A call that the database doesn't know by its id is looked up in the archive once, and put back.
///    - If the match has to be sure, the first batch finds it and the second one reports by its id.
///    - If archived calls may be closer than those of the database, both are searched, and the report goes on by id.
/// 3. Answer from what the batch returned: unknown token 401, permission and access 403, no call 404, else 201 or 200.
///    The rules decide; the statement has to agree.
pub async fn report(
    context: &RequestContext<'_>,
    body: &[u8],
    state: &mut RequestState,
) -> HandlerResult {
    // (1) Admit.
    let Admitted {
        token_hash,
        input: report,
    } = admit(context, state, || parse(context, body)).await?;
    // (2) and (3)
    let RequestState { warnings, cost, .. } = state;
    let result = async {
        let mut reporting = Reporting {
            context,
            warnings,
            token_hash: &token_hash,
            now: now(),
            report: Cow::Borrowed(&report),
            candidate: new_id()?,
            may_be_stored: false,
            restore: None,
            explanation: None,
        };
        retry(TRIES, async || reporting.attempt(cost).await).await
    };
    let answer = result.await.map_err(|failure| {
        if matches!(failure, Failure::IdCollision) {
            // Ids are random: that many collisions are a bug.
            context.log_error("the statement appended no record where the specification has one");
        }
        context.refuse_failure(failure, &token_hash)
    })?;
    Ok(Success::reply(answer?))
}

fn parse<'b>(
    context: &RequestContext<'_>,
    body: &'b [u8],
) -> Result<Parsed<'b, Report<'b>>, ErrorAnswer> {
    let text = body_text(body)?;
    let read = read(text, context.config.rules).map_err(|error| refuse_syntax(&error, text))?;
    Ok(Parsed {
        token: read.token,
        input: Input::Checked(read.report),
        warnings: read.warnings,
    })
}

/// A report under way.
struct Reporting<'a> {
    context: &'a RequestContext<'a>,
    warnings: &'a [Problem],
    token_hash: &'a str,
    /// The time of the request, in Unix seconds.
    now: i64,
    /// The report, by the id of its call once the archive was searched.
    report: Cow<'a, Report<'a>>,
    /// The id of the new record, should there be one.
    candidate: TransactionId,
    /// Whether an earlier attempt may have stored a record with the candidate id.
    may_be_stored: bool,
    /// An archived call to put back first.
    restore: Option<StoredCall>,
    /// Why the call was found, if a search of the archive found it.
    explanation: Option<Explanation>,
}

impl Reporting<'_> {
    /// Makes an attempt, and prepares the next attempt if there has to be one.
    async fn attempt(&mut self, cost: &mut Cost) -> Result<ControlFlow<Answer>, Failure> {
        let result = self.run(cost).await;
        match result {
            Ok(_) => {}
            Err(Failure::IdCollision) => {
                self.candidate = new_id()?;
                self.may_be_stored = false;
            }
            Err(_) => self.may_be_stored = true,
        }
        result
    }

    /// Runs the batch once, and searches the archive if that is needed.
    async fn run(&mut self, cost: &mut Cost) -> Result<ControlFlow<Answer>, Failure> {
        let query = self.query();
        let rows = store::report(&self.context.db, &query, cost).await?;
        let conclusion = self.conclude(&rows);
        let is_success = matches!(conclusion, Conclusion::Answer(Ok(_)));
        if rows.appended.is_some() && !is_success {
            // A record was stored that the rules would not store. The next attempt answers with it.
            self.context.log_error(DISAGREEMENT);
            return Err(Failure::Disagreement);
        }
        match conclusion {
            Conclusion::Answer(answer) => Ok(ControlFlow::Break(answer)),
            Conclusion::IdCollision => Err(Failure::IdCollision),
            // Nothing was stored.
            Conclusion::Disagreement => Err(Failure::Unexpected(DISAGREEMENT.to_owned())),
            Conclusion::NoCall(explanation) => self.find_archived(rows.facts, explanation).await,
            Conclusion::SearchArchive => self.search_archive(rows.facts, cost).await,
            Conclusion::Sure(call, explanation) => {
                self.report = Cow::Owned(self.report.with_call(call.transaction_id));
                self.explanation = explanation;
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn query(&self) -> ReportQuery<'_> {
        ReportQuery {
            report: &self.report,
            token_hash: self.token_hash,
            path_network_id: self.context.path_network_id.as_deref(),
            matching: self.context.config.matching,
            options: self.context.options,
            now: self.now,
            candidate: self.candidate,
            retry: self.may_be_stored,
            restore: self.restore.clone(),
        }
    }
}
