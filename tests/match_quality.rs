//! How often matches are wrong in simulated networks, and whether a confidence says so.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the input is the test's own"
)]

use call_outcomes::model::confidence::Confidence;
use simulation::{Clock, Duration, Match, Scenario, Share, simulate};

#[path = "../tools/match-quality/simulation.rs"]
mod simulation;

const REPORTS: usize = 10_000;
const DURATIONS: [Duration; 4] = [
    Duration::NotSent,
    Duration::Exact,
    Duration::Minutes,
    Duration::WithoutRinging,
];

/// The share of wrong matches among those with a confidence of at least 0.95, and the share that these are of all.
fn confident(scenario: &Scenario) -> (f64, f64) {
    let threshold = Confidence::parse("0.95").unwrap();
    let matches = simulate(scenario, REPORTS, 1);
    let kept: Vec<Match> = matches
        .iter()
        .filter(|found| found.confidence >= threshold)
        .copied()
        .collect();
    let wrong = Share::of(&kept, |found| !found.is_right);
    (wrong.value(), kept.len() as f64 / matches.len() as f64)
}

#[test]
fn with_a_phone_number_most_matches_are_confident_and_few_of_these_wrong() {
    for calls_a_day in [1.0, 3.0, 9.0] {
        for duration in DURATIONS {
            let (wrong, kept) = confident(&Scenario::new(calls_a_day / 24.0, duration));
            assert!(wrong <= 0.02, "{calls_a_day} a day, {duration:?}: {wrong}");
            assert!(kept >= 0.85, "{calls_a_day} a day, {duration:?}: {kept}");
        }
    }
}

#[test]
fn without_a_phone_number_few_confident_matches_are_wrong() {
    for duration in DURATIONS {
        let most = match duration {
            Duration::Minutes | Duration::WithoutRinging => 0.05,
            _ => 0.02,
        };
        let (wrong, _) = confident(&Scenario::new(36.0, duration));
        assert!(wrong <= most, "{duration:?}: {wrong}");
    }
}

#[test]
fn a_confidence_is_not_overstated_where_reports_err_as_the_model_assumes() {
    let mut deciles = 0;
    for (calls_per_hour, duration) in [
        (3.0 / 24.0, Duration::Model(15.0)),
        (36.0, Duration::Model(15.0)),
        (36.0, Duration::NotSent),
        (360.0, Duration::Model(15.0)),
    ] {
        let scenario = Scenario {
            clock: Clock::Model(60.0),
            missing: 0.02,
            ..Scenario::new(calls_per_hour, duration)
        };
        let matches = simulate(&scenario, 3 * REPORTS, 2);
        for decile in 0..10 {
            let inside: Vec<Match> = matches
                .iter()
                .filter(|found| found.confidence.thousandths().min(999) / 100 == decile)
                .copied()
                .collect();
            if inside.len() < 1_000 {
                continue;
            }
            let stated: f64 = inside
                .iter()
                .map(|found| found.confidence.probability())
                .sum();
            let stated = stated / inside.len() as f64;
            let right = Share::of(&inside, |found| found.is_right);
            let (_, high) = right.interval();
            deciles += 1;
            assert!(
                high >= stated - 0.03,
                "{calls_per_hour} an hour, {duration:?}, decile {decile}: {stated} stated, {} right",
                right.value()
            );
        }
    }
    assert!(deciles >= 25, "{deciles}");
}

#[test]
fn a_seed_gives_the_same_matches_again() {
    let scenario = Scenario::new(36.0, Duration::Exact);
    let confidences = |seed| -> Vec<u16> {
        let matches = simulate(&scenario, 100, seed);
        matches
            .iter()
            .map(|found| found.confidence.thousandths())
            .collect()
    };
    assert_eq!(confidences(1), confidences(1));
    assert_ne!(confidences(1), confidences(2));
}
