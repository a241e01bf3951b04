//! A function over many overlapping windows of one series.
//!
//! Short windows are computed from their samples. For long ones [`Runs`] keeps merged partials of runs of samples, so
//! that a window costs about the same however long it is. Where merging would differ visibly from Prometheus' own
//! order of operations (values near the end of float64's range, a spread that is tiny beside its mean) the window is
//! computed from its samples as well.

mod class;
mod cloud;
mod extreme;
mod ordered;
mod runs;
mod stacks;
mod sums;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::compensated::Compensated;
use super::counter::Ends;
use super::{Function, Sample, Window, value};
use cloud::Cloud;
use extreme::Extreme;
use ordered::Ordered;
use runs::Runs;
use sums::Moments;

/// Windows of up to so many samples are computed from them.
const SHORT: usize = 2 * runs::RUN;

/// A function over windows of one length whose ends ascend. Samples that left the window are forgotten.
#[derive(Debug)]
pub struct Sliding {
    function: Function,
    args: [f64; 2],
    window_ms: i64,
    /// Samples that no window has reached.
    pending: VecDeque<Sample>,
    state: State,
}

/// What is kept of the samples in the window.
#[derive(Debug)]
enum State {
    /// The newest ones, up to a number.
    Newest(VecDeque<Sample>, usize),
    /// All of them.
    All(VecDeque<Sample>),
    Extreme(Extreme),
    Ordered(Ordered),
    Pairs(Runs<Compensated>),
    Sums(Runs<Compensated>),
    Moments(Runs<Moments>),
    Cloud(Runs<Cloud>),
}

impl State {
    fn new(function: Function) -> Self {
        match function {
            Function::Last | Function::Present | Function::Timestamp => Self::Newest(VecDeque::new(), 1),
            Function::Irate | Function::Idelta => Self::Newest(VecDeque::new(), 2),
            Function::Count | Function::First | Function::Delta | Function::Smoothing => Self::All(VecDeque::new()),
            Function::Min => Self::Extreme(Extreme::new(|new, old| new < old)),
            Function::Max => Self::Extreme(Extreme::new(|new, old| new > old)),
            Function::Quantile => Self::Ordered(Ordered::default()),
            Function::Rate | Function::Increase => Self::Pairs(sums::fallen()),
            Function::Changes => Self::Pairs(sums::changes()),
            Function::Resets => Self::Pairs(sums::resets()),
            Function::Sum | Function::Avg => Self::Sums(sums::of_values()),
            Function::Stddev | Function::Stdvar => Self::Moments(sums::moments()),
            Function::Deriv | Function::PredictLinear => Self::Cloud(cloud::runs()),
        }
    }
}

impl Sliding {
    /// Over windows of so many milliseconds; `args` as [`value`] takes them.
    #[must_use]
    pub fn new(function: Function, args: [f64; 2], window_ms: i64) -> Self {
        Self { function, args, window_ms, pending: VecDeque::new(), state: State::new(function) }
    }

    /// Takes the next sample of the series, which is later than those before it and no staleness marker.
    pub fn push(&mut self, sample: Sample) {
        self.pending.push_back(sample);
    }

    /// The value over the window that ends there, as [`value`] computes it (sums to about 1e-10). Ends ascend.
    pub fn value_at(&mut self, end_ms: i64) -> Option<f64> {
        let window = Window { start_ms: end_ms.saturating_sub(self.window_ms), end_ms };
        while let Some(sample) = self.pending.pop_front_if(|sample| sample.ms <= end_ms) {
            if sample.ms > window.start_ms {
                self.enter(sample);
            }
        }
        self.leave(window.start_ms);
        self.value(window)
    }

    /// The bytes of memory that its samples take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let kept = match &self.state {
            State::Newest(samples, _) | State::All(samples) => samples.capacity() * size_of::<Sample>(),
            State::Extreme(extreme) => extreme.bytes(),
            State::Ordered(ordered) => ordered.bytes(),
            State::Pairs(runs) | State::Sums(runs) => runs.bytes(),
            State::Moments(runs) => runs.bytes(),
            State::Cloud(runs) => runs.bytes(),
        };
        self.pending.capacity() * size_of::<Sample>() + kept
    }

    fn enter(&mut self, sample: Sample) {
        match &mut self.state {
            State::Newest(samples, most) => {
                if samples.len() == *most {
                    samples.pop_front();
                }
                samples.push_back(sample);
            }
            State::All(samples) => samples.push_back(sample),
            State::Extreme(extreme) => extreme.push(sample),
            State::Ordered(ordered) => ordered.push(sample),
            State::Pairs(runs) | State::Sums(runs) => runs.push(sample),
            State::Moments(runs) => runs.push(sample),
            State::Cloud(runs) => runs.push(sample),
        }
    }

    fn leave(&mut self, start_ms: i64) {
        match &mut self.state {
            State::Newest(samples, _) | State::All(samples) => {
                while samples.pop_front_if(|sample| sample.ms <= start_ms).is_some() {}
            }
            State::Extreme(extreme) => extreme.drop_until(start_ms),
            State::Ordered(ordered) => ordered.drop_until(start_ms),
            State::Pairs(runs) | State::Sums(runs) => runs.drop_until(start_ms),
            State::Moments(runs) => runs.drop_until(start_ms),
            State::Cloud(runs) => runs.drop_until(start_ms),
        }
    }

    fn value(&mut self, window: Window) -> Option<f64> {
        let (function, args) = (self.function, self.args);
        let merged = match &mut self.state {
            State::Extreme(extreme) => return extreme.value(),
            State::Ordered(ordered) => return ordered.quantile(args[0]),
            State::All(samples) => match function {
                Function::Count if samples.is_empty() => return None,
                Function::Count => return Some(samples.len() as f64),
                Function::First => return samples.front().map(|first| first.value),
                Function::Delta => return delta(samples, window),
                _ => None,
            },
            State::Newest(..) => None,
            State::Pairs(runs) => runs.merged(1).and_then(|sum| of_pairs(function, &sum, window)),
            State::Sums(runs) => runs.merged(0).map(|sum| sums::value(function, &sum)),
            State::Moments(runs) => runs.merged(0).and_then(|moments| sums::spread(function, &moments)),
            State::Cloud(runs) => runs.merged(0).and_then(|cloud| cloud::value(function, args, &cloud, window)),
        };
        merged.or_else(|| value(function, args, self.samples(), window))
    }

    /// The samples in the window; those that are kept.
    fn samples(&mut self) -> &[Sample] {
        match &mut self.state {
            State::Newest(samples, _) | State::All(samples) => samples.make_contiguous(),
            State::Extreme(_) | State::Ordered(_) => &[],
            State::Pairs(runs) | State::Sums(runs) => runs.samples(),
            State::Moments(runs) => runs.samples(),
            State::Cloud(runs) => runs.samples(),
        }
    }
}

fn delta(samples: &VecDeque<Sample>, window: Window) -> Option<f64> {
    let ends = Ends { count: samples.len(), first: *samples.front()?, last: *samples.back()? };
    ends.extrapolated(Function::Delta, ends.last.value - ends.first.value, window)
}

/// The value of a function of neighbouring samples, from the sum over the pairs.
fn of_pairs(function: Function, merged: &runs::Merged<Compensated>, window: Window) -> Option<f64> {
    let sum = merged.partial.total();
    if matches!(function, Function::Changes | Function::Resets) {
        return Some(sum);
    }
    let Ends { first, last, .. } = merged.ends;
    merged.ends.extrapolated(function, last.value - first.value + sum, window)
}
