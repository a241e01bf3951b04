//! The regression line from merged partials.

use super::super::regression::{RegressionLine, level};
use super::super::{Function, Window, seconds};
use super::runs::{AdjacentSample, Merged, Runs};

/// A covariance below this part of what it is the difference of is lost in rounding: the order of operations shows.
const CLEAR_TREND: f64 = 1e-5;

/// Count, means, and sums of products of distances from the means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cloud {
    count: f64,
    x: f64,
    y: f64,
    xy: f64,
    xx: f64,
    low: f64,
    high: f64,
}

pub(super) fn runs() -> Runs<Cloud> {
    Runs::new(Cloud::of, Cloud::merged)
}

impl Cloud {
    fn of(step: AdjacentSample) -> Self {
        let value = step.value;
        Self { count: 1.0, x: step.seconds, y: value, xy: 0.0, xx: 0.0, low: value, high: value }
    }

    fn merged(self, later: Self) -> Self {
        let count = self.count + later.count;
        let (weight, part) = (self.count / count * later.count, later.count / count);
        let (x, y) = (later.x - self.x, later.y - self.y);
        Self {
            count,
            x: self.x + x * part,
            y: self.y + y * part,
            xy: self.xy + later.xy + x * y * weight,
            xx: self.xx + later.xx + x * x * weight,
            low: self.low.min(later.low),
            high: self.high.max(later.high),
        }
    }
}

/// `deriv` or `predict_linear`; none where digits would differ.
pub(super) fn value(function: Function, args: [f64; 2], merged: &Merged<Cloud>, window: Window) -> Option<f64> {
    if merged.classes.sum().is_some() {
        return Some(f64::NAN);
    }
    let cloud = merged.partial;
    let is_level = cloud.low == cloud.high;
    let line =
        if is_level { level(cloud.low) } else { RegressionLine { slope: cloud.xy / cloud.xx, intercept: f64::NAN } };
    let [ahead, late] = args;
    let evaluated = seconds(merged.origin_ms, window.end_ms) + late;
    // As Prometheus places the origin: its sums grow with the distance from there.
    let origin = if function == Function::Deriv { seconds(merged.origin_ms, merged.ends.first.ms) } else { evaluated };
    if !is_level && cloud.xy.abs() <= CLEAR_TREND * (cloud.count * (cloud.x - origin) * cloud.y).abs() {
        return None;
    }
    match (function, is_level) {
        (Function::Deriv, _) => Some(line.slope),
        (_, true) => Some(line.slope * ahead + line.intercept),
        (_, false) => {
            let rise = line.slope * (evaluated + ahead - cloud.x);
            let value = cloud.y + rise;
            (value.abs() > CLEAR_TREND * (cloud.y.abs() + rise.abs())).then_some(value)
        }
    }
}
