//! Questions over a few series, answered and compared as text. `_` is a bucket without a value.

mod aggregations;
mod binaries;
mod functions;
mod histograms;

use std::sync::Arc;

use super::*;
use crate::ast::{Expr, MetricRef, Test};
use crate::budget::{Budget, ProcessBudget};
use crate::language::{Dialect, parse};
use crate::lower::{FetchRequest, Lowered, lower};
use crate::pattern::Patterns;
use crate::series::{Labels, METRIC_NAME, Point, Series};

/// 2024-02-28T23:00:00Z and every 30 minutes after: over midnight, before a leap day.
const STARTS: [i64; 4] = [1_709_161_200_000, 1_709_163_000_000, 1_709_164_800_000, 1_709_166_600_000];

fn expr(text: &str) -> Expr {
    parse(text, Dialect::Json).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn lowered(text: &str) -> Lowered {
    lower(&expr(text), &Patterns::default()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"))
}

fn labels(text: &str) -> Labels {
    let (name, rest) = text.split_once('{').unwrap_or((text, "}"));
    let pairs = rest.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.trim().split_once('=').unwrap();
        (Arc::from(name), Arc::from(value.trim_matches('"')))
    };
    Labels::new(pairs.map(pair).chain([(Arc::from(METRIC_NAME), Arc::from(name.trim()))]))
}

/// `cpu{host="a"} 1 _ NaN`, one series.
fn series(line: &str) -> Series {
    let (head, values) = match line.rfind('}') {
        Some(end) => line.split_at(end + 1),
        None => line.split_once(' ').unwrap(),
    };
    let values = values.split_whitespace().zip(0..).filter(|(value, _)| *value != "_");
    let points = values.map(|(value, bucket)| Point { bucket, value: value.parse().unwrap() });
    Series { labels: labels(head), points: points.collect() }
}

/// What a database with these series would answer to a request.
fn fetched(request: &FetchRequest, stored: &[Series]) -> Vec<Series> {
    let MetricRef::Names(names) = &request.selector.metric else { panic!("a test's selector names a metric") };
    let passes = |one: &Series| {
        request.selector.matchers.iter().all(|matcher| match &matcher.test {
            Test::In(values) => values.iter().any(|value| value == one.labels.get(&matcher.label)),
            other => panic!("{other:?} is not for these tests"),
        })
    };
    let named = |one: &&Series| names.iter().any(|name| name == one.labels.get(METRIC_NAME));
    let mut found: Vec<Series> = stored.iter().filter(named).filter(|one| passes(one)).cloned().collect();
    if request.function.is_some() {
        found.iter_mut().for_each(|one| one.labels.retain(|name| name != METRIC_NAME));
    }
    if let Some(pushed) = &request.pushed {
        found = aggregate(pushed.op, &pushed.grouping, &found);
    }
    found.sort_by(|a, b| a.labels.cmp(&b.labels));
    found
}

fn shown_labels(labels: &Labels) -> String {
    let pairs = labels.iter().filter(|(name, _)| &***name != METRIC_NAME);
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{}{{{}}}", labels.get(METRIC_NAME), pairs.join(","))
}

/// Rounded to twelve digits, so that a test may state what it means.
fn shown_value(value: f64) -> String {
    if !value.is_finite() {
        return format!("{value}");
    }
    let rounded: f64 = format!("{value:.11e}").parse().unwrap();
    format!("{rounded}")
}

fn shown_series(one: &Series) -> String {
    let at = |bucket: usize| one.points.iter().find(|point| point.bucket as usize == bucket);
    let values = (0..STARTS.len()).map(|bucket| at(bucket).map_or("_".to_owned(), |point| shown_value(point.value)));
    format!("{} {}", shown_labels(&one.labels), values.collect::<Vec<_>>().join(" "))
}

fn evaluated(stored: &[&str], text: &str) -> Result<Value, EvaluateError> {
    let stored: Vec<Series> = stored.iter().map(|line| series(line)).collect();
    let lowered = lowered(text);
    let budget = Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 1000);
    let input = |request: &FetchRequest| FetchedSeries { series: fetched(request, &stored), held: budget.held() };
    let inputs: Vec<FetchedSeries> = lowered.fetches.iter().map(input).collect();
    let buckets = EvaluationGrid { starts_ms: &STARTS, runs: None, max_points: 40_000 };
    Ok(evaluate(&lowered.node, inputs, &buckets, &budget)?.0)
}

/// The answer as lines, in the order in which the series come.
fn answer(stored: &[&str], text: &str) -> Vec<String> {
    match evaluated(stored, text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Value::Scalar(scalar) => {
            let values = (0..4).map(|bucket| shown_value(scalar.at(bucket)));
            vec![format!("scalar {}", values.collect::<Vec<_>>().join(" "))]
        }
        Value::Series(series) => {
            let ascending = |one: &Series| one.points.windows(2).all(|pair| pair[0].bucket < pair[1].bucket);
            assert!(series.iter().all(|one| !one.points.is_empty() && ascending(one)), "{text}: {series:?}");
            series.iter().map(shown_series).collect()
        }
    }
}

/// Checks each question against its lines.
fn check(stored: &[&str], cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(answer(stored, text), *expected, "{text}");
    }
}

/// The error and the text at its place.
fn failure(stored: &[&str], text: &str) -> (EvaluateErrorKind, String, String) {
    let error = evaluated(stored, text).unwrap_err();
    assert!(!error.hint().is_empty());
    (error.kind, shown_labels(&error.labels), text[error.span.start..error.span.end].to_owned())
}
