//! `histogram_quantile` and `histogram_fraction` over classic buckets: cumulative counts by upper bound, the label `le`.

use std::collections::BTreeMap;

use super::aggregate::{SeriesSample, by_bucket};
use super::annotations::Annotation;
use super::evaluator::{Evaluated, Evaluator, GROUPED_BYTES, SORTED_BYTES, at, points};
use super::labels::LabelChoice;
use super::node::Node;
use super::unique::{DuplicateLabels, distinct};
use super::value::FetchedSeries;
use crate::ast::Span;
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

impl Evaluator<'_> {
    /// What is computed of the buckets of histograms.
    pub(super) fn of_histograms(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        let none = self.budget.held();
        match node {
            Node::HistogramQuantile { phi, phi_span, span, child } => {
                let phi = self.scalar(phi)?;
                self.note_quantiles(&phi, self.buckets.indices(), *phi_span);
                self.bars(child, *span, &|bucket, bars| {
                    let phi = phi.at(bucket);
                    let is_whole = bars.len() > 1 && bars.last().is_some_and(|bar| bar.upper == f64::INFINITY);
                    let falls = is_whole && (0.0..=1.0).contains(&phi) && make_monotonic(bars);
                    BarsValue { value: quantile(phi, bars), falls }
                })
            }
            Node::HistogramFraction { bounds, span, child } => {
                let bounds = bounds.iter().map(|bound| self.scalar(bound)).collect::<Evaluated<Vec<_>>>()?;
                let [lower, upper] = bounds.as_slice() else { return self.made(Vec::new(), none) };
                self.bars(child, *span, &|bucket, bars| BarsValue {
                    value: fraction(lower.at(bucket), upper.at(bucket), bars),
                    falls: false,
                })
            }
            _ => {
                node.children().into_iter().try_for_each(|child| self.series(child).map(drop))?;
                self.made(Vec::new(), none)
            }
        }
    }

    fn bars(&mut self, child: &Node, span: Span, compute: &BarsFunction<'_>) -> Evaluated<FetchedSeries> {
        let child = self.series(child)?;
        let series = &child.series;
        let held = self.budget.paid(series.len() * GROUPED_BYTES + points(series) * SORTED_BYTES)?;
        let series = histograms(series, compute, &mut |note| self.notes.add(note, span)).map_err(at(span))?;
        self.made(series, held)
    }
}

/// What the bars of one histogram at one step come to.
struct BarsValue {
    value: f64,
    /// Whether counts fell and were raised.
    falls: bool,
}

type BarsFunction<'a> = dyn Fn(u32, &mut [Bar]) -> BarsValue + 'a;

/// A value of every histogram: what several metrics have in common are several histograms, with equal labels. Series whose
/// `le` is no number are left out, and noted.
fn histograms(
    series: &[Series],
    compute: &BarsFunction<'_>,
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
            let computed = compute(bucket, &mut bars);
            falls |= computed.falls;
            Point { bucket, value: computed.value }
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

/// The part of all observations between two bounds, as Prometheus computes it: nothing bounds the lowest bar from below, so
/// a bound inside of it tells nothing, and neither does an upper bound inside of the highest one.
fn fraction(lower: f64, upper: f64, bars: &[Bar]) -> f64 {
    let Some(all) = bars.last().filter(|last| last.upper == f64::INFINITY).map(|last| last.count) else {
        return f64::NAN;
    };
    if all == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper { 0.0 } else { (rank(upper, bars, all) - rank(lower, bars, all)) / all }
}

/// How many observations lie below a bound.
fn rank(bound: f64, bars: &[Bar], all: f64) -> f64 {
    let at_most = |count: f64| if count > all { all } else { count };
    let mut below = Bar { upper: f64::NEG_INFINITY, count: 0.0 };
    for bar in bars {
        if below.upper >= bound {
            return at_most(below.count);
        }
        if bar.upper > bound {
            let inside = (bar.count - below.count) * (bound - below.upper) / (bar.upper - below.upper);
            return at_most(below.count + inside);
        }
        below = *bar;
    }
    all
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
