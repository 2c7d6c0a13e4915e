//! The inputs that fuzzing found worth keeping, tried again; and that no input takes time out of proportion to its size.
#![cfg(test)]

mod invariants;

use std::hint::black_box;
use std::time::{Duration, Instant};

use call_outcomes::request::Rules;
use call_outcomes::verdict::{Unit, validate};

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

#[test]
fn what_fuzzing_found_worth_keeping_holds() {
    for (name, holds) in invariants::TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() > 50, "{} inputs for {name}", inputs.len());
        for input in inputs {
            holds(&input);
        }
    }
}

/// Makes a text of about so many bytes.
type Family = (&'static str, fn(usize) -> String);

#[test]
fn time_grows_with_the_size_of_the_text_and_no_faster() {
    let families: [Family; 8] = [
        ("unknown keys", |n| {
            object(n / 10, |at| format!("\"k{at:05}\":1"))
        }),
        ("one key again and again", |n| {
            object(n / 6, |_| "\"k\":1".to_owned())
        }),
        ("nearly known keys", |n| {
            object(n / 16, |at| format!("\"searc{at:05}\":1"))
        }),
        ("escapes", |n| {
            format!("{{\"search\":\"{}\"}}", "\\u00e9".repeat(n / 6))
        }),
        ("line breaks", |n| {
            format!("{{{}\"search\":1}}", "\n".repeat(n))
        }),
        ("a list", |n| {
            format!("{{\"search\":[{}0]}}", "0,".repeat(n / 2))
        }),
        ("lists in lists", |n| "[".repeat(n)),
        ("characters of four bytes", |n| {
            format!("{{\"search\":\"{}\"}}", "😀".repeat(n / 4))
        }),
    ];
    for (name, make) in families {
        let [small, large] = [4_000, 60_000].map(|size| quickest(&make(size)));
        // 15 times the text: as much time and a half is noise; a square would be 225 times.
        let factor = large.as_secs_f64() / small.as_secs_f64();
        assert!(factor < 60.0, "{name}: {factor}");
    }
}

fn object(count: usize, member: impl Fn(usize) -> String) -> String {
    let members: Vec<String> = (0..count).map(member).collect();
    format!("{{{}}}", members.join(","))
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn quickest(text: &str) -> Duration {
    let once = || {
        let began = Instant::now();
        black_box(validate(
            black_box(text.as_bytes()),
            Rules::default(),
            Some(Unit::Utf16),
        ));
        began.elapsed()
    };
    (0..9).map(|_| once()).min().unwrap()
}
