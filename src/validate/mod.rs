//! Validates a report without a server, as the npm package does: the result is the report in its normal form, or every
//! problem with its position in the text. The rules are in [`crate::input`].

pub mod closest;
pub mod normal;

use serde::Serialize;

use crate::input::report::{MAX_BODY, Rules, read, text};
use crate::json::write::to_json;
use crate::json::{Reader, SyntaxError, Value};
use crate::problem::{Code, Problem, Span};
use crate::validate::normal::NormalReport;

/// The unit of positions in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units, as JavaScript counts its strings.
    Utf16,
    /// Bytes.
    Bytes,
}

#[derive(Serialize)]
struct Valid<'a> {
    ok: bool,
    request: NormalReport<'a>,
    warnings: Vec<LocatedProblem<'a>>,
}

/// The result for an invalid request.
#[derive(Serialize)]
pub struct Invalid<'a> {
    ok: bool,
    problems: Vec<LocatedProblem<'a>>,
    warnings: Vec<LocatedProblem<'a>>,
}

impl<'a> Invalid<'a> {
    /// The result for a value that wasn't text, so its problems have no positions.
    #[must_use]
    pub fn unlocated(problems: &'a [Problem], warnings: &'a [Problem]) -> Self {
        Self {
            ok: false,
            problems: unlocated(problems),
            warnings: unlocated(warnings),
        }
    }
}

/// Problems without positions, of a value that wasn't text.
#[must_use]
pub fn unlocated(problems: &[Problem]) -> Vec<LocatedProblem<'_>> {
    locate(problems, &mut None)
}

/// A problem, with its position if it has one.
#[derive(Serialize)]
pub struct LocatedProblem<'a> {
    code: Code,
    pointer: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<(usize, usize)>,
}

/// A position in a text. Lines and columns count from 1, in characters, as in the server's messages.
#[derive(Clone, Copy)]
struct Location {
    line: usize,
    column: usize,
    range: (usize, usize),
}

/// Validates a body like [`validate`], but returns `None` for a valid body without warnings, whose normal form isn't
/// made.
#[must_use]
pub fn check(body: &[u8], rules: Rules, unit: Option<Unit>) -> Option<String> {
    result(body, rules, unit, true)
}

/// Validates a body and returns the result as JSON. Without a `unit`, problems have no positions.
///
/// ```
/// use call_outcomes::input::report::Rules;
/// use call_outcomes::validate::{Unit, validate};
///
/// let body = br#"{"search": {"transaction_id": "a-1"}, "call_outcome": {"outcome_name": "Sale"}}"#;
/// assert_eq!(
///     validate(body, Rules::default(), Some(Unit::Bytes)),
///     r#"{"ok":true,"request":{"search":{"transaction_id":"A-1"},"call_outcome":{"outcome_name":"Sale","partner_unique_id":""}},"warnings":[]}"#
/// );
/// ```
#[must_use]
pub fn validate(body: &[u8], rules: Rules, unit: Option<Unit>) -> String {
    result(body, rules, unit, false).unwrap_or_default()
}

/// Returns the result of validating a body. With `skip_valid`, that of a valid body without warnings is `None`.
fn result(body: &[u8], rules: Rules, unit: Option<Unit>, skip_valid: bool) -> Option<String> {
    if body.len() > MAX_BODY {
        let problem = Problem::whole(Code::BodyTooLarge).with_max(MAX_BODY);
        return Some(refuse_whole(&problem, None, unit, ""));
    }
    let text = match text(body) {
        Ok(text) => text,
        Err((error, before)) => return Some(refuse_syntax(error, unit, before)),
    };
    let request = match read(text, rules) {
        Ok(request) => request,
        Err(error) => return Some(refuse_syntax(error, unit, text)),
    };
    let mut locator = unit.map(|unit| Locator::new(text, unit));
    Some(match &request.report {
        Ok(_) if skip_valid && request.warnings.is_empty() => return None,
        Ok(report) => to_json(&Valid {
            ok: true,
            request: NormalReport::from(report),
            warnings: locate(&request.warnings, &mut locator),
        }),
        Err(problems) => to_json(&Invalid {
            ok: false,
            problems: locate(problems, &mut locator),
            warnings: locate(&request.warnings, &mut locator),
        }),
    })
}

fn refuse_syntax(error: SyntaxError, unit: Option<Unit>, text: &str) -> String {
    let message = unit.map(|_| error.message(text));
    refuse_whole(&error.to_problem(), message, unit, text)
}

fn refuse_whole(
    problem: &Problem,
    message: Option<String>,
    unit: Option<Unit>,
    text: &str,
) -> String {
    let mut locator = unit.map(|unit| Locator::new(text, unit));
    let mut problems = locate(std::slice::from_ref(problem), &mut locator);
    if let (Some(located), Some(message)) = (problems.first_mut(), message) {
        located.message = message;
    }
    to_json(&Invalid {
        ok: false,
        problems,
        warnings: Vec::new(),
    })
}

fn locate<'a>(
    problems: &'a [Problem],
    locator: &mut Option<Locator<'_>>,
) -> Vec<LocatedProblem<'a>> {
    let entry = |problem: &'a Problem| {
        let location = locator.as_mut().map(|locator| locator.locate(problem));
        LocatedProblem {
            code: problem.code,
            pointer: &problem.pointer,
            message: problem.message(),
            fix: problem.fix.as_deref(),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
            range: location.map(|location| location.range),
        }
    };
    problems.iter().map(entry).collect()
}

/// Finds positions in a text. It continues from the last one, because most problems are in the order of the text.
struct Locator<'a> {
    text: &'a str,
    unit: Unit,
    /// The byte up to which lines and columns are counted.
    at: usize,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Locator<'a> {
    const fn new(text: &'a str, unit: Unit) -> Self {
        Self {
            text,
            unit,
            at: 0,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// Returns the position of a problem. A missing field has the position of its object.
    fn locate(&mut self, problem: &Problem) -> Location {
        let Span { start, end } = problem
            .span
            .unwrap_or_else(|| nearest(self.text, &problem.pointer));
        self.go_to(start);
        let (line, column, first) = (self.line, self.column, self.offset);
        self.go_to(end);
        Location {
            line,
            column,
            range: (first, self.offset),
        }
    }

    fn go_to(&mut self, byte: usize) {
        if byte < self.at {
            *self = Self::new(self.text, self.unit);
        }
        let passed = self.text.get(self.at..byte).unwrap_or_default();
        for c in passed.chars() {
            (self.line, self.column) = match c {
                '\n' => (self.line.saturating_add(1), 1),
                _ => (self.line, self.column.saturating_add(1)),
            };
            let units = match self.unit {
                Unit::Utf16 => c.len_utf16(),
                Unit::Bytes => c.len_utf8(),
            };
            self.offset = self.offset.saturating_add(units);
        }
        self.at = byte;
    }
}

/// Returns the position of the innermost object on the pointer's path, which is a section or the whole body.
fn nearest(text: &str, pointer: &str) -> Span {
    let mut reader = Reader::new(text);
    let root = reader.clone().value().map(|value| value.span());
    let section = pointer.split('/').nth(1).unwrap_or_default();
    let mut found = root.unwrap_or(Span { start: 0, end: 0 });
    if reader.open_object().is_err() {
        return found;
    }
    while let Ok(Some(key)) = reader.next_key() {
        match reader.value() {
            Ok(Value::Object(span)) if key.decode() == section => found = span,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::parameters::{CALL_OUTCOME_NAMES, CLEARABLE_NAMES};
    use serde_json::{Value, json};

    fn problems(text: &str, unit: Option<Unit>) -> Value {
        let verdict = validate(text.as_bytes(), Rules::default(), unit);
        let mut verdict: Value = serde_json::from_str(&verdict).unwrap();
        verdict["problems"].take()
    }

    #[test]
    fn places_are_in_the_unit_asked_for() {
        let text = "{\"search\":{\"transaction_id\":\"1\"},\n \"call_outcome\":{\"outcome_name\":\"😀é\",\"value\":\"x\"}}";
        let place = |unit| problems(text, Some(unit))[0]["range"].clone();
        let bytes = text.find("\"x\"").unwrap();
        assert_eq!(place(Unit::Bytes), json!([bytes, bytes + 3]));
        assert_eq!(place(Unit::Utf16), json!([bytes - 3, bytes]));
        let problem = &problems(text, Some(Unit::Utf16))[0];
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&json!(2), &json!(46))
        );
        assert_eq!(problems(text, None)[0].get("range"), None);
    }

    #[test]
    fn what_is_missing_stands_where_the_object_is_that_lacks_it() {
        let text = r#"{"search":{"transaction_id":"1"}, "call_outcome": {} }"#;
        assert_eq!(
            problems(text, Some(Unit::Bytes))[0]["range"],
            json!([50, 52])
        );
        let text = r#" {"search":{"transaction_id":"1"}} "#;
        assert_eq!(
            problems(text, Some(Unit::Bytes))[0]["range"],
            json!([1, 34])
        );
    }

    #[test]
    fn a_body_that_is_too_large_is_not_read() {
        let text = "[".repeat(MAX_BODY + 1);
        let problem = &problems(&text, Some(Unit::Utf16))[0];
        assert_eq!(problem["code"], "body.too_large");
        assert_eq!(problem["range"], json!([0, 0]));
        let problem = &problems(&"[".repeat(MAX_BODY), Some(Unit::Utf16))[0];
        assert_eq!(problem["code"], "json.too_deep");
    }

    #[test]
    fn what_is_no_json_says_where() {
        let problem = &problems("{\n  \"search\": x}", Some(Unit::Bytes))[0];
        assert_eq!(problem["message"], "expected a value at line 2, column 13");
    }

    #[test]
    fn null_clears_a_text_that_was_reported_before() {
        let text = r#"{"search":{"transaction_id":"1"},"call_outcome":{"outcome_name":"x","description":null,"custom_parameter_3":null,"value":null}}"#;
        let verdict = validate(text.as_bytes(), Rules::default(), Some(Unit::Bytes));
        let verdict: Value = serde_json::from_str(&verdict).unwrap();
        let sent = &verdict["request"]["call_outcome"];
        let names = ["description", "custom_parameter_3", "value"];
        assert_eq!(
            names.map(|name| sent.get(name)),
            [Some(&json!("")), Some(&json!("")), None]
        );
    }

    #[test]
    fn exactly_the_clearable_parameters_are_cleared_by_an_empty_text() {
        let cleared = |name: &&str| {
            let mut outcome = json!({ "outcome_name": "x" });
            outcome[*name] = json!("");
            let text = json!({ "search": { "transaction_id": "1" }, "call_outcome": outcome });
            let verdict = validate(text.to_string().as_bytes(), Rules::default(), None);
            let verdict: Value = serde_json::from_str(&verdict).unwrap();
            verdict["request"]["call_outcome"].get(*name) == Some(&json!(""))
        };
        // The id's default is `""`: it tells outcomes apart, and nothing is stored under it to be cleared.
        let others = |name: &&str| *name != "partner_unique_id";
        let all: Vec<&str> = CALL_OUTCOME_NAMES
            .into_iter()
            .filter(others)
            .filter(cleared)
            .collect();
        assert_eq!(all, CLEARABLE_NAMES);
    }

    #[test]
    fn keys_that_are_not_as_they_should_be_are_named_where_they_stand() {
        let text = r#"{
            "search": {"transaction_id": "1"},
            "call_outcome": {"outcome_name": "x", "custom_paramter_2": "a", "Sale-Amount": 1},
            "oauth-tokn": 1, "size": 1, "row": 1, "size": 2, "size": 3, "search": 1, "row": 2
        }"#;
        let verdict = validate(text.as_bytes(), Rules::default(), Some(Unit::Bytes));
        let verdict: Value = serde_json::from_str(&verdict).unwrap();
        let found: Vec<_> = verdict["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| {
                let at = |end: usize| usize::try_from(warning["range"][end].as_u64().unwrap());
                let key = text.get(at(0).unwrap()..at(1).unwrap()).unwrap();
                let text = |name: &str| warning[name].as_str().unwrap_or("");
                format!("{} {key} {}", text("code"), text("fix"))
            })
            .collect();
        assert_eq!(
            found,
            [
                r#"custom_parameter.misspelt "custom_paramter_2" custom_parameter_2"#,
                r#"key.unknown "Sale-Amount" sale_amount"#,
                r#"key.unknown "oauth-tokn" oauth_token"#,
                r#"key.unknown "size" "#,
                r#"key.unknown "row" "#,
                r#"key.repeated "size" "#,
                r#"key.repeated "size" "#,
                r#"key.repeated "search" "#,
                r#"key.repeated "row" "#,
            ]
        );
    }

    #[test]
    fn a_normal_form_is_its_own_normal_form() {
        for text in [
            r#"{"search":{"start_time_t":1435993200123,"calling_phone_number":"(888) 555-1212","duration_in_seconds":60,"network_id":3},"call_outcome":{"outcome_name":" Sale ","partner_unique_id":7,"description":null,"sale_amount":"","custom_paramter_2":"\"","occurred_at_time_t":1440607313999}}"#,
            r#"{"search":{"start_time_t":"1435993200000","advertiser_id_from_network":1,"advertiser_campaign_id_from_network":2},"call_outcome":{"outcome_name":"Sale","sale_amount":"99.90","value":"No","custom_parameter_1":"a","custom_parameter_3":null}}"#,
            r#"{"search":{"transaction_id":" ab-1 "},"call_outcome":{"outcome_name":"Sale"},"oauth_token":"secret"}"#,
        ] {
            let normal = |text: &str| -> Value {
                let verdict = validate(text.as_bytes(), Rules::default(), None);
                assert!(!verdict.contains("secret"));
                let mut verdict: Value = serde_json::from_str(&verdict).unwrap();
                assert_eq!(verdict["ok"], true, "{verdict}");
                verdict["request"].take()
            };
            let once = normal(text);
            assert_eq!(normal(&once.to_string()), once);
        }
    }
}
