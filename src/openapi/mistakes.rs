//! An example request for each code that a report can be answered with, against the demo data. The playground and the
//! code's page show it. The playground's tests send each one and expect its code.

use serde_json::{Value, json};

use super::examples::{NO_PERMISSION_TOKEN, OF_ADVERTISER_TOKEN, TOKEN};
use crate::input::fields::{MAX_DESCRIPTION, MAX_NAME};
use crate::json::MAX_DEPTH;
use crate::problem::Code;

/// The requests, in the registry's order. `query` is the switch that a code needs, or a parameter with its value.
#[must_use]
pub fn mistakes() -> Vec<Value> {
    let long = "x".repeat(MAX_NAME.saturating_add(1));
    let long_description = "x".repeat(MAX_DESCRIPTION.saturating_add(1));
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let too_long = |(code, name): &(Code, &str)| match code {
        Code::DescriptionTooLong => outcome(
            *code,
            &format!("{SALE},\n    \"{name}\": \"{long_description}\""),
        ),
        Code::OutcomeNameTooLong => outcome(*code, &format!("\"{name}\": \"{long}\"")),
        Code::PartnerIdTooLong | Code::CustomParameterTooLong => {
            outcome(*code, &format!("{SALE},\n    \"{name}\": \"{long}\""))
        }
        _ => search(*code, &format!("{START},\n    \"{name}\": \"{long}\"")),
    };
    let mut all: Vec<Value> = TEXTS
        .iter()
        .map(|(code, text)| entry(*code, TOKEN, None, text))
        .chain([search(
            Code::JsonTooDeep,
            &format!("\"transaction_id\": {deep}"),
        )])
        .chain(
            TOKENS
                .iter()
                .map(|(code, token, members)| entry(*code, token, None, &request(members, SALE))),
        )
        .chain(MATCHES.iter().map(|(code, query, members)| {
            entry(*code, TOKEN, Some(query), &request(members, SALE))
        }))
        .chain(
            SEARCHES
                .iter()
                .map(|(code, members)| search(*code, members)),
        )
        .chain(
            OUTCOMES
                .iter()
                .map(|(code, members)| outcome(*code, members)),
        )
        .chain(LONG.iter().map(too_long))
        .collect();
    all.sort_by_key(|entry| {
        let is_its = |code: &Code| {
            entry
                .get("code")
                .is_some_and(|value| value == code.as_str())
        };
        Code::ALL.iter().position(is_its)
    });
    all
}

fn search(code: Code, members: &str) -> Value {
    entry(code, TOKEN, None, &request(members, SALE))
}

fn outcome(code: Code, members: &str) -> Value {
    entry(code, TOKEN, None, &request(CALL, members))
}

fn entry(code: Code, token: &str, query: Option<&str>, request: &str) -> Value {
    json!({ "code": code.as_str(), "token": token, "query": query, "request": request })
}

fn request(search: &str, call_outcome: &str) -> String {
    format!(
        "{{\n  \"search\": {{\n    {search}\n  }},\n  \"call_outcome\": {{\n    {call_outcome}\n  }}\n}}"
    )
}

const CALL: &str = r#""transaction_id": "00000000-00000001""#;
const START: &str = r#""start_time_t": "1440607300""#;
const SALE: &str = r#""outcome_name": "Sale""#;

const LONG: &[(Code, &str)] = &[
    (Code::AdvertiserTooLong, "advertiser_id_from_network"),
    (Code::CampaignTooLong, "advertiser_campaign_id_from_network"),
    (Code::NetworkTooLong, "network_id"),
    (Code::OutcomeNameTooLong, "outcome_name"),
    (Code::PartnerIdTooLong, "partner_unique_id"),
    (Code::DescriptionTooLong, "description"),
    (Code::CustomParameterTooLong, "custom_parameter_1"),
];

const TEXTS: &[(Code, &str)] = &[
    (
        Code::JsonSyntax,
        "{\n  \"search\": {\n    \"transaction_id\": \"00000000-00000001\",\n  },\n  \"call_outcome\": {\n    \"outcome_name\": \"Sale\"\n  }\n}",
    ),
    (
        Code::JsonSurrogate,
        "{\n  \"search\": {\n    \"transaction_id\": \"00000000-00000001\"\n  },\n  \"call_outcome\": {\n    \"outcome_name\": \"\\ud83d\"\n  }\n}",
    ),
    (Code::JsonNotAnObject, "[]"),
    (
        Code::SearchMissing,
        "{\n  \"call_outcome\": {\n    \"outcome_name\": \"Sale\"\n  }\n}",
    ),
    (
        Code::SearchType,
        "{\n  \"search\": \"00000000-00000001\",\n  \"call_outcome\": {\n    \"outcome_name\": \"Sale\"\n  }\n}",
    ),
    (
        Code::CallOutcomeType,
        "{\n  \"search\": {\n    \"transaction_id\": \"00000000-00000001\"\n  },\n  \"call_outcome\": \"Sale\"\n}",
    ),
];

const TOKENS: &[(Code, &str, &str)] = &[
    (Code::TokenMissing, "", CALL),
    (Code::TokenInvalid, "no-such-token", CALL),
    (Code::PermissionMissing, NO_PERMISSION_TOKEN, CALL),
    (
        Code::AdvertiserForbidden,
        OF_ADVERTISER_TOKEN,
        "\"start_time_t\": \"1440607300\",\n    \"advertiser_id_from_network\": \"9\"",
    ),
    (
        Code::CampaignForbidden,
        OF_ADVERTISER_TOKEN,
        "\"start_time_t\": \"1440607300\",\n    \"advertiser_campaign_id_from_network\": \"7\"",
    ),
    (
        Code::NetworkForbidden,
        TOKEN,
        "\"start_time_t\": \"1440607300\",\n    \"network_id\": \"4\"",
    ),
    (
        Code::CallNotFound,
        TOKEN,
        r#""transaction_id": "FFFFFFFF-00000001""#,
    ),
];

const MATCHES: &[(Code, &str, &str)] = &[
    (
        Code::CallNoSuchNumber,
        "explain",
        "\"start_time_t\": \"1440607300\",\n    \"calling_phone_number\": \"+12025550143\"",
    ),
    (
        Code::CallFilteredOut,
        "explain",
        "\"start_time_t\": \"1440607300\",\n    \"calling_phone_number\": \"+11234567890\",\n    \"advertiser_campaign_id_from_network\": \"5\"",
    ),
    (
        Code::CallOutsideWindow,
        "explain",
        r#""start_time_t": "1450000000""#,
    ),
    (
        Code::CallAmbiguous,
        "unambiguous",
        r#""start_time_t": "1440607350""#,
    ),
];

const SEARCHES: &[(Code, &str)] = &[
    (Code::TransactionIdType, "\"transaction_id\": {}"),
    (
        Code::StartTimeFormat,
        r#""start_time_t": "2015-08-26 16:41:40""#,
    ),
    (
        Code::PhoneFormat,
        "\"start_time_t\": \"1440607300\",\n    \"calling_phone_number\": \"555-CALL-NOW\"",
    ),
    (
        Code::DurationFormat,
        "\"start_time_t\": \"1440607300\",\n    \"duration_in_seconds\": \"1:02\"",
    ),
    (
        Code::AdvertiserType,
        "\"start_time_t\": \"1440607300\",\n    \"advertiser_id_from_network\": [1]",
    ),
    (
        Code::CampaignType,
        "\"start_time_t\": \"1440607300\",\n    \"advertiser_campaign_id_from_network\": {}",
    ),
    (
        Code::NetworkType,
        "\"start_time_t\": \"1440607300\",\n    \"network_id\": []",
    ),
    (Code::SearchTooBroad, r#""start_time_t": "1440607300""#),
    (
        Code::SearchIgnored,
        "\"transaction_id\": \"00000000-00000001\",\n    \"duration_in_seconds\": \"125\"",
    ),
];

const OUTCOMES: &[(Code, &str)] = &[
    (
        Code::OutcomeNameMissing,
        r#""description": "1 year contract""#,
    ),
    (Code::OutcomeNameType, r#""outcome_name": []"#),
    (
        Code::PartnerIdType,
        "\"outcome_name\": \"Sale\",\n    \"partner_unique_id\": [1, 2]",
    ),
    (
        Code::DescriptionType,
        "\"outcome_name\": \"Sale\",\n    \"description\": {}",
    ),
    (
        Code::OccurredAtFormat,
        "\"outcome_name\": \"Sale\",\n    \"occurred_at_time_t\": \"yesterday\"",
    ),
    (
        Code::SaleAmountSeparator,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"1,000.00\"",
    ),
    (
        Code::SaleAmountCurrency,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"$100.00\"",
    ),
    (
        Code::SaleAmountPrecision,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"99.999\"",
    ),
    (
        Code::SaleAmountExponent,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": 1e3",
    ),
    (
        Code::SaleAmountNegative,
        "\"outcome_name\": \"Refund\",\n    \"sale_amount\": \"-100.00\"",
    ),
    (
        Code::SaleAmountTooLarge,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"1234567890123.00\"",
    ),
    (
        Code::SaleAmountFormat,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"a hundred\"",
    ),
    (
        Code::ValueFormat,
        "\"outcome_name\": \"Sale\",\n    \"value\": \"perhaps\"",
    ),
    (
        Code::CustomParameterType,
        "\"outcome_name\": \"Sale\",\n    \"custom_parameter_1\": []",
    ),
    (
        Code::SaleAmountZero,
        "\"outcome_name\": \"Sale\",\n    \"sale_amount\": \"0.00\"",
    ),
    (
        Code::CustomParameterMisspelt,
        "\"outcome_name\": \"Sale\",\n    \"custom_paramter_1\": \"gold\"",
    ),
    (
        Code::KeyUnknown,
        "\"outcome_name\": \"Sale\",\n    \"sale_ammount\": \"100.00\"",
    ),
    (
        Code::KeyRepeated,
        "\"outcome_name\": \"Sale\",\n    \"description\": \"1 year\",\n    \"description\": \"2 years\"",
    ),
];
