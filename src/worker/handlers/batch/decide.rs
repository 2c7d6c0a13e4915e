//! Deciding what the rows of a chunk do, one after the other.

use std::collections::{BTreeMap, HashMap};

use super::{ArchiveMatches, Batch, RowResult, answered};
use crate::input::batch::BatchRow;
use crate::input::report::{Report, Search};
use crate::model::outcome::Fields;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::lists::{Effect, RowAnswer};
use crate::response::{ErrorAnswer, Extras, OutcomeRecord, Reply, refuse_call, refuse_row};
use crate::rules::explanation::Explanation;
use crate::rules::merge::{self, Decision};
use crate::worker::context::new_id;
use crate::worker::handlers::answer::{
    authorize, explain, preview, recorded, refuse_ambiguous, stored,
};
use crate::worker::handlers::archived::ArchiveMatch;
use crate::worker::store::batch::{Known, NewRecord};
use crate::worker::store::{Call, Facts, Failure, MatchTrace, Record};

/// What a chunk leads to.
pub struct Decided {
    /// The answer to each row.
    pub answers: Vec<RowAnswer>,
    /// The records to append.
    pub records: Vec<NewRecord>,
}

impl Decided {
    /// Returns the id of the first record, which tells whether all of them were stored.
    pub fn first_id(&self) -> Option<TransactionId> {
        self.records.first().map(|record| record.transaction_id)
    }
}

/// A valid row with what is known of it.
struct KnownRow<'x, 'r> {
    report: &'x Report<'r>,
    warnings: &'x [Problem],
    facts: &'x Facts,
    /// The call, in the database or in the archive.
    call: Option<Call>,
    /// Why it is the one, if that is needed.
    explanation: Option<Explanation>,
}

/// Identifies an outcome.
#[derive(PartialEq, Eq, Hash)]
struct OutcomeKey {
    call: TransactionId,
    name_key: String,
    partner_unique_id: String,
}

/// What the earlier rows of the chunk append.
#[derive(Default)]
struct EarlierRows<'x> {
    records: Vec<NewRecord>,
    /// The place of each outcome's current record in `records`.
    current: HashMap<OutcomeKey, usize>,
    /// The new names by their keys.
    names: BTreeMap<String, &'x str>,
}

impl EarlierRows<'_> {
    /// Returns the current record of an outcome.
    fn current<'s>(&'s self, key: &OutcomeKey, facts: &'s Facts) -> Current<'s> {
        let place = self.current.get(key);
        match (
            place.and_then(|place| self.records.get(*place)),
            &facts.current,
        ) {
            (Some(record), _) => Current::Appended(record),
            (None, Some(record)) => Current::Stored(record),
            (None, None) => Current::None,
        }
    }

    fn append(&mut self, record: NewRecord) {
        let key = OutcomeKey {
            call: record.call,
            name_key: record.name_key.clone(),
            partner_unique_id: record.partner_unique_id.clone(),
        };
        self.current.insert(key, self.records.len());
        self.records.push(record);
    }
}

/// The current record of an outcome, as a row sees it.
enum Current<'x> {
    /// One that an earlier row appends.
    Appended(&'x NewRecord),
    /// One in the database.
    Stored(&'x Record),
    None,
}

impl Current<'_> {
    fn fields(&self) -> Option<Fields> {
        match self {
            Self::Appended(record) => Some(record.fields.clone()),
            Self::Stored(record) => Some(record.fields()),
            Self::None => None,
        }
    }

    /// The id, and the revision, of which 0 is none.
    fn id_and_revision(&self) -> (Option<TransactionId>, u32) {
        match self {
            Self::Appended(record) => (Some(record.transaction_id), record.revision),
            Self::Stored(record) => (record.id(), record.revision),
            Self::None => (None, 0),
        }
    }
}

impl Batch<'_> {
    /// Decides row by row. In a dry run rows don't see each other, and archived calls count as if they were in the
    /// database.
    pub(super) fn decide(
        &self,
        rows: &[BatchRow<'_>],
        known: &Known,
        archived: &ArchiveMatches<'_>,
    ) -> Result<Decided, Failure> {
        let mut answers = Vec::with_capacity(rows.len());
        let mut earlier = EarlierRows::default();
        for (place, row) in rows.iter().enumerate() {
            let result = match &row.report {
                Err(invalid) => Err(refuse_row(invalid)),
                Ok(report) => match known.facts.get(&place) {
                    Some(facts) => {
                        let (trace, archived) = (known.whys.get(&place), archived.get(&place));
                        let row = self.know_row(report, &row.warnings, facts, trace, archived);
                        self.decide_row(&row, &mut earlier)?
                    }
                    None => Err(self.fail("a row without facts")),
                },
            };
            answers.push(answered(row, result));
        }
        Ok(Decided {
            answers,
            records: earlier.records,
        })
    }

    /// Collects what is known of a valid row.
    fn know_row<'x, 'r>(
        &self,
        report: &'x Report<'r>,
        warnings: &'x [Problem],
        facts: &'x Facts,
        trace: Option<&MatchTrace>,
        archived: Option<&'x ArchiveMatch<'r>>,
    ) -> KnownRow<'x, 'r> {
        let options = self.context.options;
        // Otherwise the call is back in the database.
        let copy = archived
            .filter(|found| options.validate_only || found.is_refused(options))
            .and_then(|found| found.copy.as_ref());
        let call = facts.call().or_else(|| copy.and_then(Call::from_archive));
        let explanation = archived.and_then(|found| found.explanation.clone());
        let explanation = explanation.or_else(|| match &report.search {
            Search::ById(_) if call.is_some() => options.explain.then_some(Explanation::BY_ID),
            _ => explain(
                report,
                options,
                self.context.config.ambiguity,
                Some(facts),
                trace,
            ),
        });
        let by_id = archived.and_then(|found| found.by_id.as_ref());
        KnownRow {
            report: by_id.unwrap_or(report),
            warnings,
            facts,
            call,
            explanation,
        }
    }

    fn decide_row<'x>(
        &self,
        row: &KnownRow<'x, '_>,
        earlier: &mut EarlierRows<'x>,
    ) -> Result<RowResult, Failure> {
        match self.find_call(row) {
            Err(refused) => Ok(Err(refused)),
            Ok(call) if self.context.options.validate_only => Ok(Ok(self.preview_row(row, call))),
            Ok(call) => Ok(Ok(self.apply_row(row, call, earlier)?)),
        }
    }

    /// Returns the call of a row, or why the row is refused.
    fn find_call(&self, row: &KnownRow<'_, '_>) -> Result<Call, ErrorAnswer> {
        let context = self.context;
        authorize(row.report, context.path_network_id.as_deref(), row.facts)?;
        let shown = || self.shown(row).cloned();
        let call = row.call;
        let call = call.ok_or_else(|| refuse_call(Code::CallNotFound, shown()))?;
        refuse_ambiguous(context.options, row.explanation.as_ref())?;
        Ok(call)
    }

    /// Returns what a row would do.
    fn preview_row(&self, row: &KnownRow<'_, '_>, call: Call) -> (Reply, Effect) {
        let KnownRow { report, facts, .. } = row;
        let current = facts.current.as_ref();
        let fields = current.map(Record::fields);
        let decision = merge::decide(fields.as_ref(), &report.patch, self.now);
        let effect = effect(&decision);
        let name = facts.display.as_deref();
        let record = preview(report, self.now, current, call, name, decision);
        let reply = record.reply(effect == Effect::Created, self.extras(row));
        (reply, effect)
    }

    /// Applies a row after the earlier ones.
    fn apply_row<'x>(
        &self,
        row: &KnownRow<'x, '_>,
        call: Call,
        earlier: &mut EarlierRows<'x>,
    ) -> Result<(Reply, Effect), Failure> {
        let KnownRow { report, facts, .. } = row;
        let identity = &report.identity;
        let key = OutcomeKey {
            call: call.transaction_id,
            name_key: identity.name_key(),
            partner_unique_id: identity.partner_unique_id.clone().into_owned(),
        };
        let earlier_name = earlier.names.get(&key.name_key).copied();
        let name = facts.display.as_deref().or(earlier_name);
        let current = earlier.current(&key, facts);
        let decision = merge::decide(current.fields().as_ref(), &report.patch, self.now);
        let effect = effect(&decision);
        let (Decision::Create(fields) | Decision::Correct(fields)) = decision else {
            let record = self.unchanged(report, &current, call, name);
            return Ok((record.reply(false, self.extras(row)), effect));
        };
        let (corrects, revision) = current.id_and_revision();
        let new = NewRecord {
            call_id: facts.call_id.unwrap_or_default(),
            call: key.call,
            transaction_id: new_id()?,
            corrects,
            new_name: name.is_none().then(|| identity.name.clone().into_owned()),
            name_key: key.name_key,
            partner_unique_id: key.partner_unique_id,
            revision: revision.saturating_add(1),
            fields,
        };
        let (id, fields) = (Some(new.transaction_id), new.fields.clone());
        let record = recorded(report, id, corrects, fields, call, name);
        let reply = record.reply(effect == Effect::Created, self.extras(row));
        if name.is_none() {
            earlier.names.insert(new.name_key.clone(), &identity.name);
        }
        earlier.append(new);
        Ok((reply, effect))
    }

    /// Returns the current record, which a row doesn't change.
    fn unchanged(
        &self,
        report: &Report<'_>,
        current: &Current<'_>,
        call: Call,
        name: Option<&str>,
    ) -> OutcomeRecord {
        match current {
            Current::Appended(record) => {
                let (id, fields) = (record.transaction_id, record.fields.clone());
                recorded(report, Some(id), record.corrects, fields, call, name)
            }
            Current::Stored(record) => stored(report, record, call, name),
            Current::None => preview(report, self.now, None, call, name, Decision::Unchanged),
        }
    }

    fn extras<'x>(&self, row: &'x KnownRow<'_, '_>) -> Extras<'x> {
        let is_dry_run = self.context.options.validate_only;
        Extras {
            dry_run: is_dry_run.then_some(row.warnings),
            explanation: self.shown(row),
        }
    }

    /// Returns the explanation if the client asked to see it.
    fn shown<'x>(&self, row: &'x KnownRow<'_, '_>) -> Option<&'x Explanation> {
        let options = self.context.options;
        row.explanation.as_ref().filter(|_| options.explain)
    }
}

const fn effect(decision: &Decision) -> Effect {
    match decision {
        Decision::Create(_) => Effect::Created,
        Decision::Correct(_) => Effect::Corrected,
        Decision::Unchanged => Effect::Unchanged,
    }
}
