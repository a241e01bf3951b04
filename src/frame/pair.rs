//! A sample beside the one before it: what counters and differences are made of.

use super::partial::Partials;
use crate::evaluate::RangeFunction;

/// A sample of one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Microseconds since 1970.
    pub(super) micros: i64,
    pub(super) value: f64,
}

impl Sample {
    /// Whether another one of the same series counts as the later; of several at one instant it is the larger, as
    /// PostgreSQL orders numbers: NaN is above every other.
    pub(super) fn is_before(self, other: Self) -> bool {
        let larger = match (self.value.is_nan(), other.value.is_nan()) {
            (false, false) => self.value < other.value,
            (own, others) => !own && others,
        };
        self.micros < other.micros || (self.micros == other.micros && larger)
    }
}

/// What a sample adds to its bucket; none where the two say nothing.
pub(super) fn pair(function: RangeFunction, before: Sample, now: Sample) -> Option<Partials> {
    use RangeFunction::{Changes, Delta, Idelta, Irate, Resets};
    let fell = now.value < before.value;
    let difference = now.value - before.value;
    // A counter that fell has begun anew from zero.
    let increment = if fell { now.value } else { difference };
    let (micros, seconds) = (now.micros as f64, (now.micros - before.micros) as f64 / 1e6);
    let one_if = |holds: bool| if holds { 1.0 } else { 0.0 };
    Some(match function {
        Irate if now.micros == before.micros => return None,
        Irate => [micros, increment / seconds, 0.0],
        Idelta => [micros, difference, 0.0],
        Delta => [difference, 0.0, 0.0],
        Changes => {
            let both_nan = now.value.is_nan() && before.value.is_nan();
            [one_if(now.value != before.value && !both_nan), 0.0, 0.0]
        }
        Resets => [one_if(fell), 0.0, 0.0],
        _ => [increment, 0.0, 0.0],
    })
}
