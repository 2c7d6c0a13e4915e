//! What judging a report without problems takes from the heap: a list for each object, and nothing for a field.
#![cfg(all(test, not(target_arch = "wasm32")))]

use allocation_counter::measure;
use call_outcomes::request::Rules;
use call_outcomes::verdict::{Unit, judge};

fn allocations(report: &str) -> u64 {
    let count = measure(|| {
        assert_eq!(
            judge(report.as_bytes(), Rules::default(), Some(Unit::Utf16)),
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
