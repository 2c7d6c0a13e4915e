//! Matches calls with a search by time. This is the specification of the SQL that finds the closest call.

use std::borrow::Cow;

use crate::input::report::TimeSearch;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::rules::confidence::MatchSettings;

/// The default of the maximum difference between the starts, in seconds: a day.
pub const WINDOW_SECONDS: i64 = 86_400;

/// How many seconds of the start count as much as a second of the duration, unless configured. The API's reference does
/// not say how the two combine; its sister, the Conversion Reporting API, says 20.
pub const DURATION_WEIGHT: u32 = 20;

/// A call as far as matching looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its id.
    pub transaction_id: TransactionId,
    /// When it started.
    pub start: UnixMillis,
    /// The duration in seconds, if it is known.
    pub duration: Option<u32>,
    /// The caller's number, in E.164.
    pub calling_phone: Option<String>,
    /// The advertiser it belongs to.
    pub advertiser_id: Option<String>,
    /// The campaign it belongs to.
    pub campaign_id: Option<String>,
}

/// The call that a search by time looks for.
///
/// ```
/// use call_outcomes::model::{time::UnixMillis, transaction_id::TransactionId};
/// use call_outcomes::rules::matching::{Call, Target};
///
/// let target = Target {
///     start: UnixMillis::from_millis(1_440_607_300_000),
///     duration: Some(60),
///     calling_phone: None,
///     advertiser_id: None,
///     campaign_id: None,
///     window: Some(86_400_000),
///     duration_weight: 20,
/// };
/// let call = Call {
///     transaction_id: TransactionId::from_bits(1),
///     start: UnixMillis::from_millis(1_440_607_302_000),
///     duration: Some(63),
///     calling_phone: None,
///     advertiser_id: None,
///     campaign_id: None,
/// };
/// assert!(target.admits(&call));
/// // 2 s of the start, and 20 times 3 s of the duration.
/// assert_eq!(target.distance(&call).total, 62_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The approximate start.
    pub start: UnixMillis,
    /// The approximate duration in seconds, which ranks calls and excludes none.
    pub duration: Option<u32>,
    /// Only calls from this number.
    pub calling_phone: Option<String>,
    /// Only calls of this advertiser.
    pub advertiser_id: Option<String>,
    /// Only calls of this campaign.
    pub campaign_id: Option<String>,
    /// The maximum difference between the starts in milliseconds, inclusive. `None` is any difference.
    pub window: Option<i64>,
    /// How many seconds of the start count as much as a second of the duration.
    pub duration_weight: u32,
}

/// How far a call is off from what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// The difference of the starts, in milliseconds.
    pub start: i64,
    /// The difference of the durations, in seconds, where a duration is looked for. A call of unknown duration is off by
    /// all of it.
    pub duration: Option<u32>,
}

/// The distance between a call and the one that is looked for, in milliseconds. The total compares first, then the
/// difference between the starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distance {
    /// Difference of the starts plus weighted difference of the durations.
    pub total: i64,
    /// The difference between the starts.
    pub start: i64,
}

impl Target {
    /// What a search by time looks for.
    #[must_use]
    pub fn new(search: &TimeSearch<'_>, settings: &MatchSettings) -> Self {
        let text = |id: &Option<Cow<'_, str>>| id.as_deref().map(str::to_owned);
        Self {
            start: search.start,
            duration: search.duration,
            calling_phone: search.calling_phone.map(|phone| phone.to_string()),
            advertiser_id: text(&search.advertiser_id),
            campaign_id: text(&search.campaign_id),
            window: settings.window,
            duration_weight: settings.duration_weight,
        }
    }

    /// Returns whether a call passes every filter and starts within the window.
    #[must_use]
    pub fn admits(&self, call: &Call) -> bool {
        let passes =
            |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        passes(&self.calling_phone, &call.calling_phone)
            && passes(&self.advertiser_id, &call.advertiser_id)
            && passes(&self.campaign_id, &call.campaign_id)
            && self
                .window
                .is_none_or(|window| self.distance(call).start <= window)
    }

    /// How far a call is off.
    #[must_use]
    pub fn offset(&self, call: &Call) -> Offset {
        let start = call.start.millis().saturating_sub(self.start.millis());
        Offset {
            start: start.saturating_abs(),
            duration: self
                .duration
                .map(|wanted| wanted.abs_diff(call.duration.unwrap_or(0))),
        }
    }

    /// How far a call is. A call of unknown duration counts as if the whole wanted duration were missing.
    #[must_use]
    pub fn distance(&self, call: &Call) -> Distance {
        let Offset { start, duration } = self.offset(call);
        let duration = i64::from(duration.unwrap_or(0));
        let weight = i64::from(self.duration_weight).saturating_mul(1_000);
        Distance {
            total: start.saturating_add(duration.saturating_mul(weight)),
            start,
        }
    }

    /// Returns the key by which calls are ranked, lowest first. Calls at the same distance rank by the earlier start,
    /// then by the lower transaction id.
    #[must_use]
    pub fn preference(&self, call: &Call) -> (Distance, UnixMillis, TransactionId) {
        (self.distance(call), call.start, call.transaction_id)
    }
}
