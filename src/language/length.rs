//! Lengths of time as Prometheus reads them: `5m`, `300`, `-1.5`, `+5m`.

use crate::ast::{BinaryOp, Offset, Span, WindowLength};

use super::ParseError;
use super::bracket::DURATION;
use super::parser::{ParseResult, Parser};
use super::token::TokenKind;

/// Prometheus counts in nanoseconds, in 64 bits.
const LONGEST: f64 = 9_223_372_036.854_776;

const EXPERIMENTAL: &str = "arithmetic with durations is experimental in Prometheus and not supported";

/// A length that is as long as its text says.
struct Length {
    seconds: f64,
    span: Span,
}

impl Length {
    /// Prometheus rounds to nanoseconds and cuts to milliseconds.
    fn millis(&self) -> i64 {
        (self.seconds * 1e9).round() as i64 / 1_000_000
    }
}

impl Parser<'_> {
    /// The range in brackets.
    pub(super) fn exact_range(&mut self) -> ParseResult<WindowLength> {
        let length = self.positive_length()?;
        match length.millis() {
            0 => Err(Box::new(ParseError::new(length.span, "a range shorter than a millisecond"))),
            ms => Ok(WindowLength::Millis(ms)),
        }
    }

    /// The resolution of a subquery; none, so the default, below a millisecond.
    pub(super) fn exact_resolution(&mut self) -> ParseResult<Option<WindowLength>> {
        let ms = self.positive_length()?.millis();
        Ok((ms > 0).then_some(WindowLength::Millis(ms)))
    }

    /// What stands behind `offset`.
    pub(super) fn exact_offset(&mut self) -> ParseResult<Option<Offset>> {
        let is_plain = !is_sign(self.peek()) || !is_sign(self.peek_second());
        let length = self.signed_length()?;
        if !is_plain && self.arithmetic_follows() {
            return Err(Box::new(ParseError::new(length.span, EXPERIMENTAL)));
        }
        let ms = length.millis();
        let offset = Offset { length: WindowLength::Millis(ms.abs()), ahead: ms < 0 };
        Ok((ms != 0).then_some(offset))
    }

    fn positive_length(&mut self) -> ParseResult<Length> {
        let length = self.signed_length()?;
        if self.arithmetic_follows() {
            return Err(Box::new(ParseError::new(length.span, EXPERIMENTAL)));
        }
        if length.seconds > 0.0 {
            return Ok(length);
        }
        let message = if length.seconds < 0.0 { "a range below zero" } else { "a range of no length" };
        Err(Box::new(ParseError::new(length.span, message)))
    }

    /// A number of seconds or a duration, with any number of signs in front.
    fn signed_length(&mut self) -> ParseResult<Length> {
        let (start, mut sign) = (self.span().start, 1.0);
        while is_sign(self.peek()) {
            if *self.peek() == TokenKind::Op(BinaryOp::Sub) {
                sign = -sign;
            }
            self.advance();
        }
        let seconds = match *self.peek() {
            TokenKind::Duration(ms) => ms as f64 / 1000.0,
            TokenKind::Number(seconds) => seconds,
            TokenKind::Word if self.at_keyword("inf") => f64::INFINITY,
            TokenKind::ParenOpen if matches!(self.peek_second(), TokenKind::Number(_) | TokenKind::Duration(_)) => {
                return Err(Box::new(ParseError::new(self.second_span(), EXPERIMENTAL)));
            }
            _ => return Err(self.unexpected(DURATION)),
        };
        self.advance();
        let length = Length { seconds: sign * seconds, span: Span { start, end: self.end() } };
        if length.seconds.abs() > LONGEST {
            let error = ParseError::new(length.span, "the duration is too long");
            return Err(Box::new(error.hint("the longest is 292 years")));
        }
        Ok(length)
    }

    fn arithmetic_follows(&self) -> bool {
        use BinaryOp::{Add, Div, Mod, Mul, Pow, Sub};
        matches!(self.peek(), TokenKind::Op(Add | Sub | Mul | Div | Mod | Pow))
    }
}

fn is_sign(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Op(BinaryOp::Add | BinaryOp::Sub))
}
