//! Simulated calls and reports of their outcomes, matched by the crate's own rules.
//!
//! Calls arrive as a Poisson process with log-normal durations. A report is about one of them, with errors: its clock is
//! off, its duration is rounded or leaves out the ringing, or its call is not in the database. The same seed gives the
//! same figures.

use call_outcomes::model::confidence::Confidence;
use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::rules::confidence::{ErrorModel, NEIGHBOURS, Neighbourhood};
use call_outcomes::rules::matching::{Call, Target};
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, LogNormal, StandardNormal};
use rand_pcg::Pcg64;

/// The median duration of a call, in seconds.
const MEDIAN_DURATION: f64 = 150.0;
/// The standard deviation of the logarithm of a duration.
const DURATION_SPREAD: f64 = 0.9;
/// The wanted start of every report, in Unix milliseconds.
const WANTED: i64 = 1_450_000_000_000;
/// The id of the call that a report is about. Ids of other calls are higher.
const REPORTED: u64 = 0;

/// How the clock of a reporter is off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// Normally distributed, with a standard deviation in seconds.
    Normal(f64),
    /// As the model assumes: exponentially distributed on both sides, with a mean in seconds.
    Model(f64),
}

/// What a report says of the duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Duration {
    /// Nothing.
    NotSent,
    /// The exact one.
    Exact,
    /// Rounded to minutes.
    Minutes,
    /// Without the ringing, of 5 to 30 seconds.
    WithoutRinging,
    /// As the model assumes: off by an exponentially distributed error with a mean in seconds, or wildly.
    Model(f64),
}

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Candidates an hour: all calls of a network, or those from one number.
    pub calls_per_hour: f64,
    /// How the clock is off.
    pub clock: Clock,
    /// What a report says of the duration.
    pub duration: Duration,
    /// The share of reports whose start is off by hours.
    pub wild: f64,
    /// The share of reports whose call is not in the database.
    pub missing: f64,
    /// The share of reports with another number than the call's, which has no calls.
    pub mistyped: f64,
    /// The window of the search, in seconds.
    pub window: f64,
    /// How many seconds of the start count as much as a second of the duration.
    pub duration_weight: u32,
    /// The model of the confidence.
    pub model: ErrorModel,
}

impl Scenario {
    /// Reports with clocks that are off by a standard deviation of 45 seconds, 5 % of them by hours, and with 5 % of the
    /// calls missing; matched by default settings.
    pub fn new(calls_per_hour: f64, duration: Duration) -> Self {
        Self {
            calls_per_hour,
            clock: Clock::Normal(45.0),
            duration,
            wild: 0.05,
            missing: 0.05,
            mistyped: 0.0,
            window: 86_400.0,
            duration_weight: call_outcomes::rules::matching::DURATION_WEIGHT,
            model: ErrorModel::default(),
        }
    }
}

/// The match of a report.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Whether the call is the one that the report is about.
    pub is_right: bool,
    /// Its confidence.
    pub confidence: Confidence,
}

/// Simulates reports, and returns the matches of those that have one.
pub fn simulate(scenario: &Scenario, reports: usize, seed: u64) -> Vec<Match> {
    let mut random = Pcg64::seed_from_u64(seed);
    let durations =
        LogNormal::new(MEDIAN_DURATION.ln(), DURATION_SPREAD).expect("finite parameters");
    let mut matches = Vec::with_capacity(reports);
    for _ in 0..reports {
        matches.extend(report(scenario, &durations, &mut random));
    }
    matches
}

fn report(scenario: &Scenario, durations: &LogNormal<f64>, random: &mut Pcg64) -> Option<Match> {
    if random.random_bool(scenario.mistyped) {
        return None;
    }
    let true_duration = sample_duration(durations, random);
    let target = Target {
        start: UnixMillis::from_millis(WANTED),
        duration: report_duration(scenario, true_duration, random),
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
        window: Some(millis(scenario.window)),
        duration_weight: scenario.duration_weight,
    };
    let mut search = Search {
        target: &target,
        near: Neighbourhood::default(),
        closest: None,
    };
    let error = report_error(scenario, random);
    if !random.random_bool(scenario.missing) {
        search.add(call(REPORTED, millis(error), true_duration));
    }
    let mut id = REPORTED;
    for direction in [-1, 1] {
        let mut offset = 0.0;
        let mut count = 0;
        loop {
            let gap: f64 = Exp1.sample(random);
            offset += gap * 3_600.0 / scenario.calls_per_hour;
            if offset > scenario.window
                || (count >= NEIGHBOURS && search.is_settled(millis(offset)))
            {
                break;
            }
            id += 1;
            count += 1;
            search.add(call(
                id,
                direction * millis(offset),
                sample_duration(durations, random),
            ));
        }
    }
    let closest = search.closest?;
    Some(Match {
        is_right: closest.transaction_id == TransactionId::from_bits(REPORTED),
        confidence: scenario.model.confidence(&target, &closest, &search.near),
    })
}

/// A search over calls that are generated outward from the wanted start.
struct Search<'t> {
    target: &'t Target,
    near: Neighbourhood,
    closest: Option<Call>,
}

impl Search<'_> {
    fn add(&mut self, call: Call) {
        if !self.target.admits(&call) {
            return;
        }
        self.near.add(self.target, &call);
        let preference = |call: &Call| self.target.preference(call);
        if self
            .closest
            .as_ref()
            .is_none_or(|closest| preference(&call) < preference(closest))
        {
            self.closest = Some(call);
        }
    }

    /// Whether no call that starts farther off than `offset` milliseconds can be closer than the closest so far.
    fn is_settled(&self, offset: i64) -> bool {
        self.closest
            .as_ref()
            .is_some_and(|call| self.target.distance(call).total < offset)
    }
}

fn call(id: u64, offset: i64, duration: u32) -> Call {
    Call {
        transaction_id: TransactionId::from_bits(id),
        start: UnixMillis::from_millis(WANTED + offset),
        duration: Some(duration),
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
    }
}

fn sample_duration(durations: &LogNormal<f64>, random: &mut Pcg64) -> u32 {
    whole(durations.sample(random))
}

/// By how many seconds a reported start is off.
fn report_error(scenario: &Scenario, random: &mut Pcg64) -> f64 {
    if random.random_bool(scenario.wild) {
        return random.random_range(-scenario.window..=scenario.window);
    }
    match scenario.clock {
        Clock::Normal(deviation) => {
            let error: f64 = StandardNormal.sample(random);
            error * deviation
        }
        Clock::Model(mean) => two_sided(mean, random),
    }
}

fn report_duration(scenario: &Scenario, duration: u32, random: &mut Pcg64) -> Option<u32> {
    let exact = f64::from(duration);
    Some(match scenario.duration {
        Duration::NotSent => return None,
        Duration::Exact => duration,
        Duration::Minutes => whole((exact / 60.0).round() * 60.0),
        Duration::WithoutRinging => whole(exact - random.random_range(5.0..=30.0)),
        Duration::Model(_) if random.random_bool(0.05) => {
            whole(exact + random.random_range(-900.0..=900.0))
        }
        Duration::Model(mean) => whole(exact + two_sided(mean, random)),
    })
}

fn two_sided(mean: f64, random: &mut Pcg64) -> f64 {
    let error: f64 = Exp1.sample(random);
    if random.random_bool(0.5) {
        error * mean
    } else {
        -error * mean
    }
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

fn whole(seconds: f64) -> u32 {
    seconds.round().max(0.0) as u32
}

/// A share of a sample, with the 95 % interval of Wilson.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// How many have the property.
    pub count: usize,
    /// How many there are.
    pub of: usize,
}

impl Share {
    /// The share of those for which `has` holds.
    pub fn of<'m>(
        matches: impl IntoIterator<Item = &'m Match>,
        has: impl Fn(&Match) -> bool,
    ) -> Self {
        let (mut count, mut of) = (0, 0);
        for found in matches {
            of += 1;
            count += usize::from(has(found));
        }
        Self { count, of }
    }

    /// The share; 0 of an empty sample.
    pub fn value(self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            self.count as f64 / self.of as f64
        }
    }

    /// The ends of the interval.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.96;
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let n = self.of as f64;
        let center = (self.value() + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let spread = Z / (1.0 + Z * Z / n)
            * (self.value() * (1.0 - self.value()) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((center - spread).max(0.0), (center + spread).min(1.0))
    }
}
