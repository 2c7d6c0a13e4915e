//! Prints how many nanoseconds the rules take for the report on standard input, as a native program. `npm run bench` puts
//! it beside the package.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a program that looks at the clock"
)]

use std::hint::black_box;
use std::io::{Read, stdin};
use std::time::Instant;

use call_outcomes::input::report::Rules;
use call_outcomes::validate::{Unit, check};

const ROUNDS: usize = 21;
const EACH: u32 = 20_000;

fn main() -> std::io::Result<()> {
    let mut report = Vec::new();
    stdin().read_to_end(&mut report)?;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..EACH {
            black_box(check(
                black_box(&report),
                Rules::default(),
                Some(Unit::Bytes),
            ));
        }
        times.push(start.elapsed() / EACH);
    }
    times.sort_unstable();
    let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
    println!("{}", median.as_nanos());
    Ok(())
}
