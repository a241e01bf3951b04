//! `histogram_quantile` over classic buckets: cumulative counts by upper bound, the label `le`.

use std::collections::BTreeMap;

use super::aggregate::{SeriesSample, by_bucket};
use super::annotations::Annotation;
use super::labels::LabelChoice;
use super::unique::{DuplicateLabels, distinct};
use super::value::Scalar;
use crate::series::{Labels, METRIC_NAME, Point, Series};

/// The label with a bucket's upper bound.
const LE: &str = "le";

/// Relative difference below which two counts are one count and rounding.
const TOLERANCE: f64 = 1e-12;

/// A bucket of a histogram.
#[derive(Clone, Copy)]
struct Bar {
    upper: f64,
    count: f64,
}

/// The φ-quantile of every histogram: what several metrics have in common are several histograms, with equal labels. Series whose `le` is no number are left out, and noted.
pub(super) fn quantiles(
    phi: &Scalar,
    series: &[Series],
    note: &mut dyn FnMut(Annotation<'_>),
) -> Result<Vec<Series>, DuplicateLabels> {
    let le = [LE.to_owned()];
    let choice = LabelChoice::new(false, &le);
    let mut histograms: BTreeMap<(&str, Labels), Vec<(f64, &Series)>> = BTreeMap::new();
    for one in series {
        let (name, le) = (one.labels.get(METRIC_NAME), one.labels.get(LE));
        match le.parse::<f64>().ok().filter(|upper| !upper.is_nan()) {
            Some(upper) => histograms.entry((name, choice.chosen(&one.labels))).or_default().push((upper, one)),
            None => note(Annotation::BadBucket(name, le)),
        }
    }
    let mut bars = Vec::new();
    let mut histogram = |((_, labels), mut members): ((&str, Labels), Vec<(f64, &Series)>)| {
        members.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (uppers, members): (Vec<f64>, Vec<&Series>) = members.into_iter().unzip();
        let samples = by_bucket(&members);
        let mut falls = false;
        let runs = samples.chunk_by(SeriesSample::same_bucket).map(|run| {
            bars.clear();
            run.iter().for_each(|sample| add(&mut bars, uppers[sample.series], sample.value));
            let bucket = run[0].bucket;
            let is_whole = bars.len() > 1 && bars.last().is_some_and(|bar| bar.upper == f64::INFINITY);
            let is_asked = is_whole && (0.0..=1.0).contains(&phi.at(bucket));
            falls |= is_asked && make_monotonic(&mut bars);
            Point { bucket, value: quantile(phi.at(bucket), &bars) }
        });
        let points = runs.collect();
        if falls {
            note(Annotation::FallingBuckets(members.first().map_or("", |one| one.labels.get(METRIC_NAME))));
        }
        Series { labels, points }
    };
    distinct(histograms.into_iter().map(&mut histogram).collect())
}

/// Bounds come ascending; equal ones (`1` and `1.0`) are one bar.
fn add(bars: &mut Vec<Bar>, upper: f64, count: f64) {
    match bars.last_mut() {
        Some(last) if last.upper == upper => last.count += count,
        _ => bars.push(Bar { upper, count }),
    }
}

/// Interpolates within the bar that holds the rank, as Prometheus does; counts do not fall.
fn quantile(phi: f64, bars: &[Bar]) -> f64 {
    if phi.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&phi) {
        return if phi < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let [rest @ .., last] = bars else { return f64::NAN };
    let Some(highest) = rest.last() else { return f64::NAN };
    if last.upper != f64::INFINITY || last.count == 0.0 {
        return f64::NAN;
    }
    let rank = phi * last.count;
    let Some(at) = rest.iter().position(|bar| bar.count >= rank) else { return highest.upper };
    let bar = rest[at];
    if at == 0 && bar.upper <= 0.0 {
        return bar.upper;
    }
    let below = if at == 0 { Bar { upper: 0.0, count: 0.0 } } else { rest[at - 1] };
    below.upper + (bar.upper - below.upper) * ((rank - below.count) / (bar.count - below.count))
}

/// A count below the one before it is a torn read or rounding; it takes that one's place. Says whether one was more than
/// rounding.
fn make_monotonic(bars: &mut [Bar]) -> bool {
    let Some(mut before) = bars.first().map(|bar| bar.count) else { return false };
    let mut falls = false;
    for bar in bars.iter_mut().skip(1) {
        let is_rounding = almost_equal(bar.count, before);
        if bar.count < before || is_rounding {
            falls |= !is_rounding;
            bar.count = before;
        } else {
            before = bar.count;
        }
    }
    falls
}

fn almost_equal(a: f64, b: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == b {
        return true;
    }
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}
