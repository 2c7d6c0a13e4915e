//! The released codes. A client branches on them: a line may be added here, never changed or removed.
#![cfg(test)]

use call_outcomes::problem::{Code, Severity};

const RELEASED: &[(&str, &str)] = &[
    ("route.not_found", "RouteNotFound"),
    ("method.not_allowed", "MethodNotAllowed"),
    ("version.invalid", "InvalidApiVersion"),
    ("body.too_large", "PayloadTooLarge"),
    ("body.incomplete", "ParseError"),
    ("json.encoding", "ParseError"),
    ("json.syntax", "ParseError"),
    ("json.surrogate", "ParseError"),
    ("json.too_deep", "ParseError"),
    ("json.not_an_object", "ParseError"),
    ("rate.limited", "TooManyRequests"),
    ("service.unavailable", "ServiceUnavailable"),
    ("internal", "InternalServiceError"),
    ("schema.outdated", "ServiceUnavailable"),
    ("configuration.invalid", "ServiceUnavailable"),
    ("query.unsupported", "RecordInvalid"),
    ("token.missing", "NotAuthorized"),
    ("token.invalid", "NotAuthorized"),
    ("permission.missing", "UnauthorizedOperation"),
    (
        "advertiser_id_from_network.forbidden",
        "UnauthorizedAdvertiser",
    ),
    (
        "advertiser_campaign_id_from_network.forbidden",
        "UnauthorizedAdvertiser",
    ),
    ("network_id.forbidden", "UnauthorizedNetwork"),
    ("call.not_found", "RecordNotFound"),
    ("call.not_found.none", "RecordNotFound"),
    ("call.not_found.no_such_number", "RecordNotFound"),
    ("call.not_found.filtered_out", "RecordNotFound"),
    ("call.not_found.outside_window", "RecordNotFound"),
    ("call.ambiguous", "RecordNotFound"),
    ("search.missing", "RecordInvalid"),
    ("search.type", "RecordInvalid"),
    ("transaction_id.type", "RecordInvalid"),
    ("start_time_t.format", "RecordInvalid"),
    ("start_time_t.missing", "RecordInvalid"),
    ("calling_phone_number.format", "RecordInvalid"),
    ("calling_phone_number.damaged", "RecordInvalid"),
    ("duration_in_seconds.format", "RecordInvalid"),
    ("advertiser_id_from_network.type", "RecordInvalid"),
    ("advertiser_id_from_network.too_long", "RecordInvalid"),
    ("advertiser_campaign_id_from_network.type", "RecordInvalid"),
    (
        "advertiser_campaign_id_from_network.too_long",
        "RecordInvalid",
    ),
    ("network_id.type", "RecordInvalid"),
    ("network_id.too_long", "RecordInvalid"),
    ("call_outcome.type", "RecordInvalid"),
    ("outcome_name.missing", "RecordInvalid"),
    ("outcome_name.type", "RecordInvalid"),
    ("outcome_name.too_long", "RecordInvalid"),
    ("partner_unique_id.type", "RecordInvalid"),
    ("partner_unique_id.too_long", "RecordInvalid"),
    ("description.type", "RecordInvalid"),
    ("description.too_long", "RecordInvalid"),
    ("occurred_at_time_t.format", "RecordInvalid"),
    ("sale_amount.separator", "RecordInvalid"),
    ("sale_amount.currency", "RecordInvalid"),
    ("sale_amount.precision", "RecordInvalid"),
    ("sale_amount.exponent", "RecordInvalid"),
    ("sale_amount.negative", "RecordInvalid"),
    ("sale_amount.too_large", "RecordInvalid"),
    ("sale_amount.format", "RecordInvalid"),
    ("value.format", "RecordInvalid"),
    ("custom_parameter.type", "RecordInvalid"),
    ("custom_parameter.too_long", "RecordInvalid"),
    ("calls.missing", "RecordInvalid"),
    ("calls.too_many", "PayloadTooLarge"),
    ("calls.ambiguous", "RecordInvalid"),
    ("calls.type", "RecordInvalid"),
    ("call.id_missing", "RecordInvalid"),
    ("transaction_id.format", "RecordInvalid"),
    ("external_call_unique_id.type", "RecordInvalid"),
    ("external_call_unique_id.too_long", "RecordInvalid"),
    ("destination_phone_number.format", "RecordInvalid"),
    ("call.conflict", "RecordInvalid"),
    ("campaign.conflict", "RecordInvalid"),
    ("call_outcomes.missing", "RecordInvalid"),
    ("call_outcomes.type", "RecordInvalid"),
    ("call_outcomes.too_many", "PayloadTooLarge"),
    ("row.too_large", "PayloadTooLarge"),
    ("row.type", "RecordInvalid"),
    ("row.too_long", "RecordInvalid"),
    ("row.cells", "RecordInvalid"),
    ("row.quote_open", "RecordInvalid"),
    ("row.quote_misplaced", "RecordInvalid"),
    ("row.encoding", "RecordInvalid"),
    ("cell.time", "RecordInvalid"),
    ("cell.time_skipped", "RecordInvalid"),
    ("cell.time_repeated", "RecordInvalid"),
    ("cell.time_zone", "RecordInvalid"),
    ("cell.time_missing", "RecordInvalid"),
    ("cell.number", "RecordInvalid"),
    ("cell.placeholder", "RecordInvalid"),
    ("cell.unseen", "RecordInvalid"),
    ("cell.amount", "RecordInvalid"),
    ("transaction_id.missing", "RecordInvalid"),
    ("transaction.not_found", "RecordNotFound"),
    ("from.format", "RecordInvalid"),
    ("to.format", "RecordInvalid"),
    ("min_confidence.format", "RecordInvalid"),
    ("limit.format", "RecordInvalid"),
    ("search.too_broad", "warning"),
    ("search.ignored", "warning"),
    ("sale_amount.zero", "warning"),
    ("custom_parameter.misspelt", "warning"),
    ("key.unknown", "warning"),
    ("key.repeated", "warning"),
    ("problems.more", "warning"),
    ("query.unknown", "warning"),
    ("directory.new", "warning"),
];

#[test]
fn every_released_code_is_what_it_was() {
    let registry: Vec<(&str, &str)> = Code::ALL
        .iter()
        .map(|code| {
            let is_error = code.severity() == Severity::Error;
            let class = if is_error {
                code.class().as_str()
            } else {
                "warning"
            };
            (code.as_str(), class)
        })
        .collect();
    assert_eq!(registry, RELEASED);
}

#[test]
fn every_message_has_its_places_and_every_code_its_advice() {
    for code in Code::ALL {
        let message = code.message();
        let without = message.replace("{name}", "").replace("{max}", "");
        assert!(!without.contains(['{', '}']), "{}", code.as_str());
        assert!(
            !code.title().is_empty() && !code.advice().is_empty(),
            "{}",
            code.as_str()
        );
        assert_eq!(
            message.contains("{max}"),
            code.as_str().ends_with("too_long")
                || matches!(
                    code,
                    Code::BodyTooLarge
                        | Code::JsonTooDeep
                        | Code::CallsTooMany
                        | Code::CallOutcomesTooMany
                        | Code::RowTooLarge
                        | Code::RowQuoteOpen
                        | Code::RowQuoteMisplaced
                        | Code::ProblemsMore
                        | Code::LimitFormat
                ),
            "{}",
            code.as_str()
        );
    }
}
