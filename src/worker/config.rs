//! The Worker's variables, and what a client asks for in the query.
//!
//! Not here: what they change.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::json;
use worker::Env;

use super::http::asks_for;
use super::limits::Policy;
use crate::batch;
use crate::explanation::AMBIGUITY_SECONDS;
use crate::limits::LIMITS;
use crate::matching::WINDOW_SECONDS;
use crate::phone::CountryCode;
use crate::request::Rules;

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
}

/// What a client asks for in the query, beyond the 2015 dialect.
#[derive(Clone, Copy, Default)]
pub struct Asked {
    /// Nothing is stored.
    pub validate_only: bool,
    /// The answer tells why the call was found, or none.
    pub explain: bool,
    /// An ambiguous match is none.
    pub unambiguous: bool,
}

impl Asked {
    /// What the query of a URL asks for.
    pub fn from_url(url: &str) -> Self {
        Self {
            validate_only: asks_for(url, "validate_only"),
            explain: asks_for(url, "explain"),
            unambiguous: asks_for(url, "unambiguous"),
        }
    }
}

impl Config {
    /// The variables, or their defaults. They are read once, as a deployment's never change.
    pub fn of(env: &Env) -> Self {
        thread_local! {
            static READ: OnceCell<Config> = const { OnceCell::new() };
        }
        READ.with(|read| read.get_or_init(|| Self::read(env)).clone())
    }

    fn read(env: &Env) -> Self {
        let var = |name: &str| env.var(name).ok().map(|value| value.to_string());
        let country = var("DEFAULT_COUNTRY_CODE").and_then(|code| CountryCode::parse(&code));
        let seconds = |name, default: i64| {
            let seconds = var(name).and_then(|seconds| seconds.parse::<i64>().ok());
            let seconds = seconds.filter(|seconds| *seconds >= 0);
            seconds.unwrap_or(default).saturating_mul(1_000)
        };
        let policy = |name, variable| Policy::parse(name, &var(variable)?);
        let window = seconds("MATCH_WINDOW_SECONDS", WINDOW_SECONDS);
        Self {
            rules: Rules {
                country: country.unwrap_or(CountryCode::DEFAULT),
                strict: false,
            },
            window: (window > 0).then_some(window),
            ambiguity: seconds("AMBIGUITY_SECONDS", AMBIGUITY_SECONDS),
            batch_max_rows: var("BATCH_MAX_ROWS")
                .and_then(|rows| rows.parse().ok())
                .map_or(batch::MAX_ROWS, |rows: usize| {
                    rows.clamp(1, batch::MAX_ROWS)
                }),
            allowed_origins: var("ALLOWED_ORIGINS")
                .unwrap_or_default()
                .split([',', ' '])
                .filter(|origin| !origin.is_empty())
                .map(str::to_owned)
                .collect(),
            expose_cost: var("EXPOSE_COST").is_some_and(|value| value == "true"),
            token_limit: policy("token", "TOKEN_RATE_LIMIT"),
            address_limit: policy("address", "ADDRESS_RATE_LIMIT"),
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
