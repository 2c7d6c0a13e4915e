//! Concluding from what a report's batch returned.

use super::Reporting;
use crate::problem::{Code, Problem};
use crate::response::{Extras, Reply, refuse};
use crate::rules::explanation::Explanation;
use crate::rules::merge::{self, Decision};
use crate::worker::handlers::answer::{
    Answer, authorize, explain, preview, refuse_ambiguous, stored,
};
use crate::worker::store::report::ReportRows;
use crate::worker::store::{Call, Facts, Record};

/// What an attempt leads to.
pub enum Conclusion {
    /// The report is answered.
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
pub struct Effect<'a> {
    call: Call,
    current: Option<&'a Record>,
    /// The outcome name in the casing of its first report.
    name: Option<&'a str>,
    decision: Decision,
}

impl Reporting<'_> {
    /// Concludes from what the batch returned. The rules decide from the facts; the statement has to agree.
    pub(super) fn conclude(&self, rows: &ReportRows) -> Conclusion {
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

    pub(super) fn decide<'f>(
        &self,
        facts: &'f Facts,
        current: Option<&'f Record>,
        call: Call,
    ) -> Effect<'f> {
        let fields = current.map(Record::fields);
        Effect {
            call,
            current,
            name: facts.display.as_deref(),
            decision: merge::decide(fields.as_ref(), &self.report.patch, self.now),
        }
    }

    /// Returns the answer to a dry run.
    pub(super) fn preview(&self, effect: Effect<'_>, shown: Option<&Explanation>) -> Reply {
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
}
