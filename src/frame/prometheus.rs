//! Answers in Prometheus' terms: scalars, strings, vectors and matrices.

use std::sync::Arc;

use super::Frame;
use crate::budget::Budget;
use crate::evaluate::{
    ComputedValue, EvaluateError, EvaluationGrid, Inputs, QueryAnnotations, SampledSeries, Value, evaluate_steps,
    range_samples,
};
use crate::lower::Root;
use crate::series::{Labels, METRIC_NAME, Point, Series};
use crate::time::{Millis, Steps};

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PromPoint {
    /// Milliseconds since 1970.
    pub ms: Millis,
    /// The value.
    pub value: f64,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PromSeries {
    /// Its labels, with the metric's name where the values still are that metric.
    pub labels: Labels,
    /// Its points in order of time.
    pub points: Vec<PromPoint>,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum PromValue {
    /// A number.
    Scalar(PromPoint),
    /// A string.
    Text {
        /// The time of evaluation.
        ms: Millis,
        /// The string.
        text: String,
    },
    /// Series with one point each; the order is the expression's own where it sorts.
    Vector(Vec<PromSeries>),
    /// Series of points, sorted by labels.
    Matrix(Vec<PromSeries>),
}

impl PromValue {
    /// How many points it has.
    #[must_use]
    pub fn points(&self) -> usize {
        match self {
            Self::Scalar(_) | Self::Text { .. } => 1,
            Self::Vector(series) | Self::Matrix(series) => series.iter().map(|one| one.points.len()).sum(),
        }
    }

    /// The series as they are drawn, called as Prometheus writes them; without a name and labels, as the expression. A
    /// string has none.
    #[must_use]
    pub fn frames(self, expression: &str) -> Vec<Frame> {
        let series = match self {
            Self::Vector(series) | Self::Matrix(series) => series,
            Self::Scalar(point) => vec![PromSeries { labels: Labels::default(), points: vec![point] }],
            Self::Text { .. } => Vec::new(),
        };
        series.into_iter().map(|one| one.frame(expression)).collect()
    }
}

impl PromSeries {
    fn frame(self, expression: &str) -> Frame {
        let Self { labels: all, points } = self;
        let metric = Some(all.get(METRIC_NAME).to_owned()).filter(|name| !name.is_empty());
        let own = all.iter().filter(|(name, _)| &***name != METRIC_NAME);
        let labels = Labels::new(own.map(|(name, value)| (Arc::clone(name), Arc::clone(value))));
        let shown: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let name = metric.clone().unwrap_or_default();
        let legend = match (name.as_str(), shown.as_slice()) {
            ("", []) => expression.to_owned(),
            (name, []) => name.to_owned(),
            (name, shown) => format!("{name}{{{}}}", shown.join(", ")),
        };
        let points = points.into_iter().map(|point| (point.ms, point.value)).collect();
        Frame { name: legend.clone(), legend, metric, labels, unit: None, help: None, points }
    }
}

/// When a question is evaluated, and the form of its answer.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationForm {
    /// The times.
    pub steps: Steps,
    /// Whether the answer is a matrix over the steps.
    pub is_range: bool,
    /// The most points that all parts together may read and produce.
    pub max_points: usize,
}

/// Computes the answer of what was read.
///
/// # Errors
/// The series do not fit together, the expression is too much work, more bytes would be held, or time is over.
pub fn answer(
    root: &Root,
    inputs: Inputs,
    asked: EvaluationForm,
    budget: &Budget,
) -> Result<ComputedValue<PromValue>, EvaluateError> {
    let times: Vec<Millis> = asked.steps.times().collect();
    let buckets = EvaluationGrid { starts_ms: &times, runs: None, max_points: asked.max_points };
    let ms = asked.steps.start_ms;
    let node = match root {
        Root::Text(text) => {
            let value = PromValue::Text { ms, text: text.clone() };
            return Ok(ComputedValue { value, held: budget.held(), notes: QueryAnnotations::default() });
        }
        Root::Range(node) => {
            let ComputedValue { value, held, notes } = range_samples(node, inputs, &buckets, budget)?;
            let one = |one: SampledSeries| PromSeries {
                labels: one.labels,
                points: one.samples.iter().map(|sample| PromPoint { ms: sample.ms, value: sample.value }).collect(),
            };
            return Ok(ComputedValue { value: PromValue::Matrix(value.into_iter().map(one).collect()), held, notes });
        }
        Root::Node(node) => node,
    };
    let ComputedValue { value, mut held, notes } = evaluate_steps(node, inputs, &buckets, budget)?;
    let series = match value {
        Value::Scalar(scalar) if !asked.is_range => {
            let value = PromValue::Scalar(PromPoint { ms, value: scalar.at(0) });
            return Ok(ComputedValue { value, held, notes });
        }
        Value::Scalar(scalar) => scalar.into_series(&buckets),
        Value::Series(series) => series,
    };
    held.set(series.iter().map(Series::bytes).sum::<usize>().saturating_mul(2))?;
    let point = |point: &Point| PromPoint { ms: asked.steps.at(point.bucket), value: point.value };
    let drawn = |one: Series| PromSeries { labels: one.labels, points: one.points.iter().map(point).collect() };
    let mut series: Vec<PromSeries> = series.into_iter().map(drawn).collect();
    if asked.is_range {
        // An expression that sorts has its order at one instant alone.
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    let value = if asked.is_range { PromValue::Matrix(series) } else { PromValue::Vector(series) };
    Ok(ComputedValue { value, held, notes })
}
