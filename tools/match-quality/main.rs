//! The figures of docs/match-quality.md, and the settings that an operator's own reports ask for. `npm run match-quality`
//! runs it.
//!
//! Without arguments, simulates reports and writes the figures as JSON. With `--pairs FILE.csv`, estimates the typical
//! errors of reports from pairs of what was reported and what was true, and writes the variables to set.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a tool: it stops where its input is wrong"
)]

mod figures;
mod pairs;
mod simulation;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(figures::figures(30_000)),
        ["--pairs", path] => pairs::advice(path.as_ref()),
        _ => Err("Usage: match_quality [--pairs FILE.csv]".to_owned()),
    };
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
