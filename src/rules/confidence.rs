//! How sure a match is: the probability that the chosen call is the one that a report means.
//!
//! The closest call is not always the right one: in a busy network without a phone number it is wrong more often than
//! right. So a match has a confidence, the posterior probability of the chosen call under a model of how reports err.
//! `docs/match-quality.md` derives the model and shows how well its figures hold.

use crate::model::confidence::Confidence;
use crate::model::transaction_id::TransactionId;
use crate::rules::matching::{Call, DURATION_WEIGHT, Offset, Target, WINDOW_SECONDS};

/// The typical error of a reported start, in seconds, unless configured.
pub const START_ERROR_SECONDS: u32 = 60;
/// The typical error of a reported duration, in seconds, unless configured.
pub const DURATION_ERROR_SECONDS: u32 = 15;
/// A match with a lower confidence is ambiguous, unless configured.
pub const MIN_CONFIDENCE: Confidence = Confidence::of_thousandths(800);
/// How many candidates are looked at before the wanted start, and how many at or after it.
pub const NEIGHBOURS: usize = 100;

/// How often a start or a duration is wildly off.
const WILD: f64 = 0.05;
/// How often the call of a report is not there.
const MISSING: f64 = 0.02;
/// Over how many seconds the durations that are wildly off spread.
const WILD_DURATIONS: f64 = 1_800.0;
/// The window of a search without one, in seconds: a week.
const UNLIMITED_WINDOW: f64 = 604_800.0;

/// How reports err: mostly a little, with an exponentially distributed error, and sometimes wildly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorModel {
    /// The typical error of a start, in seconds; at least 1.
    pub start_error: u32,
    /// The typical error of a duration, in seconds; at least 1.
    pub duration_error: u32,
}

impl Default for ErrorModel {
    fn default() -> Self {
        Self {
            start_error: START_ERROR_SECONDS,
            duration_error: DURATION_ERROR_SECONDS,
        }
    }
}

/// How calls are matched, and from which confidence on a match counts as sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchSettings {
    /// How far a start may be off, in milliseconds, inclusive; `None` is any distance.
    pub window: Option<i64>,
    /// How many seconds of the start count as much as a second of the duration.
    pub duration_weight: u32,
    /// How reports err.
    pub errors: ErrorModel,
    /// A match with a lower confidence is ambiguous.
    pub min_confidence: Confidence,
}

impl Default for MatchSettings {
    fn default() -> Self {
        Self {
            window: Some(WINDOW_SECONDS.saturating_mul(1_000)),
            duration_weight: DURATION_WEIGHT,
            errors: ErrorModel::default(),
            min_confidence: MIN_CONFIDENCE,
        }
    }
}

/// A candidate near the wanted start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Neighbour {
    transaction_id: TransactionId,
    offset: Offset,
}

/// The candidates that started closest to the wanted start: in the order of start and transaction id, the last
/// [`NEIGHBOURS`] before it, and the first [`NEIGHBOURS`] from it on.
#[derive(Clone, Debug, Default)]
pub struct Neighbourhood {
    /// Those that started before, the last one first.
    before: Vec<Neighbour>,
    /// Those that started at the wanted start or after it.
    after: Vec<Neighbour>,
}

impl Neighbourhood {
    /// The neighbourhood of a search among its candidates.
    pub fn of<'c>(target: &Target, candidates: impl IntoIterator<Item = &'c Call>) -> Self {
        let mut near = Self::default();
        for call in candidates {
            near.add(target, call);
        }
        near
    }

    /// Adds a candidate of a search, unless it is farther than enough others or was added before.
    pub fn add(&mut self, target: &Target, call: &Call) {
        let neighbour = Neighbour {
            transaction_id: call.transaction_id,
            offset: target.offset(call),
        };
        self.insert(call.start < target.start, neighbour);
    }

    /// Adds other candidates of the same search.
    pub fn extend(&mut self, other: &Self) {
        for (is_before, neighbours) in [(true, &other.before), (false, &other.after)] {
            for neighbour in neighbours {
                self.insert(is_before, *neighbour);
            }
        }
    }

    fn insert(&mut self, is_before: bool, neighbour: Neighbour) {
        let side = if is_before {
            &mut self.before
        } else {
            &mut self.after
        };
        let place = side.binary_search_by(|other| {
            let ids = other.transaction_id.cmp(&neighbour.transaction_id);
            let ids = if is_before { ids.reverse() } else { ids };
            other.offset.start.cmp(&neighbour.offset.start).then(ids)
        });
        if let Err(place) = place
            && place < NEIGHBOURS
        {
            side.insert(place, neighbour);
            side.truncate(NEIGHBOURS);
        }
    }

    /// Returns how far from the wanted start its last candidates are, before it and after it, in milliseconds. `None` means
    /// that the side has no more candidates.
    #[must_use]
    pub fn cuts(&self) -> [Option<i64>; 2] {
        [&self.before, &self.after].map(|side| {
            let last = side.get(NEIGHBOURS.saturating_sub(1))?;
            Some(last.offset.start)
        })
    }
}

impl ErrorModel {
    /// The confidence that the chosen call is the one that the report means, among the candidates near the wanted start.
    #[must_use]
    pub fn confidence(self, target: &Target, chosen: &Call, near: &Neighbourhood) -> Confidence {
        Confidence::of(self.probability(target, chosen, near))
    }

    fn probability(self, target: &Target, chosen: &Call, near: &Neighbourhood) -> f64 {
        let window = target
            .window
            .map_or(UNLIMITED_WINDOW, |millis| seconds(millis).max(1.0));
        let neighbours = || near.before.iter().chain(&near.after);
        // One that ranks first for its duration can lie beyond the candidates that started closest.
        let is_near = neighbours().any(|other| other.transaction_id == chosen.transaction_id);
        let chosen = target.offset(chosen);
        let beyond = (!is_near).then_some(chosen);
        let offsets = neighbours().map(|other| &other.offset).chain(&beyond);
        let (mut count, mut candidates, mut durations) = (0.0, 0.0, 0.0);
        for offset in offsets {
            let duration = self.duration_likelihood(offset.duration);
            count += 1.0;
            durations += duration;
            candidates += self.start_likelihood(offset.start, window) * duration;
        }
        // Beyond a side that was cut, calls are taken to be as dense as within it.
        let (mut dense, mut left_out) = (0.0, 0.0);
        for cut in near.cuts().into_iter().flatten() {
            let cut = seconds(cut).max(1.0);
            #[expect(clippy::cast_precision_loss, reason = "100")]
            let density = NEIGHBOURS as f64 / cut;
            let rest = (window - cut).max(0.0);
            left_out += density * self.start_mass_beyond(cut, window, rest);
            dense += density * rest;
        }
        let any_duration = target.duration.map_or(1.0, |_| 1.0 / WILD_DURATIONS);
        let absent = MISSING / (1.0 - MISSING) * (count + dense) / (2.0 * window) * any_duration;
        let weight =
            self.start_likelihood(chosen.start, window) * self.duration_likelihood(chosen.duration);
        weight / (candidates + left_out * durations / count + absent)
    }

    /// The density of a reported start that is `offset` milliseconds off, per second.
    fn start_likelihood(self, offset: i64, window: f64) -> f64 {
        let scale = f64::from(self.start_error.max(1));
        (1.0 - WILD) * (-seconds(offset) / scale).exp() / (2.0 * scale) + WILD / (2.0 * window)
    }

    /// The share of reported starts on one side that are off by more than `cut` seconds, within the window.
    fn start_mass_beyond(self, cut: f64, window: f64, rest: f64) -> f64 {
        let scale = f64::from(self.start_error.max(1));
        let usual = ((-cut / scale).exp() - (-window / scale).exp()).max(0.0);
        (1.0 - WILD) / 2.0 * usual + WILD * rest / (2.0 * window)
    }

    /// The density of a reported duration that is `offset` seconds off, per second; 1 where none was reported.
    fn duration_likelihood(self, offset: Option<u32>) -> f64 {
        let Some(offset) = offset else { return 1.0 };
        let scale = f64::from(self.duration_error.max(1));
        (1.0 - WILD) * (-f64::from(offset) / scale).exp() / (2.0 * scale) + WILD / WILD_DURATIONS
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "differences of times here stay under 2^53"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}
