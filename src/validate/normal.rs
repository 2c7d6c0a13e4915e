//! Writes a valid report or call in its normal form: with the API's names, and values as answers show them. Reading the
//! normal form gives the same report. It never contains the token.

use serde::Serialize;

use crate::input::calls::CallReport;
use crate::input::report::{Report, Search};
use crate::model::money::Cents;
use crate::model::outcome::{Identity, Patch};
use crate::model::time::{UnixMillis, show_seconds};
use crate::model::transaction_id::TransactionId;

/// A report in its normal form.
#[derive(Serialize)]
pub struct NormalReport<'a> {
    search: SearchParameters<'a>,
    call_outcome: OutcomeParameters<'a>,
}

/// A report in its normal form, as a row of a batch.
#[derive(Serialize)]
pub struct NormalBatchRow<'a> {
    row: &'a str,
    search: SearchParameters<'a>,
    call_outcome: OutcomeParameters<'a>,
}

impl<'a> NormalBatchRow<'a> {
    /// A report as a row with a key.
    #[must_use]
    pub fn new(row: &'a str, report: &'a Report<'_>) -> Self {
        let NormalReport {
            search,
            call_outcome,
        } = NormalReport::from(report);
        Self {
            row,
            search,
            call_outcome,
        }
    }
}

/// A call in its normal form, without fields that aren't known.
#[derive(Serialize)]
pub struct NormalCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<TransactionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_call_unique_id: Option<&'a str>,
    start_time_t: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calling_phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advertiser_id_from_network: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advertiser_campaign_id_from_network: Option<&'a str>,
}

impl<'a> From<&'a CallReport<'_>> for NormalCall<'a> {
    fn from(call: &'a CallReport<'_>) -> Self {
        Self {
            transaction_id: call.transaction_id,
            external_call_unique_id: call.external_id.as_deref(),
            start_time_t: show_time(call.start),
            duration_in_seconds: call.duration.map(|seconds| seconds.to_string()),
            calling_phone_number: call.calling_phone.map(|phone| phone.to_string()),
            destination_phone_number: call.destination_phone.map(|phone| phone.to_string()),
            advertiser_id_from_network: call.advertiser_id.as_deref(),
            advertiser_campaign_id_from_network: call.campaign_id.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum SearchParameters<'a> {
    ById {
        // Null stands for a malformed id, which no call has.
        transaction_id: Option<TransactionId>,
    },
    ByTime {
        start_time_t: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        calling_phone_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_in_seconds: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        advertiser_id_from_network: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        advertiser_campaign_id_from_network: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        network_id: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct OutcomeParameters<'a> {
    outcome_name: &'a str,
    partner_unique_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at_time_t: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_parameter_1: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_parameter_2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_parameter_3: Option<&'a str>,
}

impl<'a> From<&'a Report<'_>> for NormalReport<'a> {
    fn from(report: &'a Report<'_>) -> Self {
        Self {
            search: SearchParameters::from(&report.search),
            call_outcome: OutcomeParameters::new(&report.identity, &report.patch),
        }
    }
}

impl<'a> From<&'a Search<'_>> for SearchParameters<'a> {
    fn from(search: &'a Search<'_>) -> Self {
        match search {
            Search::ById(transaction_id) => Self::ById {
                transaction_id: *transaction_id,
            },
            Search::ByTime(search) => Self::ByTime {
                start_time_t: show_time(search.start),
                calling_phone_number: search.calling_phone.map(|phone| phone.to_string()),
                duration_in_seconds: search.duration.map(|seconds| seconds.to_string()),
                advertiser_id_from_network: search.advertiser_id.as_deref(),
                advertiser_campaign_id_from_network: search.campaign_id.as_deref(),
                network_id: search.network_id.as_deref(),
            },
        }
    }
}

impl<'a> OutcomeParameters<'a> {
    /// Leaves out fields that weren't sent. A cleared field is `""`.
    fn new(identity: &'a Identity<'_>, patch: &'a Patch<'_>) -> Self {
        let [one, two, three] = patch.custom_parameters.each_ref().map(Option::as_deref);
        let show =
            |amount: Option<Cents>| amount.map_or_else(String::new, |cents| cents.to_string());
        Self {
            outcome_name: &identity.name,
            partner_unique_id: &identity.partner_unique_id,
            description: patch.description.as_deref(),
            occurred_at_time_t: patch.occurred_at.map(show_seconds),
            sale_amount: patch.sale_amount.map(show),
            value: patch.value.map(|met| if met { "true" } else { "false" }),
            custom_parameter_1: one,
            custom_parameter_2: two,
            custom_parameter_3: three,
        }
    }
}

/// Formats a time in seconds if that is exact, or in milliseconds.
fn show_time(time: UnixMillis) -> String {
    if time.millis().rem_euclid(1_000) == 0 {
        show_seconds(time.seconds())
    } else {
        format!("{:013}", time.millis())
    }
}
