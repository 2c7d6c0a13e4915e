//! Probabilities of matches.

use serde::{Serialize, Serializer};

/// A probability in thousandths, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confidence(u16);

impl Confidence {
    /// Certainty: the call was named by its id.
    pub const CERTAIN: Self = Self(1_000);

    /// The confidence of so many thousandths; more than 1,000 are certain.
    #[must_use]
    pub const fn of_thousandths(thousandths: u16) -> Self {
        if thousandths < 1_000 {
            Self(thousandths)
        } else {
            Self::CERTAIN
        }
    }

    /// The confidence of a probability; one below 0 counts as 0, one above 1 as 1.
    #[must_use]
    pub fn of(probability: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0 to 1,000; NaN becomes 0"
        )]
        let thousandths = (probability * 1_000.0).clamp(0.0, 1_000.0) as u16;
        Self(thousandths)
    }

    /// Reads a decimal from 0 to 1 with at most three decimals, such as `0.95`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_plain = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_plain(whole, 1) || !is_plain(decimals, 3) {
            return None;
        }
        let thousandths: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
        (thousandths <= Self::CERTAIN.0).then_some(Self(thousandths))
    }

    /// The probability in thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// The probability, from 0 to 1.
    #[must_use]
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            whole @ (0 | 1_000) => serializer.serialize_u16(whole.div_euclid(1_000)),
            _ => serializer.serialize_f64(self.probability()),
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Confidence {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Confidence".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The probability that the call is the one that the report means, rounded down to three decimals.",
            "type": "number",
            "minimum": 0,
            "maximum": 1
        })
    }
}
