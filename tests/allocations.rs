//! What reading takes from the heap: of a report without problems a list for each object and nothing for a field, and of
//! any other body a small multiple of its size.
#![cfg(all(test, not(target_arch = "wasm32")))]

use allocation_counter::measure;
use call_outcomes::input::report::{Rules, read};
use call_outcomes::input::{batch, calls};
use call_outcomes::validate::{Unit, check, validate};

fn allocations(report: &str) -> u64 {
    let count = measure(|| {
        assert_eq!(
            check(report.as_bytes(), Rules::default(), Some(Unit::Utf16)),
            None,
            "{report}"
        );
    });
    count.count_total
}

#[test]
fn nothing_is_allocated_for_a_field() {
    let few = r#"{"search": {"transaction_id": "A-1"}, "call_outcome": {"outcome_name": "Sale"}}"#;
    let many = r#"{
        "search": {
            "start_time_t": "1435993200", "calling_phone_number": "(800) 555-1212", "duration_in_seconds": 125,
            "advertiser_id_from_network": "1", "advertiser_campaign_id_from_network": "2", "network_id": "3"
        },
        "call_outcome": {
            "outcome_name": " Sale ", "partner_unique_id": "1", "description": "Größe 3, für 2 Jahre",
            "occurred_at_time_t": 1440607313000, "sale_amount": "100.50", "value": true,
            "custom_parameter_1": "Boston", "custom_parameter_2": null, "custom_parameter_3": 7
        },
        "oauth_token": "secret"
    }"#;
    assert_eq!([few, many].map(allocations), [3, 3]);
}

/// How often reading a list for its token and the number of its rows allocates.
fn of_list(members: &str) -> [u64; 2] {
    let body = format!(r#"{{"oauth_token":"secret",{members}}}"#);
    let import = measure(|| assert!(calls::find_token(&body).is_ok()));
    let batch = measure(|| assert!(batch::read(&body, Rules::default(), usize::MAX).is_ok()));
    [import.count_total, batch.count_total]
}

#[test]
fn the_token_of_a_list_is_found_without_keeping_anything_of_its_rows() {
    for row in [
        "{}",
        "0",
        r#""a""#,
        r#"{"a":{"b":[1,2]}}"#,
        r#"{"search":{},"call_outcome":[]}"#,
        r#"{"\u0061":"\u0062"}"#,
    ] {
        for name in ["calls", "call_outcomes"] {
            let list = |count| format!(r#""{name}":[{}]"#, vec![row; count].join(","));
            assert_eq!(of_list(&list(1)), of_list(&list(100_000)), "{name}: {row}");
        }
    }
    for key in [r#""a":0"#, r#""\u0061":0"#, r#""calls":[]"#] {
        let keys = |count| vec![key; count].join(",");
        assert_eq!(of_list(&keys(1_000)), of_list(&keys(100_000)), "{key}");
    }
}

#[test]
fn a_body_takes_a_small_multiple_of_its_size_and_so_does_its_answer() {
    let shapes = [
        r#""a":0"#.to_owned(),
        r#""":0"#.to_owned(),
        r#""custom_parametr_1":0"#.to_owned(),
        format!(r#""{}":0"#, "~".repeat(255)),
        format!(r#""{}":0"#, "\\u0001".repeat(5_000)),
        format!(r#""{}":0"#, "k".repeat(50_000)),
    ];
    for shape in &shapes {
        let count = 60_000_usize.div_euclid(shape.len().saturating_add(1));
        let keys = vec![shape.as_str(); count].join(",");
        let body = format!(
            r#"{{"search":{{"transaction_id":"1",{keys}}},"call_outcome":{{"outcome_name":""}}}}"#
        );
        for strict in [false, true] {
            let rules = Rules {
                strict,
                ..Rules::default()
            };
            assert!(read(&body, rules).is_ok_and(|reading| reading.report.is_err()));
            let mut answer = String::new();
            let used = measure(|| answer = validate(body.as_bytes(), rules, Some(Unit::Utf16)));
            let most = body.len().saturating_mul(4);
            let most_used = body.len().saturating_mul(8) as u64;
            assert!(answer.len() <= most, "{shape:.40}: {}", answer.len());
            assert!(
                used.bytes_max <= most_used,
                "{shape:.40}: {}",
                used.bytes_max
            );
        }
    }
}
