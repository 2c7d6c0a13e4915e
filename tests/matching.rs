//! Which call is meant, and why: the specification that the SQL is held to over HTTP, here on its own.
#![cfg(test)]

use call_outcomes::input::report::Rules;
use call_outcomes::model::money::Cents;
use call_outcomes::model::outcome::Identity;
use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::problem::Code;
use call_outcomes::rules::matching::{Call, Target};
use call_outcomes::validate::closest::{MatchOptions, closest};
use serde_json::{Value, json};

/// What a search comes to among calls, in a window of a day; margins below 5 seconds are ambiguous.
fn answer(search: &Value, calls: &Value) -> Value {
    within(search, calls, None, None)
}

fn within(search: &Value, calls: &Value, window: Option<f64>, ambiguity: Option<f64>) -> Value {
    let body = json!({ "search": search, "calls": calls }).to_string();
    let near = MatchOptions::from_seconds(window, ambiguity);
    serde_json::from_str(&closest(&body, Rules::default(), near)).unwrap()
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
    // Offsets of the calls A, B, …; the chosen one, the next best, the margin, whether it is ambiguous.
    for (offsets, chosen, next, margin, ambiguous) in [
        (&[0_i64, 4][..], 0, "B", 4, true),
        (&[0, 5], 0, "B", 5, false),
        (&[5, 0], 1, "A", 5, false),
        (&[-3, 3], 0, "B", 0, true),
        (&[3, -3], 1, "A", 0, true),
        (&[9, 2, 1], 2, "B", 1, true),
        (&[1, 9, 2], 0, "C", 1, true),
        (&[1, 2, 9], 0, "B", 1, true),
        (&[9, 1, 8, 30], 1, "C", 7, false),
        (&[1, 1, 1], 0, "B", 0, true),
        (&[7, 1, 1], 1, "C", 0, true),
    ] {
        let found = answer(&json!({ "start_time_t": T }), &at(offsets));
        assert_eq!(found["index"], chosen, "{offsets:?}");
        let found = &found["match"];
        assert_eq!(found["runner_up"]["transaction_id"], next, "{offsets:?}");
        assert_eq!(found["margin_seconds"], margin, "{offsets:?}");
        assert_eq!(found["ambiguous"], ambiguous, "{offsets:?}");
        assert_eq!(found["candidates"], offsets.len(), "{offsets:?}");
    }
    let alone = answer(&json!({ "start_time_t": T }), &at(&[1]));
    assert_eq!(alone["match"]["runner_up"], Value::Null);
    assert_eq!(alone["match"]["ambiguous"], false);
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
fn the_window_and_the_margin_are_in_seconds() {
    let calls = json!([call("A", T + 10), call("B", T - 12)]);
    let search = json!({ "start_time_t": T });
    for (window, ambiguity, index, ambiguous) in [
        (Some(10.0), None, json!(0), json!(false)),
        (Some(9.999), None, Value::Null, Value::Null),
        (Some(0.0), Some(2.0), json!(0), json!(false)),
        (Some(12.0), Some(2.001), json!(0), json!(true)),
        (None, Some(0.0), json!(0), json!(false)),
    ] {
        let found = within(&search, &calls, window, ambiguity);
        assert_eq!(found["index"], index, "{window:?}");
        assert_eq!(
            found["match"]["ambiguous"], ambiguous,
            "{window:?} {ambiguity:?}"
        );
    }
    // Without a window, years do not matter.
    let found = within(
        &search,
        &json!([call("A", T + 300_000_000)]),
        Some(0.0),
        None,
    );
    assert_eq!(found["index"], 0);
}

#[test]
fn an_explanation_knows_whether_it_is_ambiguous() {
    let target = Target {
        start: UnixMillis::from_millis(1_000),
        window: None,
        duration: None,
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
    };
    let at = |id: &str, start| Call {
        transaction_id: TransactionId::parse(id).unwrap(),
        start: UnixMillis::from_millis(start),
        duration: None,
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
    };
    let (near, far) = (at("A", 1_000), at("B", 6_000));
    for (ambiguity, expected) in [(5_000, false), (5_001, true)] {
        let (chosen, explanation) =
            call_outcomes::rules::explanation::explain(&target, &[&near, &far], ambiguity);
        assert_eq!(
            chosen.map(|call| call.transaction_id),
            Some(near.transaction_id)
        );
        assert_eq!(explanation.is_ambiguous(), expected);
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
