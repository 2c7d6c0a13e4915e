//! Phone numbers, normalized to E.164. Numbering plans are not checked.

use std::fmt;

/// A phone number: `+` and 7 to 15 digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    // 15 digits fit in 50 bits. The length keeps leading zeros.
    digits: u64,
    length: usize,
}

/// The country code of numbers written without one: 1 to 3 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountryCode(u16);

impl CountryCode {
    /// North America, the API's default.
    pub const DEFAULT: Self = Self(1);

    /// Reads 1 to 3 digits, with or without a `+`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let valid = (1..=3).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if valid {
            digits.parse().ok().map(Self)
        } else {
            None
        }
    }

    /// The code as a number, as [`CountryCode::get`] returns it.
    #[must_use]
    pub fn new(code: u16) -> Option<Self> {
        (1..=999).contains(&code).then_some(Self(code))
    }

    /// The code as a number. No code begins with 0.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The number of digits.
    const fn length(self) -> usize {
        match self.0 {
            0..=9 => 1,
            10..=99 => 2,
            _ => 3,
        }
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Phone {
    /// Parses a number as people write it. Spaces, `-`, `.`, `(` and `)` are ignored. Without them, `+` and 7 to 15
    /// digits are complete, 10 digits get the country code, and 11 digits that start with the country code get the `+`.
    ///
    /// ```
    /// use call_outcomes::model::phone::{CountryCode, Phone};
    ///
    /// let phone = Phone::parse("(888) 555-1212", CountryCode::DEFAULT).expect("a phone number");
    /// assert_eq!(phone.to_string(), "+18885551212");
    /// ```
    #[must_use]
    pub fn parse(text: &str, country: CountryCode) -> Option<Self> {
        let mut digits = 0_u64;
        let mut length = 0_usize;
        let mut plus = false;
        for byte in text.bytes() {
            match byte {
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                b'+' if !plus && length == 0 => plus = true,
                b'0'..=b'9' if length < 15 => {
                    digits = digits
                        .checked_mul(10)?
                        .checked_add(u64::from(byte.wrapping_sub(b'0')))?;
                    length = length.saturating_add(1);
                }
                _ => return None,
            }
        }
        if plus {
            return (length >= 7).then_some(Self { digits, length });
        }
        let code = u64::from(country.0);
        match length {
            10 => {
                let shifted = code.checked_mul(10_000_000_000)?;
                Some(Self {
                    digits: shifted.checked_add(digits)?,
                    length: length.saturating_add(country.length()),
                })
            }
            11 => {
                let behind = match country.length() {
                    1 => 10_000_000_000,
                    2 => 1_000_000_000,
                    _ => 100_000_000,
                };
                (digits.checked_div(behind)? == code).then_some(Self { digits, length })
            }
            _ => None,
        }
    }

    fn digits(self) -> String {
        format!("{:0width$}", self.digits, width = self.length)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits())
    }
}

/// Hides the number, which is personal data.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised() {
        for (text, expected) in [
            ("+1 8885551212", Some("+18885551212")),
            ("(888) 555-1212", Some("+18885551212")),
            ("888.555.1212", Some("+18885551212")),
            ("18885551212", Some("+18885551212")),
            ("+0012345", Some("+0012345")),
            ("+123456789012345", Some("+123456789012345")),
            ("+1234567890123456", None),
            ("+123456", None),
            ("28885551212", None),
            ("8885551", None),
            ("1+8885551212", None),
            ("++18885551212", None),
            ("+1\t8885551212", None),
            ("1.89E+10", None),
            ("", None),
            ("()", None),
        ] {
            let phone = Phone::parse(text, CountryCode::DEFAULT).map(|phone| phone.to_string());
            assert_eq!(phone.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_country_code_is_configurable() {
        for (code, text, expected) in [
            ("+49", "3012345678", Some("+493012345678")),
            ("+49", "49301234567", Some("+49301234567")),
            ("+49", "18885551212", None),
            ("+49", "04930123456", None),
            ("9", "94930123456", Some("+94930123456")),
            ("10", "10930123456", Some("+10930123456")),
            ("99", "99930123456", Some("+99930123456")),
            ("100", "10030123456", Some("+10030123456")),
            ("354", "4551234567", Some("+3544551234567")),
            ("354", "35455512345", Some("+35455512345")),
            ("354", "35555512345", None),
        ] {
            let country = CountryCode::parse(code).unwrap();
            let shown = Phone::parse(text, country).map(|phone| phone.to_string());
            assert_eq!(shown.as_deref(), expected, "{text} with {code}");
            assert_eq!(CountryCode::new(country.get()), Some(country));
        }
        assert_eq!([0, 1_000].map(CountryCode::new), [None, None]);
        for bad in ["", "+", "01", "1234", "x"] {
            assert_eq!(CountryCode::parse(bad), None, "{bad:?}");
        }
    }
}
