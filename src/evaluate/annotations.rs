//! What may be wrong with an answer that is given all the same, in Prometheus' words.

use std::collections::BTreeMap;

use crate::ast::Span;
use crate::decimal::brief;
use crate::language::quoted;

/// The most texts of a kind that an answer carries.
const MOST: usize = 10;

/// The most that are counted.
const COUNTED: usize = 1000;

/// The endings of the names of counters.
const COUNTERS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// Something that may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Annotation<'a> {
    /// A warning: `quantile`, `quantile_over_time` or `histogram_quantile` was given this φ, which is not from 0 to 1.
    /// It stands at φ.
    BadQuantile(f64),
    /// A warning: `histogram_quantile` met a series of this metric with this `le`, which is no number. It stands at the
    /// vector.
    BadBucket(&'a str, &'a str),
    /// Not of importance: `histogram_quantile` raised counts of this metric that fell. It stands at the vector.
    FallingBuckets(&'a str),
    /// Not of importance: `rate` or `increase` gave values of this metric, whose name is no counter's. It stands at the range.
    NoCounter(&'a str),
}

impl Annotation<'_> {
    /// What there is to say about a φ.
    #[must_use]
    pub fn of_quantile(phi: f64) -> Option<Self> {
        (!(0.0..=1.0).contains(&phi)).then_some(Self::BadQuantile(phi))
    }

    const fn is_warning(&self) -> bool {
        matches!(self, Self::BadQuantile(_) | Self::BadBucket(..))
    }

    fn text(&self) -> String {
        match self {
            Self::BadQuantile(phi) => format!("quantile value should be between 0 and 1, got {}", brief(*phi)),
            Self::BadBucket(metric, le) => format!(
                "bucket label \"le\" is missing or has a malformed value of {} for metric name {}",
                quoted(le),
                quoted(metric)
            ),
            Self::FallingBuckets(metric) => format!(
                "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name {}",
                quoted(metric)
            ),
            Self::NoCounter(metric) => format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                quoted(metric)
            ),
        }
    }
}

impl<'a> Annotation<'a> {
    /// What there is to say about `rate` and `increase` of a metric; a series without a name is no metric's.
    #[must_use]
    pub fn of_counter(metric: &'a str) -> Option<Self> {
        let is_counter = metric.is_empty() || COUNTERS.iter().any(|ending| metric.ends_with(ending));
        (!is_counter).then_some(Self::NoCounter(metric))
    }
}

/// The annotations of one answer. The same is said once, wherever it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryAnnotations {
    warnings: BTreeMap<String, Span>,
    infos: BTreeMap<String, Span>,
}

/// Annotations as an answer carries them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnotationTexts {
    /// What may be wrong with the answer.
    pub warnings: Vec<String>,
    /// What may be wrong with the question.
    pub infos: Vec<String>,
}

impl QueryAnnotations {
    /// Adds one that stands at a place of the question's text.
    pub fn add(&mut self, annotation: Annotation<'_>, span: Span) {
        let kind = if annotation.is_warning() { &mut self.warnings } else { &mut self.infos };
        if kind.len() < COUNTED {
            kind.insert(annotation.text(), span);
        }
    }

    /// The texts, each with its line and column in the question; of many some, and how many more there are.
    #[must_use]
    pub fn texts(&self, question: &str) -> AnnotationTexts {
        AnnotationTexts {
            warnings: listed(&self.warnings, "warning", question),
            infos: listed(&self.infos, "info", question),
        }
    }
}

fn listed(kind: &BTreeMap<String, Span>, word: &str, question: &str) -> Vec<String> {
    let text = |(text, span): (&String, &Span)| format!("PromQL {word}: {text} ({})", place(question, *span));
    let mut texts: Vec<String> = kind.iter().take(MOST).map(text).collect();
    if let Some(more @ 1..) = kind.len().checked_sub(MOST) {
        texts.push(format!("{more} more {word} annotations omitted"));
    }
    texts
}

/// Line and column, counted from 1, the column in bytes.
fn place(question: &str, span: Span) -> String {
    let before = question.as_bytes().get(..span.start).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_prometheus() {
        let question = "quantile(1.5, x)\n+ rate(cpu[5m])";
        let at = |start| Span { start, end: start + 1 };
        let mut annotations = QueryAnnotations::default();
        annotations.add(Annotation::BadQuantile(1.5), at(9));
        annotations.add(Annotation::BadQuantile(1.5), at(9));
        annotations.add(Annotation::BadBucket("x\"y", ""), at(0));
        annotations.add(Annotation::NoCounter("cpu"), at(24));
        annotations.add(Annotation::FallingBuckets("x"), at(14));
        let AnnotationTexts { warnings, infos } = annotations.texts(question);
        assert_eq!(
            warnings,
            [
                r#"PromQL warning: bucket label "le" is missing or has a malformed value of "" for metric name "x\"y" (1:1)"#,
                "PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)",
            ]
        );
        let see = "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile";
        let fixed = format!("input to histogram_quantile needed to be fixed for monotonicity (see {see})");
        assert_eq!(
            infos,
            [
                format!("PromQL info: {fixed} for metric name \"x\" (1:15)"),
                "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"cpu\" (2:8)".to_owned(),
            ]
        );
    }

    #[test]
    fn of_many_ten_are_listed() {
        let mut annotations = QueryAnnotations::default();
        for number in 0..13 {
            annotations.add(Annotation::NoCounter(&format!("x{number}")), Span::default());
        }
        let infos = annotations.texts("").infos;
        assert_eq!((infos.len(), infos[10].as_str()), (11, "3 more info annotations omitted"));
    }

    #[test]
    fn quantiles_and_counters_are_told_apart() {
        for (phi, is_bad) in [(0.0, false), (1.0, false), (0.5, false), (-0.1, true), (1.1, true), (f64::NAN, true)] {
            assert_eq!(Annotation::of_quantile(phi).is_some(), is_bad, "{phi}");
        }
        for (metric, is_bad) in [("x_total", false), ("x_bucket", false), ("", false), ("total", true), ("x", true)] {
            assert_eq!(Annotation::of_counter(metric).is_some(), is_bad, "{metric}");
        }
    }
}
