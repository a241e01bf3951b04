//! Who sees what, against a real PostgreSQL, over real HTTP; apart from the other tests, as it needs little of them.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests stop at the first thing that is wrong"
)]

#[path = "../support/patience.rs"]
mod patience;
#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "../integration/support.rs"]
mod support;
mod numbers;
mod series;
mod tokens;
mod writing;
