//! The types of an expression, as Prometheus checks them before it reads any data.
//!
//! Of several mistakes the first in Prometheus' order is reported, at Prometheus' place.

use std::collections::HashSet;

use crate::ast::{
    Aggregate, AggregateOp, Binary, Call, Cardinality, Expr, ExprKind, MatchOp, Selector, Span, ValueType,
};
use crate::pattern::Patterns;

use super::ParseError;
use super::finite::finite;
use super::parser::{ParseResult, shortened};
use super::signature::{nearest_function, signature};

/// The type of an expression of Prometheus' dialect; `patterns` are those of the request.
///
/// # Errors
/// A function is unknown, arguments are of the wrong number or type, or a selector would select everything.
pub fn check(expr: &Expr, patterns: &Patterns) -> Result<ValueType, ParseError> {
    Checker { patterns }.typed(expr).map_err(|error| *error)
}

/// The type of an expression that is right.
pub(super) fn value_type(expr: &Expr) -> ValueType {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Duration(_) => ValueType::Scalar,
        ExprKind::Text(_) => ValueType::Text,
        ExprKind::Selector(Selector { window: None, .. }) | ExprKind::Aggregate(_) => ValueType::Vector,
        ExprKind::Selector(_) | ExprKind::Subquery(_) => ValueType::Matrix,
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => value_type(inner),
        ExprKind::Call(call) => signature(&call.name).map_or(ValueType::Vector, |signature| signature.returns),
        ExprKind::Binary(binary) => joined(value_type(&binary.lhs), value_type(&binary.rhs)),
    }
}

fn joined(lhs: ValueType, rhs: ValueType) -> ValueType {
    if lhs == ValueType::Scalar && rhs == ValueType::Scalar { ValueType::Scalar } else { ValueType::Vector }
}

struct Checker<'p> {
    patterns: &'p Patterns,
}

impl Checker<'_> {
    fn typed(&self, expr: &Expr) -> ParseResult<ValueType> {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Duration(_) => Ok(ValueType::Scalar),
            ExprKind::Text(_) => Ok(ValueType::Text),
            ExprKind::Selector(selector) => self.selector(selector, expr.span),
            ExprKind::Subquery(subquery) => match self.typed(&subquery.expr)? {
                ValueType::Vector => Ok(ValueType::Matrix),
                other => fail(expr.span, format!("a subquery takes an instant vector, found {}", other.name())),
            },
            ExprKind::Paren(inner) => self.typed(inner),
            ExprKind::Negate(inner) | ExprKind::Plus(inner) => match self.typed(inner)? {
                found @ (ValueType::Scalar | ValueType::Vector) => Ok(found),
                other => fail(
                    expr.span,
                    format!("a sign stands before a scalar or an instant vector, found {}", other.name()),
                ),
            },
            ExprKind::Call(call) => self.call(call, expr.span),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::Binary(binary) => self.binary(binary, expr.span),
        }
    }

    fn expect(&self, expr: &Expr, wanted: ValueType, of: &str) -> ParseResult<()> {
        let found = self.typed(expr)?;
        if found == wanted {
            return Ok(());
        }
        let error = ParseError::new(expr.span, format!("{of} takes {}, found {}", wanted.name(), found.name()));
        Err(Box::new(match (wanted, found) {
            (ValueType::Matrix, ValueType::Vector) => error.hint("a range stands in brackets behind it: `[5m]`"),
            (ValueType::Vector, ValueType::Scalar) => error.hint("`vector(…)` makes a vector of a scalar"),
            _ => error,
        }))
    }

    fn call(&self, call: &Call, span: Span) -> ParseResult<ValueType> {
        let (name, found) = (shortened(&call.name), call.args.len());
        let Some(signature) = signature(&call.name) else {
            let error = ParseError::new(call.name_span, format!("unknown function `{name}`"));
            return Err(Box::new(match nearest_function(&call.name) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }));
        };
        let (fewest, most) = (signature.fewest(), signature.most());
        if found < fewest || most.is_some_and(|most| found > most) {
            let wanted = match most {
                Some(most) if most == fewest => most.to_string(),
                Some(most) => format!("{fewest} to {most}"),
                None => format!("at least {fewest}"),
            };
            return fail(span, format!("`{name}` takes {wanted} arguments, found {found}"));
        }
        for (index, arg) in call.args.iter().enumerate() {
            if let Some(wanted) = signature.arg(index) {
                self.expect(arg, wanted, &format!("argument {} of `{name}`", index + 1))?;
            }
        }
        Ok(signature.returns)
    }

    fn aggregate(&self, aggregate: &Aggregate) -> ParseResult<ValueType> {
        let op = aggregate.op;
        self.expect(&aggregate.expr, ValueType::Vector, &format!("`{op}`"))?;
        if let Some(param) = &aggregate.param {
            let wanted = if op == AggregateOp::CountValues { ValueType::Text } else { ValueType::Scalar };
            self.expect(param, wanted, &format!("the parameter of `{op}`"))?;
        }
        Ok(ValueType::Vector)
    }

    fn binary(&self, binary: &Binary, span: Span) -> ParseResult<ValueType> {
        let (lhs, rhs) = (self.typed(&binary.lhs)?, self.typed(&binary.rhs)?);
        let (op, place) = (binary.op, binary.op_span);
        let both = |wanted| lhs == wanted && rhs == wanted;
        if binary.returns_bool && !op.is_comparison() {
            return fail(place, format!("`bool` belongs to comparisons, not to `{op}`"));
        }
        if op.is_comparison() && !binary.returns_bool && both(ValueType::Scalar) {
            let error = ParseError::new(place, "a comparison of two scalars needs `bool`");
            return Err(Box::new(error.hint(format!("write `{op} bool`"))));
        }
        refuse_label_twice(binary)?;
        for (found, operand) in [(lhs, &binary.lhs), (rhs, &binary.rhs)] {
            if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                let message = format!("`{op}` takes scalars and instant vectors, found {}", found.name());
                return fail(operand.span, message);
            }
        }
        let matching = binary.matching.as_ref();
        if !both(ValueType::Vector) && matching.is_some_and(|matching| !matching.labels.is_empty()) {
            return fail(span, "`on` and `ignoring` stand between two instant vectors".to_owned());
        }
        if op.is_set() && !both(ValueType::Vector) {
            return fail(span, format!("`{op}` takes two instant vectors, found a scalar"));
        }
        if op.is_set() && matching.is_some_and(|matching| matching.cardinality != Cardinality::OneToOne) {
            return fail(span, format!("`{op}` matches many to many and takes no `group_left` or `group_right`"));
        }
        Ok(joined(lhs, rhs))
    }

    fn selector(&self, selector: &Selector, span: Span) -> ParseResult<ValueType> {
        let found = if selector.window.is_some() { ValueType::Matrix } else { ValueType::Vector };
        let Some(written) = &selector.written else { return Ok(found) };
        let mut is_bounded = written.name.is_some();
        for matcher in &written.matchers {
            let accepts_empty = self.accepts_empty(matcher.op, &matcher.value);
            is_bounded |= !accepts_empty.map_err(|message| Box::new(ParseError::new(matcher.span, message)))?;
        }
        if written.name.is_some() && written.matchers.iter().any(|matcher| matcher.label == "__name__") {
            return fail(span, "the metric's name is given twice".to_owned());
        }
        if !is_bounded {
            let error = ParseError::new(span, "a selector needs a matcher that does not accept the empty string");
            return Err(Box::new(error.hint("name a metric, or write for example `{job!=\"\"}`")));
        }
        Ok(found)
    }

    /// Whether the comparison is true of a label that is absent.
    fn accepts_empty(&self, op: MatchOp, value: &str) -> Result<bool, String> {
        let matches = |pattern: &str| match finite(pattern) {
            Some(list) => Ok(list.words.iter().any(String::is_empty)),
            None => self.patterns.whole(pattern).map(|regex| regex.is_match("")).map_err(|error| error.to_string()),
        };
        match op {
            MatchOp::Equal => Ok(value.is_empty()),
            MatchOp::NotEqual => Ok(!value.is_empty()),
            MatchOp::Matches => matches(value),
            MatchOp::MatchesNot => matches(value).map(|matches| !matches),
        }
    }
}

fn refuse_label_twice(binary: &Binary) -> ParseResult<()> {
    let Some(matching) = binary.matching.as_ref().filter(|matching| matching.on) else { return Ok(()) };
    let (Cardinality::ManyToOne(included) | Cardinality::OneToMany(included)) = &matching.cardinality else {
        return Ok(());
    };
    // Bounded: either list may be as long as the text.
    let known: HashSet<&String> = matching.labels.iter().collect();
    match included.iter().find(|label| known.contains(label)) {
        Some(label) => {
            fail(binary.op_span, format!("the label `{}` stands in both `on` and the group", shortened(label)))
        }
        None => Ok(()),
    }
}

fn fail<T>(span: Span, message: String) -> ParseResult<T> {
    Err(Box::new(ParseError::new(span, message)))
}
