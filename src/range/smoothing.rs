//! Double exponential smoothing.

use super::Sample;

/// The smoothed newest value: level and trend follow each sample by their factors.
pub(super) fn smoothed([factor, trend_factor]: [f64; 2], samples: &[Sample]) -> Option<f64> {
    let (first, rest) = samples.split_first()?;
    let second = rest.first()?;
    let (mut level, mut trend) = (first.value, second.value - first.value);
    let mut before = None;
    for sample in rest {
        if let Some(before) = before {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        before = Some(level);
        level = factor * sample.value + (1.0 - factor) * (level + trend);
    }
    Some(level)
}
