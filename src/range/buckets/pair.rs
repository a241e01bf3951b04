//! A sample beside the one before it: what counters and differences are made of.

use std::cmp::Ordering;

use super::Partials;
use crate::range::Function;
use crate::range::counter::{is_change, is_reset};

/// A sample of one series, at a time as PostgreSQL keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineSample {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Its value.
    pub value: f64,
}

impl FineSample {
    /// By time; of several at one instant the larger counts as the later.
    #[must_use]
    pub fn by_time(&self, other: &Self) -> Ordering {
        self.micros.cmp(&other.micros).then_with(|| Self::by_value(self.value, other.value))
    }

    /// As PostgreSQL orders numbers: NaN is above every other, and both zeros are equal.
    #[must_use]
    pub fn by_value(a: f64, b: f64) -> Ordering {
        a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }
}

/// How two neighbouring samples make partials.
#[derive(Clone, Copy, Debug)]
pub struct Pairing {
    /// What is computed of them.
    pub function: Function,
    /// How far apart they may lie and still connect, across the border of a bucket or a range as well.
    pub lookback_ms: i64,
}

impl Pairing {
    /// What a sample adds to its bucket; none where it and the one before it say nothing.
    #[must_use]
    pub fn partials(self, before: FineSample, now: FineSample) -> Option<Partials> {
        use Function::{Changes, Delta, Idelta, Irate, Resets};
        if now.micros - before.micros > self.lookback_ms.saturating_mul(1000) {
            return None;
        }
        let fell = is_reset(before.value, now.value);
        let difference = now.value - before.value;
        // A counter that fell has begun anew from zero.
        let increment = if fell { now.value } else { difference };
        let (micros, seconds) = (now.micros as f64, (now.micros - before.micros) as f64 / 1e6);
        let one_if = |holds: bool| if holds { 1.0 } else { 0.0 };
        Some(match self.function {
            Irate if now.micros == before.micros => return None,
            Irate => [micros, increment / seconds, 0.0],
            Idelta => [micros, difference, 0.0],
            Delta => [difference, 0.0, 0.0],
            Changes => [one_if(is_change(before.value, now.value)), 0.0, 0.0],
            Resets => [one_if(fell), 0.0, 0.0],
            _ => [increment, 0.0, 0.0],
        })
    }
}
