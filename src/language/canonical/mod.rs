//! An expression as Prometheus writes it.
//!
//! ```text
//! sum(rate(x{b="c",a="b"}[300]))by(job)  ->  sum by (job) (rate(x{a="b",b="c"}[5m]))
//! ```

mod between;
mod pieces;
mod pretty;
mod selector;

pub use pieces::quoted;
pub(super) use selector::written;

use crate::ast::{Binary, Expr, Matching, ValueType};

use super::check::value_type;

/// The expression in Prometheus' form: on one line, and what is longer than 100 bytes on several.
///
/// What Prometheus' dialect has read stays as it was written where the form leaves a choice: durations, patterns and the
/// case of names. Another dialect's expression is written as what it was read as.
#[must_use]
pub fn canonical(expr: &Expr) -> String {
    pretty::pretty(expr)
}

/// How the series of a binary operation's operands pair up; none where one of them is a scalar.
pub(super) fn matching(binary: &Binary) -> Option<&Matching> {
    let is_vector = |operand| value_type(operand) == ValueType::Vector;
    binary.matching.as_ref().filter(|_| is_vector(&binary.lhs) && is_vector(&binary.rhs))
}
