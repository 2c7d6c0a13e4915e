//! Plans an import of calls: what it changes in the calls and the directory that are stored.
//!
//! An import is idempotent by either id. A call that is sent again changes nothing; values that were missing are filled
//! in; a value that differs fails its row. A row sees the changes of the rows before it.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::input::calls::{CallReport, CallRow};
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem, pointer_to};

/// A stored call. The fields are in the order in which the statements select them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct StoredCall {
    /// Its id.
    pub transaction_id: String,
    /// The sender's id.
    pub external_id: Option<String>,
    /// When it started, in Unix milliseconds.
    pub start_ms: i64,
    /// The duration in seconds.
    pub duration: Option<u32>,
    /// The caller's number, in E.164.
    pub calling_phone: Option<String>,
    /// The number that was called, in E.164.
    pub destination_phone: Option<String>,
    /// The advertiser.
    pub advertiser_id: Option<String>,
    /// The campaign.
    pub campaign_id: Option<String>,
}

/// The stored data that an import depends on.
#[derive(Clone, Debug, Default)]
pub struct ImportContext {
    /// The advertiser of an advertiser token.
    pub token_advertiser: Option<String>,
    /// The calls with an id of the request that the token sees. A call may be repeated.
    pub calls: Vec<StoredCall>,
    /// The archived calls among them that are not in `calls`.
    pub archived: Vec<StoredCall>,
    /// The transaction ids of the request that belong to an outcome, or to a call that the token doesn't see.
    pub taken_ids: HashSet<String>,
    /// The external ids of the request that belong to a call that the token doesn't see.
    pub taken_external_ids: HashSet<String>,
    /// The advertisers that the request names and the directory has.
    pub advertisers: HashSet<String>,
    /// The campaigns that the request names and the directory has, with their advertiser if it is known.
    pub campaigns: HashMap<String, Option<String>>,
}

/// The effect of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportEffect {
    /// The call is new. The index points into [`Plan::calls`], as those below do.
    Created(usize),
    /// Values that were missing were filled in.
    Updated(usize),
    /// Everything was stored already.
    Unchanged(usize),
    /// Nothing was stored, because of these problems.
    Failed(Vec<Problem>),
}

/// The changes to store, and the effect of each row.
#[derive(Debug, Default)]
pub struct Plan {
    /// Every call that a row names, in its state after the import.
    pub calls: Vec<StoredCall>,
    /// Indexes into `calls` of the calls that got a new id.
    pub given_ids: Vec<usize>,
    /// The effect of each row.
    pub rows: Vec<ImportEffect>,
    /// Indexes into `calls` of the calls to insert.
    pub created: Vec<usize>,
    /// Indexes into `calls` of the calls to update.
    pub updated: Vec<usize>,
    /// The advertisers that enter the directory.
    pub new_advertisers: Vec<String>,
    /// The campaigns that enter the directory, or whose advertiser becomes known.
    pub new_campaigns: Vec<(String, Option<String>)>,
    /// A `directory.new` warning for each of these.
    pub warnings: Vec<Problem>,
}

/// Plans the import of `rows`. `pointer` returns the JSON pointer of the row with an index, and `new_id` makes the id of
/// a call that was sent without one.
///
/// ```
/// use call_outcomes::input::calls::read;
/// use call_outcomes::input::report::Rules;
/// use call_outcomes::model::transaction_id::TransactionId;
/// use call_outcomes::problem::Code;
/// use call_outcomes::rules::import::{ImportContext, ImportEffect, plan};
///
/// let body = r#"{"calls": [
///     {"external_call_unique_id": "crm-1", "start_time_t": "1450000000"},
///     {"external_call_unique_id": "crm-1", "start_time_t": "1450000000"},
///     {"external_call_unique_id": "crm-1", "start_time_t": "1450000000", "duration_in_seconds": 62},
///     {"external_call_unique_id": "crm-1", "start_time_t": "1450000001"}
/// ]}"#;
/// let rows = read(body, Rules::default()).expect("a JSON object").rows.expect("a list of calls");
/// let pointer = |index| format!("/calls/{index}");
/// let plan = plan(ImportContext::default(), rows, pointer, || TransactionId::from_bits(1));
///
/// assert_eq!(plan.calls[0].transaction_id, "00000000-00000001");
/// let [created, unchanged, updated, failed] = &plan.rows[..] else { panic!() };
/// assert_eq!(created, &ImportEffect::Created(0));
/// assert_eq!(unchanged, &ImportEffect::Unchanged(0));
/// assert_eq!(updated, &ImportEffect::Updated(0));
/// let ImportEffect::Failed(problems) = failed else { panic!() };
/// assert_eq!(problems[0].code, Code::CallConflict);
/// assert_eq!(problems[0].pointer, "/calls/3/start_time_t");
/// ```
pub fn plan(
    context: ImportContext,
    rows: Vec<CallRow<'_>>,
    pointer: impl Fn(usize) -> String,
    new_id: impl FnMut() -> TransactionId,
) -> Plan {
    let mut planner = Planner::new(context, new_id);
    for (number, row) in rows.into_iter().enumerate() {
        let effect = match row {
            Ok(call) => planner
                .import(&call, &pointer(number))
                .unwrap_or_else(|problem| ImportEffect::Failed(vec![problem])),
            Err(problems) => ImportEffect::Failed(problems),
        };
        planner.plan.rows.push(effect);
    }
    planner.plan
}

/// Where in [`Plan::calls`] the call with an id is.
#[derive(Default)]
struct CallIndex {
    by_id: HashMap<String, usize>,
    by_external_id: HashMap<String, usize>,
}

impl CallIndex {
    fn add(&mut self, call: &StoredCall, position: usize) {
        self.by_id.insert(call.transaction_id.clone(), position);
        if let Some(id) = &call.external_id {
            self.by_external_id.insert(id.clone(), position);
        }
    }
}

/// A call as its row asks to store it. The transaction id is empty if none was sent.
struct RequestedCall<'p> {
    call: StoredCall,
    /// Whether the campaign belongs to another advertiser.
    has_foreign_campaign: bool,
    /// The pointer of the row.
    pointer: &'p str,
}

impl RequestedCall<'_> {
    fn problem(&self, code: Code, key: &'static str) -> Problem {
        problem_at(self.pointer, code, key)
    }

    fn conflict(&self, key: &'static str) -> Problem {
        self.problem(Code::CallConflict, key)
    }

    /// Refuses the campaign of another advertiser. Checked last, because it tells an advertiser's token that another
    /// advertiser has the campaign.
    fn check_campaign(&self) -> Result<(), Problem> {
        if self.has_foreign_campaign {
            return Err(self.problem(
                Code::CampaignConflict,
                "advertiser_campaign_id_from_network",
            ));
        }
        Ok(())
    }
}

fn problem_at(pointer: &str, code: Code, key: &'static str) -> Problem {
    let mut problem = Problem::whole(code).with_name(key);
    problem.pointer = pointer_to(pointer, key);
    problem
}

/// A plan, and what it is made from.
struct Planner<F> {
    plan: Plan,
    context: ImportContext,
    index: CallIndex,
    new_id: F,
}

impl<F: FnMut() -> TransactionId> Planner<F> {
    fn new(mut context: ImportContext, new_id: F) -> Self {
        let mut planner = Self {
            plan: Plan::default(),
            index: CallIndex::default(),
            new_id,
            context: ImportContext::default(),
        };
        for call in std::mem::take(&mut context.calls) {
            planner.push(call);
        }
        for call in std::mem::take(&mut context.archived) {
            // The copy in the database counts, if there is one.
            if !planner.index.by_id.contains_key(&call.transaction_id) {
                planner.push(call);
            }
        }
        planner.context = context;
        planner
    }

    /// Adds a call to the plan, and returns its position.
    fn push(&mut self, call: StoredCall) -> usize {
        let position = self.plan.calls.len();
        self.index.add(&call, position);
        self.plan.calls.push(call);
        position
    }

    fn import(&mut self, report: &CallReport<'_>, pointer: &str) -> Result<ImportEffect, Problem> {
        let requested = self.request(report, pointer)?;
        let call = &requested.call;
        let by_id = self.index.by_id.get(&call.transaction_id).copied();
        let external_id = call.external_id.as_ref();
        let by_external_id = external_id
            .and_then(|id| self.index.by_external_id.get(id))
            .copied();
        // Whether a call that the token doesn't see has the external id may only show where it would be stored twice.
        let is_taken = external_id.is_some_and(|id| self.context.taken_external_ids.contains(id))
            || by_id.is_some_and(|id| by_external_id.is_some_and(|other| other != id));
        let effect = match by_id.or(by_external_id) {
            Some(position) => self.update(position, &requested, is_taken)?,
            None => self.create(&requested, is_taken)?,
        };
        self.add_to_directory(&requested);
        Ok(effect)
    }

    /// The call with its advertiser: a known campaign implies its advertiser, and a token its own.
    fn request<'p>(
        &self,
        report: &CallReport<'_>,
        pointer: &'p str,
    ) -> Result<RequestedCall<'p>, Problem> {
        let sent = report.advertiser_id.as_deref();
        let own = self.context.token_advertiser.as_deref();
        if own.is_some() && sent.is_some() && sent != own {
            let key = "advertiser_id_from_network";
            return Err(problem_at(pointer, Code::AdvertiserForbidden, key));
        }
        let campaign = report.campaign_id.as_deref();
        let of_campaign = campaign
            .and_then(|id| self.context.campaigns.get(id))
            .and_then(Option::as_deref);
        let advertiser = sent.or(own).or(of_campaign);
        let call = StoredCall {
            transaction_id: report
                .transaction_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            external_id: report.external_id.as_deref().map(str::to_owned),
            start_ms: report.start.millis(),
            duration: report.duration,
            calling_phone: report.calling_phone.map(|phone| phone.to_string()),
            destination_phone: report.destination_phone.map(|phone| phone.to_string()),
            advertiser_id: advertiser.map(str::to_owned),
            campaign_id: campaign.map(str::to_owned),
        };
        Ok(RequestedCall {
            call,
            has_foreign_campaign: of_campaign.is_some() && of_campaign != advertiser,
            pointer,
        })
    }

    /// Fills in what the stored call lacks.
    fn update(
        &mut self,
        position: usize,
        requested: &RequestedCall<'_>,
        is_taken: bool,
    ) -> Result<ImportEffect, Problem> {
        let Some(stored) = self.plan.calls.get_mut(position) else {
            return self.create(requested, is_taken);
        };
        let filled = fill(stored, &requested.call).map_err(|key| requested.conflict(key))?;
        if is_taken {
            return Err(requested.conflict("external_call_unique_id"));
        }
        requested.check_campaign()?;
        if filled == *stored {
            return Ok(ImportEffect::Unchanged(position));
        }
        *stored = filled;
        self.index.add(stored, position);
        // A call that this request creates is inserted once, as it is at the end.
        let Plan {
            created, updated, ..
        } = &mut self.plan;
        if !created.contains(&position) && !updated.contains(&position) {
            updated.push(position);
        }
        Ok(ImportEffect::Updated(position))
    }

    fn create(
        &mut self,
        requested: &RequestedCall<'_>,
        is_taken: bool,
    ) -> Result<ImportEffect, Problem> {
        let mut call = requested.call.clone();
        if self.context.taken_ids.contains(&call.transaction_id) {
            return Err(requested.conflict("transaction_id"));
        }
        if is_taken {
            return Err(requested.conflict("external_call_unique_id"));
        }
        requested.check_campaign()?;
        let needs_id = call.transaction_id.is_empty();
        if needs_id {
            call.transaction_id = (self.new_id)().to_string();
        }
        let position = self.push(call);
        self.plan.created.push(position);
        if needs_id {
            self.plan.given_ids.push(position);
        }
        Ok(ImportEffect::Created(position))
    }

    /// Adds an advertiser or a campaign that the directory lacks, with a warning, because it may be a typo.
    fn add_to_directory(&mut self, requested: &RequestedCall<'_>) {
        let Self { plan, context, .. } = self;
        let call = &requested.call;
        if let Some(id) = &call.advertiser_id
            && context.advertisers.insert(id.clone())
        {
            plan.new_advertisers.push(id.clone());
            plan.warnings
                .push(requested.problem(Code::DirectoryNew, "advertiser_id_from_network"));
        }
        let Some(id) = &call.campaign_id else {
            return;
        };
        let listed = context.campaigns.get(id).cloned();
        // To an advertiser's token, a campaign without an owner looks new.
        let is_seen =
            |owner: &Option<String>| owner.is_some() || context.token_advertiser.is_none();
        if !listed.as_ref().is_some_and(is_seen) {
            plan.warnings
                .push(requested.problem(Code::DirectoryNew, "advertiser_campaign_id_from_network"));
        }
        let owner = listed.clone().flatten();
        // An advertiser's token can't take a campaign that the network listed without an owner.
        let may_own = context.token_advertiser.is_none() && call.advertiser_id.is_some();
        if listed.is_none() || (owner.is_none() && may_own) {
            let owner = owner.or_else(|| call.advertiser_id.clone());
            context.campaigns.insert(id.clone(), owner.clone());
            plan.new_campaigns.push((id.clone(), owner));
        }
    }
}

/// Returns the stored call with the values that it lacked, or the name of the first parameter that differs.
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
