//! The Worker's variables.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::json;
use worker::js_sys::{JSON, Reflect};
use worker::wasm_bindgen::JsValue;
use worker::{Env, console_error};

use super::rate_limit::Policy;
use crate::input::batch;
use crate::input::report::Rules;
use crate::model::phone::CountryCode;
use crate::response::limits::LIMITS;
use crate::rules::explanation::AMBIGUITY_SECONDS;
use crate::rules::matching::WINDOW_SECONDS;

/// What the rules were built from.
pub const BUILD: Option<&str> = option_env!("CALL_OUTCOMES_BUILD");

/// The Worker's variables.
#[derive(Clone)]
pub struct Config {
    /// What changes validation.
    pub rules: Rules,
    /// How far a start may be off, in milliseconds; `None` is any distance.
    pub window: Option<i64>,
    /// Below which margin to the next best call a match is ambiguous, in milliseconds.
    pub ambiguity: i64,
    /// The most rows of a batch.
    pub batch_max_rows: usize,
    /// The origins whose scripts may use the API; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Whether answers show what they cost the database.
    pub expose_cost: bool,
    /// How often a token may ask.
    pub token_limit: Option<Policy>,
    /// How often an address may be refused.
    pub address_limit: Option<Policy>,
    /// The variables that cannot be read, in place of which their defaults are in force.
    pub malformed: Vec<&'static str>,
}

/// The limit of a token's requests, unless a variable says another.
const TOKEN_LIMIT: Policy = Policy {
    name: "token",
    limit: 1_000,
    period: 10,
};
/// The limit of an address's refused requests, unless a variable says another.
const ADDRESS_LIMIT: Policy = Policy {
    name: "address",
    limit: 20,
    period: 60,
};
/// The longest window in seconds: a time has ten digits.
const MAX_SECONDS: i64 = 9_999_999_999;

impl Config {
    /// The variables, or their defaults. They are read once, as a deployment's never change; those that cannot be read
    /// are named in the log, and in `/healthz` for as long as it is so.
    pub fn of(env: &Env) -> Self {
        thread_local! {
            static READ: OnceCell<Config> = const { OnceCell::new() };
        }
        READ.with(|read| {
            let config = read.get_or_init(|| {
                let config = Self::read(env);
                if !config.malformed.is_empty() {
                    console_error!(
                        "{}",
                        json!({ "error": "variables that cannot be read: their defaults are in force", "variables": config.malformed })
                    );
                }
                config
            });
            config.clone()
        })
    }

    fn read(env: &Env) -> Self {
        let mut variables = Variables {
            env,
            malformed: Vec::new(),
        };
        let country = variables.read(
            "DEFAULT_COUNTRY_CODE",
            CountryCode::DEFAULT,
            CountryCode::parse,
        );
        let seconds = |text: &str| number(text).filter(|seconds| *seconds <= MAX_SECONDS);
        let window = variables.read("MATCH_WINDOW_SECONDS", WINDOW_SECONDS, seconds);
        let ambiguity = variables.read("AMBIGUITY_SECONDS", AMBIGUITY_SECONDS, seconds);
        let batch_max_rows = variables.read("BATCH_MAX_ROWS", batch::MAX_ROWS, |text| {
            let rows = usize::try_from(number(text)?).ok()?;
            (1..=batch::MAX_ROWS).contains(&rows).then_some(rows)
        });
        let origins = variables.text("ALLOWED_ORIGINS").unwrap_or_default();
        let mut allowed_origins: Vec<String> = origins
            .split([',', ' '])
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect();
        // The good ones stay in force.
        let sent = allowed_origins.len();
        allowed_origins.retain(|origin| is_origin(origin));
        if allowed_origins.len() < sent {
            variables.malformed.push("ALLOWED_ORIGINS");
        }
        let expose_cost = variables.read("EXPOSE_COST", false, |text| match text {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        });
        let policy = |default: Policy| {
            move |text: &str| match text {
                "off" => Some(None),
                text => Policy::parse(default.name, text).map(Some),
            }
        };
        let token_limit = Some(TOKEN_LIMIT);
        let token_limit = variables.read("TOKEN_RATE_LIMIT", token_limit, policy(TOKEN_LIMIT));
        let address_limit = Some(ADDRESS_LIMIT);
        let address_limit =
            variables.read("ADDRESS_RATE_LIMIT", address_limit, policy(ADDRESS_LIMIT));
        let window = window.saturating_mul(1_000);
        Self {
            rules: Rules {
                country,
                strict: false,
            },
            window: (window > 0).then_some(window),
            ambiguity: ambiguity.saturating_mul(1_000),
            batch_max_rows,
            allowed_origins,
            expose_cost,
            token_limit,
            address_limit,
            malformed: variables.malformed,
        }
    }

    /// What of it changes validation and matching, as JSON; with it a page can tell that it holds the same rules.
    pub fn public(&self) -> String {
        let limits = LIMITS.map(|(name, limit)| match name {
            "batch_rows" => (name, self.batch_max_rows),
            _ => (name, limit),
        });
        json!({
            "default_country_code": self.rules.country.to_string(),
            "match_window_seconds": self.window.unwrap_or(0).div_euclid(1_000),
            "ambiguity_seconds": self.ambiguity.div_euclid(1_000),
            "limits": limits.into_iter().collect::<BTreeMap<_, _>>(),
            "version": env!("CARGO_PKG_VERSION"),
            "build": BUILD,
        })
        .to_string()
    }
}

/// The variables of a deployment, and those of them that cannot be read.
struct Variables<'e> {
    env: &'e Env,
    malformed: Vec<&'static str>,
}

impl Variables<'_> {
    /// What a variable means; its default where it is not set, or cannot be read.
    fn read<T>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        parse(&text).unwrap_or_else(|| {
            self.malformed.push(name);
            default
        })
    }

    /// The text of a variable that is set. In `wrangler.toml` it may also be written as a number, or as true or false.
    fn text(&mut self, name: &'static str) -> Option<String> {
        let value = Reflect::get(self.env, &JsValue::from_str(name)).ok()?;
        if value.is_undefined() || value.is_null() {
            return None;
        }
        let is_plain = value.as_bool().is_some() || value.as_f64().is_some();
        let plain = || {
            let text = JSON::stringify(&value).ok().filter(|_| is_plain)?;
            text.as_string()
        };
        let text = value.as_string().or_else(plain);
        if text.is_none() {
            self.malformed.push(name);
        }
        text
    }
}

/// A whole number in digits.
fn number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Whether a text is `*` or an origin as browsers write it.
fn is_origin(text: &str) -> bool {
    text == "*"
        || text.split_once("://").is_some_and(|(scheme, host)| {
            let is_host = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\".contains(&byte);
            scheme.bytes().all(|byte| byte.is_ascii_lowercase())
                && !scheme.is_empty()
                && !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| is_host(byte) && !byte.is_ascii_uppercase())
        })
}
