//! An expression on one line, or on several where one is too short for it.

use crate::ast::{Expr, ExprKind, Subquery};
use crate::decimal::plain;

use super::between::{aggregation, operator, steps};
use super::pieces::{duration, quoted};
use super::selector::selector;

/// The longest expression that stays on one line, in bytes.
const LONGEST: usize = 100;

/// A written expression.
enum WrittenExpr {
    /// One line, without indentation. What holds it may be one line too.
    Short(String),
    /// Indented, its first line too: on several lines, or on one that is too long.
    Long(String),
}

pub(super) fn pretty(expr: &Expr) -> String {
    let (WrittenExpr::Short(text) | WrittenExpr::Long(text)) = rendered(expr, 0);
    text
}

/// The expression where all that it stands in takes several lines, `depth` of them.
fn rendered(expr: &Expr, depth: usize) -> WrittenExpr {
    match &expr.kind {
        ExprKind::Number(value) => on_a_line(plain(*value), depth),
        ExprKind::Duration(ms) => on_a_line(duration(*ms), depth),
        ExprKind::Text(text) => on_a_line(quoted(text), depth),
        ExprKind::Selector(one) => on_a_line(selector(one), depth),
        ExprKind::Negate(inner) => signed('-', inner, depth),
        ExprKind::Plus(inner) => signed('+', inner, depth),
        ExprKind::Subquery(subquery) => stepped(subquery, depth),
        ExprKind::Paren(inner) => listed("", &[inner], depth),
        ExprKind::Call(call) => listed(&call.name, &call.args.iter().collect::<Vec<_>>(), depth),
        ExprKind::Aggregate(aggregate) => {
            let args: Vec<&Expr> = aggregate.param.iter().chain([&aggregate.expr]).collect();
            listed(&aggregation(aggregate), &args, depth)
        }
        ExprKind::Binary(binary) => {
            let operator = operator(binary);
            let (lhs, rhs) = (rendered(&binary.lhs, depth + 1), rendered(&binary.rhs, depth + 1));
            match (lhs, rhs) {
                (WrittenExpr::Short(lhs), WrittenExpr::Short(rhs))
                    if lhs.len() + operator.len() + rhs.len() + 2 <= LONGEST =>
                {
                    WrittenExpr::Short(format!("{lhs} {operator} {rhs}"))
                }
                (lhs, rhs) => {
                    let (lhs, rhs) = (placed(&binary.lhs, lhs, depth + 1), placed(&binary.rhs, rhs, depth + 1));
                    WrittenExpr::Long(format!("{lhs}\n{}{operator}\n{rhs}", indent(depth)))
                }
            }
        }
    }
}

fn on_a_line(text: String, depth: usize) -> WrittenExpr {
    if text.len() <= LONGEST { WrittenExpr::Short(text) } else { WrittenExpr::Long(indent(depth) + &text) }
}

/// The text as a part of several lines.
fn placed(expr: &Expr, rendered: WrittenExpr, depth: usize) -> String {
    match rendered {
        WrittenExpr::Long(text) => text,
        // Prometheus forgets the blanks.
        WrittenExpr::Short(text) if matches!(expr.kind, ExprKind::Subquery(_)) => text,
        WrittenExpr::Short(text) => indent(depth) + &text,
    }
}

fn signed(sign: char, inner: &Expr, depth: usize) -> WrittenExpr {
    match rendered(inner, depth) {
        WrittenExpr::Short(text) => on_a_line(format!("{sign}{text}"), depth),
        WrittenExpr::Long(text) => WrittenExpr::Long(format!("{}{sign}{}", indent(depth), text.trim_start())),
    }
}

fn stepped(subquery: &Subquery, depth: usize) -> WrittenExpr {
    let steps = steps(subquery);
    match rendered(&subquery.expr, depth) {
        WrittenExpr::Short(text) if text.len() + steps.len() <= LONGEST => WrittenExpr::Short(text + &steps),
        inner => WrittenExpr::Long(placed(&subquery.expr, inner, depth) + &steps),
    }
}

/// `head(arg, arg)`
fn listed(head: &str, args: &[&Expr], depth: usize) -> WrittenExpr {
    let parts: Vec<WrittenExpr> = args.iter().map(|arg| rendered(arg, depth + 1)).collect();
    let length = |part: &WrittenExpr| match part {
        WrittenExpr::Short(text) => Some(text.len() + 2),
        WrittenExpr::Long(_) => None,
    };
    let sum = parts.iter().map(length).sum::<Option<usize>>();
    let texts = |blanks: usize| {
        args.iter().zip(parts).map(move |(arg, part)| match part {
            WrittenExpr::Short(text) if blanks == 0 => text,
            part => placed(arg, part, blanks),
        })
    };
    // Each part pays for the comma behind it, the last for the parentheses.
    if sum.is_some_and(|sum| head.len() + sum.max(2) <= LONGEST) {
        return WrittenExpr::Short(format!("{head}({})", texts(0).collect::<Vec<_>>().join(", ")));
    }
    let blanks = indent(depth);
    let lines = texts(depth + 1).collect::<Vec<_>>().join(",\n");
    WrittenExpr::Long(format!("{blanks}{head}(\n{lines}\n{blanks})"))
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}
