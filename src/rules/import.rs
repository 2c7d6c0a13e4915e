//! What importing calls does to the calls and the directory that are stored.
//!
//! Idempotent by either id: the same call again changes nothing, what was missing is filled in, and what differs
//! fails its row. Rows of one request see the rows before them.
//!
//! Not here: the database, and where new ids come from.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::input::calls::{CallReport, CallRow};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem, pointer_to};

/// A call as it is stored, its fields in the order in which the database selects them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct StoredCall {
    /// Its id.
    pub transaction_id: String,
    /// The sender's own id.
    pub external_id: Option<String>,
    /// When it started, in Unix milliseconds.
    pub start_ms: i64,
    /// How long it was, in seconds.
    pub duration: Option<u32>,
    /// Who called, in E.164.
    pub calling_phone: Option<String>,
    /// Whom they called, in E.164.
    pub destination_phone: Option<String>,
    /// The advertiser.
    pub advertiser_id: Option<String>,
    /// The campaign.
    pub campaign_id: Option<String>,
}

/// What is stored of all that a request names.
#[derive(Clone, Debug, Default)]
pub struct ImportContext {
    /// The advertiser of an advertiser token.
    pub token_advertiser: Option<String>,
    /// The calls with an id of the request that the token sees; one may come several times.
    pub calls: Vec<StoredCall>,
    /// Those of them that are archived, but for those in `calls`.
    pub archived: Vec<StoredCall>,
    /// Those transaction ids of the request that are an outcome's, or a call's that the token does not see.
    pub taken_ids: HashSet<String>,
    /// Those external ids of the request that are a call's that the token does not see.
    pub taken_external_ids: HashSet<String>,
    /// The advertisers that the request names and the directory has.
    pub advertisers: HashSet<String>,
    /// The campaigns likewise, with their advertiser where it is known.
    pub campaigns: HashMap<String, Option<String>>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportEffect {
    /// A new call: its place in [`Plan::calls`].
    Created(usize),
    /// Something missing was filled in.
    Updated(usize),
    /// All of it was stored already.
    Unchanged(usize),
    /// Nothing was stored of it.
    Failed(Vec<Problem>),
}

/// What there is to store, and what to answer.
#[derive(Debug, Default)]
pub struct Plan {
    /// Every call that a row names, as it is after the request.
    pub calls: Vec<StoredCall>,
    /// The index in `calls` of those that got an id of ours.
    pub given_ids: Vec<usize>,
    /// What became of each row.
    pub rows: Vec<ImportEffect>,
    /// The index in `calls` of those to insert.
    pub created: Vec<usize>,
    /// The index in `calls` of those to fill in.
    pub updated: Vec<usize>,
    /// The advertisers that enter the directory.
    pub new_advertisers: Vec<String>,
    /// The campaigns that enter the directory, or whose advertiser becomes known.
    pub new_campaigns: Vec<(String, Option<String>)>,
    /// `directory.new`, for each of them.
    pub warnings: Vec<Problem>,
}

/// Plans the import of `rows`; `pointer` names the row of an index, and `new_id` makes an id for a call without.
pub fn plan(
    mut known: ImportContext,
    rows: Vec<CallRow<'_>>,
    pointer: impl Fn(usize) -> String,
    mut new_id: impl FnMut() -> TransactionId,
) -> Plan {
    let mut plan = Plan {
        calls: std::mem::take(&mut known.calls),
        ..Plan::default()
    };
    let mut index = CallIndex::default();
    for (place, call) in plan.calls.iter().enumerate() {
        index.add(call, place);
    }
    for call in std::mem::take(&mut known.archived) {
        // Where it is in the database, too, it counts as it is there.
        if !index.by_id.contains_key(&call.transaction_id) {
            let place = plan.calls.len();
            index.add(&call, place);
            plan.calls.push(call);
        }
    }
    for (number, row) in rows.into_iter().enumerate() {
        let done = match row {
            Ok(call) => import_row(
                &mut plan,
                &mut known,
                &mut index,
                &call,
                &pointer(number),
                &mut new_id,
            )
            .unwrap_or_else(|problem| ImportEffect::Failed(vec![problem])),
            Err(problems) => ImportEffect::Failed(problems),
        };
        plan.rows.push(done);
    }
    plan
}

/// Where in [`Plan::calls`] an id stands.
#[derive(Default)]
struct CallIndex {
    by_id: HashMap<String, usize>,
    by_external_id: HashMap<String, usize>,
}

impl CallIndex {
    fn add(&mut self, call: &StoredCall, place: usize) {
        self.by_id.insert(call.transaction_id.clone(), place);
        if let Some(id) = &call.external_id {
            self.by_external_id.insert(id.clone(), place);
        }
    }
}

fn import_row(
    plan: &mut Plan,
    known: &mut ImportContext,
    index: &mut CallIndex,
    call: &CallReport<'_>,
    parent: &str,
    new_id: &mut impl FnMut() -> TransactionId,
) -> Result<ImportEffect, Problem> {
    let problem = |code: Code, key: &'static str| {
        let mut problem = Problem::whole(code).with_name(key);
        problem.pointer = pointer_to(parent, key);
        problem
    };
    let Owner {
        advertiser_id,
        campaign_id,
        is_conflict,
    } = owner(known, call, &problem)?;
    // Last, as it tells an advertiser's token that another has the campaign.
    let campaign = || {
        let conflict = problem(
            Code::CampaignConflict,
            "advertiser_campaign_id_from_network",
        );
        if is_conflict { Err(conflict) } else { Ok(()) }
    };
    let id = call.transaction_id.as_ref().map(TransactionId::as_str);
    let external_id = call.external_id.as_deref();
    let sent = StoredCall {
        transaction_id: id.map(str::to_owned).unwrap_or_default(),
        external_id: external_id.map(str::to_owned),
        start_ms: call.start.millis(),
        duration: call.duration,
        calling_phone: call.calling_phone.map(|phone| phone.to_string()),
        destination_phone: call.destination_phone.map(|phone| phone.to_string()),
        advertiser_id,
        campaign_id,
    };
    let by_id = id.and_then(|id| index.by_id.get(id)).copied();
    let by_external_id = external_id
        .and_then(|id| index.by_external_id.get(id))
        .copied();
    // That an id is taken by what the token does not see may only show where it would be stored a second time.
    let is_taken = external_id.is_some_and(|id| known.taken_external_ids.contains(id));
    let place = by_id.or(by_external_id);
    let done = if let Some((place, stored)) =
        place.and_then(|place| Some((place, plan.calls.get_mut(place)?)))
    {
        let filled = fill(stored, &sent).map_err(|key| problem(Code::CallConflict, key))?;
        if is_taken || by_external_id.is_some_and(|other| other != place) {
            return Err(problem(Code::CallConflict, "external_call_unique_id"));
        }
        campaign()?;
        if filled == *stored {
            ImportEffect::Unchanged(place)
        } else {
            *stored = filled;
            index.add(stored, place);
            // A call of this very request is inserted as it is at the end.
            if !plan.created.contains(&place) && !plan.updated.contains(&place) {
                plan.updated.push(place);
            }
            ImportEffect::Updated(place)
        }
    } else {
        if id.is_some_and(|id| known.taken_ids.contains(id)) {
            return Err(problem(Code::CallConflict, "transaction_id"));
        }
        if is_taken {
            return Err(problem(Code::CallConflict, "external_call_unique_id"));
        }
        campaign()?;
        let place = plan.calls.len();
        let created = StoredCall {
            transaction_id: id.map_or_else(|| new_id().to_string(), str::to_owned),
            ..sent.clone()
        };
        index.add(&created, place);
        plan.calls.push(created);
        plan.created.push(place);
        if id.is_none() {
            plan.given_ids.push(place);
        }
        ImportEffect::Created(place)
    };
    add_to_directory(plan, known, &sent, &problem);
    Ok(done)
}

/// The advertiser and campaign of a row.
struct Owner {
    advertiser_id: Option<String>,
    campaign_id: Option<String>,
    /// Whether the campaign belongs to another advertiser.
    is_conflict: bool,
}

/// The advertiser and campaign of a row: a known campaign brings its advertiser, a token its own.
fn owner(
    known: &ImportContext,
    call: &CallReport<'_>,
    problem: &impl Fn(Code, &'static str) -> Problem,
) -> Result<Owner, Problem> {
    let sent = call.advertiser_id.as_deref();
    let own = known.token_advertiser.as_deref();
    if own.is_some() && sent.is_some() && sent != own {
        return Err(problem(
            Code::AdvertiserForbidden,
            "advertiser_id_from_network",
        ));
    }
    let campaign = call.campaign_id.as_deref();
    let of_campaign = campaign
        .and_then(|id| known.campaigns.get(id))
        .and_then(Option::as_deref);
    let advertiser = sent.or(own).or(of_campaign);
    Ok(Owner {
        advertiser_id: advertiser.map(str::to_owned),
        campaign_id: campaign.map(str::to_owned),
        is_conflict: of_campaign.is_some() && of_campaign != advertiser,
    })
}

/// The stored call with what was missing filled in, or the parameter that differs.
fn fill(stored: &StoredCall, sent: &StoredCall) -> Result<StoredCall, &'static str> {
    fn one<T: Clone + PartialEq>(
        stored: Option<&T>,
        sent: Option<&T>,
        key: &'static str,
    ) -> Result<Option<T>, &'static str> {
        match (stored, sent) {
            (Some(stored), Some(sent)) if stored != sent => Err(key),
            _ => Ok(stored.or(sent).cloned()),
        }
    }
    if !sent.transaction_id.is_empty() && sent.transaction_id != stored.transaction_id {
        return Err("transaction_id");
    }
    if sent.start_ms != stored.start_ms {
        return Err("start_time_t");
    }
    Ok(StoredCall {
        transaction_id: stored.transaction_id.clone(),
        start_ms: stored.start_ms,
        external_id: one(
            stored.external_id.as_ref(),
            sent.external_id.as_ref(),
            "external_call_unique_id",
        )?,
        duration: one(
            stored.duration.as_ref(),
            sent.duration.as_ref(),
            "duration_in_seconds",
        )?,
        calling_phone: one(
            stored.calling_phone.as_ref(),
            sent.calling_phone.as_ref(),
            "calling_phone_number",
        )?,
        destination_phone: one(
            stored.destination_phone.as_ref(),
            sent.destination_phone.as_ref(),
            "destination_phone_number",
        )?,
        advertiser_id: one(
            stored.advertiser_id.as_ref(),
            sent.advertiser_id.as_ref(),
            "advertiser_id_from_network",
        )?,
        campaign_id: one(
            stored.campaign_id.as_ref(),
            sent.campaign_id.as_ref(),
            "advertiser_campaign_id_from_network",
        )?,
    })
}

/// Enters what the directory does not have yet, with a warning each: a typing error would otherwise pass unseen.
fn add_to_directory(
    plan: &mut Plan,
    known: &mut ImportContext,
    sent: &StoredCall,
    problem: &impl Fn(Code, &'static str) -> Problem,
) {
    if let Some(id) = &sent.advertiser_id
        && known.advertisers.insert(id.clone())
    {
        plan.new_advertisers.push(id.clone());
        plan.warnings
            .push(problem(Code::DirectoryNew, "advertiser_id_from_network"));
    }
    let Some(id) = &sent.campaign_id else {
        return;
    };
    let listed = known.campaigns.get(id).cloned();
    // To an advertiser's token, a campaign of nobody is as new as one that is not there.
    let is_seen = |owner: &Option<String>| owner.is_some() || known.token_advertiser.is_none();
    if !listed.as_ref().is_some_and(is_seen) {
        plan.warnings.push(problem(
            Code::DirectoryNew,
            "advertiser_campaign_id_from_network",
        ));
    }
    let owner = listed.clone().flatten();
    // An advertiser's token may not take a campaign that the network has listed without an owner.
    let may_own = known.token_advertiser.is_none() && sent.advertiser_id.is_some();
    if listed.is_none() || (owner.is_none() && may_own) {
        let owner = owner.or_else(|| sent.advertiser_id.clone());
        known.campaigns.insert(id.clone(), owner.clone());
        plan.new_campaigns.push((id.clone(), owner));
    }
}
