//! A series as lines: its runs between gaps, and the four numbers of its legend.

use crate::frame::Frame;
use crate::time::Millis;

/// The points with a number.
pub fn numbers(frame: &Frame) -> impl Iterator<Item = (Millis, f64)> {
    frame.points.iter().copied().filter(|(_, value)| value.is_finite())
}

/// The median distance of two points: a much longer one is a gap.
#[must_use]
pub fn usual_step(frame: &Frame) -> Millis {
    let mut steps: Vec<_> = frame.points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().unwrap_or(0)
}

/// The points between gaps, each run in order of time. A bucket without a number is a gap, and so is a distance of more
/// than one and a half steps: a month is not much more than that longer than the shortest.
#[must_use]
pub fn runs(frame: &Frame) -> Vec<Vec<(Millis, f64)>> {
    let step = usual_step(frame) as f64;
    let mut runs: Vec<Vec<(Millis, f64)>> = Vec::new();
    let mut before: Option<Millis> = None;
    for &(at, value) in &frame.points {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let follows = before.is_some_and(|earlier| (at - earlier) as f64 <= 1.5 * step);
        match runs.last_mut() {
            Some(run) if follows => run.push((at, value)),
            _ => runs.push(vec![(at, value)]),
        }
        before = Some(at);
    }
    runs
}

/// The numbers of a legend; NaN where a series has no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The newest value.
    pub last: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// The mean of the points.
    pub avg: f64,
}

impl Statistics {
    /// Those of a series.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        let mut all = Self { last: f64::NAN, min: f64::NAN, max: f64::NAN, avg: f64::NAN };
        for (count, (_, value)) in numbers(frame).enumerate() {
            all.last = value;
            all.min = all.min.min(value);
            all.max = all.max.max(value);
            // Not a sum divided at the end: that may overflow.
            let share = 1.0 / (count + 1) as f64;
            all.avg = if count == 0 { value } else { all.avg + value * share - all.avg * share };
        }
        all
    }

    /// Last, min, max, avg.
    #[must_use]
    pub const fn row(&self) -> [f64; 4] {
        [self.last, self.min, self.max, self.avg]
    }
}
