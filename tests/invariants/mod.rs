//! What holds for every input, whatever it is: the fuzzer looks for one for which it does not, and `tests/corpus.rs` tries
//! those again that it found worth keeping. Most invariants have a condition that most inputs do not meet, so each says
//! when it was checked.
#![allow(
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "an invariant that is broken ends in a panic"
)]

mod recipe;

use call_outcomes::input::batch;
use call_outcomes::input::calls;
use call_outcomes::input::report::{Rules, read};
use call_outcomes::json::{MAX_DEPTH, Reader, SyntaxError, Value};
use call_outcomes::problem::{Code, Problem};
use call_outcomes::rules::confidence::MatchSettings;
use call_outcomes::validate::closest::closest;
use call_outcomes::validate::{Unit, check, validate};
use recipe::Recipe;
use serde_json::{Value as Json, json};

/// The names of the invariants that were checked on an input.
pub type Checked = Vec<&'static str>;

/// A kind of input, and what holds for it.
pub type Target = (&'static str, fn(&[u8]) -> Checked);

/// All kinds, by their names. An input is tried as the text that it is, and as the recipe for one that is nearly right.
pub const TARGETS: [Target; 5] = [
    ("report", report),
    ("json", json),
    ("batch", batch),
    ("import", import),
    ("search", search),
];

pub fn report(input: &[u8]) -> Checked {
    both(report_holds, input, &Recipe::new(input).report())
}

pub fn batch(input: &[u8]) -> Checked {
    let mut checked = both(batch_holds, input, &Recipe::new(input).reports());
    checked.extend(batch_holds(Recipe::new(input).report().as_bytes()));
    checked
}

pub fn import(input: &[u8]) -> Checked {
    both(import_holds, input, &Recipe::new(input).calls())
}

pub fn search(input: &[u8]) -> Checked {
    both(search_holds, input, &Recipe::new(input).search_and_calls())
}

fn both(holds: fn(&[u8]) -> Checked, input: &[u8], made: &str) -> Checked {
    let mut checked = holds(input);
    checked.extend(holds(made.as_bytes()));
    checked
}

fn strict() -> Rules {
    Rules {
        strict: true,
        ..Rules::default()
    }
}

/// The verdict on a report: it is JSON, names released codes, points into the text, and means the same again.
fn report_holds(body: &[u8]) -> Checked {
    let mut checked = Checked::new();
    for rules in [Rules::default(), strict()] {
        let bytes = verdict(body, rules, Some(Unit::Bytes));
        for range in places(&bytes) {
            checked.push("a place lies in the text");
            let range = range.0..range.1;
            assert!(
                body.get(range.clone()).is_some(),
                "{range:?} of {}",
                body.len()
            );
            if let Ok(text) = std::str::from_utf8(body) {
                assert!(
                    text.get(range.clone()).is_some(),
                    "{range:?} splits a character"
                );
            }
        }
        let Ok(text) = std::str::from_utf8(body) else {
            continue;
        };
        let utf16 = verdict(body, rules, Some(Unit::Utf16));
        let length = text.encode_utf16().count();
        assert!(
            places(&utf16)
                .iter()
                .all(|(start, end)| start <= end && *end <= length)
        );
        assert_eq!(without_places(&utf16), without_places(&bytes));
        checked.push("the same in UTF-16");
        // An id that no call can have has no normal form.
        let is_sendable = bytes["request"]["search"]
            .as_object()
            .is_some_and(|search| !search.values().any(Json::is_null));
        if is_sendable {
            let normal = bytes["request"].to_string();
            let again = verdict(normal.as_bytes(), rules, None);
            assert_eq!(again["request"], bytes["request"], "{text}");
            checked.push("the normal form is its own");
        }
        if as_a_value(text, rules) {
            checked.push("a value is judged as its text");
        }
    }
    checked
}

/// A value is judged as the text that it is sent as. False for what is not JSON.
fn as_a_value(text: &str, rules: Rules) -> bool {
    let Ok(value) = serde_json::from_str::<Json>(text) else {
        return false;
    };
    let sent = value.to_string();
    let of_text = verdict(sent.as_bytes(), rules, Some(Unit::Utf16));
    let of_value = verdict(sent.as_bytes(), rules, None);
    assert_eq!(without_places(&of_value), without_places(&of_text));
    true
}

fn verdict(body: &[u8], rules: Rules, unit: Option<Unit>) -> Json {
    let verdict: Json = serde_json::from_str(&validate(body, rules, unit)).unwrap();
    let problems = list(&verdict, "problems");
    assert_eq!(verdict["ok"] == true, problems.is_empty());
    match check(body, rules, unit) {
        None => assert!(problems.is_empty() && list(&verdict, "warnings").is_empty()),
        Some(judged) => assert_eq!(serde_json::from_str::<Json>(&judged).unwrap(), verdict),
    }
    for finding in problems.iter().chain(list(&verdict, "warnings")) {
        let code = finding["code"].as_str().unwrap();
        assert!(
            Code::ALL.iter().any(|known| known.as_str() == code),
            "{code}"
        );
        assert!(!finding["message"].as_str().unwrap().is_empty());
    }
    verdict
}

fn list<'a>(verdict: &'a Json, name: &str) -> &'a [Json] {
    verdict[name].as_array().map_or(&[], Vec::as_slice)
}

/// Every range of a verdict.
fn places(verdict: &Json) -> Vec<(usize, usize)> {
    let bound = |finding: &Json, at: usize| {
        usize::try_from(finding["range"][at].as_u64().unwrap()).unwrap()
    };
    let all = list(verdict, "problems")
        .iter()
        .chain(list(verdict, "warnings"));
    all.map(|finding| (bound(finding, 0), bound(finding, 1)))
        .collect()
}

/// A verdict as that on a value, which has no places; a message about the text has one too.
fn without_places(verdict: &Json) -> Json {
    let mut verdict = verdict.clone();
    for name in ["problems", "warnings"] {
        let Some(diagnostics) = verdict[name].as_array_mut() else {
            continue;
        };
        for finding in diagnostics {
            let finding = finding.as_object_mut().unwrap();
            for name in ["line", "column", "range"] {
                finding.remove(name);
            }
            if finding["code"]
                .as_str()
                .is_some_and(|code| code.starts_with("json."))
            {
                finding.remove("message");
            }
        }
    }
    verdict
}

/// Our reader takes for JSON what `serde_json` does, and reads the same, but for what goes too deep, halves of surrogate
/// pairs, and numbers that no float holds.
pub fn json(body: &[u8]) -> Checked {
    let Ok(text) = std::str::from_utf8(body) else {
        return Checked::new();
    };
    let mut reader = Reader::new(text);
    let ours = tree(&mut reader).and_then(|value| reader.end().map(|()| value));
    match (ours, serde_json::from_str::<Json>(text)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs);
            vec!["both read it, and the same"]
        }
        (Err(error), Ok(_)) => {
            assert!(is_ours_alone(&error, text), "{error:?} of {text}");
            vec!["too deep for us alone"]
        }
        (Ok(_), Err(error)) => {
            assert!(error.to_string().contains("out of range"), "{error}");
            vec!["too large a number for them alone"]
        }
        (Err(error), Err(_)) => {
            assert!(error.to_problem().code.as_str().starts_with("json."));
            vec!["neither reads it"]
        }
    }
}

fn is_ours_alone(error: &SyntaxError, text: &str) -> bool {
    error.to_problem().code == Code::JsonTooDeep && text.matches(['[', '{']).count() > MAX_DEPTH
}

/// The value that comes next, walked to its leaves. Of a key that comes twice the last value counts.
fn tree(reader: &mut Reader<'_>) -> Result<Json, SyntaxError> {
    if reader.at_object() {
        reader.open_object()?;
        let mut members = serde_json::Map::new();
        while let Some(key) = reader.next_key()? {
            members.insert(key.decode().into_owned(), tree(reader)?);
        }
        return Ok(Json::Object(members));
    }
    if reader.at_array() {
        reader.open_array()?;
        let mut items = Vec::new();
        while reader.next_item()? {
            items.push(tree(reader)?);
        }
        return Ok(Json::Array(items));
    }
    Ok(match reader.value()? {
        Value::Null(_) => Json::Null,
        Value::Bool(value, _) => Json::Bool(value),
        Value::Number(written, _) => serde_json::from_str(written).unwrap_or(Json::Null),
        Value::String(string) => Json::String(string.decode().into_owned()),
        Value::Array(_) | Value::Object(_) => unreachable!(),
    })
}

/// A batch is read as lines, whatever is between them, and a line that is a report alone is the same report there.
fn batch_holds(body: &[u8]) -> Checked {
    let mut checked = Checked::new();
    let rules = Rules::default();
    let rows = |reading: batch::BatchRequest<'_>| -> Option<Vec<bool>> {
        let rows = reading.rows.ok()?.map(|row| row.report.is_ok());
        let rows: Vec<bool> = rows.collect();
        assert!((1..=batch::MAX_ROWS).contains(&rows.len()));
        Some(rows)
    };
    let lines = rows(batch::read_lines(body, rules, batch::MAX_ROWS));
    if lines.is_some() {
        checked.push("lines are rows");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return checked;
    };
    if let Ok(reading) = batch::read(text, rules, batch::MAX_ROWS)
        && let Some(rows) = rows(reading)
    {
        let sent: Json = serde_json::from_str(text).unwrap();
        assert_eq!(
            sent["call_outcomes"].as_array().map(Vec::len),
            Some(rows.len())
        );
        checked.push("a list is rows");
    }
    if !text.contains(['\n', '\r']) && !text.trim().is_empty() && text.len() <= batch::MAX_LINE {
        let alone = read(text, rules).map(|reading| reading.report.is_ok());
        if let (Some(rows), Ok(true)) = (lines, alone) {
            assert_eq!(rows, [true], "{text}");
            checked.push("a report is a line of its own");
        }
    }
    checked
}

/// An import's problems lead into its calls.
fn import_holds(body: &[u8]) -> Checked {
    let mut checked = Checked::new();
    let Ok(text) = std::str::from_utf8(body) else {
        return checked;
    };
    let token = calls::find_token(text);
    let Ok(reading) = calls::read(text, Rules::default()) else {
        assert!(token.is_err());
        return checked;
    };
    assert!(token.is_ok_and(|token| token == reading.token));
    let leads_in =
        |problem: &Problem| problem.pointer.is_empty() || problem.pointer.starts_with("/call");
    if let Ok(rows) = &reading.rows {
        assert!(rows.len() <= calls::MAX_ROWS);
        checked.push("a list is calls");
        for problem in rows.iter().filter_map(|row| row.as_ref().err()).flatten() {
            assert!(leads_in(problem), "{} of {text}", problem.pointer);
            checked.push("a problem leads into its call");
        }
    }
    checked
}

/// The call that is found is as far as it is alone, and none of the others is closer alone.
fn search_holds(body: &[u8]) -> Checked {
    let mut checked = Checked::new();
    let Ok(text) = std::str::from_utf8(body) else {
        return checked;
    };
    let found = meant(text);
    let Some(index) = found["index"].as_u64() else {
        return checked;
    };
    let sent: Json = serde_json::from_str(text).unwrap();
    let calls = sent["calls"].as_array().unwrap();
    let distance = |found: &Json| found["match"]["distance_seconds"].as_f64();
    let alone: Vec<Option<f64>> = calls
        .iter()
        .take(20)
        .map(|call| {
            distance(&meant(
                &json!({ "search": sent["search"], "calls": [call] }).to_string(),
            ))
        })
        .collect();
    if let Some(of_chosen) = alone.get(usize::try_from(index).unwrap()) {
        assert_eq!(distance(&found), *of_chosen, "{text}");
        checked.push("as far as it is alone");
    }
    if let Some(chosen) = distance(&found) {
        for other in alone.iter().flatten() {
            assert!(chosen <= *other, "{text}");
        }
        if alone.iter().flatten().count() > 1 {
            checked.push("no other is closer");
        }
    }
    checked
}

fn meant(text: &str) -> Json {
    let near = &MatchSettings::default();
    serde_json::from_str(&closest(text, Rules::default(), near)).unwrap()
}
