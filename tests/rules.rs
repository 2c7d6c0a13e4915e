//! The table of cases, natively and in wasm: what the rules decide without a database. The same rows run over HTTP.
#![cfg(test)]

use call_outcomes::input::report::{Rules, SentToken, read};
use call_outcomes::json::SyntaxError;
use call_outcomes::problem::{Code, Problem};
use call_outcomes::response::{
    ErrorAnswer, refuse, refuse_invalid, refuse_syntax, warnings_header,
};
use serde_json::{Map, Value};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Long texts stand in the table as `{"$repeat": [text, count]}`.
fn expand(value: &Value) -> Value {
    match value {
        Value::Object(members) => match members
            .get("$repeat")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            Some([Value::String(text), count]) => {
                Value::String(text.repeat(usize::try_from(count.as_u64().unwrap()).unwrap()))
            }
            _ => Value::Object(
                members
                    .iter()
                    .map(|(key, member)| (key.clone(), expand(member)))
                    .collect::<Map<_, _>>(),
            ),
        },
        Value::Array(items) => items.iter().map(expand).collect(),
        other => other.clone(),
    }
}

fn answer(body: &str) -> (Result<(), ErrorAnswer>, Vec<Problem>) {
    match read(body, Rules::default()) {
        Err(error) => (Err(refuse_syntax(&error, body)), Vec::new()),
        // The table sends no header, so a body without a token has none.
        Ok(reading) if !matches!(reading.token, SentToken::Text(_)) => (
            Err(refuse(&Problem::whole(Code::TokenMissing))),
            reading.warnings,
        ),
        Ok(reading) => (
            reading
                .report
                .map(|_| ())
                .map_err(|problems| refuse_invalid(&problems)),
            reading.warnings,
        ),
    }
}

#[test]
fn every_case_is_answered_as_the_table_says() {
    let table: Vec<Value> = serde_json::from_str(include_str!("cases/reports.json")).unwrap();
    for case in &table {
        let name = case["name"].as_str().unwrap();
        let body = match case.get("text") {
            Some(text) => text.as_str().unwrap().to_owned(),
            None => expand(&case["body"]).to_string(),
        };
        let (result, warnings) = answer(&body);
        match (case["stage"].as_str().unwrap(), result) {
            ("database", Ok(())) => {}
            ("syntax" | "validation", Err(answer)) => {
                assert_eq!(
                    u64::from(answer.status()),
                    case["status"].as_u64().unwrap(),
                    "{name}"
                );
                let answered: Value = serde_json::from_str(&answer.to_json()).unwrap();
                if let Some(text) = case["errors"]["invalid_data"]
                    .as_str()
                    .filter(|text| *text != "*")
                {
                    assert_eq!(answered["errors"]["invalid_data"], *text, "{name}");
                }
                assert_eq!(
                    answered["errors"]["class"], case["errors"]["class"],
                    "{name}"
                );
                if let Some(code) = case["code"].as_str() {
                    assert_eq!(answer.code().as_str(), code, "{name}");
                }
            }
            (stage, result) => panic!("{name}: {stage}, but {result:?}"),
        }
        let header = warnings_header(&warnings).unwrap_or_default();
        let expected: Vec<&str> = case["warnings"]
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if !header.contains('%') && !header.contains("more=") {
            let found: Vec<&str> = header
                .split(", ")
                .filter(|entry| !entry.is_empty())
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn positions_count_characters_from_1() {
    let error = |body: &str| read(body, Rules::default()).err().unwrap();
    let place = |body: &str| error(body).line_and_column(body);
    assert_eq!(place(""), (1, 1));
    assert_eq!(place("{\n  \"é\" 1}"), (2, 7));
    assert_eq!(SyntaxError::encoding(2).line_and_column("é"), (1, 2));
}
