//! A tree as PromQL text that reads as the same tree.

use datebin::ast::{
    Aggregate, At, Binary, Cardinality, Expr, ExprKind, Grouping, Matcher, MetricRef, Modifiers, Selector, Test,
    WindowLength,
};

pub(crate) fn print(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number(value) => number(*value),
        ExprKind::Text(text) => quoted(text),
        ExprKind::Selector(selector) => print_selector(selector),
        ExprKind::Subquery(subquery) => {
            let resolution = subquery.resolution.map(window).unwrap_or_default();
            let range = window(subquery.range);
            format!("{}[{range}:{resolution}]{}", print(&subquery.expr), modifiers(subquery.modifiers))
        }
        ExprKind::Duration(ms) => format!("{ms}ms"),
        ExprKind::Negate(inner) => format!("-{}", print(inner)),
        ExprKind::Plus(inner) => format!("+{}", print(inner)),
        ExprKind::Paren(inner) => format!("({})", print(inner)),
        ExprKind::Call(call) => {
            format!("{}({})", call.name, call.args.iter().map(print).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Aggregate(aggregate) => print_aggregate(aggregate),
        ExprKind::Binary(binary) => print_binary(binary),
    }
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{value:e}")
    }
}

fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn labels(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn print_selector(selector: &Selector) -> String {
    let (named, named_matchers) = match &selector.metric {
        MetricRef::Any => (None, &[][..]),
        MetricRef::Names(names) if names.len() == 1 => (Some(quoted(&names[0])), &[][..]),
        MetricRef::Names(names) => (Some(format!("__name__=~{}", quoted(&alternatives(names)))), &[][..]),
        MetricRef::Matching(matchers) => (None, &matchers[..]),
    };
    let parts: Vec<String> =
        named.into_iter().chain(named_matchers.iter().chain(&selector.matchers).map(matcher)).collect();
    let within = selector.window.map(|length| format!("[{}]", window(length))).unwrap_or_default();
    format!("{{{}}}{within}{}", parts.join(", "), modifiers(selector.modifiers))
}

/// A pattern that matches these texts and no other.
fn alternatives(values: &[String]) -> String {
    let escape = |c: char| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() };
    let escaped: Vec<String> = values.iter().map(|value| value.chars().map(escape).collect()).collect();
    escaped.join("|")
}

fn matcher(matcher: &Matcher) -> String {
    let (operator, value) = match &matcher.test {
        Test::In(values) if values.len() == 1 => ("=", values[0].clone()),
        Test::NotIn(values) if values.len() == 1 => ("!=", values[0].clone()),
        Test::In(values) => ("=~", alternatives(values)),
        Test::NotIn(values) => ("!~", alternatives(values)),
        Test::Match(pattern) => ("=~", pattern.clone()),
        Test::NotMatch(pattern) => ("!~", pattern.clone()),
        Test::Everything => ("=~", ".*".to_owned()),
        Test::Nothing => ("!~", ".*".to_owned()),
        Test::Compare(..) => return "PromQL has no comparison of labels".to_owned(),
    };
    format!("{}{operator}{}", quoted(&matcher.label), quoted(&value))
}

fn window(length: WindowLength) -> String {
    match length {
        WindowLength::Millis(ms) => format!("{ms}ms"),
        WindowLength::Interval => "$__interval".to_owned(),
        WindowLength::RateInterval => "$__rate_interval".to_owned(),
        WindowLength::Range => "$__range".to_owned(),
    }
}

fn modifiers(modifiers: Modifiers) -> String {
    let at = match modifiers.at {
        None => String::new(),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
        Some(At::Millis(ms)) => {
            let sign = if ms < 0 { "-" } else { "" };
            let ms = ms.unsigned_abs();
            format!(" @ {sign}{}.{:03}", ms / 1000, ms % 1000)
        }
    };
    let offset = modifiers.offset.map_or_else(String::new, |offset| {
        format!(" offset {}{}", if offset.ahead { "-" } else { "" }, window(offset.length))
    });
    offset + &at
}

fn print_aggregate(aggregate: &Aggregate) -> String {
    let grouping = match &aggregate.grouping {
        Grouping::By(names) if names.is_empty() => String::new(),
        Grouping::By(names) => format!(" by ({})", labels(names)),
        Grouping::Without(names) => format!(" without ({})", labels(names)),
    };
    let param = aggregate.param.as_ref().map(|param| print(param) + ", ").unwrap_or_default();
    format!("{}{grouping} ({param}{})", aggregate.op, print(&aggregate.expr))
}

fn print_binary(binary: &Binary) -> String {
    let returns_bool = if binary.returns_bool { " bool" } else { "" };
    let matching = binary.matching.as_ref().map(|matching| {
        let group = match &matching.cardinality {
            Cardinality::OneToOne => String::new(),
            Cardinality::ManyToOne(names) => format!(" group_left ({})", labels(names)),
            Cardinality::OneToMany(names) => format!(" group_right ({})", labels(names)),
        };
        format!(" {} ({}){group}", if matching.on { "on" } else { "ignoring" }, labels(&matching.labels))
    });
    let (lhs, rhs) = (print(&binary.lhs), print(&binary.rhs));
    format!("{lhs} {}{returns_bool}{} {rhs}", binary.op, matching.unwrap_or_default())
}
