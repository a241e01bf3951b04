//! An expression as the JSON that Prometheus' `parse_query` answers with.

use serde_json::{Value, json};

use crate::ast::{
    Aggregate, At, Binary, Call, Cardinality, Expr, ExprKind, Grouping, Modifiers, Selector, Subquery, ValueType,
    WindowLength,
};
use crate::decimal::plain;

use super::canonical::{matching, written};
use super::check::value_type;
use super::signature::signature;

/// The expression with all parts, each an object with its `type`.
#[must_use]
pub fn tree(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Number(value) => json!({"type": "numberLiteral", "val": plain(*value)}),
        ExprKind::Duration(ms) => json!({"type": "numberLiteral", "val": plain(*ms as f64 / 1000.0)}),
        ExprKind::Text(text) => json!({"type": "stringLiteral", "val": text}),
        ExprKind::Selector(selector) => selected(selector),
        ExprKind::Subquery(subquery) => stepped(subquery),
        ExprKind::Negate(inner) => over(json!({"type": "unaryExpr", "op": "-"}), inner),
        ExprKind::Plus(inner) => over(json!({"type": "unaryExpr", "op": "+"}), inner),
        ExprKind::Paren(inner) => over(json!({"type": "parenExpr"}), inner),
        ExprKind::Call(call) => called(call),
        ExprKind::Aggregate(aggregate) => aggregated(aggregate),
        ExprKind::Binary(binary) => joined(binary),
    }
}

/// A node above another. What is put into `json!` is copied, so that parts are added to what it gives.
fn over(mut node: Value, inner: &Expr) -> Value {
    node["expr"] = tree(inner);
    node
}

fn selected(selector: &Selector) -> Value {
    let written = written(selector);
    let named = written.name.iter().map(|name| json!({"name": "__name__", "type": "=", "value": name}));
    let in_braces = written.matchers.iter();
    let in_braces = in_braces.map(|one| json!({"name": one.label, "type": one.op.word(), "value": one.value}));
    let mut node = json!({
        "type": if selector.window.is_some() { "matrixSelector" } else { "vectorSelector" },
        "name": written.name.as_deref().unwrap_or_default(),
        "matchers": in_braces.chain(named).collect::<Vec<_>>(),
    });
    if let Some(length) = selector.window {
        node["range"] = millis(length);
    }
    modify(&mut node, selector.modifiers);
    node
}

fn stepped(subquery: &Subquery) -> Value {
    let mut node = json!({
        "type": "subquery",
        "range": millis(subquery.range),
        "step": subquery.resolution.map_or(json!(0), millis),
    });
    modify(&mut node, subquery.modifiers);
    over(node, &subquery.expr)
}

fn modify(node: &mut Value, modifiers: Modifiers) {
    let offset = modifiers.offset.map(|offset| (millis(offset.length), offset.ahead));
    node["offset"] = match offset {
        Some((length, true)) => length.as_i64().map_or(length, |ms| json!(-ms)),
        Some((length, false)) => length,
        None => json!(0),
    };
    node["timestamp"] = match modifiers.at {
        Some(At::Millis(ms)) => json!(ms),
        _ => Value::Null,
    };
    node["startOrEnd"] = match modifiers.at {
        Some(At::Start) => json!("start"),
        Some(At::End) => json!("end"),
        _ => Value::Null,
    };
}

/// Null for a length that only the server knows.
fn millis(length: WindowLength) -> Value {
    match length {
        WindowLength::Millis(ms) => json!(ms),
        WindowLength::Interval | WindowLength::RateInterval | WindowLength::Range => Value::Null,
    }
}

fn called(call: &Call) -> Value {
    let signature = signature(&call.name);
    let arg_types = signature.map_or(&[][..], |signature| signature.args);
    let mut node = json!({
        "type": "call",
        "func": {
            "name": call.name,
            "argTypes": arg_types.iter().map(|one| one.word()).collect::<Vec<_>>(),
            "variadic": signature.map_or(0, |signature| signature.variadic),
            "returnType": signature.map_or(ValueType::Vector, |signature| signature.returns).word(),
        },
    });
    node["args"] = Value::Array(call.args.iter().map(tree).collect());
    node
}

fn aggregated(aggregate: &Aggregate) -> Value {
    let node = json!({
        "type": "aggregation",
        "op": aggregate.op.word(),
        "param": aggregate.param.as_ref().map(tree),
        "grouping": aggregate.grouping.labels(),
        "without": matches!(aggregate.grouping, Grouping::Without(_)),
    });
    over(node, &aggregate.expr)
}

fn joined(binary: &Binary) -> Value {
    let mut node = json!({
        "type": "binaryExpr",
        "op": binary.op.word(),
        "matching": paired(binary),
        "bool": binary.returns_bool,
    });
    node["lhs"] = tree(&binary.lhs);
    node["rhs"] = tree(&binary.rhs);
    node
}

/// Null where an operand is a scalar.
fn paired(binary: &Binary) -> Value {
    let is_vector = |expr| value_type(expr) == ValueType::Vector;
    if !is_vector(&binary.lhs) || !is_vector(&binary.rhs) {
        return Value::Null;
    }
    let matching = matching(binary);
    let (card, included) = match matching.map(|matching| &matching.cardinality) {
        Some(Cardinality::ManyToOne(included)) => ("many-to-one", included.as_slice()),
        Some(Cardinality::OneToMany(included)) => ("one-to-many", included.as_slice()),
        _ if binary.op.is_set() => ("many-to-many", &[][..]),
        _ => ("one-to-one", &[][..]),
    };
    json!({
        "card": card,
        "labels": matching.map_or(&[][..], |matching| matching.labels.as_slice()),
        "on": matching.is_some_and(|matching| matching.on),
        "include": included,
    })
}
