//! Validates a report and prints its problems and warnings. Without a file, it takes a report with mistakes:
//!
//! ```sh
//! cargo run --example validate_report -- report.json
//! ```

use std::error::Error;
use std::process::ExitCode;

use call_outcomes::input::report::{self, Rules};
use call_outcomes::problem::Problem;

const WITH_MISTAKES: &str = r#"{
  "search": {"start_time_t": 1435993260, "calling_phone_number": "1212"},
  "call_outcome": {"outcome_name": "Sale", "sale_amount": "$1200.00", "value": "maybe", "descriptoin": "1 year contract"}
}"#;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let body = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => WITH_MISTAKES.to_owned(),
    };
    // Text that is not a JSON object fails as a whole.
    let reading = report::read(&body, Rules::default()).map_err(|error| error.message(&body))?;
    print("warning", &reading.warnings);
    match &reading.report {
        Ok(report) => {
            println!("a valid report of `{}`", report.identity.name);
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            print("error", problems);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints each problem with its stable code, where it is in the body, what is wrong and what to do.
fn print(severity: &str, problems: &[Problem]) {
    for problem in problems {
        let (code, pointer) = (problem.code.as_str(), &problem.pointer);
        println!("{severity}[{code}] {pointer}: {}", problem.message());
        match &problem.fix {
            Some(fix) => println!("  write: {fix}"),
            None => println!("  {}", problem.code.advice()),
        }
    }
}
