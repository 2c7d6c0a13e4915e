//! The schema of each parameter of the rules, by its name.
//!
//! Not here: which parameters a request has.

use serde_json::{Value, json};

use crate::input::fields::{MAX_DESCRIPTION, MAX_DURATION_DIGITS, MAX_NAME};
use crate::model::money::MAX_WHOLE_DIGITS;
use crate::model::phone::CountryCode;
use crate::model::transaction_id::MAX_LENGTH;

/// Unicode's white space, inside a class: `\s` is another set in each dialect of patterns.
const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// What a text may hold.
const CHARACTER: &str = r"[^\u0000]";

/// What is not passed.
pub fn blank() -> Value {
    json!({ "type": ["string", "null"], "pattern": format!("^[{SPACE}]*$") })
}

/// A parameter that has to be passed.
pub fn passed(mut parameter: Value) -> Value {
    if let Value::Object(members) = &mut parameter {
        members.insert("not".to_owned(), blank());
    }
    parameter
}

/// A text; numbers and booleans count as written.
pub fn text(max: usize, about: &str) -> Value {
    json!({
        "type": ["string", "number", "boolean", "null"],
        "maxLength": max,
        "pattern": format!("^{CHARACTER}*$"),
        "description": about,
    })
}

/// What is not passed, a text of this pattern, or a whole number within one of the ranges.
fn whole(
    not_passed: Value,
    pattern: &str,
    ranges: &[(u64, u64)],
    about: &str,
    example: &str,
) -> Value {
    let mut any = vec![
        not_passed,
        json!({ "type": "string", "pattern": format!("^({pattern})$") }),
    ];
    let numbers = ranges
        .iter()
        .map(|(least, most)| json!({ "type": "integer", "minimum": least, "maximum": most }));
    any.extend(numbers);
    json!({ "anyOf": any, "description": about, "examples": [example] })
}

fn time(not_passed: Value, about: &str) -> Value {
    let ranges = [
        (1_000_000_000, 9_999_999_999),
        (1_000_000_000_000, 9_999_999_999_999),
    ];
    whole(
        not_passed,
        "[0-9]{10}|[0-9]{13}",
        &ranges,
        about,
        "1435993200",
    )
}

/// As [`crate::model::phone::Phone::parse`] reads them with the default country code.
fn phone(about: &str) -> Value {
    let between = r"[ \-.()]*";
    let digits = |count: &str| format!("([0-9]{between}){{{count}}}");
    let code = CountryCode::DEFAULT.to_string();
    let rest = 11_usize.saturating_sub(code.len());
    let written = code
        .split("")
        .filter(|digit| !digit.is_empty())
        .collect::<Vec<_>>()
        .join(between);
    let own = format!("{written}{between}{}", digits(&rest.to_string()));
    let pattern = format!(
        r"{between}(\+{between}{}|{}|{own})",
        digits("7,15"),
        digits("10")
    );
    let bound = |digit: &str| {
        format!("{code}{}", digit.repeat(rest))
            .parse()
            .unwrap_or(u64::MAX)
    };
    let ranges = [(1_000_000_000, 9_999_999_999), (bound("0"), bound("9"))];
    whole(blank(), &pattern, &ranges, about, "+18885551212")
}

/// The `transaction_id` of a search, which may be malformed: then it is one that no call has.
pub fn id_of_a_call() -> Value {
    json!({
        "type": ["string", "number", "boolean"],
        "pattern": format!("^{CHARACTER}*[^\\u0000{SPACE}]{CHARACTER}*$"),
        "description": "The id of the call, in any case. A malformed id is one that no call has.",
        "examples": ["00000000-00000001"],
    })
}

/// The schema of a parameter.
pub fn parameter(name: &str) -> Value {
    match name {
        // Of an imported call: a malformed id cannot be stored.
        "transaction_id" => json!({
            "anyOf": [blank(), {
                "type": ["string", "integer", "boolean"],
                "pattern": format!("^[{SPACE}]*[0-9A-Za-z-]{{1,{MAX_LENGTH}}}[{SPACE}]*$"),
            }],
            "description": format!("The platform's id of the call: at most {MAX_LENGTH} letters, digits and hyphens."),
            "examples": ["00000000-00000001"],
        }),
        "start_time_t" => time(
            blank(),
            "When the call started, in a search roughly: 10 digits (Unix seconds) or 13 (milliseconds), in UTC. The closest call within the window is taken.",
        ),
        "calling_phone_number" => phone(
            "Who called, in E.164: `+`, country code and number. Spaces, `-`, `.`, `(` and `)` are dropped; 10 digits get the default country code. Only calls from this number are considered.",
        ),
        "destination_phone_number" => phone("Whom they called, as `calling_phone_number`."),
        "duration_in_seconds" => whole(
            blank(),
            &format!("[0-9]{{1,{MAX_DURATION_DIGITS}}}"),
            &[(
                0,
                "9".repeat(MAX_DURATION_DIGITS).parse().unwrap_or(u64::MAX),
            )],
            "How long the call was, in whole seconds. In a search roughly: it ranks calls and never excludes one.",
            "125",
        ),
        "advertiser_id_from_network" => text(
            MAX_NAME,
            "The advertiser, by the network's id. In a search only its calls are considered, and only a network's token may name it.",
        ),
        "advertiser_campaign_id_from_network" => text(
            MAX_NAME,
            "The campaign, by the network's id. In a search only its calls are considered.",
        ),
        "network_id" => text(MAX_NAME, "Has to be the token's network."),
        "outcome_name" => json!({
            "type": ["string", "number", "boolean"],
            "pattern": trimmed(MAX_NAME),
            "description": format!("What happened, such as Sale: at most {MAX_NAME} characters. Compared without regard to case, shown in the casing of its first report."),
            "examples": ["Sale"],
        }),
        "partner_unique_id" => text(
            MAX_NAME,
            "Tells two outcomes of one name on one call apart. Together with call and name it identifies the outcome.",
        ),
        "description" => text(MAX_DESCRIPTION, "Free text. Null clears it."),
        "occurred_at_time_t" => time(
            json!({ "type": ["string", "null"], "maxLength": 0 }),
            "When the outcome occurred, as `start_time_t`. The time of the request if a first report leaves it out.",
        ),
        "sale_amount" => json!({
            "type": ["string", "number", "null"],
            "pattern": format!("^([0-9]{{1,{MAX_WHOLE_DIGITS}}}(\\.[0-9]{{1,2}})?)?$"),
            "minimum": 0,
            "exclusiveMaximum": format!("1{}", "0".repeat(MAX_WHOLE_DIGITS)).parse().unwrap_or(u64::MAX),
            "description": "Money with up to two decimals, without separators or currency. Null or an empty text clears it.",
            "examples": ["100.00"],
        }),
        "value" => json!({
            "anyOf": [
                { "type": "boolean" },
                { "type": "integer", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01]|)$" },
                { "type": "null" },
            ],
            "description": "Whether the outcome was met. True if a first report leaves it out.",
            "examples": ["true"],
        }),
        "external_call_unique_id" => text(MAX_NAME, "The sender's own id of the call."),
        "row" => text(MAX_NAME, "The client's own key, which its answer repeats."),
        "oauth_token" => json!({
            "type": ["string", "number", "boolean", "null"],
            "description": "The token, where it is not in the header.",
        }),
        _ => text(MAX_NAME, "A text of the sender's own. Null clears it."),
    }
}

/// A text of 1 to `max` characters, not counting white space around it.
fn trimmed(max: usize) -> String {
    let edge = format!("[^\\u0000{SPACE}]");
    let inside = max.saturating_sub(2);
    format!("^[{SPACE}]*{edge}({CHARACTER}{{0,{inside}}}{edge})?[{SPACE}]*$")
}
