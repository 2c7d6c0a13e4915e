//! The inputs that fuzzing found worth keeping, tried again.
#![cfg(test)]

mod invariants;

use std::collections::{BTreeMap, BTreeSet};

/// A line is an input as a JSON string, whose characters are its bytes.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/corpus/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let lines = std::fs::read_to_string(path).unwrap();
    let bytes = |line: &str| {
        let text: String = serde_json::from_str(line).unwrap();
        text.chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect()
    };
    lines.lines().map(bytes).collect()
}

/// How many inputs in a hundred an invariant is checked on, at least. The others do not meet its condition.
const SHARES: [(&str, &str, usize); 15] = [
    ("report", "a place lies in the text", 90),
    ("report", "the same in UTF-16", 90),
    ("report", "the normal form is its own", 80),
    ("report", "a value is judged as its text", 90),
    ("json", "both read it, and the same", 20),
    ("json", "neither reads it", 20),
    ("json", "too deep for us alone", 1),
    ("json", "too large a number for them alone", 1),
    ("batch", "lines are rows", 90),
    ("batch", "a list is rows", 90),
    ("batch", "a report is a line of its own", 70),
    ("import", "a list is calls", 90),
    ("import", "a problem leads into its call", 20),
    ("search", "as far as it is alone", 60),
    ("search", "no other is closer", 50),
];

#[test]
fn what_fuzzing_found_worth_keeping_holds() {
    let mut names = BTreeSet::new();
    for (target, holds) in invariants::TARGETS {
        let inputs = corpus(target);
        assert!(inputs.len() > 50, "{} inputs for {target}", inputs.len());
        let mut counts = BTreeMap::new();
        for input in &inputs {
            for name in BTreeSet::from_iter(holds(input)) {
                *counts.entry(name).or_insert(0) += 1;
            }
        }
        for (name, count) in counts {
            println!("{target}: {name}: {count} of {} inputs", inputs.len());
            let share = SHARES
                .iter()
                .find(|(of, invariant, _)| (*of, *invariant) == (target, name));
            let (_, _, least) = share.unwrap_or_else(|| panic!("{target}: {name} has no share"));
            assert!(
                count * 100 >= least * inputs.len(),
                "{target}: {name}: {count} of {}",
                inputs.len()
            );
            names.insert((target, name));
        }
    }
    for (target, name, _) in SHARES {
        assert!(
            names.contains(&(target, name)),
            "{target}: {name} was never checked"
        );
    }
}
