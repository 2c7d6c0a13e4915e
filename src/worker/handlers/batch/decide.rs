//! What the rows of a batch lead to, one after the other.
//!
//! Not here: context the database, and storing.

use std::collections::HashMap;

use super::{Archived, Batch, answered};
use crate::input::batch::Row;
use crate::input::report::{Report, Search};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::lists::{Answered, Effect};
use crate::response::{Extras, Reply, refuse, refuse_call};
use crate::rules::explanation::Explanation;
use crate::rules::merge::{self, Decision};
use crate::worker::handlers::answer::{explanation, preview, recorded, refusal, stored};
use crate::worker::handlers::report::new_id;
use crate::worker::store::batch::{Known, NewRecord};
use crate::worker::store::{Call, Facts, Record};

/// What a chunk leads to.
pub struct Decided {
    /// The answer to each row.
    pub answers: Vec<Answered>,
    /// The records to append.
    pub records: Vec<NewRecord>,
}

impl Decided {
    /// The first record, by whose id the rest is found.
    pub fn candidate(&self) -> Option<TransactionId> {
        self.records.first().map(|record| record.transaction_id)
    }
}

impl Batch<'_> {
    /// Decides row by row. In a dry run rows do not see each other, and archived calls are taken as if they were there.
    pub fn decide(
        &self,
        rows: &[Row<'_>],
        known: &Known,
        archived: &Archived<'_>,
    ) -> Result<Decided, getrandom::Error> {
        let mut decided = Decided {
            answers: Vec::with_capacity(rows.len()),
            records: Vec::new(),
        };
        let mut seen = Seen::default();
        for (place, row) in rows.iter().enumerate() {
            let (reply, effect) = match (&row.report, known.facts.get(&place)) {
                (Err(reply), _) => ((**reply).clone(), Effect::Failed),
                (Ok(report), Some(facts)) => {
                    let row = self.call_of(place, report, &row.warnings, facts, known, archived);
                    self.decide_row(&row, &mut seen, &mut decided)?
                }
                (Ok(_), None) => (self.incoming.fail("a row without facts"), Effect::Failed),
            };
            decided.answers.push(answered(row, reply, effect));
        }
        Ok(decided)
    }

    /// A valid row with its call, wherever that is, and why it is the one, if that was asked.
    fn call_of<'r>(
        &self,
        place: usize,
        report: &'r Report<'r>,
        warnings: &'r [Problem],
        facts: &'r Facts,
        known: &Known,
        archived: &'r Archived<'r>,
    ) -> Found<'r> {
        let options = self.incoming.options;
        let found = archived.get(&place);
        let copy = found.and_then(|found| found.archived.as_ref()).filter(|_| {
            options.validate_only || found.is_some_and(|found| found.is_refused(options))
        });
        let call = facts.call().or_else(|| copy.and_then(Call::from_archive));
        let why = match (
            found.and_then(|found| found.explanation.clone()),
            &report.search,
        ) {
            (Some(explanation), _) => Some(explanation),
            (None, Search::ById(_)) if call.is_some() => {
                options.explain.then_some(Explanation::BY_ID)
            }
            (None, _) => {
                let why = known.whys.get(&place);
                explanation(report, options, self.config.ambiguity, Some(facts), why)
            }
        };
        Found {
            report: found
                .and_then(|found| found.by_id.as_ref())
                .unwrap_or(report),
            warnings,
            facts,
            call,
            why,
        }
    }

    fn decide_row<'r>(
        &self,
        row: &Found<'r>,
        seen: &mut Seen<'r>,
        decided: &mut Decided,
    ) -> Result<(Reply, Effect), getrandom::Error> {
        let Found {
            report, facts, why, ..
        } = row;
        let options = self.incoming.options;
        let failed = |reply| Ok((reply, Effect::Failed));
        if let Some(code) = refusal(report, self.incoming.path_network_id.as_deref(), facts) {
            return failed(refuse(&Problem::whole(code)));
        }
        let shown = why.as_ref().filter(|_| options.explain);
        let Some(call) = row.call else {
            return failed(refuse_call(Code::CallNotFound, shown.cloned()));
        };
        let ambiguous = why.as_ref().filter(|why| why.is_ambiguous());
        if let (true, Some(why)) = (options.unambiguous, ambiguous) {
            return failed(refuse_call(Code::CallAmbiguous, Some(why.clone())));
        }
        let extras = Extras {
            dry_run: options.validate_only.then_some(row.warnings),
            explanation: shown,
        };
        let name_key = report.identity.name_key();
        let name = facts.display.as_deref();
        if options.validate_only {
            let current = facts.current.as_ref();
            let fields = current.map(Record::fields);
            let decision = merge::decide(fields.as_ref(), &report.patch, self.now);
            let effect = effect(&decision);
            let recorded = preview(report, self.now, current, call, name, decision);
            return Ok((recorded.reply(effect == Effect::Created, extras), effect));
        }
        let name = name.or_else(|| seen.names.get(&name_key).copied());
        let identity = (
            call.transaction_id,
            name_key.clone(),
            report.identity.partner_unique_id.clone().into_owned(),
        );
        let before = seen
            .records
            .get(&identity)
            .and_then(|at| decided.records.get(*at));
        let fields = match before {
            Some(record) => Some(record.fields.clone()),
            None => facts.current.as_ref().map(Record::fields),
        };
        let decision = merge::decide(fields.as_ref(), &report.patch, self.now);
        let effect = effect(&decision);
        let is_new = effect == Effect::Created;
        let fields = match decision {
            Decision::Create(fields) | Decision::Correct(fields) => fields,
            Decision::Unchanged => {
                let reply = match (before, &facts.current) {
                    (Some(record), _) => recorded(
                        report,
                        Some(record.transaction_id),
                        record.corrects,
                        record.fields.clone(),
                        call,
                        name,
                    ),
                    (None, Some(current)) => stored(report, current, call, name),
                    (None, None) => preview(report, self.now, None, call, name, decision),
                };
                return Ok((reply.reply(false, extras), effect));
            }
        };
        let (corrects, revision) = match (before, &facts.current) {
            (Some(record), _) => (Some(record.transaction_id), record.revision),
            (None, Some(current)) => (current.id(), current.revision),
            (None, None) => (None, 0),
        };
        let transaction_id = new_id()?;
        let reply = recorded(
            report,
            Some(transaction_id),
            corrects,
            fields.clone(),
            call,
            name,
        );
        let new_name = name.is_none().then(|| {
            seen.names.insert(name_key.clone(), &report.identity.name);
            report.identity.name.clone().into_owned()
        });
        decided.records.push(NewRecord {
            call_id: facts.call_id.unwrap_or_default(),
            call: call.transaction_id,
            transaction_id,
            corrects,
            new_name,
            name_key,
            partner_unique_id: identity.2.clone(),
            revision: revision.saturating_add(1),
            fields,
        });
        seen.records
            .insert(identity, decided.records.len().saturating_sub(1));
        Ok((reply.reply(is_new, extras), effect))
    }
}

/// A valid row with what the database says of it.
struct Found<'r> {
    report: &'r Report<'r>,
    warnings: &'r [Problem],
    facts: &'r Facts,
    call: Option<Call>,
    why: Option<Explanation>,
}

/// What the rows before have stored: the place of each outcome's current record among the new ones, and new names.
#[derive(Default)]
struct Seen<'r> {
    records: HashMap<(TransactionId, String, String), usize>,
    names: HashMap<String, &'r str>,
}

const fn effect(decision: &Decision) -> Effect {
    match decision {
        Decision::Create(_) => Effect::Created,
        Decision::Correct(_) => Effect::Corrected,
        Decision::Unchanged => Effect::Unchanged,
    }
}
