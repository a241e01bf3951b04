//! Operands: literals, names, calls, selectors, parentheses, and the `[…]`, `offset` and `@` behind them.

use crate::ast::{AggregateOp, BinaryOp, ExprKind, MetricRef, Selector, Span, Written};

use super::nest::{Opener, OperandStart};
use super::parser::{ParseResult, ParsedExpr, Parser};
use super::reading::unescape;
use super::token::{self, TokenKind};
use super::{Dialect, ParseError};

impl Parser<'_> {
    /// What binds to an operand from the right.
    pub(super) fn suffixes(&mut self, mut node: ParsedExpr) -> ParseResult<ParsedExpr> {
        loop {
            node = match self.peek() {
                TokenKind::BracketOpen => self.brackets(node)?,
                TokenKind::At => self.at_modifier(node)?,
                TokenKind::Word if self.at_keyword("offset") => self.offset(node)?,
                _ => return Ok(node),
            };
        }
    }

    /// An operand, or as much of it as stands before the first expression inside it.
    pub(super) fn operand(&mut self) -> ParseResult<OperandStart> {
        let kind = match self.peek() {
            TokenKind::Number(value) => ExprKind::Number(*value),
            TokenKind::Duration(ms) if self.is_exact() => ExprKind::Duration(*ms),
            TokenKind::Duration(ms) => ExprKind::Number(seconds(*ms)),
            TokenKind::Text(quoted) => ExprKind::Text(self.string(*quoted)?),
            TokenKind::ParenOpen => return self.parenthesis(),
            TokenKind::Word => return self.named(),
            TokenKind::Names(names) => {
                let names = names.clone();
                let span = self.advance();
                return self.selector(Some(names), span);
            }
            TokenKind::BraceOpen => return self.selector(None, self.span()),
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(OperandStart::Node(ParsedExpr::leaf(kind, self.advance())))
    }

    /// Whether the next token is one that no operand begins with; not so for what is no token at all.
    pub(super) fn is_no_operand(&self) -> bool {
        match self.peek() {
            TokenKind::End | TokenKind::Bad(_) | TokenKind::Number(_) | TokenKind::Duration(_) | TokenKind::Text(_) => {
                false
            }
            TokenKind::ParenOpen | TokenKind::BraceOpen | TokenKind::Names(_) | TokenKind::Variable(_) => false,
            TokenKind::Op(op) => !matches!(op, BinaryOp::Add | BinaryOp::Sub),
            TokenKind::Word => token::is_reserved(self.word()),
            _ => true,
        }
    }

    fn parenthesis(&mut self) -> ParseResult<OperandStart> {
        let start = self.advance().start;
        if *self.peek() == TokenKind::ParenClose && !self.is_exact() {
            return Err(self.empty_parentheses(start));
        }
        Ok(OperandStart::Open(Opener::Paren { start }))
    }

    fn empty_parentheses(&self, start: usize) -> Box<ParseError> {
        let span = Span { start, end: self.span().end };
        let mut error = ParseError::new(span, "empty parentheses: expected an expression");
        error.expected = Some("an expression".to_owned());
        Box::new(error.hint("a variable with nothing selected arrives as `()`"))
    }

    /// Whatever begins with a word.
    fn named(&mut self) -> ParseResult<OperandStart> {
        let word = self.word();
        let called = matches!(self.peek_second(), TokenKind::ParenOpen | TokenKind::Names(_));
        if let Some(op) = AggregateOp::from_word(&word.to_ascii_lowercase()) {
            if called || self.grouping_follows() {
                return self.aggregate(op);
            }
        } else if word.eq_ignore_ascii_case("inf") {
            return Ok(OperandStart::Node(ParsedExpr::leaf(ExprKind::Number(f64::INFINITY), self.advance())));
        } else if word.eq_ignore_ascii_case("nan") {
            return Ok(OperandStart::Node(ParsedExpr::leaf(ExprKind::Number(f64::NAN), self.advance())));
        } else if token::is_reserved(word) || (called && token::is_keyword(word) && !self.is_exact()) {
            return Err(self.unexpected("an expression"));
        } else if called && !(self.is_exact() && token::is_never_called(word)) {
            return self.call();
        }
        let name = self.name(word);
        let span = self.advance();
        self.selector(Some(vec![name]), span)
    }

    /// What a word is the name of.
    pub(super) fn name(&self, word: &str) -> String {
        match self.dialect {
            Dialect::Json => unescape(word),
            Dialect::PromQl => word.to_owned(),
        }
    }

    /// A selector whose name, when it has one in front of its braces, has been read.
    fn selector(&mut self, names: Option<Vec<String>>, span: Span) -> ParseResult<OperandStart> {
        if names.iter().flatten().any(String::is_empty) {
            return Err(Box::new(ParseError::new(span, "a list of metrics with an empty name")));
        }
        let selector = match (*self.peek() == TokenKind::BraceOpen, names) {
            (true, names) => self.braces(names)?,
            (false, names) => {
                let written = self.is_exact().then(|| {
                    let name = names.as_ref().and_then(|names| names.first().cloned());
                    Box::new(Written { name, matchers: Vec::new() })
                });
                Selector { metric: names.map_or(MetricRef::Any, MetricRef::Names), written, ..Selector::default() }
            }
        };
        Ok(OperandStart::Node(ParsedExpr::leaf(
            ExprKind::Selector(selector),
            Span { start: span.start, end: self.end() },
        )))
    }
}

/// A duration that stands for a number is one of seconds, as in Prometheus.
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
