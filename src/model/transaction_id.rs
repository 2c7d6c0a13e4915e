//! The ids of calls and of outcome records. The random bits of a new id are an argument.

use std::fmt;

use serde::{Serialize, Serializer};

/// The longest id, in characters.
pub const MAX_LENGTH: usize = 32;

/// A transaction id: 1 to 32 of `0-9`, `A-Z` and `-`, upper-case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    bytes: [u8; MAX_LENGTH],
    length: usize,
}

impl TransactionId {
    /// Parses an id in upper or lower case. Returns `None` if it is malformed. White space is not trimmed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; MAX_LENGTH];
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return None;
        }
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        bytes.make_ascii_uppercase();
        Some(Self {
            bytes,
            length: text.len(),
        })
    }

    /// Formats 64 bits as an id in Invoca's form, `XXXXXXXX-XXXXXXXX`. The top 8 bits are the shard.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut id = Self {
            bytes: [0; MAX_LENGTH],
            length: 17,
        };
        let nibbles = (0..16)
            .rev()
            .map(|place: u32| (bits >> place.wrapping_mul(4)) & 0xF);
        let slots = (0..17).filter(|at| *at != 8);
        for (slot, nibble) in slots.zip(nibbles) {
            let digit = u32::try_from(nibble)
                .ok()
                .and_then(|n| char::from_digit(n, 16));
            if let (Some(byte), Some(digit)) = (id.bytes.get_mut(slot), digit) {
                *byte = u8::try_from(digit.to_ascii_uppercase()).unwrap_or(b'0');
            }
        }
        if let Some(hyphen) = id.bytes.get_mut(8) {
            *hyphen = b'-';
        }
        id
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for TransactionId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TransactionId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The id of a call or of a record of an outcome, in upper case.",
            "type": "string",
            "pattern": "^[0-9A-Z-]+$",
            "maxLength": MAX_LENGTH
        })
    }
}

impl Serialize for TransactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_upper_case_and_bounded() {
        for (text, expected) in [
            ("c624da2c-cf3367c3", Some("C624DA2C-CF3367C3")),
            ("A", Some("A")),
            (
                "01234567890123456789012345678901",
                Some("01234567890123456789012345678901"),
            ),
            ("012345678901234567890123456789012", None),
            ("", None),
            (" A", None),
            ("A_B", None),
            ("é", None),
        ] {
            let id = TransactionId::parse(text);
            assert_eq!(id.as_ref().map(TransactionId::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn new_ids_have_the_form_of_invocas() {
        assert_eq!(TransactionId::from_bits(0xA).as_str(), "00000000-0000000A");
        assert_eq!(
            TransactionId::from_bits(0x00C6_24DA_2CCF_3367).as_str(),
            "00C624DA-2CCF3367"
        );
        assert_eq!(
            TransactionId::from_bits(u64::MAX).as_str(),
            "FFFFFFFF-FFFFFFFF"
        );
    }
}
