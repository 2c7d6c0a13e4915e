//! Searches by time if some of the calls are archived: decides which parts of the archive to read, and when to stop.
//!
//! The archive keeps the calls of an hour in immutable parts. A search reads them outward from the wanted start, as
//! long as a call could still be the closest, and chooses among them and the matches in the database. The Worker does
//! the reading.

use serde::Deserialize;

use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::rules::confidence::MatchSettings;
use crate::rules::explanation::{Explanation, Matcher};
use crate::rules::import::StoredCall;
use crate::rules::matching::{Call, Target};

/// An hour, in milliseconds.
pub const HOUR: i64 = 3_600_000;
/// The number of parts on each side of the wanted start that are listed at once.
pub const LISTED_PARTS: usize = 32;
/// The most keys that KV looks up in one operation.
pub const BULK: usize = 100;
/// The number of calls that are read at first. The closest call is probably among them.
const FIRST_CALLS: usize = 1_000;
/// The maximum number of calls that are read at once, because an isolate has 128 MB.
const MOST_CALLS: usize = 16_000;

/// A part of an archived hour. The fields are in the order in which `archived_parts.sql` selects them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Part {
    /// Unix time in hours.
    pub hour: i64,
    /// When its first call started, in Unix milliseconds.
    pub first: i64,
    /// Its number.
    pub number: i64,
    /// When its last call started, in Unix milliseconds.
    pub last: i64,
    /// The number of its calls.
    pub calls: usize,
    /// Its calls that have copies elsewhere, each with the number of the part whose copy counts. `None` means that the
    /// copy in the database counts.
    pub copies: Vec<(String, Option<i64>)>,
}

impl Part {
    /// Returns how near to `start` a call of the part can be, in milliseconds.
    const fn distance(&self, start: i64) -> i64 {
        if start < self.first {
            self.first.saturating_sub(start)
        } else if start > self.last {
            start.saturating_sub(self.last)
        } else {
            0
        }
    }

    /// Returns whether this part's copy of a call is the one that counts.
    fn counts(&self, call: &StoredCall) -> bool {
        let mut copies = self.copies.iter();
        let copy = copies.find(|(id, _)| *id == call.transaction_id);
        copy.is_none_or(|(_, counting)| *counting == Some(self.number))
    }
}

/// The parts near a wanted start that come next on either side, at most [`LISTED_PARTS`] each.
#[derive(Clone, Debug, Default)]
pub struct NearbyParts {
    /// The parts from the wanted hour on, in order.
    pub later: Vec<Part>,
    /// The parts before the wanted hour, backwards.
    pub earlier: Vec<Part>,
}

/// The matches of a search in the database, and what an explanation needs if one is asked for.
#[derive(Clone, Debug, Default)]
pub struct DatabaseMatches {
    /// The closest call and the next best one.
    pub candidates: [Option<Call>; 2],
    /// The number of candidates.
    pub count: usize,
    /// If there is no candidate, the closest calls of each step of [`Matcher::add_rejected`].
    pub rejected: [Option<Call>; 3],
    /// The candidates that started closest to the wanted start, where an explanation is asked for.
    pub near: Vec<Call>,
}

/// A hash table of archived calls by their ids: each of its buckets is a key of KV. A later generation wins over an
/// earlier one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct IndexGeneration {
    /// Its number.
    pub number: i64,
    /// The number of its buckets.
    pub buckets: u32,
}

/// A search by time under way.
#[derive(Debug)]
pub struct ArchiveSearch {
    start: i64,
    advertiser_id: Option<String>,
    explain: Option<usize>,
    window: Option<i64>,
    matcher: Matcher<Call>,
    known: usize,
    /// The copy of the closest call that the archive had so far.
    archived: Option<StoredCall>,
    unread: Vec<Part>,
    later: SideCursor,
    earlier: SideCursor,
    beyond: usize,
    calls_at_once: usize,
}

/// The position of the next list on one side of the wanted start.
#[derive(Clone, Copy, Debug)]
struct SideCursor {
    after: (i64, i64, i64),
    /// No part that is still to be listed is nearer, in milliseconds; `None` where all are listed.
    nearest: Option<i64>,
}

impl ArchiveSearch {
    /// A search for `target` among the calls of a network, or of one advertiser; with `explain`, for what tells why,
    /// too. To tell why there is no match, at most so many parts are read beyond the window.
    #[must_use]
    pub fn new(target: Target, advertiser_id: Option<&str>, explain: Option<usize>) -> Self {
        let start = target.start.millis();
        let side = SideCursor {
            after: (start.div_euclid(HOUR), -1, -1),
            nearest: Some(0),
        };
        Self {
            start,
            advertiser_id: advertiser_id.map(str::to_owned),
            explain,
            window: target.window,
            matcher: Matcher::new(target),
            known: 0,
            archived: None,
            unread: Vec::new(),
            later: side,
            earlier: side,
            beyond: 0,
            calls_at_once: FIRST_CALLS,
        }
    }

    /// The first and the last hour within reach; `None` is any.
    #[must_use]
    pub fn hours(&self) -> (Option<i64>, Option<i64>) {
        let [before, after] = self.reach();
        let hour = |millis: i64| millis.div_euclid(HOUR);
        (
            before.map(|reach| hour(self.start.saturating_sub(reach))),
            after.map(|reach| hour(self.start.saturating_add(reach))),
        )
    }

    /// Behind which part the next list begins on each side, later and earlier: hour, first start and number.
    #[must_use]
    pub const fn cursors(&self) -> [(i64, i64, i64); 2] {
        [self.later.after, self.earlier.after]
    }

    /// Adds the matches in the database, which must be as old as the list of parts that comes with them.
    pub fn add_database_matches(&mut self, known: DatabaseMatches) {
        self.known = known.count;
        self.matcher.set_near_elsewhere(&known.near);
        for call in known.candidates.into_iter().flatten() {
            self.matcher.add_candidate(call);
        }
        for (step, call) in known.rejected.into_iter().enumerate() {
            if let Some(call) = call {
                self.matcher.add_rejected(step, call);
            }
        }
    }

    /// Adds the next parts on either side.
    pub fn add_parts(&mut self, listed: NearbyParts) {
        let start = self.start;
        let cut = |parts: &[Part], nearest: fn(&Part, i64) -> i64| {
            let last = parts.last().filter(|_| parts.len() >= LISTED_PARTS)?;
            Some(((last.hour, last.first, last.number), nearest(last, start)))
        };
        // Behind a part come those of its hour that begin no earlier, and later hours; before it, those of its hour and
        // earlier ones.
        let later = cut(&listed.later, |last, start| {
            last.first.saturating_sub(start)
        });
        let earlier = cut(&listed.earlier, |last, start| {
            start.saturating_sub(last.hour.saturating_add(1).saturating_mul(HOUR))
        });
        let sides = [
            (&mut self.later, later, listed.later),
            (&mut self.earlier, earlier, listed.earlier),
        ];
        for (side, cut, parts) in sides {
            // All of this side were listed before.
            if side.nearest.is_none() {
                continue;
            }
            side.nearest = cut.map(|(_, nearest)| nearest.max(0));
            if let Some((after, _)) = cut {
                side.after = after;
            }
            self.unread.extend(parts);
        }
        self.unread.sort_by_key(|part| part.distance(start));
    }

    /// Returns whether parts that weren't listed yet can have a call that changes the result.
    #[must_use]
    pub fn needs_parts(&self) -> bool {
        self.beyond <= self.explain.unwrap_or(0) && self.unlisted(self.reach()).is_some()
    }

    /// Returns the next parts to read, the nearest first. Returns `None` if none of those listed can change the result
    /// before more are listed.
    pub fn next_parts(&mut self) -> Option<Vec<Part>> {
        let reach = self.reach();
        let unlisted = self.unlisted(reach);
        let most_beyond = self.explain.unwrap_or(0);
        let mut calls = 0_usize;
        let mut next = Vec::new();
        let mut unread = std::mem::take(&mut self.unread).into_iter();
        for part in unread.by_ref() {
            let distance = part.distance(self.start);
            let is_full = next.len() >= BULK || calls >= self.calls_at_once;
            let comes_later = unlisted.is_some_and(|nearest| nearest < distance);
            let is_beyond = self.window.is_some_and(|window| distance > window);
            if is_full || comes_later || (is_beyond && self.beyond > most_beyond) {
                self.unread.push(part);
                break;
            }
            if !self.matters(&part, reach) {
                self.unread.push(part);
                continue;
            }
            if is_beyond {
                self.beyond = self.beyond.saturating_add(1);
                if self.beyond > most_beyond {
                    self.unread.push(part);
                    break;
                }
            }
            calls = calls.saturating_add(part.calls);
            next.push(part);
        }
        self.unread.extend(unread);
        self.calls_at_once = self.calls_at_once.saturating_mul(4).min(MOST_CALLS);
        (!next.is_empty()).then_some(next)
    }

    /// How near, in milliseconds, a part may be that was not listed yet and matters; `None` where there is none.
    fn unlisted(&self, [before, after]: [Option<i64>; 2]) -> Option<i64> {
        let sides = [(self.earlier.nearest, before), (self.later.nearest, after)];
        let matters = |(nearest, reach): (Option<i64>, Option<i64>)| {
            nearest.filter(|nearest| reach.is_none_or(|reach| *nearest <= reach))
        };
        sides.into_iter().filter_map(matters).min()
    }

    /// Whether a part may hold a call within reach.
    fn matters(&self, part: &Part, [before, after]: [Option<i64>; 2]) -> bool {
        let reach = if self.start < part.first {
            after
        } else {
            before
        };
        let distance = part.distance(self.start);
        distance == 0 || reach.is_none_or(|reach| distance <= reach)
    }

    /// Adds the calls of a part.
    pub fn add_calls(&mut self, part: &Part, calls: &[StoredCall]) {
        for stored in calls {
            let is_visible =
                self.advertiser_id.is_none() || self.advertiser_id == stored.advertiser_id;
            if !is_visible || !part.counts(stored) {
                continue;
            }
            if let Some(call) = to_call(stored) {
                self.matcher.add(call);
            }
        }
        if let Some(closest) = self.matcher.closest() {
            let is_closest = |call: &&StoredCall| is_same_call(call, closest) && part.counts(call);
            if let Some(stored) = calls.iter().find(is_closest) {
                self.archived = Some(stored.clone());
            }
        }
    }

    /// The closest call, and its copy if it is archived.
    #[must_use]
    pub fn closest(&self) -> Option<(&Call, Option<&StoredCall>)> {
        let call = self.matcher.closest()?;
        let copy = self.archived.as_ref();
        Some((call, copy.filter(|copy| is_same_call(copy, call))))
    }

    /// Why it is the closest, or why there is none.
    #[must_use]
    pub fn explain(&self, settings: &MatchSettings) -> Explanation {
        self.matcher.explain(self.known, settings)
    }

    /// How far before the wanted start a call still matters, and how far after it, in milliseconds; `None` is any distance.
    fn reach(&self) -> [Option<i64>; 2] {
        if self.explain.is_some() {
            self.matcher.explanation_reach(self.known)
        } else {
            [self.matcher.reach(); 2]
        }
    }
}

/// Returns whether an archived call has the id of another.
fn is_same_call(stored: &StoredCall, call: &Call) -> bool {
    stored.transaction_id == call.transaction_id.as_str()
}

/// Converts an archived call. Returns `None` if its id is malformed.
fn to_call(stored: &StoredCall) -> Option<Call> {
    Some(Call {
        transaction_id: TransactionId::parse(&stored.transaction_id)?,
        start: UnixMillis::from_millis(stored.start_ms),
        duration: stored.duration,
        calling_phone: stored.calling_phone.clone(),
        advertiser_id: stored.advertiser_id.clone(),
        campaign_id: stored.campaign_id.clone(),
    })
}
