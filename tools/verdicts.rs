//! Prints the verdict on each report of the fuzzing corpus, a line each: what the npm package has to say as well.

use call_outcomes::input::report::Rules;
use call_outcomes::validate::{Unit, validate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/report.jsonl");
    for line in std::fs::read_to_string(path)?.lines() {
        let text: String = serde_json::from_str(line)?;
        let bytes = text
            .chars()
            .map(|c| u8::try_from(u32::from(c)))
            .collect::<Result<Vec<u8>, _>>()?;
        println!("{}", validate(&bytes, Rules::default(), Some(Unit::Bytes)));
    }
    Ok(())
}
