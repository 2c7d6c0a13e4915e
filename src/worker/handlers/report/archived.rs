//! Finding the archived call of a report.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::Reporting;
use crate::input::report::Search;
use crate::problem::{Code, Problem};
use crate::response::{refuse, refuse_call};
use crate::rules::archive::{ArchiveSearch, BULK};
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::worker::archive;
use crate::worker::handlers::answer::{Answer, refuse_ambiguous};
use crate::worker::handlers::archived::{self, ArchiveMatch};
use crate::worker::store::report as store;
use crate::worker::store::{Call, Cost, Facts, Failure};

impl Reporting<'_> {
    /// Looks in the archive for the call that the report names by id, once.
    pub(super) async fn find_archived(
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
    pub(super) async fn search_archive(
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
