//! What a query builder picked, put around the target: `aggregation by (by) (over_time(metric{filters}[$__interval]))`.

use std::collections::HashSet;

use super::payload::{LABEL_FIELD, PayloadFields};
use super::refused::OptionRefusal;
use crate::ast::{
    Aggregate, AggregateOp, Call, Expr, ExprKind, Grouping, Matcher, Selector, Span, Subquery, Test, WindowLength,
};
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::language;
use crate::nearest::nearest;
use crate::plan::{Limits, too_many_filters};

/// The most filters that a target's selectors are given together.
const COPIES: usize = 100_000;

/// What was picked besides the metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Builder {
    /// The function over the samples of a bucket, with its parameter: `quantile_over_time` has one.
    over_time: Option<(&'static str, Option<f64>)>,
    /// The aggregation over series, with its parameter.
    aggregation: Option<(AggregateOp, Option<f64>)>,
    /// The labels that the aggregation keeps.
    by: Vec<String>,
    /// The values of labels.
    filters: Vec<Matcher>,
}

/// The aggregations that can be picked; the others need more than a number.
pub const AGGREGATIONS: [AggregateOp; 11] = [
    AggregateOp::Sum,
    AggregateOp::Avg,
    AggregateOp::Min,
    AggregateOp::Max,
    AggregateOp::Count,
    AggregateOp::Group,
    AggregateOp::Stddev,
    AggregateOp::Stdvar,
    AggregateOp::Topk,
    AggregateOp::Bottomk,
    AggregateOp::Quantile,
];

impl Builder {
    /// Reads `over_time`, `aggregation`, `by` and the filters; what means nothing is ignored with a notice.
    pub(super) fn read(said: &PayloadFields, notices: &mut Vec<String>) -> Self {
        let over_time = picked(said, "over_time").and_then(|text| over_time(&text, notices));
        let aggregation = picked(said, "aggregation").and_then(|text| aggregation(&text, notices));
        let mut by: Vec<String> =
            said.get("by").into_iter().flatten().flat_map(|text| language::words(text)).map(trimmed).collect();
        by.retain(|label| !label.is_empty() && !label.contains([',', '|']));
        let mut named = HashSet::new();
        by.retain(|label| named.insert(label.clone()));
        if aggregation.is_none() && !by.is_empty() {
            notices.push("`by` is ignored: it names the labels that an `aggregation` keeps, and none is picked".into());
        }
        Self { over_time, aggregation, by, filters: filters(said) }
    }

    /// The target with everything around it that was picked. What does not fit it is ignored with a notice.
    ///
    /// # Errors
    /// The filters would be too many on all selectors together.
    pub fn around(&self, mut expr: Expr, notices: &mut Vec<String>) -> Result<Expr, Error> {
        let span = expr.span;
        let copies = selectors(&expr).saturating_mul(self.filters.len());
        if copies > COPIES {
            let message = format!("the picked filters are {copies} on all selectors of the target, more than {COPIES}");
            return Err(Error::new(Kind::TooManyFilters, message).hint("pick fewer filters, or write fewer selectors"));
        }
        if !self.filters.is_empty() && !add(&mut expr, &self.filters) {
            notices.push("the filters are ignored: the target reads no metric".into());
        }
        match (self.over_time, &expr.kind) {
            (Some((name, parameter)), ExprKind::Selector(selector)) if selector.window.is_none() => {
                expr = over(name, parameter, selector.clone(), span);
            }
            (Some((name, _)), _) => {
                let what = "is applied to a metric, and the target is an expression already";
                notices.push(format!("`over_time` is ignored: `{name}` {what}"));
            }
            (None, _) => {}
        }
        Ok(match (self.aggregation, &expr.kind) {
            (Some((op, _)), ExprKind::Number(_) | ExprKind::Text(_)) => {
                notices.push(format!("`aggregation` is ignored: `{op}` needs series, and the target is a number"));
                expr
            }
            (Some((op, parameter)), _) => {
                let param = parameter.map(|number| Expr { kind: ExprKind::Number(number), span });
                let grouping = Grouping::By(self.by.clone());
                let aggregate = Aggregate { op, op_span: span, param, expr, grouping };
                Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), span }
            }
            (None, _) => expr,
        })
    }

    /// Whether it filters and groups by no more labels than are allowed.
    pub(super) fn bounded(&self, limits: Limits) -> Result<(), Error> {
        let (found, most) = (self.filters.len().max(self.by.len()), limits.filters as usize);
        if found > most { Err(too_many_filters(found, most)) } else { Ok(()) }
    }
}

/// What is picked for labels.
pub(super) fn filters(said: &PayloadFields) -> Vec<Matcher> {
    said.iter().filter_map(|(name, texts)| filter(name.strip_prefix(LABEL_FIELD)?, texts)).collect()
}

fn trimmed(text: String) -> String {
    text.trim().to_owned()
}

fn picked(said: &PayloadFields, name: &str) -> Option<String> {
    let text = said.get(name)?.iter().find(|text| !text.trim().is_empty())?;
    let text = language::unescape(text).trim().to_owned();
    (!matches!(text.as_str(), "none" | "default" | "auto")).then_some(text)
}

/// `word`, `word(number)`, or `p95` for a quantile.
fn word_and_number(text: &str) -> (&str, Option<f64>) {
    let percent = text.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
    if let Some(percent) = percent {
        return ("quantile", Some(percent / 100.0));
    }
    let called = text.strip_suffix(')').and_then(|text| text.split_once('('));
    let number = called.and_then(|(word, number)| Some((word.trim(), number.trim().parse().ok()?)));
    number.map_or((text, None), |(word, number)| (word, Some(number)))
}

fn over_time(text: &str, notices: &mut Vec<String>) -> Option<(&'static str, Option<f64>)> {
    let (word, number) = word_and_number(text);
    let short = |known: &'static str| known.strip_suffix("_over_time").unwrap_or(known);
    let known = RangeFunction::words().find(|known| *known == word || short(known) == word);
    let quantile = RangeFunction::Quantile(0.0).word();
    match (known, number) {
        (Some(known), Some(number)) if known == quantile => Some((known, Some(number))),
        (Some(known), None) if known != quantile => Some((known, None)),
        (Some(known), _) => {
            let how = if known == quantile { "needs a number, such as `quantile(0.95)`" } else { "takes no number" };
            notices.push(format!("`over_time` is ignored: `{}` {how}", short(known)));
            None
        }
        (None, _) => {
            let near = nearest(word, RangeFunction::words().map(short));
            let expected = "expected a word such as avg, max, last, rate".to_owned();
            notices.push(OptionRefusal::unknown("over_time", text, &near, expected).notice());
            None
        }
    }
}

/// Whether an aggregation that can be picked needs a number besides.
#[must_use]
pub const fn takes_number(op: AggregateOp) -> bool {
    matches!(op, AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Quantile)
}

fn aggregation(text: &str, notices: &mut Vec<String>) -> Option<(AggregateOp, Option<f64>)> {
    let (word, number) = word_and_number(text);
    let Some(op) = AGGREGATIONS.into_iter().find(|op| op.word() == word) else {
        let near = nearest(word, AGGREGATIONS.iter().map(|op| op.word()));
        let expected = "expected a word such as sum, avg, max, topk(5)".to_owned();
        notices.push(OptionRefusal::unknown("aggregation", text, &near, expected).notice());
        return None;
    };
    let numbered = takes_number(op);
    if numbered == number.is_some() && !number.is_some_and(f64::is_nan) {
        return Some((op, number));
    }
    let example = if op == AggregateOp::Quantile { "0.95" } else { "5" };
    let how = if numbered { format!("needs a number, such as `{op}({example})`") } else { "takes no number".into() };
    notices.push(format!("`aggregation` is ignored: `{op}` {how}"));
    None
}

/// The matcher of a label's values; none when nothing or everything is picked. A text may be escaped or exact: it
/// stands for what it reads as and for itself.
fn filter(label: &str, texts: &[String]) -> Option<Matcher> {
    let is_open = |text: &String| text == ".*" || language::unreplaced(text).is_some();
    if label.is_empty() || texts.iter().any(is_open) {
        return None;
    }
    let (mut values, mut known): (Vec<String>, HashSet<String>) = (Vec::new(), HashSet::new());
    for text in texts {
        if text.as_str() == ".+" {
            let test = Test::NotIn([String::new()].into());
            return Some(Matcher { label: label.to_owned(), test, span: Span::default() });
        }
        let literal = (!matches!(text.as_str(), "()" | "{}")).then(|| text.clone());
        for value in language::words(text).into_iter().chain(literal) {
            if known.insert(value.clone()) {
                values.push(value);
            }
        }
    }
    if values.iter().any(|value| language::is_all(value)) {
        return None;
    }
    (!values.is_empty()).then(|| Matcher {
        label: label.to_owned(),
        test: Test::In(values.into()),
        span: Span::default(),
    })
}

/// The number of selectors of an expression.
fn selectors(expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Text(_) => 0,
        ExprKind::Selector(_) => 1,
        ExprKind::Subquery(subquery) => selectors(&subquery.expr),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => selectors(inner),
        ExprKind::Call(call) => call.args.iter().map(selectors).sum(),
        ExprKind::Aggregate(aggregate) => selectors(&aggregate.expr),
        ExprKind::Binary(binary) => selectors(&binary.lhs) + selectors(&binary.rhs),
    }
}

/// Adds matchers to every selector; false when there is none.
fn add(expr: &mut Expr, matchers: &[Matcher]) -> bool {
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Text(_) => false,
        ExprKind::Selector(selector) => {
            selector.matchers.extend_from_slice(matchers);
            true
        }
        ExprKind::Subquery(subquery) => {
            let Subquery { expr, .. } = &mut **subquery;
            add(expr, matchers)
        }
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => add(inner, matchers),
        ExprKind::Call(call) => call.args.iter_mut().filter_map(|arg| add(arg, matchers).then_some(())).count() > 0,
        ExprKind::Aggregate(aggregate) => add(&mut aggregate.expr, matchers),
        ExprKind::Binary(binary) => {
            let left = add(&mut binary.lhs, matchers);
            add(&mut binary.rhs, matchers) || left
        }
    }
}

fn over(name: &'static str, parameter: Option<f64>, selector: Selector, span: Span) -> Expr {
    let selector = Selector { window: Some(WindowLength::Interval), ..selector };
    let mut args: Vec<Expr> =
        parameter.map(|number| Expr { kind: ExprKind::Number(number), span }).into_iter().collect();
    args.push(Expr { kind: ExprKind::Selector(selector), span });
    Expr { kind: ExprKind::Call(Call { name: name.to_owned(), name_span: span, args }), span }
}
