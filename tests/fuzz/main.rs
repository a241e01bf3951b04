//! The parser, and what reads bodies, under texts that nobody wrote: grown from the grammar, damaged, or plain bytes.
//!
//! A second by default; `DATEBIN_FUZZ_SECONDS` sets it, and `make fuzz` runs a minute. What fails is printed as small
//! as it could be made; it belongs into `corpus.txt` then.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests stop at the first thing that is wrong, and say what they skip"
)]

mod corpus;
mod printer;
mod prometheus;
mod promises;
mod promql;
#[path = "../support/prometheus.rs"]
mod server;
mod texts;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

/// Cases between two looks at the clock.
const BATCH: u32 = 64;

/// The tests that share the time.
const SHARES: u32 = 6;

/// What each of them may take, as far as the machine runs them side by side.
fn budget() -> Duration {
    let seconds = std::env::var("DATEBIN_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let at_once = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(SHARES));
    Duration::from_secs(seconds.unwrap_or(1)) * at_once.min(SHARES) / SHARES
}

/// Tries values until the time is up; at least one batch.
fn fuzz<T: Debug>(values: &impl Strategy<Value = T>, promise: impl Fn(&T) -> TestCaseResult) {
    let begun = Instant::now();
    let config = Config { cases: BATCH, failure_persistence: None, max_shrink_iters: 10_000, ..Config::default() };
    let mut runner = TestRunner::new(config);
    loop {
        if let Err(failure) = runner.run(values, |value| promise(&value)) {
            panic!("{failure}");
        }
        if begun.elapsed() > budget() {
            return;
        }
    }
}

#[test]
fn seeds_keep_every_promise() {
    for seed in corpus::seeds() {
        promises::any(&seed).unwrap();
    }
    assert!(corpus::seeds().len() > 150, "the examples of the documentation are found");
}

#[test]
fn texts_of_the_grammar_read_and_print() {
    fuzz(&texts::grown(), |text| promises::valid(text));
}

#[test]
fn damaged_texts_are_answered() {
    fuzz(&texts::damaged(corpus::seeds()), |text| promises::any(text));
}

#[test]
fn words_in_any_order_are_answered() {
    fuzz(&texts::shuffled(), |text| promises::any(text));
}

#[test]
fn bytes_are_answered() {
    fuzz(&proptest::collection::vec(proptest::num::u8::ANY, 0..400), |bytes| {
        promises::body(bytes)?;
        promises::any(&String::from_utf8_lossy(bytes))
    });
}

#[test]
fn damaged_bodies_are_answered() {
    fuzz(&texts::damaged(corpus::bodies()), |text| promises::body(text.as_bytes()));
}

#[test]
fn long_texts_take_work_in_proportion() {
    fuzz(&texts::repeated(), |text| promises::any(text));
}

#[test]
fn work_is_counted() {
    let cost = allocation_counter::measure(|| drop(vec![String::from("a"), String::from("b")]));
    assert_eq!(cost.count_total, 3);
}
