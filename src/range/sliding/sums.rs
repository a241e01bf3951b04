//! Sums and spreads from merged partials.

use super::super::Function;
use super::super::compensated::Compensated;
use super::super::counter::{is_change, is_reset};
use super::runs::{AdjacentSample, Merged, Runs};

/// A standard deviation below this part of the mean's size is lost in the digits of the mean: the order of operations
/// shows.
const CLEAR_SPREAD: f64 = 1e-4;

/// Count, mean, and the sum of squared distances from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

/// The values before each fall.
pub(super) fn fallen() -> Runs<Compensated> {
    let fallen = |step: AdjacentSample| {
        let before = step.before.filter(|before| is_reset(*before, step.value));
        Compensated::of(before.unwrap_or_default())
    };
    Runs::new(fallen, added)
}

/// How often the value changed.
pub(super) fn changes() -> Runs<Compensated> {
    Runs::new(|step| counted(step, is_change), added)
}

/// How often the value fell.
pub(super) fn resets() -> Runs<Compensated> {
    Runs::new(|step| counted(step, is_reset), added)
}

pub(super) fn of_values() -> Runs<Compensated> {
    Runs::new(|step| Compensated::of(step.value), added)
}

pub(super) fn moments() -> Runs<Moments> {
    Runs::new(|step| Moments { count: 1.0, mean: step.value, squares: 0.0 }, Moments::merged)
}

fn counted(step: AdjacentSample, counts: fn(f64, f64) -> bool) -> Compensated {
    Compensated::of(f64::from(step.before.is_some_and(|before| counts(before, step.value))))
}

fn added(earlier: Compensated, later: Compensated) -> Compensated {
    let sum = earlier.plus(later.sum);
    Compensated { carry: sum.carry + later.carry, ..sum }
}

impl Moments {
    /// Chan's formula.
    fn merged(self, later: Self) -> Self {
        let (count, apart) = (self.count + later.count, later.mean - self.mean);
        let mean = self.mean + apart * (later.count / count);
        let between = apart * apart * (self.count / count) * later.count;
        Self { count, mean, squares: self.squares + later.squares + between }
    }
}

/// `sum_over_time` or `avg_over_time`.
pub(super) fn value(function: Function, merged: &Merged<Compensated>) -> f64 {
    let (sum, count) = (merged.partial, merged.ends.count as f64);
    match (merged.classes.sum(), function) {
        (Some(value), _) => value,
        (None, Function::Avg) => sum.divided(count).total(),
        (None, _) => sum.total(),
    }
}

/// `stddev_over_time` or `stdvar_over_time`; none where digits would differ.
pub(super) fn spread(function: Function, merged: &Merged<Moments>) -> Option<f64> {
    if merged.classes.sum().is_some() {
        return Some(f64::NAN);
    }
    let Moments { count, mean, squares } = merged.partial;
    let variance = squares / count;
    let is_clear = squares == 0.0 || variance.sqrt() > CLEAR_SPREAD * mean.abs();
    is_clear.then(|| if function == Function::Stddev { variance.sqrt() } else { variance })
}
