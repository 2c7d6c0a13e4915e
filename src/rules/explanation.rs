//! Explains a search by time: why it found a call, or none.

use std::borrow::Borrow;
use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use crate::model::confidence::Confidence;
use crate::model::transaction_id::TransactionId;
use crate::problem::Code;
use crate::rules::confidence::{MatchSettings, Neighbourhood};
use crate::rules::matching::{Call, Distance, Target};

/// Candidates are counted up to this many.
pub const MAX_CANDIDATES: usize = 100;

/// A duration in milliseconds, written in seconds with at most three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub i64);

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Seconds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Seconds, with at most three decimals.",
            "type": "number",
            "minimum": 0
        })
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "differences of times here stay under 2^53"
        )]
        if self.0 % 1_000 == 0 {
            serializer.serialize_i64(self.0.div_euclid(1_000))
        } else {
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}

/// A call that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Candidate {
    /// Its id.
    pub transaction_id: TransactionId,
    /// How far it is.
    pub distance_seconds: Seconds,
}

impl Candidate {
    fn new(target: &Target, call: &Call) -> Self {
        Self {
            transaction_id: call.transaction_id,
            distance_seconds: Seconds(target.distance(call).total),
        }
    }
}

/// How the call was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum By {
    /// By its id.
    TransactionId,
    /// By roughly when it started.
    Closest,
}

/// The member `match` of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Explanation {
    /// The call has the id.
    ById {
        /// By id.
        by: By,
        /// Certain.
        confidence: Confidence,
    },
    /// The closest call.
    Closest(Closest),
    /// No call.
    None {
        /// How it was looked for.
        by: By,
        /// Why there is none: a `call.not_found*` code.
        reason: Code,
        /// By time: the closest call that passed the step before the one that failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<Option<Candidate>>,
    },
}

/// The closest call, beside the next best one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Closest {
    by: By,
    distance_seconds: Seconds,
    start_difference_seconds: Seconds,
    duration_difference_seconds: Option<Seconds>,
    /// How many seconds of the start count as much as a second of the duration.
    duration_weight: u32,
    candidates: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    candidates_capped: bool,
    runner_up: Option<Candidate>,
    margin_seconds: Option<Seconds>,
    /// How likely the call is the one that the report means.
    pub confidence: Confidence,
    /// Whether the confidence is too low.
    pub ambiguous: bool,
}

/// The calls that explain why a search found none: of all that the token sees, the closest that passes each step, at
/// any distance in time.
#[derive(Clone, Copy, Debug, Default)]
pub struct NearMisses<'c> {
    /// Every filter.
    pub filtered: Option<&'c Call>,
    /// The phone number, if the search has one.
    pub numbered: Option<&'c Call>,
    /// No filter.
    pub visible: Option<&'c Call>,
}

impl Explanation {
    /// The call was found by its id.
    pub const BY_ID: Self = Self::ById {
        by: By::TransactionId,
        confidence: Confidence::CERTAIN,
    };

    /// No call has the id.
    pub const NONE_BY_ID: Self = Self::None {
        by: By::TransactionId,
        reason: Code::CallNotFound,
        nearest: None,
    };

    /// The closest call was found. `candidates` is how many there are, `near` those that started closest.
    #[must_use]
    pub fn found(
        target: &Target,
        chosen: &Call,
        runner_up: Option<&Call>,
        candidates: usize,
        near: &Neighbourhood,
        settings: &MatchSettings,
    ) -> Self {
        let Distance { total, start } = target.distance(chosen);
        let margin = runner_up.map(|call| target.distance(call).total.saturating_sub(total));
        let duration = target.offset(chosen).duration.map(i64::from);
        let confidence = settings.errors.confidence(target, chosen, near);
        Self::Closest(Closest {
            by: By::Closest,
            distance_seconds: Seconds(total),
            start_difference_seconds: Seconds(start),
            duration_difference_seconds: duration
                .map(|seconds| Seconds(seconds.saturating_mul(1_000))),
            duration_weight: target.duration_weight,
            candidates: candidates.min(MAX_CANDIDATES),
            candidates_capped: candidates > MAX_CANDIDATES,
            runner_up: runner_up.map(|call| Candidate::new(target, call)),
            margin_seconds: margin.map(Seconds),
            confidence,
            ambiguous: confidence < settings.min_confidence,
        })
    }

    /// No call passed every filter and was close enough.
    #[must_use]
    pub fn not_found(target: &Target, steps: NearMisses<'_>) -> Self {
        let (reason, nearest) = match steps {
            NearMisses {
                filtered: Some(call),
                ..
            } => (Code::CallOutsideWindow, Some(call)),
            NearMisses {
                numbered: Some(call),
                ..
            } => (Code::CallFilteredOut, Some(call)),
            NearMisses {
                visible: Some(call),
                ..
            } if target.calling_phone.is_some() => (Code::CallNoSuchNumber, Some(call)),
            NearMisses {
                visible: Some(call),
                ..
            } => (Code::CallFilteredOut, Some(call)),
            NearMisses { visible: None, .. } => (Code::CallNone, None),
        };
        Self::None {
            by: By::Closest,
            reason,
            nearest: Some(nearest.map(|call| Candidate::new(target, call))),
        }
    }

    /// Whether the confidence of the match is too low.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        matches!(
            self,
            Self::Closest(Closest {
                ambiguous: true,
                ..
            })
        )
    }
}

/// Finds the closest of the calls that a token sees, and explains the result. This is the specification of the SQL that
/// finds it.
#[must_use]
pub fn explain<'c>(
    target: &Target,
    visible: &[&'c Call],
    settings: &MatchSettings,
) -> (Option<&'c Call>, Explanation) {
    let mut matcher = Matcher::new(target.clone());
    for call in visible {
        matcher.add(*call);
    }
    let explanation = matcher.explain(0, settings);
    (matcher.closest, explanation)
}

/// Takes calls one after the other, in any order, and keeps the closest and what explains it.
#[derive(Clone, Debug)]
pub struct Matcher<C> {
    target: Target,
    candidates: usize,
    closest: Option<C>,
    runner_up: Option<C>,
    /// Targets that admit more and more calls, each with the closest call that it admits and the one before doesn't.
    relaxed: [(Option<Target>, Option<C>); 3],
    near: Neighbourhood,
    /// The candidates near the wanted start that were counted elsewhere.
    near_elsewhere: Neighbourhood,
}

impl<C: Borrow<Call>> Matcher<C> {
    /// A matcher without calls.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let filtered = Target {
            window: None,
            ..target.clone()
        };
        let numbered = Target {
            advertiser_id: None,
            campaign_id: None,
            ..filtered.clone()
        };
        let visible = Target {
            calling_phone: None,
            ..numbered.clone()
        };
        let has_number = target.calling_phone.is_some();
        let numbered = has_number.then_some(numbered);
        Self {
            target,
            candidates: 0,
            closest: None,
            runner_up: None,
            relaxed: [Some(filtered), numbered, Some(visible)].map(|target| (target, None)),
            near: Neighbourhood::default(),
            near_elsewhere: Neighbourhood::default(),
        }
    }

    /// Adds a call that the token sees and that wasn't added before.
    pub fn add(&mut self, call: C) {
        if self.target.admits(call.borrow()) {
            self.candidates = self.candidates.saturating_add(1);
            self.near.add(&self.target, call.borrow());
            self.add_candidate(call);
        } else if self.closest.is_none() {
            let admits = |(target, _): &(Option<Target>, _)| {
                let target: Option<&Target> = target.as_ref();
                target.is_some_and(|target| target.admits(call.borrow()))
            };
            if let Some(step) = self.relaxed.iter().position(admits) {
                self.add_rejected(step, call);
            }
        }
    }

    /// Adds a candidate without counting it. Adding the closest call or the runner-up again changes nothing.
    pub fn add_candidate(&mut self, call: C) {
        let preference = |call: &C| self.target.preference(call.borrow());
        let against = |other: &Option<C>| {
            let other = other.as_ref();
            other.map_or(Ordering::Less, |other| {
                preference(&call).cmp(&preference(other))
            })
        };
        match (against(&self.closest), against(&self.runner_up)) {
            (Ordering::Less, _) => self.runner_up = self.closest.replace(call),
            (Ordering::Greater, Ordering::Less) => self.runner_up = Some(call),
            _ => {}
        }
    }

    /// Takes the candidates that started closest among those that are counted elsewhere, in place of earlier ones.
    pub fn set_near_elsewhere(&mut self, near: &[Call]) {
        self.near_elsewhere = Neighbourhood::of(&self.target, near);
    }

    /// The candidates that started closest, wherever they are counted.
    fn all_near(&self) -> Neighbourhood {
        let mut near = self.near.clone();
        near.extend(&self.near_elsewhere);
        near
    }

    /// Looks at a call that is no candidate, but passes a step: 0 is every filter, 1 the phone number, 2 no filter.
    pub fn add_rejected(&mut self, step: usize, call: C) {
        let preference = |call: &C| self.target.preference(call.borrow());
        if let Some((_, closest)) = self.relaxed.get_mut(step) {
            let closer = |closest: &C| preference(&call) < preference(closest);
            if closest.as_ref().is_none_or(closer) {
                *closest = Some(call);
            }
        }
    }

    /// The closest call so far.
    #[must_use]
    pub const fn closest(&self) -> Option<&C> {
        self.closest.as_ref()
    }

    /// Explains the result. `uncounted` is the number of candidates that were counted elsewhere.
    pub fn explain(&self, uncounted: usize, settings: &MatchSettings) -> Explanation {
        let call = |call: &Option<C>| call.as_ref().map(|call| call.borrow().clone());
        if let Some(closest) = call(&self.closest) {
            return Explanation::found(
                &self.target,
                &closest,
                call(&self.runner_up).as_ref(),
                self.candidates.saturating_add(uncounted),
                &self.all_near(),
                settings,
            );
        }
        let [filtered, numbered, visible] = self.relaxed.each_ref().map(|(_, found)| call(found));
        let steps = NearMisses {
            filtered: filtered.as_ref(),
            numbered: numbered.as_ref(),
            visible: visible.as_ref(),
        };
        Explanation::not_found(&self.target, steps)
    }

    /// Returns how far from the wanted start a call can be and still become the closest, in milliseconds. `None` is any
    /// distance.
    #[must_use]
    pub fn reach(&self) -> Option<i64> {
        let total = self
            .closest
            .as_ref()
            .map(|call| self.target.distance(call.borrow()).total);
        match (total, self.target.window) {
            (Some(total), Some(window)) => Some(total.min(window)),
            (total, window) => total.or(window),
        }
    }

    /// Returns how far from the wanted start a call can be and still change the explanation, before it and after it.
    /// `uncounted` is the number of candidates that were counted elsewhere.
    #[must_use]
    pub fn explanation_reach(&self, uncounted: usize) -> [Option<i64>; 2] {
        let total = |call: &Option<C>| {
            let call = call.as_ref()?;
            Some(self.target.distance(call.borrow()).total)
        };
        let [(_, filtered), ..] = &self.relaxed;
        let window = self.target.window;
        if self.closest.is_none() {
            let reach = total(filtered).zip(window);
            return [reach.map(|(nearest, window)| nearest.max(window)); 2];
        }
        let is_counted = self.candidates.saturating_add(uncounted) > MAX_CANDIDATES;
        let runner_up = total(&self.runner_up).filter(|_| is_counted);
        self.all_near().cuts().map(|cut| {
            let reach = runner_up.zip(cut);
            let reach = reach.map(|(total, cut)| total.max(cut));
            match (reach, window) {
                (Some(reach), Some(window)) => Some(reach.min(window)),
                (reach, window) => reach.or(window),
            }
        })
    }
}
