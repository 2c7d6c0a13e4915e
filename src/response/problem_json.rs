//! Writes error answers as problem documents (RFC 9457), and the registry of codes as JSON.

use serde::Serialize;

use crate::json::write::to_json;
use crate::problem::{Code, Problem, Severity};
use crate::response::ErrorAnswer;
use crate::rules::explanation::Explanation;

/// The media type that asks for these documents.
pub const CONTENT_TYPE: &str = "application/problem+json";

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: String,
    errors: &'a [Problem],
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    warnings: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<&'a Explanation>,
}

/// Writes an error answer as a problem document. `origin` is the server's; its `/errors/` has a page for each code.
#[must_use]
pub fn document(
    answer: &ErrorAnswer,
    warnings: &[Problem],
    origin: &str,
    request_id: &str,
) -> String {
    let code = answer.code();
    let document = Document {
        r#type: format!("{origin}/errors/{}", code.as_str()),
        title: code.title(),
        status: answer.status(),
        detail: answer.detail(),
        instance: format!("urn:request:{request_id}"),
        errors: answer.problems(),
        warnings,
        r#match: answer.explanation(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct RegistryEntry {
    code: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    title: &'static str,
    message: &'static str,
    advice: &'static str,
}

impl From<Code> for RegistryEntry {
    fn from(code: Code) -> Self {
        let is_error = code.severity() == Severity::Error;
        Self {
            code: code.as_str(),
            severity: if is_error { "error" } else { "warning" },
            class: is_error.then(|| code.class().as_str()),
            status: is_error.then(|| code.class().status()),
            title: code.title(),
            message: code.message(),
            advice: code.advice(),
        }
    }
}

/// Returns the registry of codes as JSON.
#[must_use]
pub fn registry() -> String {
    let listed: Vec<RegistryEntry> = Code::ALL
        .iter()
        .map(|code| RegistryEntry::from(*code))
        .collect();
    to_json(&listed)
}
