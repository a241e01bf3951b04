//! Template variables: what `label_values(…)` and its kin answer.

use std::collections::BTreeSet;

use super::labels::LabelValuesRequest;
use super::{LabelValues, RequestScope, resolve};
use crate::ast::{ExprKind, MetricRef, Modifiers, Options, Selector};
use crate::catalog::Snapshot;
use crate::error::{Error, Kind};
use crate::frame::Frame;
use crate::intake::{Builder, PICKER, POINTS, Question, TargetQuestion, VARIABLE_WORDS, VariableAsk, VariableQuestion};
use crate::language;
use crate::nearest::nearest;
use crate::plan;
use crate::render;
use crate::series::METRIC_NAME;
use crate::time::TimeRange;
use crate::wire::prometheus::Number;

/// The most texts that are looked for inside of names; more texts are names themselves.
const LOOKED_FOR: usize = 100;

/// The texts of an answer, and whether there are more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableValues {
    /// The texts, each once.
    pub texts: Vec<String>,
    /// Whether the limit cut some off.
    pub cut: bool,
    /// Whether time was up before all were found, or all were narrowed.
    pub partial: bool,
    /// Whether "All" of the list has to stand for more than its texts.
    pub is_open: bool,
    /// Why there is none, where the question is likely not what was meant.
    pub notice: Option<String>,
}

impl RequestScope {
    /// The names of the metrics that contain the text, sorted.
    ///
    /// # Errors
    /// The names that the caller may see were not found in time.
    pub fn metric_names(&self, text: &str) -> Result<BTreeSet<String>, Error> {
        plan::complete(&self.snapshot)?;
        Ok(containing(&self.snapshot, text))
    }

    /// Answers a variable's query.
    ///
    /// # Errors
    /// The query cannot be read, a metric is unknown, or the database does not answer.
    pub async fn variable(&self, question: &VariableQuestion) -> Result<VariableValues, Error> {
        let snapshot = &*self.snapshot;
        let mut partial = false;
        let texts = match &question.ask {
            VariableAsk::LabelValues { selector, label } => {
                let found = self.values_of_label(question, selector.as_deref(), label).await?;
                partial = found.partial;
                found.values.into_iter().collect()
            }
            VariableAsk::LabelNames { selector } => self.names_of_labels(question, selector.as_deref()).await?,
            VariableAsk::Metrics { pattern } => self.metrics(pattern)?,
            VariableAsk::QueryResult { expression } => self.result(question, expression).await?,
            VariableAsk::Search(text) => search(snapshot, text)?,
        };
        let notice = if texts.is_empty() { self.why_nothing(&question.ask)? } else { None };
        let mut texts: Vec<String> = texts.into_iter().filter(|text| text.starts_with(&question.prefix)).collect();
        let cut = texts.len() > question.limit;
        texts.truncate(question.limit);
        let is_narrowed = !question.prefix.is_empty() || question.limit < PICKER as usize;
        let is_values = matches!(question.ask, VariableAsk::LabelValues { .. });
        let is_open = is_values && !is_narrowed && (cut || partial);
        Ok(VariableValues { texts, cut, partial, is_open, notice })
    }

    /// What is likely wrong with a question that finds nothing.
    fn why_nothing(&self, ask: &VariableAsk) -> Result<Option<String>, Error> {
        Ok(match ask {
            VariableAsk::LabelValues { selector, label } if label != METRIC_NAME => {
                let selector = selector.as_deref().map(|text| read(&self.snapshot, text)).transpose()?;
                let rows = plan::rows(self.naming(), selector.as_ref(), &[])?;
                let labels: BTreeSet<String> = rows.iter().flat_map(|rows| render::names(rows.source)).collect();
                let is_known = rows.is_empty() || rows.iter().any(|rows| rows.source.has_label(label));
                (!is_known).then(|| {
                    let near = nearest(label, labels.iter().map(String::as_str));
                    let hint = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                    format!("no metric here has the label {label:?}{hint}")
                })
            }
            VariableAsk::Search(text) if !text.trim().is_empty() => {
                let word = text.split('(').next().unwrap_or_default().trim();
                let is_call = VARIABLE_WORDS.contains(&word);
                let hint = if is_call { format!("; a query is written {word}(...)") } else { String::new() };
                Some(format!("no name of a metric contains {text:?}{hint}"))
            }
            _ => None,
        })
    }

    async fn values_of_label(
        &self,
        question: &VariableQuestion,
        selector: Option<&str>,
        label: &str,
    ) -> Result<LabelValues, Error> {
        let selector = selector.map(|text| read(&self.snapshot, text)).transpose()?;
        let rows = plan::rows(self.naming(), selector.as_ref(), &question.filters)?;
        let request =
            LabelValuesRequest { label, range: asked_range(question), prefix: &question.prefix, most: PICKER };
        let mut all = (BTreeSet::new(), false);
        for found in self.values(&rows, request).await {
            let found = found?;
            all.0.extend(found.values);
            all.1 |= found.partial;
        }
        Ok(LabelValues { values: all.0.into_iter().collect(), partial: all.1, cut: false })
    }

    async fn names_of_labels(
        &self,
        question: &VariableQuestion,
        selector: Option<&str>,
    ) -> Result<BTreeSet<String>, Error> {
        let selector = selector.map(|text| read(&self.snapshot, text)).transpose()?;
        let rows = plan::rows(self.naming(), selector.as_ref(), &question.filters)?;
        let found: Result<Vec<_>, Error> = self.names(&rows, asked_range(question)).await.into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The names in which the pattern occurs; as in Grafana's Prometheus source it is not anchored.
    fn metrics(&self, pattern: &str) -> Result<BTreeSet<String>, Error> {
        let found = self.patterns.part(pattern).map_err(|error| {
            let shown: String = pattern.chars().take(120).collect();
            Error::new(Kind::BadTarget, format!("metrics({shown}) cannot be read: {error}"))
                .hint("metrics(^cpu_) lists the names that begin so, metrics() all")
        })?;
        plan::complete(&self.snapshot)?;
        Ok(self.snapshot.names().filter(|name| found.is_match(name)).map(str::to_owned).collect())
    }

    /// The values of an expression at the end of the range, in the form that Grafana gives Prometheus' answers.
    async fn result(&self, question: &VariableQuestion, expression: &str) -> Result<BTreeSet<String>, Error> {
        let target = TargetQuestion {
            ref_id: None,
            text: Ok(expression.to_owned()),
            options: Options::default(),
            builder: Builder::default(),
            notices: Vec::new(),
        };
        let asked = Question {
            range: question.range,
            interval_ms: None,
            max_points: POINTS,
            zone: *self.snapshot.zone(),
            targets: vec![target],
            ad_hoc: question.filters.clone(),
            notices: Vec::new(),
        };
        let answer = self.answer(&asked).await?;
        Ok(answer.answered.iter().flat_map(|answered| &answered.frames).filter_map(instant).collect())
    }
}

/// The range that the request says; without one the newest rows decide.
fn asked_range(question: &VariableQuestion) -> Option<TimeRange> {
    question.is_ranged.then_some(question.range)
}

/// `name{label="value"} value milliseconds`.
fn instant(frame: &Frame) -> Option<String> {
    let (time, value) = frame.points.iter().rev().find(|(_, value)| !value.is_nan())?;
    let labels: Vec<String> = frame.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let name = frame.metric.as_deref().unwrap_or_default();
    Some(format!("{name}{{{}}} {} {time}", labels.join(","), Number(*value)))
}

/// The selector in front of the label: a metric's name, or an expression that is nothing but a selector.
fn read(snapshot: &Snapshot, text: &str) -> Result<Selector, Error> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.len() > 1 && names.iter().all(|name| snapshot.metric(name).is_some()) {
        // A variable of several metrics, interpolated with commas.
        return Ok(Selector { metric: MetricRef::Names(names), ..Selector::default() });
    }
    let mut expression = resolve::expression(snapshot, text)?;
    while let ExprKind::Paren(inner) = expression.kind {
        expression = *inner;
    }
    match expression.kind {
        ExprKind::Selector(selector) if selector.window.is_none() && selector.modifiers == Modifiers::default() => {
            Ok(selector)
        }
        _ => {
            let message =
                format!("{text:?} is not a selector: write a metric's name, with or without matchers in braces");
            Err(Error::new(Kind::BadTarget, message).hint("label_values(cpu{region=\"eu\"}, host)"))
        }
    }
}

/// The names that contain the text. What looks like a call and finds nothing was meant as one.
fn search(snapshot: &Snapshot, text: &str) -> Result<BTreeSet<String>, Error> {
    plan::complete(snapshot)?;
    let found = containing(snapshot, text);
    match text.trim().split_once('(') {
        Some((word, rest)) if found.is_empty() && is_word(word) && rest.ends_with(')') => {
            let message = format!("{:?} is not a query of a variable", word.trim());
            let hint = match nearest(word, VARIABLE_WORDS.iter().copied()).first() {
                Some(meant) => format!("did you mean {meant}(…)?"),
                None => format!("query_result({}) gives the values of an expression", text.trim()),
            };
            Err(Error::new(Kind::BadTarget, message).hint(hint))
        }
        _ => Ok(found),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b' ')
}

/// The names of the metrics that contain the text in any case; all for a blank one.
///
/// A picked name that is opened again arrives regex-escaped, as in a query variable.
fn containing(snapshot: &Snapshot, text: &str) -> BTreeSet<String> {
    let readings: BTreeSet<String> =
        language::names(text).into_iter().flatten().map(|name| name.to_lowercase().trim().to_owned()).collect();
    if readings.len() > LOOKED_FOR {
        let is_one = |name: &&str| readings.contains(name.to_lowercase().trim());
        return snapshot.names().filter(is_one).map(str::to_owned).collect();
    }
    let wanted = |name: &&str| {
        let name = name.to_lowercase();
        text.trim().is_empty() || readings.iter().any(|reading| name.contains(reading))
    };
    snapshot.names().filter(wanted).map(str::to_owned).collect()
}
