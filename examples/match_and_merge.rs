//! Finds the call that a report means and merges two reports of its outcome, with no server or database:
//!
//! ```sh
//! cargo run --example match_and_merge
//! ```

use std::error::Error;

use call_outcomes::input::report::{self, Report, Rules, Search};
use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::problem::Problem;
use call_outcomes::rules::explanation::{AMBIGUITY_SECONDS, explain};
use call_outcomes::rules::matching::{Call, Target, WINDOW_SECONDS};
use call_outcomes::rules::merge::{Decision, decide};

/// The core has no clock: the time of a report is an argument, in Unix seconds.
const NOW: i64 = 1_440_607_313;

fn main() -> Result<(), Box<dyn Error>> {
    let sale = read(
        r#"{
          "search": {"start_time_t": 1435993260, "calling_phone_number": "888 555 1212", "duration_in_seconds": 120},
          "call_outcome": {"outcome_name": "Sale", "sale_amount": "100.00", "description": "1 year contract"}
        }"#,
    )?;

    // Of the calls from that number, the one whose start and duration are closest.
    let Search::ByTime(search) = &sale.search else {
        return Err("the report names its call by an id".into());
    };
    let calls = [
        call("00000000-00000001", 1_435_993_200_000, 125)?,
        call("00000000-00000002", 1_435_993_270_000, 15)?,
    ];
    let target = Target::new(search, Some(WINDOW_SECONDS * 1_000));
    let visible: Vec<&Call> = calls.iter().collect();
    let (found, explanation) = explain(&target, &visible, AMBIGUITY_SECONDS * 1_000);
    let found = found.ok_or("no call matches")?;
    println!("call {}", found.transaction_id);
    println!("why: {}", serde_json::to_string(&explanation)?);

    // The first report creates a record.
    let Decision::Create(record) = decide(None, &sale.patch, NOW) else {
        return Err("there was no record to correct".into());
    };
    println!("created: {record:?}");

    // A correction names what differs. Everything else keeps its value.
    let correction = read(
        r#"{
          "search": {"transaction_id": "00000000-00000001"},
          "call_outcome": {"outcome_name": "sale", "sale_amount": "120.00"}
        }"#,
    )?;
    match decide(Some(&record), &correction.patch, NOW + 60) {
        Decision::Correct(corrected) => println!("corrected: {corrected:?}"),
        Decision::Create(_) | Decision::Unchanged => println!("nothing to correct"),
    }
    Ok(())
}

fn read(body: &str) -> Result<Report<'_>, String> {
    let reading = report::read(body, Rules::default()).map_err(|error| error.message(body))?;
    reading.report.map_err(|problems| {
        let messages: Vec<String> = problems.iter().map(Problem::message).collect();
        messages.join(", ")
    })
}

/// A call from the number that the report names, which started at a time in Unix milliseconds.
fn call(id: &str, start: i64, duration: u32) -> Result<Call, Box<dyn Error>> {
    Ok(Call {
        transaction_id: TransactionId::parse(id).ok_or("not a transaction id")?,
        start: UnixMillis::from_millis(start),
        duration: Some(duration),
        calling_phone: Some("+18885551212".to_owned()),
        advertiser_id: None,
        campaign_id: None,
    })
}
