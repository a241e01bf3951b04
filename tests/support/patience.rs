//! How long a test waits for something that should be fast.

use std::time::Duration;

/// Ten times the expected value, so that a busy machine fails no test; `DATEBIN_TEST_PATIENCE` is another factor.
pub fn patience(expected: Duration) -> Duration {
    let factor = std::env::var("DATEBIN_TEST_PATIENCE").ok();
    expected * factor.map_or(10, |factor| factor.parse().expect("DATEBIN_TEST_PATIENCE is a whole number"))
}
