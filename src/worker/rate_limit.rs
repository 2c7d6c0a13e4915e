//! Rate limits: the platform's counters, which only say whether a request is within the limit.
//!
//! The limits themselves are set in `wrangler.toml`.

use worker::{Env, RateLimiter};

/// What a limiter allows, for the headers of a refusal. The binding doesn't expose it, so a variable repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What is counted by: `token` or `address`.
    pub name: &'static str,
    /// How many requests are allowed.
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

    /// Returns the value of the `RateLimit-Policy` header.
    pub fn to_header(self) -> String {
        format!("\"{}\";q={};w={}", self.name, self.limit, self.period)
    }
}

/// The limiters of a deployment.
pub struct RateLimits {
    token: Option<(RateLimiter, Policy)>,
    address: Option<(RateLimiter, Policy)>,
}

impl RateLimits {
    /// Returns the limiters that are bound; a policy of `None` turns one off.
    pub fn new(env: &Env, token: Option<Policy>, address: Option<Policy>) -> Self {
        let limiter = |policy: Option<Policy>, binding: &str| {
            let policy = policy?;
            Some((env.rate_limiter(binding).ok()?, policy))
        };
        Self {
            token: limiter(token, "TOKEN_RATE_LIMITER"),
            address: limiter(address, "ADDRESS_RATE_LIMITER"),
        }
    }

    /// Counts a request of a token, by its hash. Returns the policy if it exceeds the limit.
    pub async fn exceeded_by_token(&self, hash: &str) -> Option<Policy> {
        exceeded(self.token.as_ref(), hash).await
    }

    /// Counts a refused request of an address. Returns the policy if it exceeds the limit.
    pub async fn exceeded_by_address(&self, address: &str) -> Option<Policy> {
        exceeded(self.address.as_ref(), address).await
    }
}

/// A limiter that fails allows the request.
async fn exceeded(limiter: Option<&(RateLimiter, Policy)>, key: &str) -> Option<Policy> {
    let (limiter, policy) = limiter?;
    let outcome = limiter.limit(key.to_owned()).await.ok()?;
    (!outcome.success).then_some(*policy)
}
