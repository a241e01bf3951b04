//! The aggregations that look at all values of a bucket at once: `quantile`, `count_values`; and `scalar`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::aggregate::{SeriesSample, by_bucket};
use super::labels::grouped;
use super::value::Scalar;
use crate::ast::Grouping;
use crate::decimal;
use crate::range;
use crate::series::{Labels, Point, Series};

/// What NaN is among the values of a quantile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NanPlace {
    /// The quantile of values with a NaN is NaN.
    Everywhere,
    /// Below every number, as in Prometheus.
    Lowest,
}

impl NanPlace {
    fn quantile(self, phi: f64, values: &mut [f64]) -> f64 {
        match self {
            Self::Everywhere => quantile_of(phi, values),
            Self::Lowest => range::quantile(phi, values),
        }
    }
}

/// `quantile(φ, series)`; φ below 0 gives -Inf, above 1 +Inf.
pub(super) fn quantile(phi: &Scalar, grouping: &Grouping, series: &[Series], nan: NanPlace) -> Vec<Series> {
    let mut values = Vec::new();
    let mut group = |(labels, members): (Labels, Vec<&Series>)| {
        let samples = by_bucket(&members);
        let runs = samples.chunk_by(SeriesSample::same_bucket).map(|run| {
            values.clear();
            values.extend(run.iter().map(|sample| sample.value));
            let bucket = run[0].bucket;
            Point { bucket, value: nan.quantile(phi.at(bucket), &mut values) }
        });
        Series { labels, points: runs.collect() }
    };
    grouped(grouping, series).into_iter().map(&mut group).collect()
}

/// The φ-quantile of some values, which are reordered on the way. It interpolates linearly and carries NaN.
#[must_use]
pub fn quantile_of(phi: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || phi.is_nan() || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&phi) {
        return if phi < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let rank = phi * (values.len() - 1) as f64;
    let (below, weight) = (rank.floor() as usize, rank.fract());
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    // Zero times infinity is no number.
    if weight == 0.0 || low == high { low } else { low * (1.0 - weight) + high * weight }
}

/// `count_values(label, series)`: one series per distinct value, which the label carries.
pub(super) fn count_values(label: &str, grouping: &Grouping, series: &[Series]) -> Vec<Series> {
    // The label is set first and dropped then: the values of a group are one.
    let is_dropped = matches!(grouping, Grouping::Without(labels) if labels.iter().any(|own| *own == label));
    let label: Arc<str> = Arc::from(label);
    let mut counted: BTreeMap<Labels, Vec<Point>> = BTreeMap::new();
    for (labels, members) in grouped(grouping, series) {
        // Keyed by what is shown: all NaN are one value, -0 and 0 are two.
        let mut by_value: BTreeMap<u64, Vec<Point>> = BTreeMap::new();
        for sample in by_bucket(&members) {
            let key = if sample.value.is_nan() { f64::NAN } else { sample.value };
            let points = by_value.entry(key.to_bits()).or_default();
            count(points, sample.bucket, 1.0);
        }
        for (bits, points) in by_value {
            let mut labels = labels.clone();
            if !is_dropped {
                labels.set(Arc::clone(&label), Arc::from(decimal::plain(f64::from_bits(bits))));
            }
            // Groups that the label alone told apart meet here.
            let own = counted.entry(labels).or_default();
            own.extend(points);
        }
    }
    let joined = |(labels, mut points): (Labels, Vec<Point>)| {
        points.sort_by_key(|point| point.bucket);
        let mut sums = Vec::with_capacity(points.len());
        points.iter().for_each(|point| count(&mut sums, point.bucket, point.value));
        Series { labels, points: sums }
    };
    counted.into_iter().map(joined).collect()
}

/// Adds to the count of a bucket, which is the last one or a later one.
fn count(points: &mut Vec<Point>, bucket: u32, value: f64) {
    match points.last_mut() {
        Some(last) if last.bucket == bucket => last.value += value,
        _ => points.push(Point { bucket, value }),
    }
}

/// `scalar(series)`: the value where exactly one series has one, else NaN.
pub(super) fn scalar(series: &[Series], buckets: usize) -> Scalar {
    let mut values = vec![(0_u32, f64::NAN); buckets];
    for point in series.iter().flat_map(|one| &one.points) {
        if let Some((count, value)) = values.get_mut(point.bucket as usize) {
            *count += 1;
            *value = point.value;
        }
    }
    let only = |(count, value): (u32, f64)| if count == 1 { value } else { f64::NAN };
    Scalar::PerBucket(values.into_iter().map(only).collect())
}

/// `absent(series)`: 1 in every bucket without a value.
pub(super) fn absent(labels: &Labels, series: &[Series], buckets: usize) -> Vec<Series> {
    let mut present = vec![false; buckets];
    for point in series.iter().flat_map(|one| &one.points) {
        if let Some(seen) = present.get_mut(point.bucket as usize) {
            *seen = true;
        }
    }
    let missing = (0..).zip(present).filter(|(_, seen)| !seen);
    let points: Vec<Point> = missing.map(|(bucket, _)| Point { bucket, value: 1.0 }).collect();
    if points.is_empty() { Vec::new() } else { vec![Series { labels: labels.clone(), points }] }
}
