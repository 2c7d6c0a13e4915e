//! Times, as requests write them and answers show them. The current time is always an argument.

use chrono::NaiveDate;

/// Unix time in milliseconds, from 1970 to 2286.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// Parses 10 digits (seconds) or 13 digits (milliseconds).
    ///
    /// ```
    /// use call_outcomes::model::time::UnixMillis;
    ///
    /// let time = UnixMillis::parse("1435993200").expect("10 digits");
    /// assert_eq!(time.millis(), 1_435_993_200_000);
    /// assert_eq!(UnixMillis::parse("2015-07-04"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let factor = match text.len() {
            10 => 1_000,
            13 => 1,
            _ => return None,
        };
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        text.parse::<i64>().ok()?.checked_mul(factor).map(Self)
    }

    /// A time from milliseconds, in which the database stores a call's start.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

/// Formats Unix seconds as answers show them, with at least ten digits.
#[must_use]
pub fn show_seconds(seconds: i64) -> String {
    format!("{seconds:010}")
}

/// Returns whether an API version is a calendar date, `YYYY-MM-DD`.
#[must_use]
pub fn is_calendar_date(version: &str) -> bool {
    let digits = |range| {
        version
            .get(range)
            .filter(|part: &&str| part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse::<u32>().ok())
    };
    let hyphens =
        version.len() == 10 && version.get(4..5) == Some("-") && version.get(7..8) == Some("-");
    let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10)) else {
        return false;
    };
    hyphens
        && i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_10_or_13_digits() {
        for (text, millis) in [
            ("1435993200", Some(1_435_993_200_000)),
            ("1435993200123", Some(1_435_993_200_123)),
            ("0000000001", Some(1_000)),
            ("9999999999999", Some(9_999_999_999_999)),
            ("143599320", None),
            ("14359932001", None),
            ("1435993200.0", None),
            ("+435993200", None),
            (" 1435993200", None),
            ("", None),
        ] {
            assert_eq!(
                UnixMillis::parse(text).map(UnixMillis::millis),
                millis,
                "{text:?}"
            );
        }
    }

    #[test]
    fn versions_are_calendar_dates() {
        for (version, expected) in [
            ("2015-08-17", true),
            ("2016-02-29", true),
            ("2015-02-29", false),
            ("2015-8-17", false),
            ("2015-08-17 ", false),
            ("20150-8-17", false),
            ("2015/08/17", false),
            ("v1", false),
            ("２０１５-08", false),
            ("", false),
        ] {
            assert_eq!(is_calendar_date(version), expected, "{version:?}");
        }
    }
}
