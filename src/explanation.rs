//! Why a search found its call, or none.
//!
//! Not here: which call is closest, and SQL.

use serde::{Serialize, Serializer};

use crate::matching::{Call, Distance, Ranking, Target};
use crate::problem::Code;
use crate::transaction_id::TransactionId;

/// Candidates are counted up to this many.
pub const MAX_CANDIDATES: usize = 100;
/// A match is ambiguous where the next best call is less than this much farther away, in seconds, unless configured.
pub const AMBIGUITY_SECONDS: i64 = 5;

/// A length of time in milliseconds, written in seconds with at most three decimals.
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
    candidates: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    candidates_capped: bool,
    runner_up: Option<Candidate>,
    margin_seconds: Option<Seconds>,
    /// Whether the next best call is about as close.
    pub ambiguous: bool,
}

/// The calls that tell why a search failed: of all that the token sees, the closest that passes each step, whenever
/// it started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps<'c> {
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
    };

    /// No call has the id.
    pub const NONE_BY_ID: Self = Self::None {
        by: By::TransactionId,
        reason: Code::CallNotFound,
        nearest: None,
    };

    /// The closest call was found. `candidates` is how many there are, `ambiguity` a margin in milliseconds.
    #[must_use]
    pub fn found(
        target: &Target,
        chosen: &Call,
        runner_up: Option<&Call>,
        candidates: usize,
        ambiguity: i64,
    ) -> Self {
        let Distance { total, start } = target.distance(chosen);
        let margin = runner_up.map(|call| target.distance(call).total.saturating_sub(total));
        let duration = total.saturating_sub(start);
        Self::Closest(Closest {
            by: By::Closest,
            distance_seconds: Seconds(total),
            start_difference_seconds: Seconds(start),
            duration_difference_seconds: target.duration.map(|_| Seconds(duration)),
            candidates: candidates.min(MAX_CANDIDATES),
            candidates_capped: candidates > MAX_CANDIDATES,
            runner_up: runner_up.map(|call| Candidate::new(target, call)),
            margin_seconds: margin.map(Seconds),
            ambiguous: margin.is_some_and(|margin| margin < ambiguity),
        })
    }

    /// No call was close enough, or passed.
    #[must_use]
    pub fn not_found(target: &Target, steps: Steps<'_>) -> Self {
        let (reason, nearest) = match steps {
            Steps {
                filtered: Some(call),
                ..
            } => (Code::CallOutsideWindow, Some(call)),
            Steps {
                numbered: Some(call),
                ..
            } => (Code::CallFilteredOut, Some(call)),
            Steps {
                visible: Some(call),
                ..
            } if target.calling_phone.is_some() => (Code::CallNoSuchNumber, Some(call)),
            Steps {
                visible: Some(call),
                ..
            } => (Code::CallFilteredOut, Some(call)),
            Steps { visible: None, .. } => (Code::CallNone, None),
        };
        Self::None {
            by: By::Closest,
            reason,
            nearest: Some(nearest.map(|call| Candidate::new(target, call))),
        }
    }

    /// Whether another call matches about equally well.
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

/// The closest of the calls that the token sees, and why it, or none: the specification of the SQL that finds it.
#[must_use]
pub fn explain<'c>(
    target: &Target,
    visible: &[&'c Call],
    ambiguity: i64,
) -> (Option<&'c Call>, Explanation) {
    let rank = |target: &Target| target.rank(visible.iter().copied());
    let ranking = rank(target);
    if let Some(chosen) = ranking.closest {
        let Ranking {
            admitted,
            runner_up,
            ..
        } = ranking;
        let found = Explanation::found(target, chosen, runner_up, admitted, ambiguity);
        return (Some(chosen), found);
    }
    let first = |target: &Target| rank(target).closest;
    let unlimited = Target {
        window: None,
        ..target.clone()
    };
    let numbered = Target {
        advertiser_id: None,
        campaign_id: None,
        ..unlimited.clone()
    };
    let all = Target {
        calling_phone: None,
        ..numbered.clone()
    };
    let steps = Steps {
        filtered: first(&unlimited),
        numbered: target.calling_phone.as_ref().and_then(|_| first(&numbered)),
        visible: first(&all),
    };
    (None, Explanation::not_found(target, steps))
}
