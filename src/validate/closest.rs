//! Finds the call that a search matches in a list of calls, from JSON to JSON, as the npm package does without a
//! database. [`crate::rules::matching`] decides which call is closest.

use std::borrow::Cow;

use serde::Serialize;

use crate::input::calls::{CallRow, read_list};
use crate::input::fields::ObjectFields;
use crate::input::report::{Rules, Search, read_search};
use crate::json::write::to_json;
use crate::json::{Reader, SyntaxError, Value};
use crate::problem::{Code, Problem, Span, pointer_to};
use crate::rules::confidence::MatchSettings;
use crate::rules::explanation::{Explanation, explain};
use crate::rules::matching::{Call, Target};
use crate::validate::{Invalid, LocatedProblem, unlocated};

const ROOT: [&str; 2] = ["search", "calls"];

#[derive(Serialize)]
struct ClosestAnswer<'a> {
    ok: bool,
    /// The index of the call in the list.
    index: Option<usize>,
    r#match: Explanation,
    warnings: Vec<LocatedProblem<'a>>,
}

/// Reads an object with a `search` and a list of `calls`, and returns the index of the call that matches as JSON.
///
/// ```
/// use call_outcomes::input::report::Rules;
/// use call_outcomes::rules::confidence::MatchSettings;
/// use call_outcomes::validate::closest::closest;
///
/// let body = r#"{
///     "search": {"start_time_t": "1440607300"},
///     "calls": [
///         {"transaction_id": "A", "start_time_t": "1440607000"},
///         {"transaction_id": "B", "start_time_t": "1440607302"}
///     ]
/// }"#;
/// let answer = closest(body, Rules::default(), &MatchSettings::default());
/// assert!(answer.starts_with(r#"{"ok":true,"index":1,"#));
/// ```
#[must_use]
pub fn closest(body: &str, rules: Rules, settings: &MatchSettings) -> String {
    let mut warnings = Vec::new();
    match read(body, rules, &mut warnings) {
        Ok((search, calls)) => {
            let (index, r#match) = find(&search, &calls, settings);
            to_json(&ClosestAnswer {
                ok: true,
                index,
                r#match,
                warnings: unlocated(&warnings),
            })
        }
        Err(problems) => to_json(&Invalid::unlocated(&problems, &warnings)),
    }
}

/// Returns the index of the call that a search matches, and the explanation.
fn find(
    search: &Search<'_>,
    calls: &[Call],
    settings: &MatchSettings,
) -> (Option<usize>, Explanation) {
    match search {
        Search::ById(id) => {
            let index = calls
                .iter()
                .position(|call| Some(call.transaction_id) == *id);
            let found = index.map_or(Explanation::NONE_BY_ID, |_| Explanation::BY_ID);
            (index, found)
        }
        Search::ByTime(search) => {
            let target = Target::new(search, settings);
            let visible: Vec<&Call> = calls.iter().collect();
            let (call, explanation) = explain(&target, &visible, settings);
            let is_chosen = |other: &Call| call.is_some_and(|call| std::ptr::eq(call, other));
            (calls.iter().position(is_chosen), explanation)
        }
    }
}

/// Reads the search and the calls, and adds the warnings about both.
fn read<'a>(
    body: &'a str,
    rules: Rules,
    warnings: &mut Vec<Problem>,
) -> Result<(Search<'a>, Vec<Call>), Vec<Problem>> {
    let syntax = |error: SyntaxError| vec![error.to_problem()];
    let mut reader = Reader::object(body).map_err(syntax)?.of_list();
    let mut search = None;
    let mut rows = None;
    let mut of_calls = Vec::new();
    let root = ObjectFields::read(
        &mut reader,
        &ROOT,
        Some(&mut |reader, index| {
            let start = reader.position();
            if index == 0 {
                search = Some(read_search(reader, rules, warnings)?);
            } else if reader.at_array() {
                rows = Some(read_list(reader, rules, &mut of_calls)?);
            } else {
                return Ok(None);
            }
            let end = reader.position();
            Ok(Some(Value::Array(Span { start, end })))
        }),
    )
    .map_err(syntax)?;
    // Most calls have the same keys, so each unknown key is reported once.
    let of_search = warnings.len();
    for warning in of_calls {
        let is_same = |w: &Problem| w.code == warning.code && w.name == warning.name;
        if !warnings.iter().skip(of_search).any(is_same) {
            warnings.push(warning);
        }
    }
    let mut left = usize::MAX;
    root.stray_keys(&ROOT, "", &mut left, warnings);
    let mut problems = Vec::new();
    let search = match search {
        Some(Ok(search)) => Some(search),
        Some(Err(mut found)) => {
            problems.append(&mut found);
            None
        }
        None => {
            problems.push(Problem::whole(Code::SearchMissing));
            None
        }
    };
    let rows = rows.unwrap_or_else(|| Err(no_list(root.value(1))));
    let rows = rows.unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let calls = rows.into_iter().enumerate().map(call);
    let calls: Vec<Call> = calls
        .filter_map(|call| call.map_err(|mut found| problems.append(&mut found)).ok())
        .collect();
    match search {
        Some(search) if problems.is_empty() => Ok((search, calls)),
        _ => Err(problems),
    }
}

fn no_list(sent: Option<Value<'_>>) -> Problem {
    match sent {
        None | Some(Value::Null(_)) => Problem::whole(Code::CallsMissing),
        Some(_) => {
            let mut problem = Problem::whole(Code::CallsType).with_name(ROOT[1]);
            problem.pointer = pointer_to("", ROOT[1]);
            problem
        }
    }
}

/// Converts a call of the list. It needs the platform's id, because the explanation names calls by it.
fn call((index, row): (usize, CallRow<'_>)) -> Result<Call, Vec<Problem>> {
    let report = row?;
    let Some(transaction_id) = report.transaction_id else {
        let name = "transaction_id";
        let mut problem = Problem::whole(Code::TransactionIdMissing).with_name(name);
        problem.pointer = format!("/{}/{index}/{name}", ROOT[1]);
        return Err(vec![problem]);
    };
    Ok(Call {
        transaction_id,
        start: report.start,
        duration: report.duration,
        calling_phone: report.calling_phone.map(|phone| phone.to_string()),
        advertiser_id: report.advertiser_id.map(Cow::into_owned),
        campaign_id: report.campaign_id.map(Cow::into_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn answer(search: &Value, calls: &Value) -> Value {
        let settings = MatchSettings::default();
        let body = json!({ "search": search, "calls": calls }).to_string();
        serde_json::from_str(&closest(&body, Rules::default(), &settings)).unwrap()
    }

    fn calls() -> Value {
        json!([
            { "transaction_id": "A", "start_time_t": 1_450_000_060, "calling_phone_number": "8885551212" },
            { "transaction_id": "B", "start_time_t": "1450000001123" },
        ])
    }

    #[test]
    fn the_closest_call_is_named_by_its_place() {
        let found = answer(&json!({ "start_time_t": 1_450_000_000 }), &calls());
        assert_eq!(found["index"], 1);
        assert_eq!(found["match"]["distance_seconds"], 1.123);
        assert_eq!(found["match"]["runner_up"]["transaction_id"], "A");
        let by_phone =
            json!({ "start_time_t": 1_450_000_000, "calling_phone_number": "+18885551212" });
        assert_eq!(answer(&by_phone, &calls())["index"], 0);
    }

    #[test]
    fn no_call_has_a_reason() {
        let search = json!({ "start_time_t": 1_460_000_000 });
        let found = answer(&search, &calls());
        assert_eq!(
            (&found["ok"], &found["index"]),
            (&json!(true), &Value::Null)
        );
        assert_eq!(found["match"]["reason"], "call.not_found.outside_window");
        assert_eq!(
            answer(&search, &json!([]))["match"]["reason"],
            "call.not_found.none"
        );
        let by_id = answer(&json!({ "transaction_id": "C" }), &calls());
        assert_eq!(
            by_id["match"],
            json!({ "by": "transaction_id", "reason": "call.not_found" })
        );
        assert_eq!(
            answer(&json!({ "transaction_id": "b" }), &calls())["index"],
            1
        );
    }

    fn warnings(answer: &Value) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let warnings = answer["warnings"].as_array().unwrap();
        warnings
            .iter()
            .map(|w| {
                ["code", "pointer", "fix"]
                    .map(|name| text(&w[name]))
                    .join(" ")
            })
            .collect()
    }

    #[test]
    fn keys_that_change_nothing_are_named_with_the_nearest_known_name() {
        let search = json!({ "start_time_t": 1_450_000_000, "caling_phone_number": "8885551212" });
        let mut calls = calls();
        calls[0]["duration_in_second"] = json!(60);
        calls[0]["mine"] = json!(1);
        calls[1]["mine"] = json!(2);
        let found = answer(&search, &calls);
        assert_eq!(found["index"], 1);
        let strays = [
            "key.unknown /search/caling_phone_number calling_phone_number",
            "key.unknown /calls/0/duration_in_second duration_in_seconds",
            "key.unknown /calls/0/mine -",
        ];
        let too_broad = "search.too_broad /search/start_time_t -";
        assert_eq!(warnings(&found), [&[too_broad], &strays[..]].concat());
        let refused = answer(&json!({ "caling_phone_number": "8885551212" }), &calls);
        assert_eq!(refused["ok"], false);
        assert_eq!(warnings(&refused), strays);
        let none = answer(&json!({ "transaction_id": "C" }), &json!([]));
        assert_eq!(warnings(&none), <[&str; 0]>::default());
    }

    #[test]
    fn keys_that_come_twice_are_named() {
        let call = r#"{"transaction_id":"A","start_time_t":1450000000,"start_time_t":1450000000}"#;
        let search = r#"{"transaction_id":"B","transaction_id":"A"}"#;
        let body = format!(r#"{{"search":{search},"calls":[{call}]}}"#);
        let settings = MatchSettings::default();
        let found: Value =
            serde_json::from_str(&closest(&body, Rules::default(), &settings)).unwrap();
        assert_eq!(found["index"], 0);
        assert_eq!(
            warnings(&found),
            [
                "key.repeated /search/transaction_id -",
                "key.repeated /calls/0/start_time_t -",
            ]
        );
    }

    #[test]
    fn problems_point_into_the_search_and_the_calls() {
        let pointers = |search, calls| -> Vec<(String, String)> {
            let answer = answer(&search, &calls);
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let problems = answer["problems"].as_array().unwrap();
            problems
                .iter()
                .map(|p| (text(&p["code"]), text(&p["pointer"])))
                .collect()
        };
        let pair = |code: &str, pointer: &str| (code.to_owned(), pointer.to_owned());
        assert_eq!(
            pointers(
                json!({ "start_time_t": "x" }),
                json!([{ "start_time_t": 1_450_000_000, "external_call_unique_id": 1 }, 5])
            ),
            [
                pair("start_time_t.format", "/search/start_time_t"),
                pair("transaction_id.missing", "/calls/0/transaction_id"),
                pair("calls.type", "/calls/1"),
            ]
        );
        let search = json!({ "transaction_id": "A" });
        assert_eq!(
            pointers(Value::Null, json!([])),
            [pair("search.missing", "/search")]
        );
        assert_eq!(
            pointers(search.clone(), Value::Null),
            [pair("calls.missing", "")]
        );
        assert_eq!(pointers(search, json!("x")), [pair("calls.type", "/calls")]);
    }
}
