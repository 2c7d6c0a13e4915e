//! Rate limits: the platform's counters, which only say yes or no.
//!
//! Not here: what a limit is, which stands in `wrangler.toml`.

use worker::{Env, RateLimiter};

use super::config::Config;

/// What a limiter allows, for the headers of a refusal. The binding does not tell, so a variable does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whom it counts.
    pub name: &'static str,
    /// How many requests.
    pub limit: u32,
    /// In how many seconds.
    pub period: u32,
}

impl Policy {
    /// Reads `1000/10`.
    pub fn parse(name: &'static str, text: &str) -> Option<Self> {
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| is_plain && *number > 0)
        };
        let (limit, period) = text.split_once('/')?;
        Some(Self {
            name,
            limit: number(limit)?,
            period: number(period)?,
        })
    }
}

/// The limiters of a deployment.
pub struct Limits {
    token: Option<(RateLimiter, Policy)>,
    address: Option<(RateLimiter, Policy)>,
}

impl Limits {
    /// Those that are bound and not off.
    pub fn new(env: &Env, config: &Config) -> Self {
        let limiter = |policy: Option<Policy>, binding: &str| {
            let policy = policy?;
            Some((env.rate_limiter(binding).ok()?, policy))
        };
        Self {
            token: limiter(config.token_limit, "TOKEN_RATE_LIMITER"),
            address: limiter(config.address_limit, "ADDRESS_RATE_LIMITER"),
        }
    }

    /// Counts a request of a token, by its hash; the policy if that is one too many.
    pub async fn refuse_token(&self, hash: &str) -> Option<Policy> {
        refuse(self.token.as_ref(), hash).await
    }

    /// Counts a request of an address that was refused and is not known to have a good token; the policy if that is one
    /// too many.
    pub async fn refuse_address(&self, address: &str) -> Option<Policy> {
        refuse(self.address.as_ref(), address).await
    }
}

/// A limiter that fails refuses nobody.
async fn refuse(limiter: Option<&(RateLimiter, Policy)>, key: &str) -> Option<Policy> {
    let (limiter, policy) = limiter?;
    let outcome = limiter.limit(key.to_owned()).await.ok()?;
    (!outcome.success).then_some(*policy)
}
