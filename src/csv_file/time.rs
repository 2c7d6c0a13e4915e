//! Reads times as spreadsheets write them, with the offsets of a time zone.
//!
//! A local time that daylight saving skips or repeats is an error, not a guess; it can be written with its UTC offset instead.
//! The changes of zones by name come from JavaScript.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveTime};

use crate::model::time::{UnixMillis, show_seconds};
use crate::problem::Code;

/// How a column writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// 10 or 13 digits, as the API has them.
    Unix,
    /// `2015-07-04 07:00`, and all of ISO 8601 with a date and a time.
    Iso,
    /// `7/4/2015 7:00 AM`
    MonthFirst,
    /// `4.7.2015 07:00` and `04/07/2015 07:00`
    DayFirst,
}

impl Style {
    /// Every style, the plainest first.
    pub const ALL: [Self; 4] = [Self::Unix, Self::Iso, Self::MonthFirst, Self::DayFirst];

    /// Returns its name in JavaScript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Iso => "iso",
            Self::MonthFirst => "month-first",
            Self::DayFirst => "day-first",
        }
    }

    /// Returns a time in this style.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Unix => "1435993200",
            Self::Iso => "2015-07-04 07:00",
            Self::MonthFirst => "7/4/2015 7:00 AM",
            Self::DayFirst => "4.7.2015 07:00",
        }
    }
}

/// The offsets of a time zone from UTC, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    is_unknown: bool,
    first: i64,
    /// The Unix seconds of the changes with the offsets from then on, in order.
    changes: Vec<(i64, i64)>,
}

/// Longer than any offset, and shorter than the time between two changes.
const DAY: i64 = 86_400;

impl Zone {
    /// No zone: times need an offset of their own.
    pub const UNKNOWN: Self = Self {
        is_unknown: true,
        first: 0,
        changes: Vec::new(),
    };

    /// A zone that has one offset.
    #[must_use]
    pub const fn fixed(offset: i64) -> Self {
        Self::new(offset, Vec::new())
    }

    /// A zone by its first offset and its changes, each the Unix second and the offset from then on, in order.
    #[must_use]
    pub const fn new(first: i64, changes: Vec<(i64, i64)>) -> Self {
        Self {
            is_unknown: false,
            first,
            changes,
        }
    }

    fn offset_at(&self, second: i64) -> i64 {
        let later = self.changes.partition_point(|(from, _)| *from <= second);
        let last = later.checked_sub(1).and_then(|at| self.changes.get(at));
        last.map_or(self.first, |(_, offset)| *offset)
    }

    /// The Unix second of a second on the zone's clocks.
    fn to_unix(&self, local: i64) -> Result<i64, Code> {
        if self.is_unknown {
            return Err(Code::CellTimeZone);
        }
        let meant = |near: i64| {
            let offset = self.offset_at(near);
            let second = local.saturating_sub(offset);
            Some(second).filter(|second| self.offset_at(*second) == offset)
        };
        let before = meant(local.saturating_sub(DAY));
        let after = meant(local.saturating_add(DAY));
        match (before, after) {
            (Some(one), Some(other)) if one != other => Err(Code::CellTimeRepeated),
            (Some(second), _) | (_, Some(second)) => Ok(second),
            (None, None) => Err(Code::CellTimeSkipped),
        }
    }
}

/// Returns a time in the API's format: seconds, or milliseconds if it has a fraction.
///
/// # Errors
/// `cell.time` for another style, `cell.time_skipped` and `cell.time_repeated` for a local time that daylight saving skips or
/// repeats, `cell.time_zone` if neither the time nor its column has a zone.
pub fn read<'a>(cell: &'a str, style: Style, zone: &Zone) -> Result<Cow<'a, str>, Code> {
    if style == Style::Unix {
        return Ok(Cow::Borrowed(cell));
    }
    let (date, time) = parts(cell);
    let date = date_of(date, style).ok_or(Code::CellTime)?;
    let (time, offset) = clock(time).ok_or(Code::CellTime)?;
    let local = date.and_time(time).and_utc();
    let second = match offset {
        Some(offset) => local.timestamp().saturating_sub(offset),
        None => zone.to_unix(local.timestamp())?,
    };
    let shown = match local.timestamp_subsec_millis() {
        0 => show_seconds(second),
        millis => format!("{}{millis:03}", show_seconds(second)),
    };
    match UnixMillis::parse(&shown) {
        Some(_) => Ok(Cow::Owned(shown)),
        None => Err(Code::CellTime),
    }
}

/// Whether a cell is a date without a time, which [`read`] reads as midnight.
#[must_use]
pub fn is_date(cell: &str, style: Style) -> bool {
    let (date, time) = parts(cell);
    style != Style::Unix && time.is_empty() && date_of(date, style).is_some()
}

/// Splits a cell into its date and its time.
fn parts(cell: &str) -> (&str, &str) {
    let (date, time) = cell.split_once(['T', 't', ' ']).unwrap_or((cell, ""));
    (date.trim_end_matches(','), time.trim())
}

/// The digits of a number, of so many as allowed.
fn number(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn date_of(text: &str, style: Style) -> Option<NaiveDate> {
    // Nobody puts points behind a month that comes first.
    let is_separator =
        |c: &char| matches!(c, '-' | '/') || (*c == '.' && style != Style::MonthFirst);
    let separator = text.chars().find(is_separator)?;
    let mut parts = text.split(separator);
    let parts = [
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next().unwrap_or_default(),
    ];
    let [one, two, three, ""] = parts else {
        return None;
    };
    let (year, month, day) = match style {
        Style::MonthFirst => (three, one, two),
        Style::DayFirst => (three, two, one),
        Style::Unix | Style::Iso => (one, two, three),
    };
    let year = i32::try_from(number(year, 4, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(month, 1, 2)?, number(day, 1, 2)?)
}

/// A time of day, midnight where there is none, and the offset behind it in seconds.
fn clock(text: &str) -> Option<(NaiveTime, Option<i64>)> {
    if text.is_empty() {
        return Some((NaiveTime::MIN, None));
    }
    let (text, offset) = match text.find(['+', '-', 'Z', 'z']) {
        Some(at) => {
            let (text, offset) = text.split_at_checked(at)?;
            (text.trim_end(), Some(offset_of(offset)?))
        }
        None => (text, None),
    };
    let half = |word: &str| {
        let (time, half) = text.split_at_checked(text.len().checked_sub(2)?)?;
        half.eq_ignore_ascii_case(word).then(|| time.trim_end())
    };
    let (text, noon) = match (half("am"), half("pm")) {
        (Some(text), _) => (text, Some(0)),
        (_, Some(text)) => (text, Some(12)),
        _ => (text, None),
    };
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 1, 2)?;
    let minute = number(parts.next()?, 2, 2)?;
    let seconds = parts.next().unwrap_or("00");
    if parts.next().is_some() {
        return None;
    }
    let (second, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
    number(fraction, 1, 9)?;
    let millis = number(format!("{fraction}00").get(..3)?, 3, 3)?;
    let hour = match noon {
        Some(noon) if (1..=12).contains(&hour) => hour.checked_rem(12)?.checked_add(noon)?,
        Some(_) => return None,
        None => hour,
    };
    let time = NaiveTime::from_hms_milli_opt(hour, minute, number(second, 2, 2)?, millis)?;
    Some((time, offset))
}

/// `Z`, `+02:00`, `+0200` or `+02` in seconds.
#[must_use]
pub fn offset_of(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, text) = match text.split_at_checked(1)? {
        ("+", text) => (1_i64, text),
        ("-", text) => (-1, text),
        _ => return None,
    };
    let (hours, minutes) = match text.split_once(':') {
        Some(parts) => parts,
        None => text.split_at_checked(2)?,
    };
    let hours = number(hours, 2, 2).filter(|hours| *hours < 24)?;
    let minutes = match minutes {
        "" => 0,
        minutes => number(minutes, 2, 2).filter(|minutes| *minutes < 60)?,
    };
    let seconds = i64::from(hours).checked_mul(3_600)?;
    let seconds = seconds.checked_add(i64::from(minutes).checked_mul(60)?)?;
    seconds.checked_mul(sign)
}
