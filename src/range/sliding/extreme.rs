//! The smallest or largest value of a window.

use std::collections::VecDeque;

use super::super::Sample;

/// The samples that may still become the extreme one, the best first.
#[derive(Debug)]
pub(super) struct Extreme {
    beats: fn(f64, f64) -> bool,
    samples: VecDeque<Sample>,
}

impl Extreme {
    pub(super) const fn new(beats: fn(f64, f64) -> bool) -> Self {
        Self { beats, samples: VecDeque::new() }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        // Anything beats a NaN, a later NaN too.
        let is_beaten = |old: &mut Sample| old.value.is_nan() || (self.beats)(sample.value, old.value);
        while self.samples.pop_back_if(is_beaten).is_some() {}
        self.samples.push_back(sample);
    }

    pub(super) fn drop_until(&mut self, start_ms: i64) {
        while self.samples.pop_front_if(|sample| sample.ms <= start_ms).is_some() {}
    }

    pub(super) fn value(&self) -> Option<f64> {
        self.samples.front().map(|best| best.value)
    }

    pub(super) fn bytes(&self) -> usize {
        self.samples.capacity() * size_of::<Sample>()
    }
}
