//! Expression → fetches and a tree. What is not supported is refused by name and position, never half-done.

use super::request::{FetchRequest, Lowered, Node, PushedAggregate, RangeFunction, Refusal, RefusalKind};
use crate::ast::{Aggregate, AggregateOp, Call, Expr, ExprKind, Span};
use crate::nearest::nearest;

/// Splits an expression into what SQL answers and what is computed above it.
///
/// # Errors
/// A part of the expression is not supported, or means nothing.
pub fn lower(expr: &Expr) -> Result<Lowered, Refusal> {
    let mut fetches = Vec::new();
    let node = lower_into(expr, &mut fetches)?;
    Ok(Lowered { node, fetches })
}

fn lower_into(expr: &Expr, fetches: &mut Vec<FetchRequest>) -> Result<Node, Refusal> {
    match &expr.kind {
        ExprKind::Paren(inner) => lower_into(inner, fetches),
        ExprKind::Selector(_) | ExprKind::Call(_) => {
            let request = request(expr)?;
            Ok(fetch(request, fetches))
        }
        ExprKind::Aggregate(aggregate) => lower_aggregate(aggregate, fetches),
        ExprKind::Number(_) => Err(unsupported("a number alone", expr.span)),
        ExprKind::Text(_) => Err(wrong("a text alone is no question", expr.span)),
        ExprKind::Subquery(_) => Err(unsupported("a subquery", expr.span)),
        ExprKind::Negate(_) => Err(unsupported("a minus sign", expr.span)),
        ExprKind::Binary(binary) => Err(unsupported(&format!("the operator `{}`", binary.op), binary.op_span)),
    }
}

/// Equal requests are one fetch.
fn fetch(request: FetchRequest, fetches: &mut Vec<FetchRequest>) -> Node {
    Node::Fetch(fetches.iter().position(|own| same(own, &request)).unwrap_or_else(|| {
        fetches.push(request);
        fetches.len() - 1
    }))
}

fn same(a: &FetchRequest, b: &FetchRequest) -> bool {
    let without_place = |request: &FetchRequest| FetchRequest {
        span: Span::default(),
        function_span: Span::default(),
        ..request.clone()
    };
    without_place(a) == without_place(b)
}

fn lower_aggregate(aggregate: &Aggregate, fetches: &mut Vec<FetchRequest>) -> Result<Node, Refusal> {
    use AggregateOp::{Avg, Count, Group, Max, Min, Sum};
    if !matches!(aggregate.op, Sum | Avg | Min | Max | Count | Group) {
        return Err(unsupported(&format!("`{}`", aggregate.op), aggregate.op_span));
    }
    let mut inner = &aggregate.expr;
    while let ExprKind::Paren(next) = &inner.kind {
        inner = next;
    }
    let (op, grouping) = (aggregate.op, aggregate.grouping.clone());
    if matches!(inner.kind, ExprKind::Selector(_) | ExprKind::Call(_)) {
        let pushed = Some(PushedAggregate { op, grouping });
        return Ok(fetch(FetchRequest { pushed, ..request(inner)? }, fetches));
    }
    let child = Box::new(lower_into(inner, fetches)?);
    Ok(Node::Aggregate { op, grouping, child })
}

/// A selector, or a range function over one.
fn request(expr: &Expr) -> Result<FetchRequest, Refusal> {
    match &expr.kind {
        ExprKind::Selector(selector) if selector.window.is_some() => {
            let refusal = wrong("a window needs a function over it", expr.span);
            Err(Refusal { hint: Some("for example `avg_over_time(…)`".into()), ..refusal })
        }
        ExprKind::Selector(selector) => Ok(FetchRequest {
            selector: selector.clone(),
            function: None,
            pushed: None,
            span: expr.span,
            function_span: expr.span,
        }),
        ExprKind::Call(call) => over_range(call, expr.span),
        _ => Err(wrong("a series selector is expected here", expr.span)),
    }
}

fn over_range(call: &Call, span: Span) -> Result<FetchRequest, Refusal> {
    let function = match RangeFunction::from_word(&call.name) {
        Some(RangeFunction::Later(word)) => return Err(unsupported(&format!("`{word}`"), call.name_span)),
        Some(function) => function,
        None if KNOWN.contains(&call.name.as_str()) => {
            return Err(unsupported(&format!("`{}`", call.name), call.name_span));
        }
        None => return Err(unknown(call)),
    };
    let [argument] = call.args.as_slice() else {
        let message = format!("`{}` takes one argument, not {}", call.name, call.args.len());
        return Err(wrong(&message, span));
    };
    let mut inner = argument;
    while let ExprKind::Paren(next) = &inner.kind {
        inner = next;
    }
    match &inner.kind {
        ExprKind::Selector(selector) if selector.window.is_some() => Ok(FetchRequest {
            selector: selector.clone(),
            function: Some(function),
            pushed: None,
            span: inner.span,
            function_span: call.name_span,
        }),
        ExprKind::Subquery(_) => Err(unsupported("a subquery", inner.span)),
        _ => {
            let refusal = wrong(&format!("`{}` takes a selector with a window", call.name), inner.span);
            Err(Refusal { hint: Some("for example `[$__interval]` behind the selector".into()), ..refusal })
        }
    }
}

/// The functions of PromQL that are no range functions; refused by name.
const KNOWN: &[&str] = &[
    "abs",
    "absent",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "cos",
    "cosh",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "deg",
    "exp",
    "floor",
    "histogram_avg",
    "histogram_count",
    "histogram_fraction",
    "histogram_quantile",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_sum",
    "hour",
    "info",
    "label_join",
    "label_replace",
    "ln",
    "log10",
    "log2",
    "minute",
    "month",
    "pi",
    "rad",
    "round",
    "scalar",
    "sgn",
    "sin",
    "sinh",
    "sort",
    "sort_by_label",
    "sort_by_label_desc",
    "sort_desc",
    "sqrt",
    "tan",
    "tanh",
    "time",
    "timestamp",
    "vector",
    "year",
];

fn unknown(call: &Call) -> Refusal {
    let range: Vec<String> = RangeFunction::words().collect();
    let known = range.iter().map(String::as_str).chain(KNOWN.iter().copied());
    let near = nearest(&call.name, known);
    let hint = if near.is_empty() { None } else { Some(format!("did you mean {}?", near.join(", "))) };
    Refusal { hint, ..wrong(&format!("there is no function `{}`", call.name), call.name_span) }
}

fn unsupported(what: &str, span: Span) -> Refusal {
    Refusal { kind: RefusalKind::Unsupported, message: format!("{what} is not supported yet"), span, hint: None }
}

fn wrong(message: &str, span: Span) -> Refusal {
    Refusal { kind: RefusalKind::Wrong, message: message.to_owned(), span, hint: None }
}
