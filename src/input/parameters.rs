//! The parameters of requests, each in one table: readers, CSV columns, the npm package and the OpenAPI document take
//! names and properties from here.

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text that is kept as it was sent, including white space around it.
    Text,
    /// An id that the network assigned.
    Id,
    /// The platform's id of a call.
    TransactionId,
    /// A Unix time.
    Time,
    /// A phone number.
    Phone,
    /// A whole number of seconds.
    Duration,
    /// An amount of money.
    Amount,
    /// True or false.
    Boolean,
}

/// A parameter of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The key in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether null and `""` clear what an earlier report stored.
    pub is_clearable: bool,
    /// Another spelling that is accepted with a warning.
    pub misspelling: Option<&'static str>,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            is_clearable: false,
            misspelling: None,
        }
    }

    const fn clearable(self) -> Self {
        Self {
            is_clearable: true,
            ..self
        }
    }

    const fn misspelt(self, misspelling: &'static str) -> Self {
        Self {
            misspelling: Some(misspelling),
            ..self
        }
    }
}

/// The parameters of `search`, in the API's order.
pub const SEARCH: [Parameter; 7] = [
    Parameter::new("transaction_id", Kind::TransactionId),
    Parameter::new("start_time_t", Kind::Time),
    Parameter::new("calling_phone_number", Kind::Phone),
    Parameter::new("duration_in_seconds", Kind::Duration),
    Parameter::new("advertiser_id_from_network", Kind::Id),
    Parameter::new("advertiser_campaign_id_from_network", Kind::Id),
    Parameter::new("network_id", Kind::Id),
];

/// The parameters of `call_outcome`, in the API's order. Invoca's documentation misspells the custom parameters in one
/// place.
pub const CALL_OUTCOME: [Parameter; 9] = [
    Parameter::new("outcome_name", Kind::Text),
    Parameter::new("partner_unique_id", Kind::Text),
    Parameter::new("description", Kind::Text).clearable(),
    Parameter::new("occurred_at_time_t", Kind::Time),
    Parameter::new("sale_amount", Kind::Amount).clearable(),
    Parameter::new("value", Kind::Boolean),
    Parameter::new("custom_parameter_1", Kind::Text)
        .clearable()
        .misspelt("custom_paramter_1"),
    Parameter::new("custom_parameter_2", Kind::Text)
        .clearable()
        .misspelt("custom_paramter_2"),
    Parameter::new("custom_parameter_3", Kind::Text)
        .clearable()
        .misspelt("custom_paramter_3"),
];

/// The parameters of an imported call.
pub const CALL: [Parameter; 8] = [
    Parameter::new("transaction_id", Kind::TransactionId),
    Parameter::new("external_call_unique_id", Kind::Text),
    Parameter::new("start_time_t", Kind::Time),
    Parameter::new("duration_in_seconds", Kind::Duration),
    Parameter::new("calling_phone_number", Kind::Phone),
    Parameter::new("destination_phone_number", Kind::Phone),
    Parameter::new("advertiser_id_from_network", Kind::Id),
    Parameter::new("advertiser_campaign_id_from_network", Kind::Id),
];

/// The names of the parameters of `search`.
pub const SEARCH_NAMES: [&str; SEARCH.len()] = names(&SEARCH);
/// The names of the parameters of `call_outcome`.
pub const CALL_OUTCOME_NAMES: [&str; CALL_OUTCOME.len()] = names(&CALL_OUTCOME);
/// The names of the parameters of an imported call.
pub const CALL_NAMES: [&str; CALL.len()] = names(&CALL);

/// The keys of `call_outcome`: the names, and behind them the misspellings.
pub const CALL_OUTCOME_KEYS: [&str; 12] = keys(&CALL_OUTCOME);

/// The parameters of `call_outcome` that null and `""` clear.
pub const CLEARABLE_NAMES: [&str; 5] = clearable(&CALL_OUTCOME);

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated when the crate is compiled"
)]
const fn names<const N: usize>(parameters: &[Parameter; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = parameters[at].name;
        at += 1;
    }
    names
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated when the crate is compiled"
)]
const fn keys<const N: usize>(parameters: &[Parameter]) -> [&'static str; N] {
    let mut keys = [""; N];
    let mut next = parameters.len();
    let mut at = 0;
    while at < parameters.len() {
        keys[at] = parameters[at].name;
        if let Some(misspelling) = parameters[at].misspelling {
            keys[next] = misspelling;
            next += 1;
        }
        at += 1;
    }
    assert!(next == N, "a key for each name and each misspelling");
    keys
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated when the crate is compiled"
)]
const fn clearable<const N: usize>(parameters: &[Parameter]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut next = 0;
    let mut at = 0;
    while at < parameters.len() {
        if parameters[at].is_clearable {
            names[next] = parameters[at].name;
            next += 1;
        }
        at += 1;
    }
    assert!(next == N, "every parameter that can be cleared");
    names
}
