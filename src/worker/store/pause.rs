//! How long to wait before a statement is sent again.
//!
//! Not here: what is sent again, and how often.

use std::time::Duration;

use worker::Delay;

/// The longest a first pause takes, in milliseconds; each later one may take twice as long.
const FIRST: u64 = 50;
/// The longest that any pause takes, in milliseconds.
const LONGEST: u64 = 200;

/// Waits after `tried` tries that a broken connection has ended. Half of it is random, so that requests that failed
/// together do not come again together.
pub async fn pause(tried: usize) {
    let doublings = u32::try_from(tried.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_u64.saturating_pow(doublings);
    let half = FIRST.saturating_mul(factor).min(LONGEST).div_euclid(2);
    let random = getrandom::u64().unwrap_or_default() & 0xFF;
    let jitter = half.saturating_mul(random).div_euclid(0xFF);
    Delay::from(Duration::from_millis(half.saturating_add(jitter))).await;
}
