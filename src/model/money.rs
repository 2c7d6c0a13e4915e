//! Amounts of money in whole cents, parsed from decimals without floating point. The currency is the organization's.

use std::fmt;

use crate::problem::Code;

/// The most digits before the point.
pub const MAX_WHOLE_DIGITS: usize = 12;

/// A non-negative amount in hundredths of the currency, under 10^14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(i64);

impl Cents {
    /// Parses `digits[.d[d]]`.
    ///
    /// ```
    /// use call_outcomes::model::money::Cents;
    /// use call_outcomes::problem::Code;
    ///
    /// assert_eq!(Cents::parse("99.90").map(Cents::get), Ok(9_990));
    /// assert_eq!(Cents::parse("$5"), Err((Code::SaleAmountCurrency, Some("5".to_owned()))));
    /// ```
    ///
    /// # Errors
    /// Returns the code of the rule that the text breaks, and a corrected text if there is only one correction.
    pub fn parse(text: &str) -> Result<Self, (Code, Option<String>)> {
        Self::read(text).ok_or_else(|| diagnose(text))
    }

    /// An amount from the database. Returns `None` if it is negative.
    #[must_use]
    pub fn from_stored(cents: i64) -> Option<Self> {
        (cents >= 0).then_some(Self(cents))
    }

    /// The amount in cents.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits = |part: &str, most: usize| {
            !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit())
        };
        if !is_digits(whole, MAX_WHOLE_DIGITS) || !is_digits(fraction, 2) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let tenfold = if fraction.len() == 1 { 10 } else { 1 };
        let cents = fraction.parse::<i64>().ok()?.checked_mul(tenfold)?;
        Some(Self(whole.checked_mul(100)?.checked_add(cents)?))
    }
}

/// Formats as Invoca's examples do: without trailing zeros, but with at least one decimal.
impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.div_euclid(100);
        match self.0.rem_euclid(100) {
            cents if cents.rem_euclid(10) == 0 => write!(f, "{whole}.{}", cents.div_euclid(10)),
            cents => write!(f, "{whole}.{cents:02}"),
        }
    }
}

fn diagnose(text: &str) -> (Code, Option<String>) {
    let has_digits = text.bytes().any(|b| b.is_ascii_digit());
    let certain = |text: &str| Cents::read(text).map(|_| text.to_owned());
    let number = text.trim_start_matches(['$', '€', '£', '¥']);
    if number.len() < text.len() {
        return (Code::SaleAmountCurrency, certain(number));
    }
    if text.ends_with(['$', '€', '£', '¥'])
        || (has_digits && text.chars().filter(char::is_ascii_alphabetic).count() == 3)
    {
        return (Code::SaleAmountCurrency, None);
    }
    if text.starts_with('-') && has_digits {
        return (Code::SaleAmountNegative, None);
    }
    if text.contains([',', '\'', '_']) || (text.contains(' ') && has_digits) {
        return (Code::SaleAmountSeparator, certain_without_thousands(text));
    }
    if text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.contains(['e', 'E'])
    {
        return (Code::SaleAmountExponent, None);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && whole.len() > MAX_WHOLE_DIGITS {
        return (Code::SaleAmountTooLarge, None);
    }
    if digits(whole) && digits(fraction) {
        // Only zeros may go without changing the amount.
        return (
            Code::SaleAmountPrecision,
            certain(text.trim_end_matches('0')),
        );
    }
    (Code::SaleAmountFormat, None)
}

/// Removes the commas of `1,234,567.89`. In other texts, a comma could be a decimal comma.
fn certain_without_thousands(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let thousands = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    // "1,000" may be one with three decimals; with a point behind it, it cannot be.
    if !thousands || fraction.is_empty() {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    Cents::read(&plain).map(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown() {
        for (text, cents, shown) in [
            ("100.00", 10_000, "100.0"),
            ("99.90", 9_990, "99.9"),
            ("12.34", 1_234, "12.34"),
            ("0", 0, "0.0"),
            ("0.05", 5, "0.05"),
            ("007.5", 750, "7.5"),
            ("999999999999.99", 99_999_999_999_999, "999999999999.99"),
        ] {
            let amount = Cents::parse(text).unwrap();
            assert_eq!(
                (amount.get(), amount.to_string().as_str()),
                (cents, shown),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_an_amount_is_diagnosed() {
        for (text, code, fix) in [
            ("1,000.00", Code::SaleAmountSeparator, Some("1000.00")),
            ("1,234,567.8", Code::SaleAmountSeparator, Some("1234567.8")),
            ("1,000", Code::SaleAmountSeparator, None),
            ("10,50", Code::SaleAmountSeparator, None),
            ("1 000", Code::SaleAmountSeparator, None),
            ("$5", Code::SaleAmountCurrency, Some("5")),
            ("5€", Code::SaleAmountCurrency, None),
            ("USD 5", Code::SaleAmountCurrency, None),
            ("1e3", Code::SaleAmountExponent, None),
            ("-1", Code::SaleAmountNegative, None),
            ("10.005", Code::SaleAmountPrecision, None),
            ("10.500", Code::SaleAmountPrecision, Some("10.5")),
            ("1234567890123", Code::SaleAmountTooLarge, None),
            ("", Code::SaleAmountFormat, None),
            (" ", Code::SaleAmountFormat, None),
            ("-", Code::SaleAmountFormat, None),
            ("1.", Code::SaleAmountFormat, None),
            (".5", Code::SaleAmountFormat, None),
            ("NaN", Code::SaleAmountFormat, None),
            ("1.2.3", Code::SaleAmountFormat, None),
            ("٣", Code::SaleAmountFormat, None),
        ] {
            assert_eq!(
                Cents::parse(text),
                Err((code, fix.map(str::to_owned))),
                "{text:?}"
            );
        }
    }
}
