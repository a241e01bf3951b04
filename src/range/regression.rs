//! The regression line through samples.

use super::compensated::Compensated;
use super::{Sample, Window, seconds};

/// A line over seconds from its origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RegressionLine {
    pub(super) slope: f64,
    /// Its value at the origin.
    pub(super) intercept: f64,
}

/// The least-squares line, its origin at a time; none for fewer than two samples.
pub(super) fn line(samples: &[Sample], origin_ms: i64) -> Option<RegressionLine> {
    let (first, _) = (samples.first()?, samples.get(1)?);
    if samples.iter().all(|sample| sample.value == first.value) {
        return Some(level(first.value));
    }
    let zero = Compensated::default();
    let (mut x, mut y, mut xy, mut xx) = (zero, zero, zero, zero);
    for sample in samples {
        let at = seconds(origin_ms, sample.ms);
        x = x.plus(at);
        y = y.plus(sample.value);
        xy = xy.plus(at * sample.value);
        xx = xx.plus(at * at);
    }
    let (x, y, n) = (x.total(), y.total(), samples.len() as f64);
    let slope = (xy.total() - x * y / n) / (xx.total() - x * x / n);
    Some(RegressionLine { slope, intercept: y / n - slope * x / n })
}

/// The line through equal values; through infinities there is none.
pub(super) fn level(value: f64) -> RegressionLine {
    if value.is_infinite() {
        RegressionLine { slope: f64::NAN, intercept: f64::NAN }
    } else {
        RegressionLine { slope: 0.0, intercept: value }
    }
}

/// The line's value so many seconds after the time of evaluation, which is so many seconds after the window's end.
pub(super) fn prediction([ahead, late]: [f64; 2], samples: &[Sample], window: Window) -> Option<f64> {
    let line = line(samples, window.end_ms.saturating_add((late * 1000.0).round() as i64))?;
    Some(line.slope * ahead + line.intercept)
}
