//! A file of reports or of calls, as CSV or with one a line: read in chunks, converted cell by cell, and judged by the
//! rules of a batch or an import. What is good comes out in its normal form, what is bad as it stood, with an error.
//!
//! Not here: rules of a report or a call, files, time zones by name, and JavaScript.

pub mod amount;
pub mod check;
mod damage;
#[cfg(feature = "table")]
mod door;
pub mod guess;
pub mod lines;
pub mod records;
pub mod row;
mod tally;
pub mod time;

use std::borrow::Cow;

use crate::calls::CALL;
use crate::export::original;
use crate::problem::{Code, pointer_to};
use crate::request::{CALL_OUTCOME, SEARCH};
use amount::Mark;
use time::{Style, Zone};

/// What each row of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A report of an outcome.
    Reports,
    /// A call.
    Calls,
}

/// The parameter that a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    section: Section,
    name: &'static str,
}

/// The object that a parameter stands in: a part of a report, or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Search,
    CallOutcome,
    Call,
}

impl Section {
    const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::CallOutcome => "call_outcome",
            Self::Call => "call",
        }
    }
}

impl Target {
    /// The parameter of that name.
    #[must_use]
    pub fn find(content: Content, name: &str) -> Option<Self> {
        Self::all(content).find(|target| target.name == name)
    }

    /// Every parameter, in the order of the reference.
    pub(crate) fn all(content: Content) -> impl Iterator<Item = Self> {
        let of = |section| move |name: &&'static str| Self { section, name };
        let (first, second) = match content {
            Content::Reports => (
                SEARCH.iter().map(of(Section::Search)),
                CALL_OUTCOME.iter().map(of(Section::CallOutcome)),
            ),
            Content::Calls => (
                CALL.iter().map(of(Section::Call)),
                [].iter().map(of(Section::Call)),
            ),
        };
        first.chain(second)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The part of a report that it stands in, or `call`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.section.name()
    }

    /// Where it stands in a report or a call.
    #[must_use]
    pub fn pointer(self) -> String {
        let parent = match self.section {
            Section::Call => String::new(),
            section => pointer_to("", section.name()),
        };
        pointer_to(&parent, self.name)
    }

    /// What of it can be chosen for a column.
    #[must_use]
    pub fn choice(self) -> Choice {
        match self.name {
            "start_time_t" | "occurred_at_time_t" => Choice::Time,
            "sale_amount" => Choice::Amount,
            _ => Choice::None,
        }
    }

    /// Whether spaces around it are part of it.
    fn is_text(self) -> bool {
        match self.section {
            // Spaces around the id of a call would make it another call.
            Section::Search | Section::Call => false,
            Section::CallOutcome => {
                !matches!(self.name, "occurred_at_time_t" | "sale_amount" | "value")
            }
        }
    }

    /// Whether it is an id of a call, or of whom it belongs to.
    fn is_call_id(self) -> bool {
        self.section == Section::Call
            && matches!(
                self.name,
                "transaction_id"
                    | "external_call_unique_id"
                    | "advertiser_id_from_network"
                    | "advertiser_campaign_id_from_network"
            )
    }

    /// The code of a phone number that a spreadsheet damaged, if it holds phone numbers.
    fn damage(self) -> Option<Code> {
        match self.name {
            "calling_phone_number" => Some(Code::PhoneDamaged),
            "destination_phone_number" => Some(Code::DestinationPhoneFormat),
            _ => None,
        }
    }
}

/// What can be chosen for a column, by its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// How times are written, and in which zone.
    Time,
    /// The decimal mark.
    Amount,
    /// Nothing.
    None,
}

/// How a column's cells are converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Left to the rules.
    Plain,
    /// Times, of a zone where they do not say.
    Time(Style, Zone),
    /// Amounts.
    Amount(Mark),
}

/// What a column holds, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The parameter.
    pub target: Target,
    /// How it is written.
    pub format: Format,
}

/// What became of a cell.
pub(crate) enum Converted<'a> {
    /// The parameter was not passed.
    Empty,
    /// The parameter's text.
    Text(Cow<'a, str>),
    /// It cannot be converted.
    Failed(Code),
}

impl Column {
    /// The text of the parameter for a cell. An empty cell is a parameter that was not passed.
    pub(crate) fn convert<'a>(&self, cell: &'a str) -> Converted<'a> {
        let cell = original(cell);
        let trimmed = cell.trim();
        if trimmed.is_empty() {
            return Converted::Empty;
        }
        let damage = match self.target.section {
            Section::Call if self.target.is_call_id() => damage::of_id(trimmed),
            Section::Call => damage::of_value(trimmed),
            Section::Search | Section::CallOutcome => None,
        };
        let damage = damage.or_else(|| self.target.damage().filter(|_| is_damaged(trimmed)));
        if let Some(code) = damage {
            return Converted::Failed(code);
        }
        let converted = match &self.format {
            Format::Plain if self.target.is_text() => Ok(Cow::Borrowed(cell)),
            Format::Plain => Ok(Cow::Borrowed(trimmed)),
            // Midnight, hours from when the call started.
            Format::Time(style, _)
                if self.target.section == Section::Call && time::is_date(trimmed, *style) =>
            {
                Err(Code::CellTimeMissing)
            }
            Format::Time(style, zone) => time::read(trimmed, *style, zone),
            Format::Amount(mark) => amount::read(trimmed, *mark),
        };
        converted.map_or_else(Converted::Failed, Converted::Text)
    }
}

/// Whether a spreadsheet took a phone number for a number: `1.89E+10`, or `18885551212.0`.
fn is_damaged(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| {
        let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        digits(whole) && digits(fraction)
    };
    match cell.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => {
            number(mantissa) && digits(exponent.strip_prefix('+').unwrap_or(exponent))
        }
        None => cell.strip_suffix(".0").is_some_and(digits),
    }
}
