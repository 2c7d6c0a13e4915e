//! From what the database says of a report to what is answered: what single reports and batches share.
//!
//! Not here: context the database, and what is stored.

use crate::input::report::{Report, Search};
use crate::model::outcome::Fields;
use crate::model::transaction_id::TransactionId;
use crate::problem::Code;
use crate::response::Recorded;
use crate::rules::explanation::Explanation;
use crate::rules::merge::Decision;
use crate::worker::config::QueryOptions;
use crate::worker::store::{Call, Facts, MatchTrace, OUTCOMES_WRITE, Record};

/// Why the call was found or not; `None` where the client did not ask.
pub fn explanation(
    report: &Report<'_>,
    options: QueryOptions,
    ambiguity: i64,
    facts: Option<&Facts>,
    why: Option<&MatchTrace>,
) -> Option<Explanation> {
    match (&report.search, why) {
        (Search::ById(_), _) if options.explain => {
            let found = facts.and_then(Facts::call);
            Some(found.map_or(Explanation::NONE_BY_ID, |_| Explanation::BY_ID))
        }
        (Search::ByTime(search), Some(why)) => Some(why.explain(search, ambiguity)),
        _ => None,
    }
}

/// Why the token may not make this report, in the order of the contract: permission, advertiser, campaign, network.
pub fn refusal(report: &Report<'_>, path_network_id: Option<&str>, facts: &Facts) -> Option<Code> {
    if !facts.permits(OUTCOMES_WRITE) {
        return Some(Code::PermissionMissing);
    }
    let Search::ByTime(search) = &report.search else {
        return None;
    };
    if search.advertiser_id.is_some()
        && (facts.advertiser_id.is_some() || facts.advertiser_known.is_none())
    {
        return Some(Code::AdvertiserForbidden);
    }
    if search.campaign_id.is_some() && facts.campaign_visible == 0 {
        return Some(Code::CampaignForbidden);
    }
    let is_own = |network: Option<&str>| network.is_none_or(|network| network == facts.network_id);
    if !is_own(search.network_id.as_deref()) || !is_own(path_network_id) {
        return Some(Code::NetworkForbidden);
    }
    None
}

/// A stored record as it is answered.
pub fn stored(report: &Report<'_>, record: &Record, call: Call, name: Option<&str>) -> Recorded {
    let fields = record.fields();
    recorded(report, record.id(), record.corrects(), fields, call, name)
}

/// What a decision at `now` (Unix seconds) would store.
pub fn preview(
    report: &Report<'_>,
    now: i64,
    current: Option<&Record>,
    call: Call,
    name: Option<&str>,
    decision: Decision,
) -> Recorded {
    match (decision, current) {
        (Decision::Unchanged, Some(current)) => stored(report, current, call, name),
        (Decision::Create(fields) | Decision::Correct(fields), current) => {
            let corrects = current.and_then(Record::id);
            recorded(report, None, corrects, fields, call, name)
        }
        // The ledger never says so.
        (Decision::Unchanged, None) => {
            recorded(report, None, None, report.patch.create(now), call, name)
        }
    }
}

/// A record with the name in the casing of its first report, `name`, if there was one.
pub fn recorded(
    report: &Report<'_>,
    id: Option<TransactionId>,
    corrects: Option<TransactionId>,
    fields: Fields,
    call: Call,
    name: Option<&str>,
) -> Recorded {
    let identity = &report.identity;
    Recorded {
        transaction_id: id,
        corrects,
        outcome_name: name.unwrap_or(&identity.name).to_owned(),
        partner_unique_id: identity.partner_unique_id.clone().into_owned(),
        fields,
        call_transaction_id: call.transaction_id,
        call_start: call.start,
    }
}
