//! The contract: what each text reads as, written back in a form that shows the tree.

mod bombs;
mod exact;
mod explorer;
mod forms;
mod grammar;
mod invalid;
mod json;
mod readings;
mod valid;

use crate::ast::*;

use super::{Dialect, parse};

fn promql(text: &str) -> String {
    read(text, Dialect::PromQl)
}

fn json(text: &str) -> String {
    read(text, Dialect::Json)
}

fn read(text: &str, dialect: Dialect) -> String {
    parse(text, dialect).map_or_else(|error| format!("error: {error}"), |expr| show(&expr))
}

/// One table of texts and what they read as.
fn check(read: impl Fn(&str) -> String, table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(read(text), *expected, "{text}");
    }
}

/// Binary operations stand in `<…>`, lists in `[…]`, names in their own quotes when there are several.
fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number(value) => value.to_string(),
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Selector(selector) => show_selector(selector),
        ExprKind::Subquery(subquery) => {
            let resolution = subquery.resolution.map(show_window).unwrap_or_default();
            let range = show_window(subquery.range);
            format!("{}[{range}:{resolution}]{}", show(&subquery.expr), show_modifiers(subquery.modifiers))
        }
        ExprKind::Duration(ms) => format!("{ms}ms"),
        ExprKind::Negate(inner) => format!("<-{}>", show(inner)),
        ExprKind::Plus(inner) => format!("<+{}>", show(inner)),
        ExprKind::Paren(inner) => format!("({})", show(inner)),
        ExprKind::Call(call) => {
            format!("{}({})", call.name, call.args.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Aggregate(aggregate) => {
            let grouping = match &aggregate.grouping {
                Grouping::By(labels) if labels.is_empty() => String::new(),
                Grouping::By(labels) => format!(" by {labels:?} "),
                Grouping::Without(labels) => format!(" without {labels:?} "),
            };
            let param = aggregate.param.as_ref().map(|param| show(param) + ", ").unwrap_or_default();
            format!("{}{grouping}({param}{})", aggregate.op, show(&aggregate.expr))
        }
        ExprKind::Binary(binary) => show_binary(binary),
    }
}

fn show_binary(binary: &Binary) -> String {
    let returns_bool = if binary.returns_bool { " bool" } else { "" };
    let matching = binary.matching.as_ref().map(|matching| {
        let group = match &matching.cardinality {
            Cardinality::OneToOne => String::new(),
            Cardinality::ManyToOne(labels) => format!(" group_left {labels:?}"),
            Cardinality::OneToMany(labels) => format!(" group_right {labels:?}"),
        };
        format!(" {} {:?}{group}", if matching.on { "on" } else { "ignoring" }, matching.labels)
    });
    let (lhs, rhs) = (show(&binary.lhs), show(&binary.rhs));
    format!("<{lhs} {}{returns_bool}{} {rhs}>", binary.op, matching.unwrap_or_default())
}

fn show_selector(selector: &Selector) -> String {
    let mut parts: Vec<String> = selector.matchers.iter().map(show_matcher).collect();
    let name = match &selector.metric {
        MetricRef::Any => String::new(),
        MetricRef::Names(names) if names.len() == 1 => names[0].clone(),
        MetricRef::Names(names) => format!("{names:?}"),
        MetricRef::Matching(matchers) => {
            parts.splice(0..0, matchers.iter().map(show_matcher));
            String::new()
        }
    };
    let braces = if parts.is_empty() { String::new() } else { format!("{{{}}}", parts.join(", ")) };
    let window = selector.window.map(|window| format!("[{}]", show_window(window))).unwrap_or_default();
    format!("{name}{braces}{window}{}", show_modifiers(selector.modifiers))
}

fn show_matcher(matcher: &Matcher) -> String {
    format!("{} {}", matcher.label, show_test(&matcher.test))
}

fn show_test(test: &Test) -> String {
    match test {
        Test::In(values) => format!("in {values:?}"),
        Test::NotIn(values) => format!("not in {values:?}"),
        Test::Match(pattern) => format!("like {pattern}"),
        Test::NotMatch(pattern) => format!("not like {pattern}"),
        other => format!("{other:?}"),
    }
}

fn show_window(window: WindowLength) -> String {
    match window {
        WindowLength::Millis(ms) => ms.to_string(),
        other => format!("{other:?}"),
    }
}

fn show_modifiers(modifiers: Modifiers) -> String {
    let at = match modifiers.at {
        Some(At::Millis(ms)) => format!(" @{ms}"),
        Some(other) => format!(" @{other:?}"),
        None => String::new(),
    };
    let Some(Offset { length, ahead }) = modifiers.offset else { return at };
    format!(" offset {}{}{at}", if ahead { "-" } else { "" }, show_window(length))
}
