//! The schema and the description of each parameter, by its name. `requests` says which parameters a request has.

use serde_json::{Value, json};

use crate::input::fields::{MAX_DESCRIPTION, MAX_DURATION_DIGITS, MAX_NAME};
use crate::model::money::MAX_WHOLE_DIGITS;
use crate::model::phone::CountryCode;
use crate::model::transaction_id::MAX_LENGTH;

/// Unicode's white space, for use inside a character class. The meaning of `\s` differs between dialects of patterns.
const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// Any character of a text.
const CHARACTER: &str = r"[^\u0000]";

/// The schema of a value that counts as not sent.
pub fn blank() -> Value {
    json!({ "type": ["string", "null"], "pattern": format!("^[{SPACE}]*$") })
}

/// The schema of a required parameter.
pub fn passed(mut parameter: Value) -> Value {
    if let Value::Object(members) = &mut parameter {
        members.insert("not".to_owned(), blank());
    }
    parameter
}

/// The schema of a text. Numbers and booleans count as written.
pub fn text(max: usize, about: &str) -> Value {
    json!({
        "type": ["string", "number", "boolean", "null"],
        "maxLength": max,
        "pattern": format!("^{CHARACTER}*$"),
        "description": about,
    })
}

/// The schema of an optional text with this pattern, or a whole number within one of the ranges.
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

/// The schema of a phone number, as [`crate::model::phone::Phone::parse`] reads it with the default country code.
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

/// The schema of the `transaction_id` of a search. A malformed id is allowed; no call has it.
pub fn id_of_a_call() -> Value {
    json!({
        "type": ["string", "number", "boolean"],
        "pattern": format!("^{CHARACTER}*[^\\u0000{SPACE}]{CHARACTER}*$"),
        "description": "The id of the call, in upper or lower case. A malformed id matches no call.",
        "examples": ["00000000-00000001"],
    })
}

/// The schema of a parameter.
pub fn parameter(name: &str) -> Value {
    match name {
        // The id of an imported call. A malformed id is refused.
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
            "When the call started: 10 digits (Unix seconds) or 13 digits (milliseconds). In a search, an approximate time is enough: the closest call within the window matches.",
        ),
        "calling_phone_number" => phone(
            "The caller's number in E.164: `+`, country code and number. Spaces, `-`, `.`, `(` and `)` are ignored; a number of 10 digits gets the default country code. A search considers only calls from this number.",
        ),
        "destination_phone_number" => {
            phone("The number that was called, in the same format as `calling_phone_number`.")
        }
        "duration_in_seconds" => whole(
            blank(),
            &format!("[0-9]{{1,{MAX_DURATION_DIGITS}}}"),
            &[(
                0,
                "9".repeat(MAX_DURATION_DIGITS).parse().unwrap_or(u64::MAX),
            )],
            "The duration of the call in whole seconds. In a search, an approximate duration is enough: it ranks calls and never excludes one.",
            "125",
        ),
        "advertiser_id_from_network" => text(
            MAX_NAME,
            "The network's id of the advertiser. A search considers only the calls of this advertiser, and needs a network's token.",
        ),
        "advertiser_campaign_id_from_network" => text(
            MAX_NAME,
            "The network's id of the campaign. A search considers only the calls of this campaign.",
        ),
        "network_id" => text(
            MAX_NAME,
            "The id of the network. It must be the token's network.",
        ),
        "outcome_name" => json!({
            "type": ["string", "number", "boolean"],
            "pattern": trimmed(MAX_NAME),
            "description": format!("The name of the outcome, such as Sale, with at most {MAX_NAME} characters. Names are compared without regard to case, and shown in the casing of their first report."),
            "examples": ["Sale"],
        }),
        "partner_unique_id" => text(
            MAX_NAME,
            "Your id of the outcome. Together with the call and the name it identifies the outcome, so use it to report several outcomes with the same name on one call.",
        ),
        "description" => text(
            MAX_DESCRIPTION,
            "Free text. Null or an empty text clears it.",
        ),
        "occurred_at_time_t" => time(
            json!({ "type": ["string", "null"], "maxLength": 0 }),
            "When the outcome occurred, in the same format as `start_time_t`. The default for a first report is the time of the request.",
        ),
        "sale_amount" => json!({
            "type": ["string", "number", "null"],
            "pattern": format!("^([0-9]{{1,{MAX_WHOLE_DIGITS}}}(\\.[0-9]{{1,2}})?)?$"),
            "minimum": 0,
            "exclusiveMaximum": format!("1{}", "0".repeat(MAX_WHOLE_DIGITS)).parse().unwrap_or(u64::MAX),
            "description": "An amount with up to two decimals, without separators or currency. Null or an empty text clears it.",
            "examples": ["100.00"],
        }),
        "value" => json!({
            "anyOf": [
                { "type": "boolean" },
                { "type": "integer", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01]|)$" },
                { "type": "null" },
            ],
            "description": "Whether the outcome was achieved. The default for a first report is true.",
            "examples": ["true"],
        }),
        "external_call_unique_id" => text(MAX_NAME, "Your own id of the call."),
        "row" => text(
            MAX_NAME,
            "A key of your own for the row. The result repeats it.",
        ),
        "oauth_token" => json!({
            "type": ["string", "number", "boolean", "null"],
            "description": "The token, if it is not in the header.",
        }),
        _ => text(
            MAX_NAME,
            "A text of your own. Null or an empty text clears it.",
        ),
    }
}

/// The pattern of a text of 1 to `max` characters, not counting white space around it.
fn trimmed(max: usize) -> String {
    let edge = format!("[^\\u0000{SPACE}]");
    let inside = max.saturating_sub(2);
    format!("^[{SPACE}]*{edge}({CHARACTER}{{0,{inside}}}{edge})?[{SPACE}]*$")
}
