//! Binary operators on two numbers, and on series and a scalar.

use super::value::Scalar;
use crate::ast::BinaryOp;
use crate::series::{METRIC_NAME, Series};

/// The operator on two numbers; none where a comparison filters. What passes a filter is `kept`.
pub(super) fn apply(op: BinaryOp, returns_bool: bool, left: f64, right: f64, kept: f64) -> Option<f64> {
    let holds = match op {
        BinaryOp::Add => return Some(left + right),
        BinaryOp::Sub => return Some(left - right),
        BinaryOp::Mul => return Some(left * right),
        BinaryOp::Div => return Some(left / right),
        BinaryOp::Mod => return Some(left % right),
        BinaryOp::Pow => return Some(left.powf(right)),
        BinaryOp::Atan2 => return Some(left.atan2(right)),
        BinaryOp::Eq => left == right,
        BinaryOp::Ne => left != right,
        BinaryOp::Gt => left > right,
        BinaryOp::Lt => left < right,
        BinaryOp::Ge => left >= right,
        BinaryOp::Le => left <= right,
        // They look at labels, never at values.
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => return None,
    };
    match (returns_bool, holds) {
        (true, holds) => Some(f64::from(u8::from(holds))),
        (false, true) => Some(kept),
        (false, false) => None,
    }
}

/// Whether the result is no longer the metric.
pub(super) const fn drops_name(op: BinaryOp, returns_bool: bool) -> bool {
    returns_bool || !op.is_comparison()
}

/// Two scalars; comparisons among them are `bool`.
pub(super) fn scalars(op: BinaryOp, left: &Scalar, right: &Scalar) -> Scalar {
    left.zip(right, |left, right| apply(op, true, left, right, left).unwrap_or(f64::NAN))
}

/// Series and a scalar, in place; `flipped` when the scalar stands in front.
pub(super) fn with_scalar(op: BinaryOp, returns_bool: bool, series: &mut [Series], scalar: &Scalar, flipped: bool) {
    let drops_name = drops_name(op, returns_bool);
    for one in series {
        if drops_name {
            one.labels.retain(|name| name != METRIC_NAME);
        }
        one.points.retain_mut(|point| {
            let (value, number) = (point.value, scalar.at(point.bucket));
            let (left, right) = if flipped { (number, value) } else { (value, number) };
            let result = apply(op, returns_bool, left, right, value);
            point.value = result.unwrap_or(value);
            result.is_some()
        });
    }
}
