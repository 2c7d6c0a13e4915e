//! What a confidence is worth, in simulated networks.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a simulation, with no input of others"
)]

use call_outcomes::rules::confidence::Confidence;
use simulation::{Clock, Duration, Match, Scenario, Share, simulate};

#[path = "../tools/match-quality/simulation.rs"]
mod simulation;

fn at_least(matches: &[Match], threshold: &str) -> Vec<Match> {
    let threshold = Confidence::parse(threshold).unwrap();
    let kept = matches.iter().filter(|found| found.confidence >= threshold);
    kept.copied().collect()
}

fn wrong(matches: &[Match]) -> Share {
    Share::of(matches, |found| !found.is_right)
}

#[test]
fn with_a_number_few_confident_matches_are_wrong_and_most_are_confident() {
    for calls_a_day in [1.0, 3.0, 9.0] {
        for duration in [
            Duration::NotSent,
            Duration::Exact,
            Duration::Minutes,
            Duration::WithoutRinging,
        ] {
            let scenario = Scenario::new(calls_a_day / 24.0, duration);
            let matches = simulate(&scenario, 20_000, 1);
            let kept = at_least(&matches, "0.95");
            let share = Share {
                count: kept.len(),
                of: matches.len(),
            };
            println!(
                "{calls_a_day} {duration:?}: wrong {:?} kept {:?} ; all wrong {}",
                wrong(&kept).value(),
                share.value(),
                wrong(&matches).value()
            );
        }
    }
}

#[test]
fn without_a_number_few_confident_matches_are_wrong() {
    for duration in [
        Duration::NotSent,
        Duration::Exact,
        Duration::Minutes,
        Duration::WithoutRinging,
    ] {
        let scenario = Scenario::new(36.0, duration);
        let matches = simulate(&scenario, 20_000, 2);
        let kept = at_least(&matches, "0.95");
        let share = Share {
            count: kept.len(),
            of: matches.len(),
        };
        println!(
            "36/h {duration:?}: wrong {:?} kept {:?} ; all wrong {}",
            wrong(&kept).value(),
            share.value(),
            wrong(&matches).value()
        );
    }
}

#[test]
fn a_confidence_is_honest_where_reports_err_as_the_model_assumes() {
    for (rate, duration) in [
        (3.0 / 24.0, Duration::Model(15.0)),
        (36.0, Duration::Model(15.0)),
        (36.0, Duration::NotSent),
        (360.0, Duration::Model(15.0)),
        (3_600.0, Duration::Model(15.0)),
    ] {
        let scenario = Scenario {
            clock: Clock::Model(60.0),
            missing: 0.02,
            ..Scenario::new(rate, duration)
        };
        let matches = simulate(&scenario, 40_000, 3);
        for decile in 0..10_u16 {
            let inside: Vec<Match> = matches
                .iter()
                .filter(|found| found.confidence.thousandths().min(999) / 100 == decile)
                .copied()
                .collect();
            let stated = inside
                .iter()
                .map(|found| found.confidence.probability())
                .sum::<f64>()
                / inside.len() as f64;
            let right = Share::of(&inside, |found| found.is_right);
            println!(
                "{rate} {duration:?} {decile}: n {} stated {stated:.3} right {:.3}",
                right.of,
                right.value()
            );
        }
    }
}
