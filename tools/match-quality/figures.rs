//! The figures of the charts and the table, as JSON.

use call_outcomes::model::confidence::Confidence;
use serde::Serialize;

use crate::simulation::{Clock, Duration, Match, Scenario, Share, simulate};

const SEED: u64 = 20_150_817;
/// Densities of networks, in calls an hour: from one call in four hours to 100 a second.
const DENSITIES: [f64; 13] = [
    0.25, 1.0, 4.0, 12.0, 36.0, 120.0, 360.0, 1_200.0, 3_600.0, 12_000.0, 36_000.0, 120_000.0,
    360_000.0,
];
/// Calls from one number, in calls an hour: three a day.
const OF_A_NUMBER: f64 = 3.0 / 24.0;
const MISTYPED: f64 = 0.05;
const THRESHOLDS: [&str; 13] = [
    "0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99",
];

#[derive(Serialize)]
struct Figures {
    reports: usize,
    density: Vec<Series<Density>>,
    reliability: Vec<Series<Reliability>>,
    kept: Vec<Series<Kept>>,
    table: Vec<Row>,
}

#[derive(Serialize)]
struct Series<P> {
    name: &'static str,
    points: Vec<P>,
}

#[derive(Serialize)]
struct Estimate {
    value: f64,
    low: f64,
    high: f64,
    of: usize,
}

impl From<Share> for Estimate {
    fn from(share: Share) -> Self {
        let (low, high) = share.interval();
        Self {
            value: share.value(),
            low,
            high,
            of: share.of,
        }
    }
}

#[derive(Serialize)]
struct Density {
    calls_per_hour: f64,
    wrong: Estimate,
}

#[derive(Serialize)]
struct Reliability {
    stated: f64,
    right: Estimate,
}

#[derive(Serialize)]
struct Kept {
    threshold: f64,
    #[serde(rename = "kept")]
    share: Estimate,
    wrong: Estimate,
}

/// What a way to report gets.
#[derive(Serialize)]
struct Row {
    sent: &'static str,
    calls: &'static str,
    found: Estimate,
    wrong: Estimate,
    kept_80: Estimate,
    wrong_80: Estimate,
    kept_95: Estimate,
    wrong_95: Estimate,
}

fn wrong(matches: &[Match]) -> Share {
    Share::of(matches, |found| !found.is_right)
}

fn at_least(matches: &[Match], threshold: &str) -> Vec<Match> {
    let threshold = Confidence::parse(threshold).expect("a decimal");
    let kept = matches.iter().filter(|found| found.confidence >= threshold);
    kept.copied().collect()
}

fn kept(matches: &[Match], threshold: &str) -> (Share, Share) {
    let kept = at_least(matches, threshold);
    let share = Share {
        count: kept.len(),
        of: matches.len(),
    };
    (share, wrong(&kept))
}

/// All figures, each from so many simulated reports.
pub fn figures(reports: usize) -> String {
    let figures = Figures {
        reports,
        density: density(reports),
        reliability: reliability(reports),
        kept: thresholds(reports),
        table: table(reports),
    };
    serde_json::to_string_pretty(&figures).expect("figures are numbers and texts")
}

fn with_number(duration: Duration) -> Scenario {
    Scenario {
        mistyped: MISTYPED,
        ..Scenario::new(OF_A_NUMBER, duration)
    }
}

/// Wrong matches against the density of the network.
fn density(reports: usize) -> Vec<Series<Density>> {
    let of_network = |name, duration| Series {
        name,
        points: DENSITIES
            .map(|calls_per_hour| Density {
                calls_per_hour,
                wrong: wrong(&simulate(
                    &Scenario::new(calls_per_hour, duration),
                    reports,
                    SEED,
                ))
                .into(),
            })
            .into(),
    };
    // A number has as many calls in a busy network as in a quiet one.
    let of_number = |name, duration| {
        let share = wrong(&simulate(&with_number(duration), reports, SEED));
        let points = DENSITIES.iter().filter(|density| **density >= OF_A_NUMBER);
        Series {
            name,
            points: points
                .map(|calls_per_hour| Density {
                    calls_per_hour: *calls_per_hour,
                    wrong: share.into(),
                })
                .collect(),
        }
    };
    vec![
        of_network("start time", Duration::NotSent),
        of_network("start time, duration to the minute", Duration::Minutes),
        of_network("start time, exact duration", Duration::Exact),
        of_number("start time, phone number", Duration::NotSent),
        of_number("start time, phone number, exact duration", Duration::Exact),
    ]
}

/// How many matches of a stated confidence are right.
fn reliability(reports: usize) -> Vec<Series<Reliability>> {
    let model = |rate, duration| Scenario {
        clock: Clock::Model(60.0),
        missing: 0.02,
        ..Scenario::new(rate, duration)
    };
    let of = |name, scenarios: Vec<Scenario>| {
        let matches: Vec<Match> = scenarios
            .iter()
            .flat_map(|scenario| simulate(scenario, reports, SEED))
            .collect();
        let decile = |found: &&Match| found.confidence.thousandths().min(999).div_euclid(100);
        let points = (0..10).filter_map(|wanted| {
            let inside: Vec<Match> = matches
                .iter()
                .filter(|found| decile(found) == wanted)
                .copied()
                .collect();
            let stated = inside
                .iter()
                .map(|found| found.confidence.probability())
                .sum::<f64>()
                / inside.len() as f64;
            (inside.len() >= 100).then(|| Reliability {
                stated,
                right: Share::of(&inside, |found| found.is_right).into(),
            })
        });
        Series {
            name,
            points: points.collect(),
        }
    };
    let rates = [OF_A_NUMBER, 36.0, 360.0];
    let all = |scenario: &dyn Fn(f64) -> Scenario| {
        rates.iter().map(|rate| scenario(*rate)).collect::<Vec<_>>()
    };
    vec![
        of(
            "errors as the model assumes",
            all(&|rate| model(rate, Duration::Model(15.0))),
        ),
        of(
            "clocks off by σ 45 s, exact durations",
            all(&|rate| Scenario::new(rate, Duration::Exact)),
        ),
        of(
            "clocks off by σ 45 s, durations to the minute",
            all(&|rate| Scenario::new(rate, Duration::Minutes)),
        ),
        of(
            "clocks off by σ 45 s, no durations",
            all(&|rate| Scenario::new(rate, Duration::NotSent)),
        ),
    ]
}

/// How many matches a threshold keeps, and how many of these are wrong.
fn thresholds(reports: usize) -> Vec<Series<Kept>> {
    let of = |name, scenario: &Scenario| {
        let matches = simulate(scenario, reports, SEED);
        let points = THRESHOLDS.map(|threshold| {
            let (share, wrong) = kept(&matches, threshold);
            Kept {
                threshold: threshold.parse().expect("a decimal"),
                share: share.into(),
                wrong: wrong.into(),
            }
        });
        Series {
            name,
            points: points.into(),
        }
    };
    vec![
        of(
            "phone number, 3 calls a day from it",
            &with_number(Duration::NotSent),
        ),
        of(
            "exact duration, 36 calls an hour",
            &Scenario::new(36.0, Duration::Exact),
        ),
        of(
            "duration to the minute, 36 calls an hour",
            &Scenario::new(36.0, Duration::Minutes),
        ),
        of(
            "start time alone, 36 calls an hour",
            &Scenario::new(36.0, Duration::NotSent),
        ),
    ]
}

/// What to send to get what.
fn table(reports: usize) -> Vec<Row> {
    let row = |sent, calls, scenario: &Scenario| {
        let matches = simulate(scenario, reports, SEED);
        let found = Share {
            count: matches.len(),
            of: reports,
        };
        let (kept_80, wrong_80) = kept(&matches, "0.8");
        let (kept_95, wrong_95) = kept(&matches, "0.95");
        Row {
            sent,
            calls,
            found: found.into(),
            wrong: wrong(&matches).into(),
            kept_80: kept_80.into(),
            wrong_80: wrong_80.into(),
            kept_95: kept_95.into(),
            wrong_95: wrong_95.into(),
        }
    };
    let number = |rate, duration| Scenario {
        mistyped: MISTYPED,
        ..Scenario::new(rate, duration)
    };
    vec![
        row(
            "phone number",
            "1 a day from it",
            &number(1.0 / 24.0, Duration::NotSent),
        ),
        row(
            "phone number",
            "9 a day from it",
            &number(9.0 / 24.0, Duration::NotSent),
        ),
        row(
            "phone number and exact duration",
            "9 a day from it",
            &number(9.0 / 24.0, Duration::Exact),
        ),
        row(
            "exact duration",
            "36 an hour",
            &Scenario::new(36.0, Duration::Exact),
        ),
        row(
            "duration to the minute",
            "36 an hour",
            &Scenario::new(36.0, Duration::Minutes),
        ),
        row(
            "duration without the ringing",
            "36 an hour",
            &Scenario::new(36.0, Duration::WithoutRinging),
        ),
        row(
            "start time alone",
            "36 an hour",
            &Scenario::new(36.0, Duration::NotSent),
        ),
        row(
            "start time alone",
            "1 an hour",
            &Scenario::new(1.0, Duration::NotSent),
        ),
        row(
            "exact duration",
            "6 a minute",
            &Scenario::new(360.0, Duration::Exact),
        ),
        row(
            "start time alone",
            "6 a minute",
            &Scenario::new(360.0, Duration::NotSent),
        ),
        row(
            "exact duration",
            "100 a second",
            &Scenario::new(360_000.0, Duration::Exact),
        ),
    ]
}
