//! Settings from an operator's own reports: the typical errors, by maximum likelihood, with bootstrapped intervals.

use std::fmt::Write;
use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde::Deserialize;

/// The fewest pairs that say anything.
const FEWEST: usize = 30;
const RESAMPLES: usize = 400;
/// How often a start or a duration is wildly off, as in the model of the confidence.
const WILD: f64 = 0.05;
/// Over how many seconds wild starts and durations spread: two days, and half an hour.
const START_SPREAD: f64 = 2.0 * 86_400.0;
const DURATION_SPREAD: f64 = 1_800.0;

/// A report whose call is known. Times are Unix seconds, durations seconds.
#[derive(Deserialize)]
struct Pair {
    reported_start: f64,
    start: f64,
    #[serde(default)]
    reported_duration: Option<f64>,
    #[serde(default)]
    duration: Option<f64>,
}

/// An estimate, with its 95 % interval.
struct Estimate {
    value: f64,
    low: f64,
    high: f64,
}

/// Reads pairs, and says which variables they ask for.
pub fn advice(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| format!("{shown}: {error}"))?;
    let pairs: Vec<Pair> = reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{shown}: {error}\nColumns: reported_start, start (Unix seconds); reported_duration, duration (seconds; may be blank)."))?;
    let starts: Vec<f64> = pairs
        .iter()
        .map(|pair| (pair.reported_start - pair.start).abs())
        .collect();
    let durations: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| Some((pair.reported_duration? - pair.duration?).abs()))
        .collect();
    if starts.len() < FEWEST {
        return Err(format!(
            "{shown}: {} pairs are too few to estimate anything; {FEWEST} are the least, and some hundred are good.",
            starts.len()
        ));
    }
    let mut text = String::new();
    let start = estimate(&starts, START_SPREAD);
    let mut variables = vec![("START_ERROR_SECONDS", start.value.round().max(1.0))];
    let _ = writeln!(text, "{}", described("start", &start, &starts));
    if durations.len() < FEWEST {
        let _ = writeln!(
            text,
            "Duration: {} pairs have one, too few to estimate from.",
            durations.len()
        );
    } else {
        let duration = estimate(&durations, DURATION_SPREAD);
        let weight = start.value / duration.value.max(0.5);
        let _ = writeln!(text, "{}", described("duration", &duration, &durations));
        let _ = writeln!(
            text,
            "Weight: a second of the duration says as much as {weight:.1} seconds of the start (95 % between {:.1} and {:.1}).",
            start.low / duration.high.max(0.5),
            start.high / duration.low.max(0.5),
        );
        variables.push(("DURATION_ERROR_SECONDS", duration.value.round().max(1.0)));
        variables.push(("DURATION_WEIGHT", weight.round().clamp(0.0, 1_000.0)));
    }
    text.push_str("\nSet in wrangler.toml, below [vars]:\n");
    for (name, value) in variables {
        let _ = write!(text, "\n{name} = \"{value}\"");
    }
    Ok(text)
}

fn described(what: &str, estimate: &Estimate, errors: &[f64]) -> String {
    let far = errors
        .iter()
        .filter(|error| **error > 10.0 * estimate.value.max(1.0))
        .count();
    format!(
        "{} error: typically {:.1} s (95 % between {:.1} and {:.1}), from {} pairs; {far} of them are off by more than 10 times that.",
        if what == "start" { "Start" } else { "Duration" },
        estimate.value,
        estimate.low,
        estimate.high,
        errors.len(),
    )
}

/// The typical error among wild ones, with an interval by resampling.
fn estimate(errors: &[f64], spread: f64) -> Estimate {
    let mut random = Pcg64::seed_from_u64(1);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sample: Vec<f64> = (0..errors.len())
                .map(|_| errors[random.random_range(0..errors.len())])
                .collect();
            typical(&sample, spread)
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    Estimate {
        value: typical(errors, spread),
        low: resampled[RESAMPLES * 25 / 1_000],
        high: resampled[RESAMPLES * 975 / 1_000],
    }
}

/// The mean error of those that are not wildly off, by expectation and maximisation.
fn typical(errors: &[f64], spread: f64) -> f64 {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut scale = sorted[sorted.len() / 2].max(0.1);
    for _ in 0..100 {
        let (mut weights, mut sum) = (0.0, 0.0);
        for error in errors {
            let usual = (1.0 - WILD) * (-error / scale).exp() / (2.0 * scale);
            let weight = usual / (usual + WILD / spread);
            weights += weight;
            sum += weight * error;
        }
        scale = (sum / f64::max(weights, f64::MIN_POSITIVE)).max(0.1);
    }
    scale
}
