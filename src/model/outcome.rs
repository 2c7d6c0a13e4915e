//! A call outcome: its identity, its fields, and how a correction changes them.

use std::borrow::Cow;

use crate::model::money::Cents;

/// The identity of an outcome within its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The trimmed name.
    pub name: Cow<'a, str>,
    /// The partner's id, or `""` if none was sent.
    pub partner_unique_id: Cow<'a, str>,
}

impl Identity<'_> {
    /// Returns the key by which names are compared: the full Unicode lower case of the name.
    #[must_use]
    pub fn name_key(&self) -> String {
        self.name.to_lowercase()
    }
}

/// The fields of a stored outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Free text, or `""` if none was sent.
    pub description: String,
    /// When the outcome occurred, in Unix seconds.
    pub occurred_at: i64,
    /// The amount of the sale, if there was one.
    pub sale_amount: Option<Cents>,
    /// Whether the outcome was achieved.
    pub value: bool,
    /// The custom parameters, each `""` if it wasn't sent.
    pub custom_parameters: [String; 3],
}

/// The fields that a report sends. `None` is a field that isn't sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch<'a> {
    /// Free text.
    pub description: Option<Cow<'a, str>>,
    /// Unix seconds.
    pub occurred_at: Option<i64>,
    /// `Some(None)` clears it.
    pub sale_amount: Option<Option<Cents>>,
    /// Whether the outcome was achieved.
    pub value: Option<bool>,
    /// The custom parameters.
    pub custom_parameters: [Option<Cow<'a, str>>; 3],
}

impl Patch<'_> {
    /// Returns the fields that a first report at `now` (Unix seconds) creates. A field that isn't sent gets its
    /// default.
    #[must_use]
    pub fn create(&self, now: i64) -> Fields {
        self.merge(&Fields {
            description: String::new(),
            occurred_at: now,
            sale_amount: None,
            value: true,
            custom_parameters: Default::default(),
        })
    }

    /// Returns the fields after a correction. A field that isn't sent keeps its value.
    #[must_use]
    pub fn merge(&self, current: &Fields) -> Fields {
        let text = |sent: &Option<Cow<'_, str>>, current: &str| {
            sent.as_deref().unwrap_or(current).to_owned()
        };
        let [one, two, three] = &self.custom_parameters;
        let [current_one, current_two, current_three] = &current.custom_parameters;
        Fields {
            description: text(&self.description, &current.description),
            occurred_at: self.occurred_at.unwrap_or(current.occurred_at),
            sale_amount: self.sale_amount.unwrap_or(current.sale_amount),
            value: self.value.unwrap_or(current.value),
            custom_parameters: [
                text(one, current_one),
                text(two, current_two),
                text(three, current_three),
            ],
        }
    }
}
