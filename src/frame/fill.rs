//! What stands in the buckets of a series that have no value of their own.

use std::collections::HashMap;

use crate::ast::{Fill, Format, Options};
use crate::series::{Labels, Point, Series};
use crate::time::{Grid, Millis};

/// The fill that means something for an answer of buckets: for one row per series only what gives a value.
#[must_use]
pub const fn fill_of(options: &Options) -> Fill {
    match (options.format, options.fill) {
        (Format::Instant, Fill::Null | Fill::Linear) => Fill::None,
        (_, fill) => fill,
    }
}

/// Gives a point to every bucket of every series; a bucket that the fill has nothing for gets NaN, which stands for
/// "no number". `before` has the value in front of the grid by the series' labels; with [`Fill::Previous`] a series
/// that is only there appears.
#[must_use]
pub fn filled(mut series: Vec<Series>, fill: Fill, grid: &Grid, mut before: HashMap<Labels, f64>) -> Vec<Series> {
    if fill == Fill::None {
        return series;
    }
    let starts: Vec<Millis> = (0..grid.len()).map(|bucket| grid.bucket_start(bucket)).collect();
    for one in &mut series {
        let carried = before.remove(&one.labels).unwrap_or(f64::NAN);
        one.points = match fill {
            Fill::None | Fill::Null => held(&one.points, &starts, |_| f64::NAN),
            Fill::Zero => held(&one.points, &starts, |_| 0.0),
            Fill::Previous => held(&one.points, &starts, |last| last.unwrap_or(carried)),
            Fill::Linear => linear(&one.points, &starts),
        };
    }
    let appearing = before.into_iter().map(|(labels, value)| Series { labels, points: held(&[], &starts, |_| value) });
    series.extend(appearing);
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}

/// How many points a fill adds.
#[must_use]
pub fn missing(series: &[Series], fill: Fill, grid: &Grid, before: &HashMap<Labels, f64>) -> usize {
    if fill == Fill::None {
        return 0;
    }
    let have: usize = series.iter().map(|one| one.points.len()).sum();
    let known = series.iter().filter(|one| before.contains_key(&one.labels)).count();
    (series.len() + before.len() - known).saturating_mul(grid.len() as usize).saturating_sub(have)
}

/// A point in every bucket; `empty` is given the last value before an empty one.
fn held(points: &[Point], starts: &[Millis], empty: impl Fn(Option<f64>) -> f64) -> Vec<Point> {
    let mut own = points.iter().peekable();
    let mut last = None;
    let mut all = Vec::with_capacity(starts.len());
    for bucket in (0_u32..).take(starts.len()) {
        let value = match own.next_if(|point| point.bucket == bucket) {
            Some(point) => {
                last = Some(point.value);
                point.value
            }
            None => empty(last),
        };
        all.push(Point { bucket, value });
    }
    all
}

/// The line between two neighbours by the starts of their buckets, which are not equally far apart where clocks change.
fn linear(points: &[Point], starts: &[Millis]) -> Vec<Point> {
    let mut all = held(points, starts, |_| f64::NAN);
    for pair in points.windows(2) {
        let (left, right) = (pair[0], pair[1]);
        let at = |bucket: u32| starts.get(bucket as usize).copied().unwrap_or_default();
        let length = (at(right.bucket) - at(left.bucket)) as f64;
        for point in &mut all[left.bucket as usize + 1..right.bucket as usize] {
            let share = (at(point.bucket) - at(left.bucket)) as f64 / length;
            point.value = left.value * (1.0 - share) + right.value * share;
        }
    }
    all
}
