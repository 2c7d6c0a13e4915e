//! The choices for a column, by the names that JavaScript uses: which parameter it holds, and how it is written.

use serde::{Deserialize, Serialize};

use super::amount::DecimalMark;
use super::time::{Style, Zone};
use super::{Choice, Column, Content, Format, Target};

/// A parameter that a column can hold.
#[derive(Serialize)]
pub struct Parameter {
    section: &'static str,
    name: &'static str,
    /// What its formats are of: `time` or `amount`.
    kind: Option<&'static str>,
    formats: Vec<FormatChoice>,
}

/// A way to write the values of a parameter.
#[derive(Serialize)]
pub struct FormatChoice {
    name: &'static str,
    example: &'static str,
    takes_zone: bool,
}

impl From<Style> for FormatChoice {
    fn from(style: Style) -> Self {
        Self {
            name: style.name(),
            example: style.example(),
            takes_zone: style != Style::Unix,
        }
    }
}

impl From<DecimalMark> for FormatChoice {
    fn from(mark: DecimalMark) -> Self {
        Self {
            name: mark.name(),
            example: mark.example(),
            takes_zone: false,
        }
    }
}

/// Every parameter that a column can hold, in the API's order.
pub fn parameters(content: Content) -> impl Iterator<Item = Parameter> {
    Target::all(content).map(|target| {
        let (kind, formats) = match target.choice() {
            Choice::Time => (Some("time"), Style::ALL.map(FormatChoice::from).into()),
            Choice::Amount => (
                Some("amount"),
                DecimalMark::ALL.map(FormatChoice::from).into(),
            ),
            Choice::None => (None, Vec::new()),
        };
        Parameter {
            section: target.section(),
            name: target.name(),
            kind,
            formats,
        }
    })
}

/// What was chosen for a column.
#[derive(Deserialize)]
pub struct ColumnSettings {
    /// The parameter. An unknown name marks the column as ignored.
    parameter: String,
    /// The name of its format, if it has one.
    format: String,
    /// The zone of its times. Without one, each time needs an offset.
    zone: Option<ZoneSettings>,
}

/// A time zone: its first offset, and from which Unix second on which offset applies.
#[derive(Deserialize)]
struct ZoneSettings {
    first: i64,
    changes: Vec<(i64, i64)>,
}

impl ColumnSettings {
    /// The column, unless it is ignored.
    #[must_use]
    pub fn column(self, content: Content) -> Option<Column> {
        let target = Target::find(content, &self.parameter)?;
        let style = Style::ALL.into_iter().find(|s| s.name() == self.format);
        let mark = DecimalMark::ALL
            .into_iter()
            .find(|mark| mark.name() == self.format);
        let zone = self
            .zone
            .map_or(Zone::UNKNOWN, |zone| Zone::new(zone.first, zone.changes));
        let format = match (target.choice(), style, mark) {
            (Choice::Time, Some(style), _) => Format::Time(style, zone),
            (Choice::Amount, _, Some(mark)) => Format::Amount(mark),
            _ => Format::Plain,
        };
        Some(Column { target, format })
    }
}
