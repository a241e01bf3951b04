//! Operators that wait for their right operand: precedence and associativity.

use crate::ast::{Binary, BinaryOp, ExprKind, Matching, Span};

use super::MAX_DEPTH;
use super::parser::{ParseResult, ParsedExpr};

/// An operator that waits.
pub(super) enum Pending {
    /// A minus in front of an operand.
    Negate(Span),
    /// A sign that becomes part of the number behind it, as in Prometheus.
    Sign { minus: bool, span: Span },
    /// An operator and its matching clause.
    Binary { op: BinaryOp, op_span: Span, returns_bool: bool, matching: Option<Matching> },
}

impl Pending {
    /// Prometheus gives the sign the precedence of `*`: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
    fn precedence(&self) -> u8 {
        match self {
            Self::Negate(_) | Self::Sign { .. } => precedence(BinaryOp::Mul),
            Self::Binary { op, .. } => precedence(*op),
        }
    }
}

/// <https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence>
fn precedence(op: BinaryOp) -> u8 {
    use BinaryOp::{Add, And, Atan2, Div, Eq, Ge, Gt, Le, Lt, Mod, Mul, Ne, Or, Pow, Sub, Unless};
    match op {
        Or => 1,
        And | Unless => 2,
        Eq | Ne | Gt | Lt | Ge | Le => 3,
        Add | Sub => 4,
        Mul | Div | Mod | Atan2 => 5,
        Pow => 6,
    }
}

/// The operands and operators of one expression that are not yet joined.
#[derive(Default)]
pub(super) struct Pile {
    operands: Vec<ParsedExpr>,
    pending: Vec<Pending>,
}

impl Pile {
    pub(super) fn operand(&mut self, node: ParsedExpr) {
        self.operands.push(node);
    }

    /// Whether the operators that wait will make a tree that is too deep, whatever follows.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() > MAX_DEPTH
    }

    pub(super) fn wait(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    /// Joins everything that binds tighter than an operator that is about to wait.
    pub(super) fn make_way(&mut self, op: BinaryOp) -> ParseResult<()> {
        let bound = precedence(op) + u8::from(op == BinaryOp::Pow);
        self.join_from(bound)
    }

    /// Joins all and is empty again; nothing when operands are missing.
    pub(super) fn finish(&mut self) -> Option<ParseResult<ParsedExpr>> {
        if let Err(error) = self.join_from(0) {
            return Some(Err(error));
        }
        self.operands.pop().map(Ok)
    }

    fn join_from(&mut self, bound: u8) -> ParseResult<()> {
        while let Some(top) = self.pending.pop_if(|top| top.precedence() >= bound) {
            let Some(rhs) = self.operands.pop() else { return Ok(()) };
            let joined = match top {
                Pending::Negate(sign) => negated(sign, rhs)?,
                Pending::Sign { minus, span } => signed(minus, span, rhs)?,
                Pending::Binary { op, op_span, returns_bool, matching } => {
                    let Some(lhs) = self.operands.pop() else { return Ok(()) };
                    let span = Span { start: lhs.expr.span.start, end: rhs.expr.span.end };
                    let depth = lhs.depth.max(rhs.depth);
                    let binary = Binary { op, op_span, lhs: lhs.expr, rhs: rhs.expr, returns_bool, matching };
                    ParsedExpr::above(depth, ExprKind::Binary(Box::new(binary)), span)?
                }
            };
            self.operands.push(joined);
        }
        Ok(())
    }
}

fn signed(minus: bool, sign: Span, operand: ParsedExpr) -> ParseResult<ParsedExpr> {
    let span = Span { start: sign.start, end: operand.expr.span.end };
    match operand.expr.kind {
        ExprKind::Number(value) => Ok(ParsedExpr::leaf(ExprKind::Number(if minus { -value } else { value }), span)),
        ExprKind::Duration(ms) => Ok(ParsedExpr::leaf(ExprKind::Duration(if minus { -ms } else { ms }), span)),
        _ if minus => negated(sign, operand),
        _ => ParsedExpr::above(operand.depth, ExprKind::Plus(Box::new(operand.expr)), span),
    }
}

fn negated(sign: Span, operand: ParsedExpr) -> ParseResult<ParsedExpr> {
    let span = Span { start: sign.start, end: operand.expr.span.end };
    ParsedExpr::above(operand.depth, ExprKind::Negate(Box::new(operand.expr)), span)
}
