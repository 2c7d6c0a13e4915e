//! Reporting an outcome.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::answer::{Answer, authorize, explain, preview, refuse_ambiguous, stored};
use super::archived::{self, ArchiveMatch};
use super::prologue::{Admitted, Input, Parsed, admit, body_text};
use crate::input::report::{Report, Search, read};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::{ErrorAnswer, Extras, Reply, refuse, refuse_call, refuse_syntax};
use crate::rules::archive::{ArchiveSearch, BULK};
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::rules::merge::{self, Decision};
use crate::worker::archive;
use crate::worker::context::{RequestContext, RequestState, new_id, now};
use crate::worker::response::{HandlerResult, Success};
use crate::worker::store::report::{self as store, ReportQuery, ReportRows};
use crate::worker::store::retry::{TRIES, retry};
use crate::worker::store::{Call, Cost, Facts, Failure, Record};

/// What the log says of a bug in the statement or in the rules.
const DISAGREEMENT: &str = "the statement and the specification disagree";

/// Reports an outcome.
///
/// 1. Admit the request: 400, 401, 403, 429. See [`admit`].
/// 2. One batch of statements: see `store::report`. It is retried until its outcome is known, after a lost connection
///    with the same candidate id, so that a batch that was committed after all is found and not repeated.
///    - A call that the database doesn't know by its id is looked up in the archive once, and put back.
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

/// What an attempt leads to.
enum Conclusion {
    Answer(Answer),
    /// The database knows no such call; why, if the client asked.
    NoCall(Option<Explanation>),
    /// Archived calls may be closer than those of the database.
    SearchArchive,
    /// The candidate id belongs to another record.
    IdCollision,
    /// The statement and the rules disagree.
    Disagreement,
}

/// What a report does on a call.
struct Effect<'a> {
    call: Call,
    current: Option<&'a Record>,
    /// The outcome name in the casing of its first report.
    name: Option<&'a str>,
    decision: Decision,
}

impl Reporting<'_> {
    /// Runs the batch once, and prepares the next attempt if there has to be one.
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
        }
    }

    fn query(&self) -> ReportQuery<'_> {
        ReportQuery {
            report: &self.report,
            token_hash: self.token_hash,
            path_network_id: self.context.path_network_id.as_deref(),
            window: self.context.config.window,
            ambiguity: self.context.config.ambiguity,
            options: self.context.options,
            now: self.now,
            candidate: self.candidate,
            retry: self.may_be_stored,
            restore: self.restore.clone(),
        }
    }

    /// Concludes from what the batch returned. The rules decide from the facts; the statement has to agree.
    fn conclude(&self, rows: &ReportRows) -> Conclusion {
        let options = self.context.options;
        let explanation = self.explanation.clone().or_else(|| {
            let ambiguity = self.context.config.ambiguity;
            let (facts, trace) = (rows.facts.as_ref(), rows.why.as_ref());
            explain(&self.report, options, ambiguity, facts, trace)
        });
        let shown = explanation.as_ref().filter(|_| options.explain);
        if let Some(earlier) = &rows.mine {
            let name = earlier.display.as_deref();
            let record = stored(&self.report, &earlier.record, earlier.call, name);
            let is_created = earlier.record.revision == 1;
            return Conclusion::Answer(Ok(record.reply(is_created, self.extras(shown))));
        }
        let refused = |answer| Conclusion::Answer(Err(answer));
        let Some(facts) = &rows.facts else {
            return refused(refuse(&Problem::whole(Code::TokenInvalid)));
        };
        let path_network_id = self.context.path_network_id.as_deref();
        if let Err(answer) = authorize(&self.report, path_network_id, facts) {
            return refused(answer);
        }
        if facts.needs_archive() {
            return Conclusion::SearchArchive;
        }
        let Some(call) = facts.call() else {
            return Conclusion::NoCall(shown.cloned());
        };
        if let Err(answer) = refuse_ambiguous(options, explanation.as_ref()) {
            return refused(answer);
        }
        let effect = self.decide(facts, facts.current.as_ref(), call);
        if options.validate_only {
            return Conclusion::Answer(Ok(self.preview(effect, shown)));
        }
        self.compare(effect, rows.appended.as_ref(), shown)
    }

    fn decide<'f>(&self, facts: &'f Facts, current: Option<&'f Record>, call: Call) -> Effect<'f> {
        let fields = current.map(Record::fields);
        Effect {
            call,
            current,
            name: facts.display.as_deref(),
            decision: merge::decide(fields.as_ref(), &self.report.patch, self.now),
        }
    }

    /// Returns the answer to a dry run.
    fn preview(&self, effect: Effect<'_>, shown: Option<&Explanation>) -> Reply {
        let Effect {
            call,
            current,
            name,
            decision,
        } = effect;
        let is_created = matches!(decision, Decision::Create(_));
        preview(&self.report, self.now, current, call, name, decision)
            .reply(is_created, self.extras(shown))
    }

    /// Compares what the rules decided with the record that the statement appended.
    fn compare(
        &self,
        effect: Effect<'_>,
        appended: Option<&Record>,
        shown: Option<&Explanation>,
    ) -> Conclusion {
        let Effect {
            call,
            current,
            name,
            decision,
        } = effect;
        let (record, is_created) = match (decision, appended, current) {
            (Decision::Unchanged, None, Some(current)) => (current, false),
            (Decision::Create(fields), Some(record), None)
                if record.fields() == fields && record.corrects().is_none() =>
            {
                (record, true)
            }
            (Decision::Correct(fields), Some(record), Some(current))
                if record.fields() == fields && record.corrects() == current.id() =>
            {
                (record, false)
            }
            (Decision::Create(_) | Decision::Correct(_), None, _) => {
                return Conclusion::IdCollision;
            }
            _ => return Conclusion::Disagreement,
        };
        let record = stored(&self.report, record, call, name);
        Conclusion::Answer(Ok(record.reply(is_created, self.extras(shown))))
    }

    fn extras<'x>(&'x self, explanation: Option<&'x Explanation>) -> Extras<'x> {
        let is_dry_run = self.context.options.validate_only;
        Extras {
            dry_run: is_dry_run.then_some(self.warnings),
            explanation,
        }
    }

    /// Looks in the archive for the call that the report names by id, once.
    async fn find_archived(
        &mut self,
        facts: Option<Facts>,
        explanation: Option<Explanation>,
    ) -> Result<ControlFlow<Answer>, Failure> {
        let not_found = |why| ControlFlow::Break(Err(refuse_call(Code::CallNotFound, why)));
        let (Search::ById(Some(id)), Some(facts), None) =
            (&self.report.search, facts, &self.restore)
        else {
            return Ok(not_found(explanation));
        };
        let advertiser_id = facts.advertiser_id.as_deref();
        let Facts {
            network_id,
            generations,
            ..
        } = &facts;
        let kv = &self.context.archive;
        let copy = archive::find_visible(kv, network_id, advertiser_id, generations, *id).await?;
        let Some(copy) = copy else {
            return Ok(not_found(explanation));
        };
        let options = self.context.options;
        if options.validate_only {
            let by_id = options.explain.then_some(&Explanation::BY_ID);
            let shown = self.explanation.as_ref().or(by_id);
            return Ok(ControlFlow::Break(self.preview_on(&facts, &copy, shown)));
        }
        self.restore = Some(copy);
        Ok(ControlFlow::Continue(()))
    }

    /// Searches the database and the archive for the closest call.
    ///
    /// Each list of parts comes with what the database knows at the same moment, so that a call that is put back
    /// meanwhile is seen in one of the two places.
    async fn search_archive(
        &mut self,
        facts: Option<Facts>,
        cost: &mut Cost,
    ) -> Result<ControlFlow<Answer>, Failure> {
        let (Search::ByTime(search), Some(facts)) = (&self.report.search, facts) else {
            return Err(Failure::Unexpected("no search by time".to_owned()));
        };
        let context = self.context;
        let mut search = archived::search(context, search, facts.advertiser_id.as_deref());
        while search.needs_parts() {
            let query = self.query();
            let facts_now = store::list_archived(&context.db, &query, &mut search, cost);
            if facts_now.await?.is_none() {
                let answer = refuse(&Problem::whole(Code::TokenInvalid));
                return Ok(ControlFlow::Break(Err(answer)));
            }
            let searches: &mut [&mut ArchiveSearch] = &mut [&mut search];
            archive::read_parts(&context.archive, &facts.network_id, searches, BULK).await?;
        }
        let ArchiveMatch {
            by_id,
            copy,
            explanation,
        } = ArchiveMatch::of_search(context, &self.report, &search);
        let shown = explanation.clone().filter(|_| context.options.explain);
        let Some(by_id) = by_id else {
            let answer = refuse_call(Code::CallNotFound, shown);
            return Ok(ControlFlow::Break(Err(answer)));
        };
        if let Err(answer) = refuse_ambiguous(context.options, explanation.as_ref()) {
            return Ok(ControlFlow::Break(Err(answer)));
        }
        if let (true, Some(copy)) = (context.options.validate_only, &copy) {
            let answer = self.preview_on(&facts, copy, shown.as_ref());
            return Ok(ControlFlow::Break(answer));
        }
        self.report = Cow::Owned(by_id);
        self.restore = copy;
        self.explanation = shown;
        Ok(ControlFlow::Continue(()))
    }

    /// Returns what a report would store on an archived call: a dry run puts nothing back.
    fn preview_on(&self, facts: &Facts, copy: &StoredCall, shown: Option<&Explanation>) -> Answer {
        let call = Call::from_archive(copy);
        let call = call.ok_or_else(|| refuse(&Problem::whole(Code::CallNotFound)))?;
        // An archived call has no outcomes.
        Ok(self.preview(self.decide(facts, None, call), shown))
    }
}
