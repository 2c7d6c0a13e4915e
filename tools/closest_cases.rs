//! Prints random calls and searches, and which call each search means by the specification, as JSON.
//! `tests/worker/closest.test.mjs` puts them through the SQL. The arguments are the number of searches, the weight of
//! durations, and the typical errors of starts and of durations.

use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::rules::confidence::{
    DURATION_ERROR_SECONDS, ErrorModel, MatchSettings, START_ERROR_SECONDS,
};
use call_outcomes::rules::explanation::explain;
use call_outcomes::rules::matching::{Call, DURATION_WEIGHT, Target};
use serde_json::{Value, json};

const CALLS: u64 = 600;
const DAY: i64 = 86_400_000;
const START: i64 = 1_450_000_000_000;

/// Xorshift: the same cases every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(end).unwrap_or(0)
    }

    fn signed(&mut self, most: i64) -> i64 {
        let width = most.saturating_mul(2).saturating_add(1).unsigned_abs();
        i64::try_from(self.below(width))
            .unwrap_or(0)
            .saturating_sub(most)
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A start: clustered, with ties in whole seconds and in milliseconds, and some far away.
    fn start(&mut self) -> i64 {
        let cluster = self.signed(3).saturating_mul(DAY / 2);
        let spread = match self.below(4) {
            0 => self.signed(3).saturating_mul(1_000),
            1 => self.signed(20),
            2 => self.signed(60).saturating_mul(1_000),
            _ => self.signed(DAY),
        };
        START.saturating_add(cluster).saturating_add(spread)
    }

    fn duration(&mut self) -> u32 {
        let most = if self.one_in(3) { 4_000 } else { 60 };
        u32::try_from(self.below(most)).unwrap_or(0)
    }

    fn phone(&mut self) -> String {
        format!("+1415555010{}", self.below(6))
    }
}

/// Campaign N belongs to advertiser N mod 3.
fn advertiser_of(campaign: u64) -> u64 {
    campaign.checked_rem(3).unwrap_or(0)
}

fn calls(random: &mut Random) -> Vec<Call> {
    let mut calls = Vec::new();
    for bits in 0..CALLS {
        let campaign = (!random.one_in(4)).then(|| random.below(6));
        let advertiser = campaign
            .map(advertiser_of)
            .or_else(|| (!random.one_in(3)).then(|| random.below(3)));
        calls.push(Call {
            // Ids in no order of time.
            transaction_id: TransactionId::from_bits(bits.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            start: UnixMillis::from_millis(random.start()),
            duration: (!random.one_in(5)).then(|| random.duration()),
            calling_phone: (!random.one_in(5)).then(|| random.phone()),
            advertiser_id: advertiser.map(|id| id.to_string()),
            campaign_id: campaign.map(|id| id.to_string()),
        });
    }
    calls
}

fn search(random: &mut Random, calls: &[Call], settings: &MatchSettings) -> Value {
    // The token of an advertiser sees that advertiser's calls, and may not name one.
    let token = random.one_in(3).then(|| random.below(3));
    let campaign = random.one_in(3).then(|| {
        let base = random.below(2).saturating_mul(3);
        base.saturating_add(token.unwrap_or_else(|| random.below(3)))
    });
    let advertiser = (token.is_none() && random.one_in(3)).then(|| random.below(3));
    let start = match usize::try_from(random.below(CALLS))
        .ok()
        .and_then(|at| calls.get(at))
    {
        // At the edge of the window of some call, and a millisecond beside it.
        Some(call) if random.one_in(4) => {
            let edge = if random.one_in(2) {
                DAY
            } else {
                DAY.saturating_neg()
            };
            let beside = random.signed(1);
            call.start
                .millis()
                .saturating_add(edge)
                .saturating_add(beside)
        }
        _ => random.start(),
    };
    let in_seconds = random.one_in(3);
    let start = UnixMillis::from_millis(start);
    let written = if in_seconds {
        start.seconds()
    } else {
        start.millis()
    };
    let target = Target {
        start: if in_seconds {
            UnixMillis::from_millis(start.seconds().saturating_mul(1_000))
        } else {
            start
        },
        duration: (!random.one_in(3)).then(|| random.duration()),
        calling_phone: match random.below(30) {
            0 => Some("+14155550999".to_owned()),
            1..10 => Some(random.phone()),
            _ => None,
        },
        advertiser_id: advertiser.map(|id| id.to_string()),
        campaign_id: campaign.map(|id| id.to_string()),
        window: settings.window,
        duration_weight: settings.duration_weight,
    };
    let owner = token.map(|id| id.to_string());
    let visible: Vec<&Call> = calls
        .iter()
        .filter(|call| owner.is_none() || call.advertiser_id == owner)
        .collect();
    let (expected, explanation) = explain(&target, &visible, settings);
    json!({
        "token": token,
        "search": {
            "start_time_t": written,
            "duration_in_seconds": target.duration,
            "calling_phone_number": target.calling_phone,
            "advertiser_id_from_network": target.advertiser_id,
            "advertiser_campaign_id_from_network": target.campaign_id,
        },
        "expected": expected.map(|call| call.transaction_id.to_string()),
        "match": explanation,
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().ok());
    let mut number = |default: u32| arguments.next().flatten().unwrap_or(default);
    let count = number(1_000);
    let settings = MatchSettings {
        duration_weight: number(DURATION_WEIGHT),
        errors: ErrorModel {
            start_error: number(START_ERROR_SECONDS),
            duration_error: number(DURATION_ERROR_SECONDS),
        },
        ..MatchSettings::default()
    };
    let mut random = Random(0x2015_0817);
    let calls = calls(&mut random);
    let searches: Vec<Value> = (0..count)
        .map(|_| search(&mut random, &calls, &settings))
        .collect();
    let rows: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({
                "transaction_id": call.transaction_id.as_str(),
                "start_ms": call.start.millis(),
                "duration_s": call.duration,
                "calling_phone": call.calling_phone,
                "advertiser_id": call.advertiser_id,
                "campaign_id": call.campaign_id,
            })
        })
        .collect();
    println!("{}", json!({ "calls": rows, "searches": searches }));
}
