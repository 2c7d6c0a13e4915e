//! The JSON reader agrees with `serde_json` on what is JSON and what it says.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use call_outcomes::json::{MAX_DEPTH, Reader, SyntaxError, Value};
use call_outcomes::problem::{Code, Span};
use serde_json::Value as Json;

const TEXTS: u32 = 200_000;

/// Pieces that texts are made of: whole and broken ones.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"\"",
    "\"a\":",
    "\\",
    "\\n",
    "\\u0041",
    "\\ud83d",
    "\\ude00",
    "\\ud83d\\ude00",
    "\\u12",
    "\\x",
    "\\/",
    "é",
    "😀",
    "\u{feff}",
    "\u{7f}",
    "\u{1}",
    "\t",
    " ",
    "\n",
    "\r\n",
    "0",
    "1",
    "-",
    "-1",
    "01",
    "1.5",
    "1.",
    ".5",
    "1e9",
    "1E+2",
    "1e",
    "-0",
    "12345678901234567890",
    "true",
    "false",
    "null",
    "nul",
    "True",
    "\0",
    "\u{c}",
];

/// Xorshift: the same texts every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    /// Mostly JSON, so that much of it is read: a value, then perhaps something broken in it.
    fn text(&mut self) -> String {
        let mut text = String::new();
        if self.below(3) == 0 {
            for _ in 0..self.below(12) {
                text.push_str(PIECES[self.below(PIECES.len())]);
            }
            return text;
        }
        self.value(&mut text, 0);
        if self.below(2) == 0 {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[self.below(places.len())];
            text.insert_str(at, PIECES[self.below(PIECES.len())]);
        }
        text
    }

    fn value(&mut self, text: &mut String, depth: usize) {
        match self.below(if depth < 4 { 8 } else { 6 }) {
            0..=3 => text.push_str(["1", "-0.5", "1e400", "true", "null", "0"][self.below(6)]),
            4 | 5 => self.string(text),
            6 => {
                text.push('[');
                for index in 0..self.below(4) {
                    text.push_str(if index > 0 { " ," } else { "" });
                    self.value(text, depth + 1);
                }
                text.push(']');
            }
            _ => {
                text.push('{');
                for index in 0..self.below(4) {
                    text.push_str(if index > 0 { "," } else { "\n" });
                    self.string(text);
                    text.push_str(": ");
                    self.value(text, depth + 1);
                }
                text.push('}');
            }
        }
    }

    fn string(&mut self, text: &mut String) {
        text.push('"');
        for _ in 0..self.below(4) {
            text.push_str(
                [
                    "a",
                    "é",
                    "\\n",
                    "\\u00e9",
                    "\\ud83d\\ude00",
                    "\\\"",
                    "\\\\",
                    "😀",
                ][self.below(8)],
            );
        }
        text.push('"');
    }
}

fn read(text: &str) -> Result<Value<'_>, SyntaxError> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start..span.end).unwrap()
}

#[test]
fn it_agrees_with_serde_json_on_random_texts() {
    let mut random = Random(0x2015_0817);
    let mut valid = 0;
    for _ in 0..TEXTS {
        let text = random.text();
        // A number that no float holds is JSON all the same; serde_json refuses it only as a value.
        let expected = serde_json::from_str::<Json>(&text);
        let is_out_of_range = expected
            .as_ref()
            .is_err_and(|error| error.to_string().contains("out of range"));
        match read(&text) {
            Ok(value) => {
                valid += 1;
                assert!(expected.is_ok() || is_out_of_range, "{text:?} is not JSON");
                let whole = slice(&text, value.span());
                assert_eq!(
                    whole,
                    text.trim_matches([' ', '\n', '\r', '\t']),
                    "{text:?}"
                );
                if let (Value::String(string), Ok(Json::String(meant))) = (value, expected) {
                    assert_eq!(string.decode(), meant, "{text:?}");
                }
            }
            Err(error) => {
                assert!(expected.is_err(), "{text:?} is JSON, but {error:?}");
                assert!(
                    text.is_char_boundary(error.at),
                    "{text:?}: {error:?} points beside the text"
                );
            }
        }
    }
    assert!(
        (TEXTS / 5..TEXTS * 4 / 5).contains(&valid),
        "{valid} valid ones: too easy a set"
    );
}

#[test]
fn the_outermost_value_is_level_1_and_level_33_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |levels: usize| {
            let inside = if open == "[" { "" } else { "1" };
            format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
        };
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            read(&nested(MAX_DEPTH + 1)).unwrap_err().code,
            Code::JsonTooDeep
        );
        // Far too deep costs no stack.
        assert_eq!(
            read(&open.repeat(1_000_000)).unwrap_err().code,
            Code::JsonTooDeep
        );
    }
}

#[test]
fn half_a_surrogate_pair_has_a_code_of_its_own() {
    for text in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83d\n""#,
        r#""\ud83d\ud83d""#,
        r#"{"\ud83d":1}"#,
        r#"[["\udfff"]]"#,
    ] {
        assert_eq!(read(text).unwrap_err().code, Code::JsonSurrogate, "{text}");
    }
}

#[test]
fn what_ends_a_string_is_seen_wherever_it_stands() {
    for length in 0..40 {
        for at in 0..=length {
            for (piece, is_json) in [
                ("\\n", true),
                ("\\\"", true),
                ("é", true),
                ("\u{7f}", true),
                ("\u{80}", true),
                (" ", true),
                ("!", true),
                ("\u{1f}", false),
                ("\0", false),
                ("\"", false),
                ("\\", false),
            ] {
                let text = format!("\"{}{piece}{}\"", "x".repeat(at), "y".repeat(length - at));
                let theirs = serde_json::from_str::<String>(&text);
                match (read(&text), theirs) {
                    (Ok(Value::String(ours)), Ok(theirs)) => assert_eq!(ours.decode(), theirs),
                    (ours, theirs) => assert!(ours.is_err() && theirs.is_err(), "{text}"),
                }
                // A backslash escapes what follows it: the end, or a letter that is no escape.
                assert_eq!(read(&text).is_ok(), is_json, "{text}");
            }
        }
    }
}
