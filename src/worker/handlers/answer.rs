//! From what the database returned for a report to its answer: what single reports and batches share.

use crate::input::report::{Report, Search};
use crate::model::outcome::Fields;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::{ErrorAnswer, OutcomeRecord, Reply, refuse, refuse_call};
use crate::rules::confidence::MatchSettings;
use crate::rules::explanation::Explanation;
use crate::rules::merge::Decision;
use crate::worker::query_options::QueryOptions;
use crate::worker::store::{Call, Facts, MatchTrace, OUTCOMES_WRITE, Record};

/// The answer to a report.
pub type Answer = Result<Reply, ErrorAnswer>;

/// Explains why the call was found or not; `None` if the client did not ask for it.
pub fn explain(
    report: &Report<'_>,
    options: QueryOptions,
    settings: &MatchSettings,
    facts: Option<&Facts>,
    trace: Option<&MatchTrace>,
) -> Option<Explanation> {
    match (&report.search, trace) {
        (Search::ById(_), _) if options.explain => {
            let call = facts.and_then(Facts::call);
            Some(call.map_or(Explanation::NONE_BY_ID, |_| Explanation::BY_ID))
        }
        (Search::ByTime(search), Some(trace)) => Some(trace.explain(search, settings)),
        _ => None,
    }
}

/// Refuses an unauthorized report, in the order of the contract: permission, advertiser, campaign, network.
pub fn authorize(
    report: &Report<'_>,
    path_network_id: Option<&str>,
    facts: &Facts,
) -> Result<(), ErrorAnswer> {
    let forbidden = |code| Err(refuse(&Problem::whole(code)));
    if !facts.permits(OUTCOMES_WRITE) {
        return forbidden(Code::PermissionMissing);
    }
    let Search::ByTime(search) = &report.search else {
        return Ok(());
    };
    if search.advertiser_id.is_some()
        && (facts.advertiser_id.is_some() || facts.advertiser_known.is_none())
    {
        return forbidden(Code::AdvertiserForbidden);
    }
    if search.campaign_id.is_some() && facts.campaign_visible == 0 {
        return forbidden(Code::CampaignForbidden);
    }
    let is_own = |network: Option<&str>| network.is_none_or(|network| network == facts.network_id);
    if !is_own(search.network_id.as_deref()) || !is_own(path_network_id) {
        return forbidden(Code::NetworkForbidden);
    }
    Ok(())
}

/// Refuses an ambiguous match if the client asked for that.
pub fn refuse_ambiguous(
    options: QueryOptions,
    explanation: Option<&Explanation>,
) -> Result<(), ErrorAnswer> {
    match explanation {
        Some(explanation) if options.unambiguous && explanation.is_ambiguous() => {
            Err(refuse_call(Code::CallAmbiguous, Some(explanation.clone())))
        }
        _ => Ok(()),
    }
}

/// Returns a stored record as answers show it. `name` is the outcome name in the casing of its first report.
pub fn stored(
    report: &Report<'_>,
    record: &Record,
    call: Call,
    name: Option<&str>,
) -> OutcomeRecord {
    let fields = record.fields();
    recorded(report, record.id(), record.corrects(), fields, call, name)
}

/// Returns what a decision at `now` (Unix seconds) would store.
pub fn preview(
    report: &Report<'_>,
    now: i64,
    current: Option<&Record>,
    call: Call,
    name: Option<&str>,
    decision: Decision,
) -> OutcomeRecord {
    match (decision, current) {
        (Decision::Unchanged, Some(current)) => stored(report, current, call, name),
        (Decision::Create(fields) | Decision::Correct(fields), current) => {
            let corrects = current.and_then(Record::id);
            recorded(report, None, corrects, fields, call, name)
        }
        // The merge never decides this.
        (Decision::Unchanged, None) => {
            recorded(report, None, None, report.patch.create(now), call, name)
        }
    }
}

/// Returns a record of a report's outcome. `name` is the outcome name in the casing of its first report, if there was
/// one.
pub fn recorded(
    report: &Report<'_>,
    id: Option<TransactionId>,
    corrects: Option<TransactionId>,
    fields: Fields,
    call: Call,
    name: Option<&str>,
) -> OutcomeRecord {
    let identity = &report.identity;
    OutcomeRecord {
        transaction_id: id,
        corrects,
        outcome_name: name.unwrap_or(&identity.name).to_owned(),
        partner_unique_id: identity.partner_unique_id.clone().into_owned(),
        fields,
        call_transaction_id: call.transaction_id,
        call_start: call.start,
    }
}
