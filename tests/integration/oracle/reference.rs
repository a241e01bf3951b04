//! What a question means, written from the definitions: raw samples in memory, nothing of datebin's.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::grid::edges;

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

pub struct Question {
    pub from: i64,
    pub to: i64,
    pub interval: i64,
    pub max: i64,
    pub zone: Tz,
    pub matchers: Vec<Matcher>,
    pub over_time: Option<&'static str>,
    pub aggregate: Option<(&'static str, Grouping)>,
    /// An aggregation over that one.
    pub outer: Option<(&'static str, Grouping)>,
    pub filters: Vec<Filter>,
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
    let edges = edges(question.from, question.to, question.interval, question.max, question.zone);
    let mut buckets: BTreeMap<Labels, BTreeMap<i64, Vec<&Sample>>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| passes(sample, question)) {
        // Half-open: a sample on an edge belongs to the bucket that starts there.
        let next = edges.partition_point(|edge| edge * 1000 <= sample.at);
        if (1..edges.len()).contains(&next) {
            buckets.entry(sample.labels.clone()).or_default().entry(edges[next - 1]).or_default().push(sample);
        }
    }
    let function = question.over_time.unwrap_or("avg");
    let mut series = Answer::new();
    for (labels, points) in buckets {
        let points = points.into_iter().map(|(start, samples)| (start, over_time(function, &samples)));
        series.insert(labels, points.collect());
    }
    for (op, grouping) in question.aggregate.iter().chain(&question.outer) {
        series = aggregate(op, grouping, &series);
    }
    series
}

fn passes(sample: &Sample, question: &Question) -> bool {
    let value = |label: &str| sample.labels.get(label).map_or("", String::as_str);
    // A filter on a label that the metric lacks is ignored.
    let filters = question.filters.iter().filter(|filter| filter.label != UNKNOWN);
    question.matchers.iter().all(|m| (m.accepts)(value(m.label))) && filters.clone().all(|f| f.accepts(value(f.label)))
}

fn over_time(function: &str, samples: &[&Sample]) -> f64 {
    let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
    let earliest = samples.iter().map(|s| s.at).min().unwrap();
    let latest = samples.iter().map(|s| s.at).max().unwrap();
    let at = |instant: i64| samples.iter().filter(move |s| s.at == instant).map(|s| s.value);
    match function {
        // Of several at that instant the smallest, or the largest: NaN counts as above every number.
        "first" => smallest(at(earliest)),
        "last" => at(latest).reduce(|a, b| if a.is_nan() || a > b { a } else { b }).unwrap(),
        other => combine(other, &values),
    }
}

fn combine(function: &str, values: &[f64]) -> f64 {
    let sum = values.iter().sum::<f64>() + 0.0;
    let count = u32::try_from(values.len()).unwrap();
    match function {
        "avg" => sum / f64::from(count),
        "sum" => sum,
        "count" => f64::from(count),
        "group" => 1.0,
        "min" => smallest(values.iter().copied()),
        "max" => values.iter().copied().reduce(|a, b| if a.is_nan() || b > a { b } else { a }).unwrap(),
        other => unreachable!("{other}"),
    }
}

/// NaN only where all are.
fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(|a, b| if a.is_nan() || b < a { b } else { a }).unwrap()
}

fn aggregate(op: &str, grouping: &Grouping, series: &Answer) -> Answer {
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
        cells.into_iter().map(|(start, values)| (start, combine(op, &values))).collect()
    };
    groups.into_iter().map(|(labels, cells)| (labels, combined(cells))).collect()
}
