//! Expressions inside expressions, without recursion.
//!
//! What surrounds the expression at hand waits in a list of [`NestLevel`]s, so that the depth of a
//! text costs memory of the heap and never of the stack.

use crate::ast::{AggregateOp, Expr, ExprKind, Grouping, Span};

use super::parser::{ParseResult, ParsedExpr, Parser, too_deep};
use super::pile::Pile;
use super::token::TokenKind;
use super::{MAX_DEPTH, ParseError};

/// What stands in front of an expression and waits for its end.
pub(super) enum Opener {
    /// Nothing: the expression is the text.
    Whole,
    /// `(`
    Paren { start: usize },
    /// `name(`
    Call { name: String, name_span: Span },
    /// `sum by (label) (`
    Aggregate { op: AggregateOp, op_span: Span, grouping: Option<Grouping> },
}

/// What an operand begins with.
pub(super) enum OperandStart {
    /// Something that holds expressions.
    Open(Opener),
    /// A whole operand.
    Node(ParsedExpr),
}

/// Arguments and the depth of the deepest.
#[derive(Default)]
pub(super) struct CallArguments {
    pub(super) list: Vec<Expr>,
    pub(super) depth: usize,
}

impl CallArguments {
    pub(super) fn push(&mut self, node: ParsedExpr) {
        self.depth = self.depth.max(node.depth);
        self.list.push(node.expr);
    }
}

/// An expression that is being read, and what it is in.
struct NestLevel {
    opener: Opener,
    arguments: CallArguments,
    pile: Pile,
}

impl NestLevel {
    fn new(opener: Opener) -> Self {
        Self { opener, arguments: CallArguments::default(), pile: Pile::default() }
    }
}

impl Parser<'_> {
    /// Operands with operators between them, up to whatever is neither.
    pub(super) fn expression(&mut self) -> ParseResult<ParsedExpr> {
        let (mut outer, mut level) = (Vec::new(), NestLevel::new(Opener::Whole));
        loop {
            self.signs(&mut level.pile)?;
            let mut operand = match self.operand()? {
                OperandStart::Open(_) if outer.len() == MAX_DEPTH => return Err(too_deep(self.span())),
                OperandStart::Open(opener) => {
                    outer.push(std::mem::replace(&mut level, NestLevel::new(opener)));
                    continue;
                }
                OperandStart::Node(node) => node,
            };
            loop {
                level.pile.operand(self.suffixes(operand)?);
                if self.operator(&mut level.pile)? {
                    break;
                }
                let inner = level.pile.finish().ok_or_else(|| self.unexpected("an expression"))??;
                let Some(node) = self.close(&mut level, inner)? else { break };
                operand = node;
                match outer.pop() {
                    Some(next) => level = next,
                    None => return Ok(operand),
                }
            }
        }
    }

    /// What the level becomes with its last expression; nothing when another argument follows.
    fn close(&mut self, level: &mut NestLevel, inner: ParsedExpr) -> ParseResult<Option<ParsedExpr>> {
        match std::mem::replace(&mut level.opener, Opener::Whole) {
            Opener::Whole => Ok(Some(inner)),
            Opener::Paren { start } => {
                self.expect(&TokenKind::ParenClose, "`)` or an operator")
                    .map_err(|error| self.misspelt(error, &inner.expr))?;
                let span = Span { start, end: self.end() };
                ParsedExpr::above(inner.depth, ExprKind::Paren(Box::new(inner.expr)), span).map(Some)
            }
            opener if *self.peek() == TokenKind::ParenClose => {
                self.advance();
                level.arguments.push(inner);
                self.complete(opener, std::mem::take(&mut level.arguments)).map(Some)
            }
            opener => {
                let expected = self.expect(&TokenKind::Comma, "`,`, `)` or an operator");
                let comma = expected.map_err(|error| self.misspelt(error, &inner.expr))?;
                if *self.peek() == TokenKind::ParenClose || (self.is_exact() && self.is_no_operand()) {
                    return Err(Box::new(ParseError::new(comma, "a comma after the last argument")));
                }
                level.arguments.push(inner);
                level.opener = opener;
                Ok(None)
            }
        }
    }
}
