//! Functions of a range of samples, as Prometheus 3.5 computes them.
//!
//! [`value`] computes one window from its samples, [`Sliding`] many windows that overlap. Sums are compensated and follow the order of Prometheus' own
//! operations where the order shows in the digits. [`buckets`] has the partials of panels' functions, which merge.

pub mod buckets;
mod compensated;
mod counter;
mod function;
mod moments;
mod quantile;
mod regression;
mod sliding;
mod smoothing;
mod stale;

#[cfg(test)]
mod tests;

pub use compensated::Compensated;
pub use function::Function;
pub use quantile::quantile;
pub use sliding::Sliding;
pub use stale::{STALE, is_stale};

/// A sample of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its time, in milliseconds since 1970.
    pub ms: i64,
    /// Its value; NaN and infinities are values like others.
    pub value: f64,
}

/// A window of time, open on the left: `(start_ms, end_ms]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last millisecond before the window.
    pub start_ms: i64,
    /// The last millisecond of the window.
    pub end_ms: i64,
}

impl Window {
    /// Its length in seconds.
    fn seconds(self) -> f64 {
        seconds(self.start_ms, self.end_ms)
    }
}

/// The function's value over a window; none where the window has too few samples.
///
/// The samples ascend by time, no two share a millisecond, all lie inside of the window, and none is a staleness
/// marker. `args` are the function's numbers; unused ones are ignored:
///
/// - of [`Function::Quantile`], φ;
/// - of [`Function::PredictLinear`], the seconds to look ahead, counted from the time of evaluation, and the seconds
///   from the window's end to the time of evaluation (0 without `offset` and `@`);
/// - of [`Function::Smoothing`], the smoothing factor and the trend factor, which [`Function::accepts`].
#[must_use]
pub fn value(function: Function, args: [f64; 2], samples: &[Sample], window: Window) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let values = samples.iter().map(|sample| sample.value);
    match function {
        Function::Avg => Some(moments::mean(values)),
        Function::Min => Some(moments::extreme(values, |new, old| new < old)),
        Function::Max => Some(moments::extreme(values, |new, old| new > old)),
        Function::Sum => Some(moments::sum(values)),
        Function::Count => Some(samples.len() as f64),
        Function::First => Some(first.value),
        Function::Last => Some(last.value),
        Function::Present => Some(1.0),
        Function::Stddev => Some(moments::variance(values).sqrt()),
        Function::Stdvar => Some(moments::variance(values)),
        Function::Quantile => Some(quantile(args[0], &mut values.collect::<Vec<f64>>())),
        Function::Rate | Function::Increase | Function::Delta => counter::growth(function, samples, window),
        Function::Irate | Function::Idelta => counter::last_step(function, samples),
        Function::Changes => Some(count_pairs(samples, counter::is_change)),
        Function::Resets => Some(count_pairs(samples, counter::is_reset)),
        Function::Deriv => regression::line(samples, first.ms).map(|line| line.slope),
        Function::PredictLinear => regression::prediction(args, samples, window),
        Function::Smoothing => smoothing::smoothed(args, samples),
        Function::Timestamp => Some(last.ms as f64 / 1000.0),
    }
}

fn count_pairs(samples: &[Sample], counts: fn(f64, f64) -> bool) -> f64 {
    samples.windows(2).filter(|pair| counts(pair[0].value, pair[1].value)).count() as f64
}

/// The seconds between two times.
fn seconds(from_ms: i64, to_ms: i64) -> f64 {
    to_ms.saturating_sub(from_ms) as f64 / 1000.0
}
