//! Calls: which functions there are, and what they take.

use std::f64::consts::PI;
use std::sync::Arc;

use super::lowering::{Lowering, bare};
use super::prometheus::RangeArguments;
use super::request::{ExpressionRefusal, FetchRequest};
use super::semantics::Semantics;
use crate::ast::{AggregateOp, Call, Expr, ExprKind, MatchOp, Matcher, Selector, Span, Test, WrittenMatcher};
use crate::evaluate::{AS_TIME, Limiter, MATH, Node, RangeFunction};
use crate::language::{UNREPLACED_HINT, unreplaced};
use crate::nearest::nearest;
use crate::range::Function;
use crate::series::{Labels, METRIC_NAME};

/// Functions that are neither of one value nor of a range.
pub(super) const OTHERS: &[&str] = &[
    "absent",
    "absent_over_time",
    "clamp",
    "clamp_max",
    "clamp_min",
    "histogram_fraction",
    "histogram_quantile",
    "label_join",
    "label_replace",
    "pi",
    "round",
    "scalar",
    "sort",
    "sort_desc",
    "time",
    "timestamp",
    "vector",
];

/// Functions of PromQL that are refused by name.
pub(super) const LATER: &[&str] = &[
    "double_exponential_smoothing",
    "holt_winters",
    "info",
    "mad_over_time",
    "predict_linear",
    "sort_by_label",
    "sort_by_label_desc",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
];

/// The words of all functions but those of a range.
pub fn functions() -> impl Iterator<Item = &'static str> {
    MATH.iter().map(|function| function.word).chain(OTHERS.iter().copied())
}

impl Lowering<'_> {
    pub(super) fn call(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        if let Some(node) = self.of_range(call, span)? {
            return Ok(node);
        }
        if let Some(function) = MATH.iter().find(|function| function.word == call.name) {
            let args = arguments(call, span, usize::from(!function.of_time), 1)?;
            let child = match args {
                [] => Node::Vector(Box::new(Node::Time)),
                [arg, ..] if function.of_time => self.times(arg, function.word)?,
                [arg, ..] => self.series(arg, function.word)?,
            };
            return Ok(Node::Math { function, child: Box::new(child), span });
        }
        match call.name.as_str() {
            "round" => self.limit(call, span, Limiter::Round, 1, 2),
            "clamp" => self.limit(call, span, Limiter::Clamp, 3, 3),
            "clamp_min" => self.limit(call, span, Limiter::ClampMin, 2, 2),
            "clamp_max" => self.limit(call, span, Limiter::ClampMax, 2, 2),
            "pi" => arguments(call, span, 0, 0).map(|_| Node::Number(PI)),
            "time" => arguments(call, span, 0, 0).map(|_| Node::Time),
            "label_replace" => self.label_replace(call, span),
            "label_join" => self.label_join(call, span),
            word if word.starts_with("histogram_") => self.histogram(call, span),
            "vector" => {
                let args = arguments(call, span, 1, 1)?;
                Ok(Node::Vector(Box::new(self.scalar(&args[0], &call.name)?)))
            }
            "scalar" | "timestamp" | "absent" | "sort" | "sort_desc" => self.of_series(call, span),
            "absent_over_time" => self.absent_over_time(call, span),
            word if LATER.contains(&word) => Err(ExpressionRefusal::unsupported(&format!("`{word}`"), call.name_span)),
            _ => Err(unknown(call)),
        }
    }

    /// The argument of a calendar function.
    fn times(&mut self, arg: &Expr, word: &str) -> Result<Node, ExpressionRefusal> {
        let series = self.series(arg, word)?;
        if self.semantics == Semantics::Panel {
            return Ok(series);
        }
        Ok(Node::Math { function: &AS_TIME, child: Box::new(series), span: arg.span })
    }

    /// The functions whose only argument is series.
    fn of_series(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        let arg = &arguments(call, span, 1, 1)?[0];
        if call.name == "timestamp"
            && let Some(node) = self.sample_time(arg)?
        {
            return Ok(node);
        }
        let series = self.series(arg, &call.name)?;
        let child = || Box::new(series.clone());
        Ok(match call.name.as_str() {
            "scalar" => Node::Scalar(child()),
            "timestamp" => Node::Timestamp { child: child(), span },
            "absent" => Node::Absent { child: child(), labels: absent_labels(arg) },
            "sort" | "sort_desc" if self.semantics != Semantics::Panel => {
                Node::Sorted { descending: call.name == "sort_desc", child: child() }
            }
            // An answer over a range has no single value to sort by: the order by labels stays, as in Prometheus.
            _ => series,
        })
    }

    fn limit(
        &mut self,
        call: &Call,
        span: Span,
        function: Limiter,
        least: usize,
        most: usize,
    ) -> Result<Node, ExpressionRefusal> {
        let args = arguments(call, span, least, most)?;
        let child = Box::new(self.series(&args[0], &call.name)?);
        let scalars = args[1..].iter().map(|arg| self.scalar(arg, &call.name));
        let mut args = scalars.collect::<Result<Vec<Node>, ExpressionRefusal>>()?;
        if args.is_empty() {
            args.push(Node::Number(1.0));
        }
        Ok(Node::Limit { function, child, args, span })
    }

    fn label_replace(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        let args = arguments(call, span, 5, 5)?;
        let child = Box::new(self.series(&args[0], &call.name)?);
        let target = self.label_name(&args[1], &call.name)?;
        let (replacement, source) = (text(&args[2], &call.name)?.to_owned(), text(&args[3], &call.name)?.to_owned());
        let pattern = self.patterns.whole(text(&args[4], &call.name)?);
        let pattern = pattern.map_err(|error| ExpressionRefusal::unusable(error.to_string(), args[4].span))?;
        let joins = self.semantics == Semantics::Panel;
        Ok(Node::LabelReplace { child, target, replacement, source, pattern, joins, span })
    }

    fn label_join(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        let args = arguments(call, span, 3, usize::MAX)?;
        let child = Box::new(self.series(&args[0], &call.name)?);
        let target = self.label_name(&args[1], &call.name)?;
        let separator = text(&args[2], &call.name)?.to_owned();
        let sources = args[3..].iter().map(|arg| match text(arg, &call.name)? {
            "" if self.semantics != Semantics::Panel => {
                Err(ExpressionRefusal::unusable("a label needs a name", arg.span))
            }
            source => Ok(source.to_owned()),
        });
        let sources = sources.collect::<Result<Vec<String>, ExpressionRefusal>>()?;
        let joins = self.semantics == Semantics::Panel;
        Ok(Node::LabelJoin { child, target, separator, sources, joins, span })
    }

    /// A text that names a label.
    pub(super) fn label_name(&self, expr: &Expr, what: &str) -> Result<String, ExpressionRefusal> {
        let name = text(expr, what)?;
        if name.is_empty() {
            return Err(ExpressionRefusal::unusable("a label needs a name", expr.span));
        }
        if let Some(found) = unreplaced(name).filter(|_| self.semantics == Semantics::Panel) {
            let message = format!("the variable `{}` was not replaced", found.name);
            return Err(ExpressionRefusal::wrong(message, expr.span).hint(UNREPLACED_HINT));
        }
        Ok(name.to_owned())
    }

    fn absent_over_time(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        let arg = &arguments(call, span, 1, 1)?[0];
        let child = match self.semantics {
            Semantics::Panel => self.fetch(ranged(call, arg, RangeFunction::Present)?),
            Semantics::Prometheus(evaluation) => {
                // A function that keeps names: series that only those tell apart do not clash.
                self.over(evaluation, call, span, Function::Last, RangeArguments::only(arg))?
            }
        };
        Ok(Node::Absent { child: Box::new(child), labels: absent_labels(arg) })
    }

    /// A function of a range; none when the call is none.
    fn of_range(&mut self, call: &Call, span: Span) -> Result<Option<Node>, ExpressionRefusal> {
        match self.semantics {
            Semantics::Panel => Ok(self.range_call(call, span)?.map(|request| self.fetch(request))),
            Semantics::Prometheus(evaluation) => self.range_function(evaluation, call, span),
        }
    }

    /// The fetch of a range function, not yet entered; none when the call is no range function.
    pub(super) fn range_call(&mut self, call: &Call, span: Span) -> Result<Option<FetchRequest>, ExpressionRefusal> {
        let (function, range) = if call.name == RangeFunction::Quantile(0.5).word() {
            let args = arguments(call, span, 2, 2)?;
            (RangeFunction::Quantile(self.constant(&args[0], &call.name)?), &args[1])
        } else if let Some(function) = RangeFunction::from_word(&call.name) {
            (function, &arguments(call, span, 1, 1)?[0])
        } else {
            return Ok(None);
        };
        ranged(call, range, function).map(Some)
    }
}

/// A range function over its argument, which must be a selector with a window.
fn ranged(call: &Call, arg: &Expr, function: RangeFunction) -> Result<FetchRequest, ExpressionRefusal> {
    let inner = bare(arg);
    match &inner.kind {
        ExprKind::Selector(selector) if selector.window.is_some() => Ok(FetchRequest {
            function: Some(function),
            function_span: call.name_span,
            ..FetchRequest::plain(selector.clone(), inner.span)
        }),
        ExprKind::Subquery(_) => Err(ExpressionRefusal::unsupported("a subquery", inner.span)),
        _ => {
            let refusal =
                ExpressionRefusal::wrong(format!("`{}` takes a selector with a window", call.name), inner.span);
            Err(refusal.hint("for example `[$__interval]` behind the selector"))
        }
    }
}

/// The arguments, if there are as many as the function takes.
pub(super) fn arguments(call: &Call, span: Span, least: usize, most: usize) -> Result<&[Expr], ExpressionRefusal> {
    let found = call.args.len();
    if (least..=most).contains(&found) {
        return Ok(&call.args);
    }
    let wanted = match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (0, 1) => "at most one argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, usize::MAX) => format!("at least {least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(ExpressionRefusal::wrong(format!("`{}` takes {wanted}, not {found}", call.name), span))
}

fn text<'a>(expr: &'a Expr, what: &str) -> Result<&'a str, ExpressionRefusal> {
    match &bare(expr).kind {
        ExprKind::Text(text) => Ok(text),
        _ => Err(ExpressionRefusal::wrong(format!("`{what}` takes a text here"), expr.span)),
    }
}

/// The labels of `absent`: those that a selector's equalities tell. A later matcher of a label takes it away, unless
/// it is the label's first equality.
fn absent_labels(expr: &Expr) -> Labels {
    let ExprKind::Selector(Selector { matchers, written, .. }) = &bare(expr).kind else { return Labels::default() };
    let read = |matcher: &'_ Matcher| match &matcher.test {
        Test::In(values) if values.len() == 1 => (matcher.label.clone(), Some(values[0].clone())),
        _ => (matcher.label.clone(), None),
    };
    // A pattern may mean one value, and is none all the same.
    let as_written = |matcher: &WrittenMatcher| {
        (matcher.label.clone(), (matcher.op == MatchOp::Equal).then(|| matcher.value.clone()))
    };
    let pairs: Vec<(String, Option<String>)> = match written {
        Some(written) => written.matchers.iter().map(as_written).collect(),
        None => matchers.iter().map(read).collect(),
    };
    let (mut labels, mut equal) = (Labels::default(), std::collections::HashSet::new());
    for (label, value) in pairs.iter().filter(|(label, _)| label != METRIC_NAME) {
        let value = value.as_deref().filter(|_| equal.insert(label)).unwrap_or_default();
        labels.set(Arc::from(label.as_str()), Arc::from(value));
    }
    labels
}

pub(super) fn unknown(call: &Call) -> ExpressionRefusal {
    let aggregations = AggregateOp::ALL.iter().map(|op| op.word());
    let near = nearest(&call.name, functions().chain(RangeFunction::words()).chain(aggregations));
    let shown: String = call.name.chars().take(120).collect();
    let refusal = ExpressionRefusal::wrong(format!("there is no function `{shown}`"), call.name_span);
    if near.is_empty() { refusal } else { refusal.hint(format!("did you mean {}?", near.join(", "))) }
}
