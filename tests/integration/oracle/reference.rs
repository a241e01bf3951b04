//! What a question means, written from the definitions: raw samples in memory, nothing of datebin's.

use std::collections::BTreeMap;

use super::grid::{Calendar, Grid};

/// Label names and values; an absent label is not there.
pub type Labels = BTreeMap<String, String>;

/// Series by labels, points by the bucket's start in milliseconds.
pub type Answer = BTreeMap<Labels, BTreeMap<i64, f64>>;

/// A label that no table has.
pub const UNKNOWN: &str = "nosuch";

/// One row that has a value.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Microseconds since 1970.
    pub at: i64,
    pub labels: Labels,
    pub value: f64,
}

/// A matcher's text and what it means.
pub struct Matcher {
    pub label: &'static str,
    pub text: String,
    pub accepts: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

pub enum Grouping {
    All,
    By(Vec<&'static str>),
    Without(Vec<&'static str>),
}

/// A function over time or an aggregation.
#[derive(Clone, Copy)]
pub enum Fold {
    Named(&'static str),
    Quantile(f64),
}

/// An aggregation.
pub struct Aggregate {
    pub fold: Fold,
    pub grouping: Grouping,
}

/// What all targets of a request share.
#[derive(Clone)]
pub struct Span {
    pub from: i64,
    pub to: i64,
    pub interval: i64,
    pub max: i64,
    pub calendar: Calendar,
    /// The question's own step.
    pub step: Option<&'static str>,
}

pub struct Question {
    pub span: Span,
    pub matchers: Vec<Matcher>,
    pub over_time: Option<Fold>,
    pub aggregate: Option<Aggregate>,
    /// An aggregation over that one.
    pub outer: Option<Aggregate>,
    pub filters: Vec<Filter>,
    pub fill: &'static str,
}

/// How far back a fill looks, in milliseconds.
const LOOKBACK: i64 = 86_400_000;

impl Span {
    pub fn grid(&self) -> Grid {
        match self.step {
            Some(step) => Grid::asked(self.from, self.to, step, self.calendar),
            None => Grid::chosen(self.from, self.to, self.interval, self.max, self.calendar),
        }
    }
}

/// An ad hoc filter: key, operator and value, and what they mean.
#[derive(Clone)]
pub struct Filter {
    pub label: &'static str,
    pub operator: &'static str,
    pub value: String,
}

impl Filter {
    /// Ordered comparisons are between numbers where both sides are, else between bytes; an absent label is in no
    /// order.
    fn accepts(&self, value: &str) -> bool {
        let numbers = value.trim().parse::<f64>().ok().zip(self.value.trim().parse::<f64>().ok());
        let numbers = numbers.filter(|(a, b)| a.is_finite() && b.is_finite());
        let order = numbers.map_or(value.cmp(&self.value), |(a, b)| a.total_cmp(&b));
        match self.operator {
            "=" => value == self.value,
            "!=" => value != self.value,
            "<" => !value.is_empty() && order.is_lt(),
            "<=" => !value.is_empty() && order.is_le(),
            ">" => !value.is_empty() && order.is_gt(),
            ">=" => !value.is_empty() && order.is_ge(),
            other => unreachable!("{other}"),
        }
    }
}

pub fn answer(samples: &[Sample], question: &Question) -> Answer {
    let grid = question.span.grid();
    let own = evaluated(samples, question, |at| grid.bucket(at));
    let earlier = match question.fill {
        "none" => return own,
        "previous" => evaluated(samples, question, |at| grid.earlier(at, LOOKBACK)),
        _ => Answer::new(),
    };
    filled(own, question.fill, grid.starts(), &earlier)
}

/// The answer before it is filled, over the buckets whose starts a function of times gives.
fn evaluated(samples: &[Sample], question: &Question, bucket: impl Fn(i64) -> Option<i64>) -> Answer {
    let mut buckets: BTreeMap<Labels, BTreeMap<i64, Vec<&Sample>>> = BTreeMap::new();
    for sample in samples {
        let Some(start) = bucket(sample.at).filter(|_| passes(sample, question)) else { continue };
        buckets.entry(sample.labels.clone()).or_default().entry(start).or_default().push(sample);
    }
    let function = question.over_time.unwrap_or(Fold::Named("avg"));
    let mut series = Answer::new();
    for (labels, points) in buckets {
        let points = points.into_iter().map(|(start, samples)| (start, over_time(function, &samples)));
        series.insert(labels, points.collect());
    }
    for Aggregate { fold, grouping } in question.aggregate.iter().chain(&question.outer) {
        series = aggregate(*fold, grouping, &series);
    }
    series
}

/// A point in every bucket of every series; NaN stands for a point without a number.
fn filled(mut own: Answer, fill: &str, starts: &[i64], earlier: &Answer) -> Answer {
    for labels in earlier.keys() {
        own.entry(labels.clone()).or_default();
    }
    for (labels, points) in &mut own {
        let carried = earlier.get(labels).and_then(|points| points.values().last()).copied().unwrap_or(f64::NAN);
        let empty = |at: i64| match fill {
            "null" => f64::NAN,
            "zero" => 0.0,
            "previous" => points.range(..at).next_back().map_or(carried, |point| *point.1),
            "linear" => between(points.range(..at).next_back(), points.range(at..).next(), at),
            other => unreachable!("{other}"),
        };
        *points = starts.iter().map(|at| (*at, points.get(at).copied().unwrap_or_else(|| empty(*at)))).collect();
    }
    own
}

/// The value at a time on the line between two points.
fn between(left: Option<(&i64, &f64)>, right: Option<(&i64, &f64)>, at: i64) -> f64 {
    let (Some((start, left)), Some((end, right))) = (left, right) else { return f64::NAN };
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = (at - start) as f64 / (end - start) as f64;
    left + (right - left) * share
}

fn passes(sample: &Sample, question: &Question) -> bool {
    let value = |label: &str| sample.labels.get(label).map_or("", String::as_str);
    // A filter on a label that the metric lacks is ignored.
    let filters = question.filters.iter().filter(|filter| filter.label != UNKNOWN);
    question.matchers.iter().all(|m| (m.accepts)(value(m.label))) && filters.clone().all(|f| f.accepts(value(f.label)))
}

fn over_time(function: Fold, samples: &[&Sample]) -> f64 {
    let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
    let earliest = samples.iter().map(|s| s.at).min().unwrap();
    let latest = samples.iter().map(|s| s.at).max().unwrap();
    let at = |instant: i64| samples.iter().filter(move |s| s.at == instant).map(|s| s.value);
    match function {
        // Of several at that instant the smallest, or the largest: NaN counts as above every number.
        Fold::Named("first") => smallest(at(earliest)),
        Fold::Named("last") => at(latest).reduce(|a, b| if a.is_nan() || a > b { a } else { b }).unwrap(),
        other => combine(other, &values),
    }
}

fn combine(fold: Fold, values: &[f64]) -> f64 {
    let sum = values.iter().sum::<f64>() + 0.0;
    let count = u32::try_from(values.len()).unwrap();
    match fold {
        Fold::Quantile(phi) => quantile(phi, values),
        Fold::Named("avg") => sum / f64::from(count),
        Fold::Named("sum") => sum,
        Fold::Named("count") => f64::from(count),
        Fold::Named("group") => 1.0,
        Fold::Named("min") => smallest(values.iter().copied()),
        Fold::Named("max") => values.iter().copied().reduce(|a, b| if a.is_nan() || b > a { b } else { a }).unwrap(),
        Fold::Named(other) => unreachable!("{other}"),
    }
}

/// Between the two nearest ranks in proportion; infinite below 0 and above 1.
fn quantile(phi: f64, values: &[f64]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&phi) {
        return f64::INFINITY.copysign(phi);
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    #[expect(clippy::cast_precision_loss, reason = "there are few values")]
    let rank = phi * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last")]
    let below = rank.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    // Zero times infinity is no number.
    if rank.fract() == 0.0 || low == high { low } else { low * (1.0 - rank.fract()) + high * rank.fract() }
}

/// NaN only where all are.
fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(|a, b| if a.is_nan() || b < a { b } else { a }).unwrap()
}

fn aggregate(fold: Fold, grouping: &Grouping, series: &Answer) -> Answer {
    let mut groups: BTreeMap<Labels, BTreeMap<i64, Vec<f64>>> = BTreeMap::new();
    for (labels, points) in series {
        let mut group = labels.clone();
        group.retain(|name, _| match grouping {
            Grouping::All => false,
            Grouping::By(kept) => kept.contains(&name.as_str()),
            Grouping::Without(dropped) => name != "__name__" && !dropped.contains(&name.as_str()),
        });
        let cells = groups.entry(group).or_default();
        points.iter().for_each(|(start, value)| cells.entry(*start).or_default().push(*value));
    }
    let combined = |cells: BTreeMap<i64, Vec<f64>>| {
        cells.into_iter().map(|(start, values)| (start, combine(fold, &values))).collect()
    };
    groups.into_iter().map(|(labels, cells)| (labels, combined(cells))).collect()
}
