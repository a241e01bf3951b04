//! The samples of a window with the partials of its runs.

use std::collections::VecDeque;

use super::super::counter::Ends;
use super::super::{Sample, seconds};
use super::SHORT;
use super::class::Classes;
use super::stacks::{Stacks, joined};

/// The samples of a run.
pub(super) const RUN: usize = 64;

/// A sample beside the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdjacentSample {
    /// The value of the sample before.
    pub(super) before: Option<f64>,
    /// Seconds since the first sample of the series.
    pub(super) seconds: f64,
    pub(super) value: f64,
}

/// The samples of a window; every `RUN` of them are merged once, when they are complete.
#[derive(Debug)]
pub(super) struct Runs<P> {
    of: fn(AdjacentSample) -> P,
    merge: fn(P, P) -> P,
    samples: VecDeque<Sample>,
    /// How many samples left before the first of those.
    gone: usize,
    /// The time of the very first sample.
    origin_ms: Option<i64>,
    stacks: Stacks<P>,
    classes: Classes,
}

/// A whole window, merged.
#[derive(Debug)]
pub(super) struct Merged<P> {
    pub(super) partial: P,
    pub(super) ends: Ends,
    pub(super) origin_ms: i64,
    pub(super) classes: Classes,
}

impl<P: Copy> Runs<P> {
    pub(super) fn new(of: fn(AdjacentSample) -> P, merge: fn(P, P) -> P) -> Self {
        let (samples, stacks, classes) = (VecDeque::new(), Stacks::new(merge), Classes::default());
        Self { of, merge, samples, gone: 0, origin_ms: None, stacks, classes }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        self.origin_ms.get_or_insert(sample.ms);
        self.classes.add(sample.value);
        self.samples.push_back(sample);
        let end = self.gone + self.samples.len();
        let is_whole = end.is_multiple_of(RUN) && self.samples.len() >= RUN;
        if is_whole && let Some(partial) = self.fold(end - RUN, end) {
            self.stacks.push(end / RUN - 1, partial);
        }
    }

    pub(super) fn drop_until(&mut self, start_ms: i64) {
        while let Some(sample) = self.samples.pop_front_if(|sample| sample.ms <= start_ms) {
            self.classes.remove(sample.value);
            self.gone += 1;
        }
    }

    pub(super) fn samples(&mut self) -> &[Sample] {
        self.samples.make_contiguous()
    }

    /// All samples but the first few, merged; none where the window is short, or holds values too large to merge.
    pub(super) fn merged(&mut self, but: usize) -> Option<Merged<P>> {
        let (first, end) = (self.gone + but, self.gone + self.samples.len());
        let whole = first.next_multiple_of(RUN);
        self.stacks.drop_before(whole / RUN);
        if self.samples.len() <= SHORT || self.classes.huge > 0 {
            return None;
        }
        let early = self.fold(first, whole);
        let late = self.fold(end - end % RUN, end);
        let partial = joined(self.merge, joined(self.merge, early, self.stacks.total()), late)?;
        let ends = Ends { count: self.samples.len(), first: *self.samples.front()?, last: *self.samples.back()? };
        Some(Merged { partial, ends, origin_ms: self.origin_ms?, classes: self.classes })
    }

    /// The samples from one number to before another, merged.
    fn fold(&self, from: usize, to: usize) -> Option<P> {
        let mut before = from.checked_sub(self.gone + 1).map(|at| self.samples[at].value);
        let mut merged = None;
        for sample in self.samples.range(from - self.gone..to - self.gone) {
            let seconds = seconds(self.origin_ms.unwrap_or(sample.ms), sample.ms);
            let step = AdjacentSample { before, seconds, value: sample.value };
            merged = joined(self.merge, merged, Some((self.of)(step)));
            before = Some(sample.value);
        }
        merged
    }

    pub(super) fn bytes(&self) -> usize {
        self.samples.capacity() * size_of::<Sample>() + self.stacks.bytes()
    }
}
