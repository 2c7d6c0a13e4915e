//! Checks files of reports or calls, as CSV or NDJSON. A file is read in chunks, converted cell by cell, and checked by the
//! rules of a batch or an import. Good rows come out in their normal form, bad rows unchanged with an error.
//!
//! The rules are in [`crate::input`], and the JavaScript API in `bindings`.

pub mod amount;
pub mod check;
pub mod columns;
mod damage;
pub mod detect;
pub mod lines;
pub mod records;
pub mod row;
pub mod summary;
pub mod time;

use std::borrow::Cow;

use serde::Deserialize;

use crate::input::parameters::{CALL, CALL_OUTCOME, Kind, Parameter, SEARCH};
use crate::problem::{Code, pointer_to};
use crate::response::csv::unescape_formula;
use amount::DecimalMark;
use time::{Style, Zone};

/// The name of the column that holds the errors of bad rows. If the last column of a file has this name, an earlier check
/// added it.
const ERROR: &str = "error";

/// The column that is added to rows that are set aside: how sure their match is.
const CONFIDENCE: &str = "confidence";

/// What each row of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    parameter: Parameter,
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
    /// Returns the parameter with a name.
    #[must_use]
    pub fn find(content: Content, name: &str) -> Option<Self> {
        Self::all(content).find(|target| target.name() == name)
    }

    /// Returns every parameter, in the order of the reference.
    pub(crate) fn all(content: Content) -> impl Iterator<Item = Self> {
        let of = |section| {
            move |parameter: &Parameter| Self {
                section,
                parameter: *parameter,
            }
        };
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

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.parameter.name
    }

    /// Returns the section of a report that contains it, or `call`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.section.name()
    }

    /// Returns its JSON pointer in a report or a call.
    #[must_use]
    pub fn pointer(self) -> String {
        let parent = match self.section {
            Section::Call => String::new(),
            section => pointer_to("", section.name()),
        };
        pointer_to(&parent, self.name())
    }

    /// Returns the kind of formats that a column of it can have.
    #[must_use]
    pub fn choice(self) -> Choice {
        match self.parameter.kind {
            Kind::Time => Choice::Time,
            Kind::Amount => Choice::Amount,
            _ => Choice::None,
        }
    }

    /// Whether spaces around the value are part of it.
    fn is_text(self) -> bool {
        // Spaces around the id of a call would make it a different call.
        self.parameter.kind == Kind::Text && self.section == Section::CallOutcome
    }

    /// Whether it is an id of a call, or of its advertiser or campaign.
    fn is_call_id(self) -> bool {
        self.section == Section::Call
            && matches!(
                self.name(),
                "transaction_id"
                    | "external_call_unique_id"
                    | "advertiser_id_from_network"
                    | "advertiser_campaign_id_from_network"
            )
    }

    /// Returns the code for a phone number that a spreadsheet damaged, if this is a phone number.
    fn damage(self) -> Option<Code> {
        match self.name() {
            "calling_phone_number" => Some(Code::PhoneDamaged),
            "destination_phone_number" => Some(Code::DestinationPhoneFormat),
            _ => None,
        }
    }
}

/// The kind of formats that a column can have, which depends on its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Formats of times, with a zone.
    Time,
    /// Decimal marks.
    Amount,
    /// No formats.
    None,
}

/// The format of a column's cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Passed on unchanged.
    Plain,
    /// Times, with the zone of those without an offset.
    Time(Style, Zone),
    /// Amounts.
    Amount(DecimalMark),
}

/// A column that holds a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The parameter.
    pub target: Target,
    /// The format of its cells.
    pub format: Format,
}

/// The result of converting a cell.
pub(crate) enum Converted<'a> {
    /// The parameter was not passed.
    Empty,
    /// The parameter's text.
    Text(Cow<'a, str>),
    /// It cannot be converted.
    Failed(Code),
}

impl Column {
    /// Converts a cell to the text of its parameter. An empty cell means that the parameter was not passed.
    pub(crate) fn convert<'a>(&self, cell: &'a str) -> Converted<'a> {
        let cell = unescape_formula(cell);
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
            // Reading it as midnight would store a wrong start.
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

/// Whether a spreadsheet turned a phone number into a number, such as `1.89E+10` or `18885551212.0`.
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
