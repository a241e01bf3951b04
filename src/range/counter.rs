//! Growth: over the whole window, and between the last two samples.

use super::{Function, Sample, Window, seconds};

/// A gap up to the window's edge is bridged below this many average distances of samples.
const BRIDGED: f64 = 1.1;

/// The samples at the ends of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ends {
    pub(super) count: usize,
    pub(super) first: Sample,
    pub(super) last: Sample,
}

/// Whether a counter began anew between two values.
pub(super) fn is_reset(before: f64, now: f64) -> bool {
    now < before
}

/// Whether the value changed; NaN after NaN is no change.
pub(super) fn is_change(before: f64, now: f64) -> bool {
    now != before && !(now.is_nan() && before.is_nan())
}

pub(super) fn growth(function: Function, samples: &[Sample], window: Window) -> Option<f64> {
    let ends = Ends { count: samples.len(), first: *samples.first()?, last: *samples.last()? };
    let falls = samples.windows(2).filter(|pair| function.is_of_counters() && is_reset(pair[0].value, pair[1].value));
    // Summed onto the difference in the order of time, as Prometheus does it.
    let grown = falls.fold(ends.last.value - ends.first.value, |sum, pair| sum + pair[0].value);
    ends.extrapolated(function, grown, window)
}

impl Ends {
    /// Extrapolates the growth between the ends to the edges of the window, or by half an average distance where a
    /// sample stands far from its edge.
    pub(super) fn extrapolated(&self, function: Function, grown: f64, window: Window) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let sampled = seconds(self.first.ms, self.last.ms);
        let distance = sampled / (self.count - 1) as f64;
        let bridged = |gap: f64| if gap >= distance * BRIDGED { distance / 2.0 } else { gap };
        let mut before = bridged(seconds(window.start_ms, self.first.ms));
        // A counter is never negative: its line begins where it would cross zero.
        if function.is_of_counters() && grown > 0.0 && self.first.value >= 0.0 {
            before = before.min(sampled * (self.first.value / grown));
        }
        let after = bridged(seconds(self.last.ms, window.end_ms));
        let factor = (sampled + before + after) / sampled;
        Some(grown * if function == Function::Rate { factor / window.seconds() } else { factor })
    }
}

/// The step between the last two samples, per second for `irate`.
pub(super) fn last_step(function: Function, samples: &[Sample]) -> Option<f64> {
    let [.., before, now] = samples else { return None };
    let is_rate = function == Function::Irate;
    let begins_anew = is_rate && is_reset(before.value, now.value);
    let step = if begins_anew { now.value } else { now.value - before.value };
    Some(if is_rate { step / seconds(before.ms, now.ms) } else { step })
}
