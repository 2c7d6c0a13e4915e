//! Which call is meant, and why: the specification that the SQL is held to over HTTP, here on its own.
#![cfg(test)]

use call_outcomes::input::report::Rules;
use call_outcomes::model::confidence::Confidence;
use call_outcomes::model::money::Cents;
use call_outcomes::model::outcome::Identity;
use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::problem::Code;
use call_outcomes::rules::confidence::{ErrorModel, MatchSettings};
use call_outcomes::validate::closest::closest;
use serde_json::{Value, json};

/// The answer to a search among calls, by default settings.
fn answer(search: &Value, calls: &Value) -> Value {
    answer_with(search, calls, &MatchSettings::default())
}

fn answer_with(search: &Value, calls: &Value, settings: &MatchSettings) -> Value {
    let body = json!({ "search": search, "calls": calls }).to_string();
    serde_json::from_str(&closest(&body, Rules::default(), settings)).unwrap()
}

fn call(id: &str, start: i64) -> Value {
    json!({ "transaction_id": id, "start_time_t": start })
}

const T: i64 = 1_450_000_000;

#[test]
fn the_chosen_call_and_the_next_best() {
    let at = |offsets: &[i64]| -> Value {
        let calls = offsets.iter().zip("ABCDEF".chars());
        calls
            .map(|(offset, id)| call(&id.to_string(), T + offset))
            .collect()
    };
    // Offsets of the calls A, B, …; the chosen one, the next best, the margin.
    for (offsets, chosen, next, margin) in [
        (&[0_i64, 4][..], 0, "B", 4),
        (&[0, 5], 0, "B", 5),
        (&[5, 0], 1, "A", 5),
        (&[-3, 3], 0, "B", 0),
        (&[3, -3], 1, "A", 0),
        (&[9, 2, 1], 2, "B", 1),
        (&[1, 9, 2], 0, "C", 1),
        (&[1, 2, 9], 0, "B", 1),
        (&[9, 1, 8, 30], 1, "C", 7),
        (&[1, 1, 1], 0, "B", 0),
        (&[7, 1, 1], 1, "C", 0),
    ] {
        let found = answer(&json!({ "start_time_t": T }), &at(offsets));
        assert_eq!(found["index"], chosen, "{offsets:?}");
        let found = &found["match"];
        assert_eq!(found["runner_up"]["transaction_id"], next, "{offsets:?}");
        assert_eq!(found["margin_seconds"], margin, "{offsets:?}");
        assert_eq!(found["candidates"], offsets.len(), "{offsets:?}");
    }
    let alone = answer(&json!({ "start_time_t": T }), &at(&[1]));
    assert_eq!(alone["match"]["runner_up"], Value::Null);
}

#[test]
fn equal_calls_are_told_apart_by_their_ids() {
    let calls = json!([call("C", T), call("A", T), call("B", T)]);
    let found = answer(&json!({ "start_time_t": T }), &calls);
    assert_eq!(found["index"], 1);
    assert_eq!(found["match"]["runner_up"]["transaction_id"], "B");
}

#[test]
fn a_hundred_candidates_are_counted() {
    for (count, candidates, capped) in [
        (99, 99, false),
        (100, 100, false),
        (101, 100, true),
        (300, 100, true),
    ] {
        let calls: Value = (0..count)
            .map(|at| call(&format!("C{at}"), T + at))
            .collect();
        let found = answer(&json!({ "start_time_t": T }), &calls);
        assert_eq!(found["match"]["candidates"], candidates, "{count}");
        assert_eq!(
            found["match"]["candidates_capped"] == true,
            capped,
            "{count}"
        );
    }
}

#[test]
fn the_step_at_which_the_last_calls_fell_out() {
    let calls = json!([
        { "transaction_id": "A", "start_time_t": T, "calling_phone_number": "+18885551212",
          "advertiser_id_from_network": "1", "advertiser_campaign_id_from_network": "2" },
        { "transaction_id": "B", "start_time_t": T + 40, "calling_phone_number": "+14155550100",
          "advertiser_id_from_network": "9", "advertiser_campaign_id_from_network": "7" },
    ]);
    let (mine, nobodys) = ("+18885551212", "+12025550143");
    let far = T + 1_000_000;
    for (search, reason, nearest) in [
        (
            json!({ "start_time_t": far }),
            "call.not_found.outside_window",
            Some("B"),
        ),
        (
            json!({ "start_time_t": far, "calling_phone_number": mine }),
            "call.not_found.outside_window",
            Some("A"),
        ),
        (
            json!({ "start_time_t": T, "calling_phone_number": nobodys }),
            "call.not_found.no_such_number",
            Some("A"),
        ),
        (
            json!({ "start_time_t": T + 30, "advertiser_id_from_network": "5" }),
            "call.not_found.filtered_out",
            Some("B"),
        ),
        (
            json!({ "start_time_t": T, "advertiser_campaign_id_from_network": "5" }),
            "call.not_found.filtered_out",
            Some("A"),
        ),
        (
            json!({ "start_time_t": T + 40, "calling_phone_number": mine, "advertiser_id_from_network": "9" }),
            "call.not_found.filtered_out",
            Some("A"),
        ),
        (
            json!({ "start_time_t": T + 40, "calling_phone_number": mine, "advertiser_campaign_id_from_network": "7" }),
            "call.not_found.filtered_out",
            Some("A"),
        ),
        (
            json!({ "start_time_t": T, "calling_phone_number": nobodys, "advertiser_id_from_network": "5" }),
            "call.not_found.no_such_number",
            Some("A"),
        ),
    ] {
        let found = answer(&search, &calls);
        assert_eq!(found["index"], Value::Null, "{search}");
        assert_eq!(found["match"]["reason"], reason, "{search}");
        assert_eq!(
            found["match"]["nearest"]["transaction_id"].as_str(),
            nearest,
            "{search}"
        );
    }
    let none = answer(&json!({ "start_time_t": T }), &json!([]));
    assert_eq!(none["match"]["reason"], "call.not_found.none");
    assert_eq!(none["match"]["nearest"], Value::Null);
}

#[test]
fn a_call_beyond_the_window_is_no_candidate() {
    let calls = json!([call("A", T + 10), call("B", T - 12)]);
    let search = json!({ "start_time_t": T });
    for (window, index) in [
        (Some(10_000), json!(0)),
        (Some(9_999), Value::Null),
        (None, json!(0)),
    ] {
        let settings = MatchSettings {
            window,
            ..MatchSettings::default()
        };
        let found = answer_with(&search, &calls, &settings);
        assert_eq!(found["index"], index, "{window:?}");
    }
    let settings = MatchSettings {
        window: None,
        ..MatchSettings::default()
    };
    let years_away = json!([call("A", T + 300_000_000)]);
    assert_eq!(answer_with(&search, &years_away, &settings)["index"], 0);
}

#[test]
fn a_second_of_the_duration_counts_as_many_seconds_of_the_start() {
    let calls = json!([
        { "transaction_id": "A", "start_time_t": T + 10, "duration_in_seconds": 60 },
        { "transaction_id": "B", "start_time_t": T, "duration_in_seconds": 61 },
        { "transaction_id": "C", "start_time_t": T + 5 },
    ]);
    let search = json!({ "start_time_t": T, "duration_in_seconds": 60 });
    // The weight, the chosen call, its distance and its difference of the durations.
    for (weight, index, distance, duration) in [
        (0, 1, 0, 1),
        (1, 1, 1, 1),
        (7, 1, 7, 1),
        // Equally far: the one whose start is closer.
        (10, 1, 10, 1),
        (11, 0, 10, 0),
        (20, 0, 10, 0),
        (1_000, 0, 10, 0),
    ] {
        let settings = MatchSettings {
            duration_weight: weight,
            ..MatchSettings::default()
        };
        let found = answer_with(&search, &calls, &settings);
        assert_eq!(found["index"], index, "{weight}");
        let found = &found["match"];
        assert_eq!(found["distance_seconds"], distance, "{weight}");
        assert_eq!(found["duration_difference_seconds"], duration, "{weight}");
        assert_eq!(found["duration_weight"], weight);
    }
}

#[test]
fn a_confidence_is_the_probability_of_the_model() {
    let spread = |count: i64, step: i64| -> Value {
        (0..count)
            .map(|at| call(&format!("C{at}"), T + (at - count / 2) * step))
            .collect()
    };
    let durations = json!([
        { "transaction_id": "A", "start_time_t": T + 10, "duration_in_seconds": 60 },
        { "transaction_id": "B", "start_time_t": T - 30, "duration_in_seconds": 300 },
        { "transaction_id": "C", "start_time_t": T + 90 },
    ]);
    let search = json!({ "start_time_t": T });
    let with_duration = json!({ "start_time_t": T, "duration_in_seconds": 65 });
    // By an implementation in another language: `python3 tools/match-quality/model.py`.
    for (name, search, calls, expected) in [
        ("one call", &search, json!([call("A", T)]), 0.999),
        ("an hour away", &search, json!([call("A", T + 3_600)]), 0.71),
        (
            "two calls",
            &search,
            json!([call("A", T), call("B", T + 60)]),
            0.731,
        ),
        ("one each 100 seconds", &search, spread(9, 100), 0.682),
        ("cut on both sides", &search, spread(301, 20), 0.153),
        ("cut at the last call", &search, spread(200, 20), 0.153),
        ("not quite cut", &search, spread(199, 20), 0.159),
        ("cut within a second", &search, spread(301, 0), 0.0),
        ("with a duration", &with_duration, durations.clone(), 0.994),
        ("without it", &search, durations, 0.504),
    ] {
        let found = answer(search, &calls);
        assert_eq!(found["match"]["confidence"], expected, "{name}");
        assert_eq!(found["match"]["ambiguous"], expected < 0.8, "{name}");
    }
}

#[test]
fn a_match_is_ambiguous_below_the_wanted_confidence() {
    let calls = json!([call("A", T), call("B", T + 60)]);
    let search = json!({ "start_time_t": T });
    let confidence = answer(&search, &calls)["match"]["confidence"].clone();
    let confidence = Confidence::parse(&confidence.to_string()).unwrap();
    let above = Confidence::of(confidence.probability() + 0.0015);
    for (min_confidence, ambiguous) in [(confidence, false), (above, true)] {
        let settings = MatchSettings {
            min_confidence,
            ..MatchSettings::default()
        };
        let found = answer_with(&search, &calls, &settings);
        assert_eq!(found["match"]["ambiguous"], ambiguous, "{min_confidence:?}");
    }
    // Reports that err less tell the two calls apart.
    let settings = MatchSettings {
        errors: ErrorModel {
            start_error: 5,
            duration_error: 15,
        },
        ..MatchSettings::default()
    };
    let found = answer_with(&search, &calls, &settings);
    assert_eq!(found["match"]["ambiguous"], false);
}

#[test]
fn a_threshold_has_at_most_three_decimals() {
    for (text, expected) in [
        ("0", Some(0)),
        ("1", Some(1_000)),
        ("0.5", Some(500)),
        ("0.95", Some(950)),
        ("0.999", Some(999)),
        ("1.000", Some(1_000)),
        ("1.001", None),
        ("2", None),
        ("0.9999", None),
        (".5", None),
        ("0.", None),
        ("", None),
        ("-0.5", None),
        ("5e-1", None),
        ("0,5", None),
        (" 0.5", None),
        ("00.5", None),
    ] {
        let thousandths = Confidence::parse(text).map(Confidence::thousandths);
        assert_eq!(thousandths, expected, "{text}");
    }
}

#[test]
fn values_as_the_database_keeps_them() {
    assert_eq!(Cents::from_stored(0).map(Cents::get), Some(0));
    assert_eq!(Cents::from_stored(12_345).map(Cents::get), Some(12_345));
    assert_eq!(Cents::from_stored(-1), None);
    assert_eq!(
        UnixMillis::from_millis(1_450_000_000_999).seconds(),
        1_450_000_000
    );
    let id = TransactionId::parse("ab-1").map(|id| id.to_string());
    assert_eq!(id.as_deref(), Some("AB-1"));
    let name = |name: &'static str| {
        Identity {
            name: name.into(),
            partner_unique_id: "".into(),
        }
        .name_key()
    };
    assert_eq!(name("SALE Ä İ"), "sale ä i\u{307}");
}

#[test]
fn an_amount_with_commas_is_mended_only_where_that_is_certain() {
    for (text, fix) in [
        ("1,000.00", Some("1000.00")),
        ("12,345,678.9", Some("12345678.9")),
        ("1,000", None),
        ("1000,000.00", None),
        (",000.00", None),
        ("1,00.00", None),
        ("1,0000.00", None),
        ("1.000,00", None),
    ] {
        assert_eq!(
            Cents::parse(text),
            Err((Code::SaleAmountSeparator, fix.map(str::to_owned))),
            "{text}"
        );
    }
    // 12 digits before the point are the most, also of what is wrong otherwise.
    assert_eq!(
        Cents::parse("123456789012.001").map_err(|(code, _)| code),
        Err(Code::SaleAmountPrecision)
    );
    assert_eq!(
        Cents::parse("1234567890123.001").map_err(|(code, _)| code),
        Err(Code::SaleAmountTooLarge)
    );
}
