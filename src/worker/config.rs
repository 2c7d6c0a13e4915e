//! The Worker's variables.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use js_sys::{JSON, Reflect};
use serde_json::json;
use worker::wasm_bindgen::JsValue;
use worker::{Env, console_error};

use super::rate_limit::Policy;
use crate::input::batch;
use crate::input::report::Rules;
use crate::model::phone::CountryCode;
use crate::response::limits::LIMITS;
use crate::rules::explanation::AMBIGUITY_SECONDS;
use crate::rules::matching::WINDOW_SECONDS;

/// Identifies the sources of this build.
pub const BUILD: Option<&str> = option_env!("CALL_OUTCOMES_BUILD");

/// The Worker's variables.
#[derive(Clone)]
pub struct Config {
    /// The options of validation.
    pub rules: Rules,
    /// How far the start of a match may be off, in milliseconds; `None` means any distance.
    pub window: Option<i64>,
    /// A match is ambiguous if its margin to the next best call is smaller than this, in milliseconds.
    pub ambiguity: i64,
    /// The most rows of a batch.
    pub batch_max_rows: usize,
    /// The origins whose scripts may use the API; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Whether responses show what they cost the database.
    pub expose_cost: bool,
    /// The limit of a token's requests; `None` is off.
    pub token_limit: Option<Policy>,
    /// The limit of an address's refused requests; `None` is off.
    pub address_limit: Option<Policy>,
    /// The malformed variables. Their defaults apply.
    pub malformed: Vec<&'static str>,
}

/// The default limit of a token's requests.
const TOKEN_LIMIT: Policy = Policy {
    name: "token",
    limit: 1_000,
    period: 10,
};
/// The default limit of an address's refused requests.
const ADDRESS_LIMIT: Policy = Policy {
    name: "address",
    limit: 20,
    period: 60,
};
/// The largest number of seconds that a variable may have: as many as a time, which has ten digits.
const MAX_SECONDS: i64 = 9_999_999_999;

impl Config {
    /// Returns the variables, or their defaults. They are read once, because those of a deployment never change. The log
    /// and `/healthz` name the malformed ones.
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
                        json!({ "error": "malformed variables: their defaults apply", "variables": config.malformed })
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
        let allowed_origins = variables.origins("ALLOWED_ORIGINS");
        let expose_cost = variables.read("EXPOSE_COST", false, |text| match text {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        });
        let token_limit = variables.policy("TOKEN_RATE_LIMIT", TOKEN_LIMIT);
        let address_limit = variables.policy("ADDRESS_RATE_LIMIT", ADDRESS_LIMIT);
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

    /// Returns the options that change validation and matching as JSON. A page compares them with its own.
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

/// Reads variables, and notes the malformed ones.
struct Variables<'e> {
    env: &'e Env,
    malformed: Vec<&'static str>,
}

impl Variables<'_> {
    /// Returns the value of a variable, or its default if it is not set or malformed.
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

    /// Reads a rate limit, or `off`.
    fn policy(&mut self, name: &'static str, default: Policy) -> Option<Policy> {
        self.read(name, Some(default), |text| match text {
            "off" => Some(None),
            text => Policy::parse(default.name, text).map(Some),
        })
    }

    /// Reads a list of origins. The well-formed ones apply even if others are malformed.
    fn origins(&mut self, name: &'static str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let listed = text.split([',', ' ']).filter(|origin| !origin.is_empty());
        let (origins, malformed): (Vec<&str>, Vec<&str>) =
            listed.partition(|origin| is_origin(origin));
        if !malformed.is_empty() {
            self.malformed.push(name);
        }
        origins.into_iter().map(str::to_owned).collect()
    }

    /// Returns the text of a variable, if it is set. In `wrangler.toml` it may also be a number or a boolean.
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

/// Reads a whole number.
fn number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Whether a text is `*`, or an origin as browsers send it.
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
