//! Amounts as spreadsheets write them: with separators between the thousands, and a decimal mark that is a point or a
//! comma.
//!
//! Not here: what an amount may be.

use std::borrow::Cow;

use crate::problem::Code;

/// The decimal mark of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1,000.50`
    Point,
    /// `1.000,50`
    Comma,
}

impl DecimalMark {
    /// Every mark.
    pub const ALL: [Self; 2] = [Self::Point, Self::Comma];

    /// What JavaScript calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Comma => "comma",
        }
    }

    /// An amount as it writes it.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Point => "1,000.50",
            Self::Comma => "1.000,50",
        }
    }

    const fn char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// What stands between thousands, where it is not the decimal mark.
const SEPARATORS: [char; 7] = ['.', ',', ' ', '\'', '’', '\u{a0}', '\u{202f}'];

/// The amount with a point and without separators. What holds something else than digits, marks and separators is left
/// to the rules, which refuse it.
///
/// # Errors
/// `cell.amount` where digits do not stand in groups of three, or the mark is another than the column's.
pub fn read(cell: &str, mark: DecimalMark) -> Result<Cow<'_, str>, Code> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !cell
        .chars()
        .all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c))
    {
        return Ok(Cow::Borrowed(cell));
    }
    let (whole, fraction) = match cell.split_once(mark.char()) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (cell, None),
    };
    if !fraction.is_none_or(digits) {
        return Err(Code::CellAmount);
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let mut groups = whole.split(|c| Some(c) == separator);
    let first = groups.next().unwrap_or_default();
    let grouped = separator.is_none() || first.len() <= 3;
    if !digits(first) || !grouped || !groups.all(|group| group.len() == 3 && digits(group)) {
        return Err(Code::CellAmount);
    }
    if separator.is_none() && mark == DecimalMark::Point {
        return Ok(Cow::Borrowed(cell));
    }
    let mut amount: String = whole.chars().filter(char::is_ascii_digit).collect();
    if let Some(fraction) = fraction {
        amount.push('.');
        amount.push_str(fraction);
    }
    Ok(Cow::Owned(amount))
}
