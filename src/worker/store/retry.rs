//! Retrying: what is tried again, how often, and after which pause.

use std::ops::ControlFlow;
use std::time::Duration;

use worker::Delay;

use super::Failure;

/// How often a report, an import or a read is tried.
pub const TRIES: usize = 3;
/// How often a chunk of a batch is tried: it touches many outcomes, so other requests come between more often.
pub const BATCH_TRIES: usize = 5;

/// The longest first pause, in milliseconds. The limit doubles with each further pause.
const FIRST_PAUSE: u64 = 50;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE: u64 = 200;

/// Runs `attempt` until it succeeds or has failed `tries` times, and returns the last failure then.
///
/// - A lost connection is retried after a pause. The attempt may have been committed, so the next one has to recognize
///   what it stored: it keeps the ids that it gave.
/// - A conflict with another request, an id that is taken and a disagreement are retried at once.
/// - Any other failure ends it: an overloaded database must not get more to do.
///
/// An attempt that returns `Continue` has made progress and runs again, without counting as a failure.
pub async fn retry<T>(
    tries: usize,
    mut attempt: impl AsyncFnMut() -> Result<ControlFlow<T>, Failure>,
) -> Result<T, Failure> {
    let mut failed = 0_usize;
    loop {
        let failure = match attempt().await {
            Ok(ControlFlow::Break(result)) => return Ok(result),
            Ok(ControlFlow::Continue(())) => continue,
            Err(failure) => failure,
        };
        failed = failed.saturating_add(1);
        if failed >= tries {
            return Err(failure);
        }
        match failure {
            Failure::ConnectionLost => pause(failed).await,
            Failure::Conflict | Failure::IdCollision | Failure::Disagreement => {}
            Failure::Overloaded | Failure::Unexpected(_) => return Err(failure),
        }
    }
}

/// Waits after `failed` failures. Half of the pause is random, so that requests that failed together don't come back
/// together.
async fn pause(failed: usize) {
    let doublings = u32::try_from(failed.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_u64.saturating_pow(doublings);
    let half = FIRST_PAUSE
        .saturating_mul(factor)
        .min(LONGEST_PAUSE)
        .div_euclid(2);
    let random = getrandom::u64().unwrap_or_default() & 0xFF;
    let jitter = half.saturating_mul(random).div_euclid(0xFF);
    Delay::from(Duration::from_millis(half.saturating_add(jitter))).await;
}
