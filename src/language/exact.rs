//! Tokens as Prometheus' own lexer cuts them.

use crate::ast::Span;

use super::lexer::{Bracket, LexResult, Lexer, LexerContext, bad_number};
use super::token::TokenKind;
use super::{ParseError, duration, number};

impl Lexer<'_> {
    /// The token that begins with `byte`.
    pub(super) fn exact(&mut self, start: usize, byte: u8) -> LexResult {
        let is_word = byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':');
        match (self.place, byte) {
            (_, b'$') => Err(self.stray(start, Some("a dashboard replaces its variables before it asks Prometheus"))),
            (LexerContext::Brackets(Bracket::Open), _) if !is_arithmetic(byte) && !self.at_digit() => {
                self.opened(start, byte)
            }
            (LexerContext::Brackets(Bracket::Length), _) if is_word => {
                // Prometheus takes any letter for the colon.
                self.place = LexerContext::Brackets(Bracket::Colon);
                self.at += 1;
                Ok(TokenKind::Colon)
            }
            (LexerContext::Brackets(Bracket::Colon), _) if is_word => Err(self.stray(start, None)),
            (_, b'"' | b'\'' | b'`') => self.string(start, byte),
            (LexerContext::Braces, b'=') if self.peek(1) == Some(b'=') => {
                self.at += 1;
                Ok(TokenKind::Assign)
            }
            _ if self.at_digit() => self.exact_number(start),
            (LexerContext::Braces, _) => self.word_or_symbol(start),
            (_, b')') => self.closing(start),
            _ => self.word_or_symbol(start),
        }
    }

    fn at_digit(&self) -> bool {
        let digit = |ahead| self.peek(ahead).is_some_and(|byte| byte.is_ascii_digit());
        digit(0) || (self.peek(0) == Some(b'.') && digit(1))
    }

    /// What may stand in brackets in front of a length besides signs and numbers.
    fn opened(&mut self, start: usize, byte: u8) -> LexResult {
        match byte {
            b']' => self.symbol(start),
            b')' => self.closing(start),
            b':' => Err(Box::new(ParseError::new(after(start), "unexpected `:`: expected a duration such as `5m`"))),
            _ => Err(self.stray(start, None)),
        }
    }

    /// A closing parenthesis. Where nothing is open, Prometheus places the error behind it.
    fn closing(&mut self, start: usize) -> LexResult {
        match self.open.checked_sub(1) {
            Some(open) => self.open = open,
            None => {
                let error = ParseError::new(after(start), "unexpected `)`");
                return Err(Box::new(error.hint("it closes no parenthesis")));
            }
        }
        self.symbol(start)
    }

    fn exact_number(&mut self, start: usize) -> LexResult {
        if self.place == LexerContext::Brackets(Bracket::Open) {
            self.place = LexerContext::Brackets(Bracket::Length);
        }
        let rest = &self.text[start..];
        if let Some(width) = number::width(rest) {
            self.at += width;
            let span = Span { start, end: self.at };
            return number::exact(&rest[..width])
                .map(TokenKind::Number)
                .ok_or_else(|| bad_number(&rest[..width], &duration::DurationError::Form, span));
        }
        let run = |more: &[char]| {
            let is_in = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(&c);
            rest.find(|c| !is_in(c)).unwrap_or(rest.len())
        };
        if let Ok(ms) = duration::read(&rest[..run(&[])]) {
            self.at += run(&[]);
            return Ok(TokenKind::Duration(ms));
        }
        let text = &rest[..run(&['.'])];
        self.at += text.len();
        let flaw = duration::read(text).err().unwrap_or(duration::DurationError::Form);
        Err(bad_number(text, &flaw, Span { start, end: self.at }))
    }
}

const fn is_arithmetic(byte: u8) -> bool {
    matches!(byte, b'(' | b'+' | b'-' | b'*' | b'/' | b'%' | b'^')
}

const fn after(start: usize) -> Span {
    Span { start: start + 1, end: start + 1 }
}
