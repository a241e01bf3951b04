//! The times at which an expression is evaluated over a range that people name.

use super::number::nanos;
use crate::error::{Error, Kind};
use crate::time::{Steps, TimeRange};

/// The steps from the start of a range on: of that length where one is named, a duration or seconds, else of as many whole
/// seconds as give at most `points`.
///
/// # Errors
/// The length cannot be read, or gives more than `most` steps.
pub fn steps_over(range: TimeRange, length: Option<&str>, points: u32, most: u32) -> Result<Steps, Error> {
    let step_ms = match length {
        Some(text) => {
            nanos("step", text).ok().map(|nanos| nanos / 1_000_000).filter(|step_ms| *step_ms > 0).ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                Error::new(Kind::BadRange, format!("{shown:?} is not a step"))
                    .hint("expected a duration such as 15s or 1h30m, or seconds")
            })?
        }
        None => (range.length_ms() / i64::from(points.clamp(1, most)) / 1000 + 1) * 1000,
    };
    let steps = u32::try_from(range.length_ms() / step_ms).ok().filter(|steps| *steps <= most).ok_or_else(|| {
        Error::new(Kind::TooManyPoints, format!("the range has more than {most} steps")).hint("take a larger step")
    })?;
    Ok(Steps::even(range.from, step_ms, steps + 1))
}
