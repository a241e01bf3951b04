//! Text to tokens.

use crate::ast::{BinaryOp, Span};

use super::duration::{self, DurationError};
use super::list::{self, NameList};
use super::quoted::{self, Ending};
use super::reading::is_escaped_by_grafana;
use super::token::{Quoted, Token, TokenKind, is_keyword};
use super::{Dialect, MAX_TOKENS, ParseError, number, variable};

/// Brackets change what a colon is, braces what ends a string; neither nests.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum LexerContext {
    Outside,
    Braces,
    Brackets(Bracket),
}

/// How far the inside of brackets has been read; the JSON dialect does not care.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Bracket {
    /// Nothing but signs.
    Open,
    /// A length.
    Length,
    /// A colon behind it.
    Colon,
}

pub(super) type LexResult = Result<TokenKind, Box<ParseError>>;

/// Splits a text from front to back.
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    dialect: Dialect,
    pub(super) place: LexerContext,
    /// How many parentheses are open; only counted for Prometheus' dialect.
    pub(super) open: usize,
    /// The kind of the token before, when it is an operator; whatever else it was is the end.
    last: TokenKind,
    /// Whether the token before names something, so that braces behind it are a selector's.
    after_operand: bool,
    count: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let (bytes, place, last) = (text.as_bytes(), LexerContext::Outside, TokenKind::End);
        Self { text, bytes, at: 0, dialect, place, open: 0, last, after_operand: false, count: 0 }
    }

    /// The next token: the end again and again once it is reached, and after [`TokenKind::Bad`] nothing of use.
    pub(super) fn token(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let kind = self.kind(start).unwrap_or_else(TokenKind::Bad);
        self.last = match kind {
            TokenKind::Assign | TokenKind::Matches | TokenKind::MatchesNot => kind.clone(),
            TokenKind::Op(op) => TokenKind::Op(op),
            _ => TokenKind::End,
        };
        self.after_operand = match kind {
            TokenKind::Word => !is_keyword(&self.text[start..self.at]),
            TokenKind::Names(_) | TokenKind::Text(_) | TokenKind::ParenClose | TokenKind::BraceClose => true,
            _ => false,
        };
        Token { kind, span: Span { start, end: self.at } }
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_blanks(&mut self) {
        let exact = self.dialect == Dialect::PromQl;
        let line_ends: &[char] = if exact { &['\n', '\r'] } else { &['\n'] };
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' if exact && self.place == LexerContext::Brackets(Bracket::Open) => return,
                b'#' => self.at = self.text[self.at..].find(line_ends).map_or(self.text.len(), |line| self.at + line),
                _ => return,
            }
        }
    }

    fn kind(&mut self, start: usize) -> LexResult {
        let Some(byte) = self.peek(0) else { return Ok(TokenKind::End) };
        self.count += 1;
        if self.count > MAX_TOKENS {
            let span = Span { start, end: start + self.char().map_or(0, char::len_utf8) };
            return Err(Box::new(ParseError::new(
                span,
                format!("the text has more than {MAX_TOKENS} words and signs"),
            )));
        }
        match byte {
            _ if self.dialect == Dialect::PromQl => self.exact(start, byte),
            b'"' | b'\'' | b'`' => self.string(start, byte),
            b'0'..=b'9' => self.number(start),
            b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number(start),
            b'$' => self.variable(start),
            b'[' if variable::reference(&self.text[start..]).is_some() => self.variable(start),
            b'(' if self.place == LexerContext::Outside => self.list(start, list::in_parentheses(self.text, start)),
            b'{' if !self.after_operand => self.list(start, list::in_braces(self.text, start)),
            _ => self.word_or_symbol(start),
        }
    }

    pub(super) fn word_or_symbol(&mut self, start: usize) -> LexResult {
        if self.word_width(true)? > 0 { self.word() } else { self.symbol(start) }
    }

    pub(super) fn string(&mut self, start: usize, quote: u8) -> LexResult {
        let is_value = matches!(
            self.last,
            TokenKind::Assign | TokenKind::Matches | TokenKind::MatchesNot | TokenKind::Op(BinaryOp::Ne)
        );
        let ending = match self.dialect {
            Dialect::PromQl => Ending::SameLine,
            Dialect::Json if is_value && self.place == LexerContext::Braces => Ending::Matcher,
            Dialect::Json => Ending::Anywhere,
        };
        let end = quoted::closing(self.text, start, quote, ending)?;
        self.at = end + 1;
        Ok(TokenKind::Text(Quoted { raw: quote == b'`', body: Span { start: start + 1, end } }))
    }

    fn number(&mut self, start: usize) -> LexResult {
        let hex = self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X'));
        while let Some(byte) = self.peek(0) {
            let exponent = matches!(byte, b'e' | b'E') && !hex;
            if exponent && matches!(self.peek(1), Some(b'+' | b'-')) && self.peek(2).is_some_and(|b| b.is_ascii_digit())
            {
                self.at += 2;
            } else if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') {
                self.at += 1;
            } else {
                break;
            }
        }
        let text = &self.text[start..self.at];
        if let Some(value) = number::read(text) {
            return Ok(TokenKind::Number(value));
        }
        duration::read(text)
            .map(TokenKind::Duration)
            .map_err(|flaw| bad_number(text, &flaw, Span { start, end: self.at }))
    }

    /// `$name`, `${name}`, `${name:format}` or `[[name]]`.
    fn variable(&mut self, start: usize) -> LexResult {
        let rest = &self.text[start..];
        let Some((name, width)) = variable::reference(rest) else {
            return Err(self.stray(start, rest.starts_with("${").then_some("`${` begins a variable: `${name}`")));
        };
        self.at = start + width;
        Ok(TokenKind::Variable(name.to_owned()))
    }

    /// The list, or the sign that it would begin with.
    fn list(&mut self, start: usize, list: Option<NameList>) -> LexResult {
        match list {
            Some(list) => {
                self.at = list.end;
                Ok(TokenKind::Names(list.names))
            }
            None => self.symbol(start),
        }
    }

    fn word(&mut self) -> LexResult {
        loop {
            match self.word_width(false)? {
                0 => return Ok(TokenKind::Word),
                width => self.at += width,
            }
        }
    }

    /// How many bytes belong to a word here, as its first character or a later one.
    fn word_width(&self, first: bool) -> Result<usize, Box<ParseError>> {
        let Some(byte) = self.peek(0) else { return Ok(0) };
        let json = self.dialect == Dialect::Json;
        Ok(match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => 1,
            b'0'..=b'9' if !first => 1,
            b':' if self.place == LexerContext::Outside || (json && self.place == LexerContext::Braces) => 1,
            b'.' if json && !first => 1,
            b'\\' if json => match self.peek(1) {
                Some(next) if is_escaped_by_grafana(char::from(next)) => 2,
                _ => {
                    return Err(
                        self.stray(self.at, Some("in a name, a backslash stands only before one of \\^$*+?.()|[]{}/"))
                    );
                }
            },
            128.. if json => self.char().filter(|c| c.is_alphanumeric()).map_or(0, char::len_utf8),
            _ => 0,
        })
    }

    fn char(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    pub(super) fn symbol(&mut self, start: usize) -> LexResult {
        let pair = (self.peek(0).unwrap_or_default(), self.peek(1).unwrap_or_default());
        let (kind, width) = match pair {
            (b'=', b'~') => (TokenKind::Matches, 2),
            (b'!', b'~') => (TokenKind::MatchesNot, 2),
            (b'=', b'=') => (TokenKind::Op(BinaryOp::Eq), 2),
            (b'!', b'=') => (TokenKind::Op(BinaryOp::Ne), 2),
            (b'>', b'=') => (TokenKind::Op(BinaryOp::Ge), 2),
            (b'<', b'=') => (TokenKind::Op(BinaryOp::Le), 2),
            (single, _) => (single_byte(single).ok_or_else(|| self.stray(start, None))?, 1),
        };
        self.place = match kind {
            TokenKind::BraceOpen => LexerContext::Braces,
            TokenKind::BracketOpen => LexerContext::Brackets(Bracket::Open),
            TokenKind::BraceClose | TokenKind::BracketClose => LexerContext::Outside,
            _ => self.place,
        };
        if kind == TokenKind::ParenOpen {
            self.open += 1;
        }
        self.at += width;
        Ok(kind)
    }

    /// A character that starts no token.
    pub(super) fn stray(&self, at: usize, hint: Option<&str>) -> Box<ParseError> {
        let c = self.text[at..].chars().next().unwrap_or_default();
        let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        let error =
            ParseError::new(Span { start: at, end: at + c.len_utf8() }, format!("unexpected character `{shown}`"));
        Box::new(match hint.or_else(|| stray_hint(c)) {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }
}

fn single_byte(byte: u8) -> Option<TokenKind> {
    Some(match byte {
        b'(' => TokenKind::ParenOpen,
        b')' => TokenKind::ParenClose,
        b'{' => TokenKind::BraceOpen,
        b'}' => TokenKind::BraceClose,
        b'[' => TokenKind::BracketOpen,
        b']' => TokenKind::BracketClose,
        b',' => TokenKind::Comma,
        b':' => TokenKind::Colon,
        b'@' => TokenKind::At,
        b'=' => TokenKind::Assign,
        b'+' => TokenKind::Op(BinaryOp::Add),
        b'-' => TokenKind::Op(BinaryOp::Sub),
        b'*' => TokenKind::Op(BinaryOp::Mul),
        b'/' => TokenKind::Op(BinaryOp::Div),
        b'%' => TokenKind::Op(BinaryOp::Mod),
        b'^' => TokenKind::Op(BinaryOp::Pow),
        b'>' => TokenKind::Op(BinaryOp::Gt),
        b'<' => TokenKind::Op(BinaryOp::Lt),
        _ => return None,
    })
}

fn stray_hint(c: char) -> Option<&'static str> {
    Some(match c {
        '|' => "the union of two expressions is `or`",
        '&' => "the intersection of two expressions is `and`",
        '!' => "`!=` and `!~` negate a matcher; series are excluded with `unless`",
        '“' | '”' | '„' | '‘' | '’' => "strings stand in straight quotes",
        c if c.is_alphanumeric() => "a name with other than ASCII letters stands in quotes inside braces: {\"…\"}",
        _ => return None,
    })
}

pub(super) fn bad_number(text: &str, flaw: &DurationError, span: Span) -> Box<ParseError> {
    let text: String = text.chars().take(40).collect();
    Box::new(match flaw {
        DurationError::Form => ParseError::new(span, format!("`{text}` is neither a number nor a duration"))
            .hint("a duration is whole numbers with units: `1h30m`"),
        DurationError::Unit(unit) => ParseError::new(span, format!("unknown unit `{}` in `{text}`", unit.chars().take(20).collect::<String>()))
            .hint("the units are y, w, d, h, m, s and ms; a name that begins with a digit stands in quotes inside braces: {\"…\"}"),
        DurationError::Order(unit) => ParseError::new(span, format!("the unit `{unit}` is out of order in `{text}`"))
            .hint("the units stand in the order y, w, d, h, m, s, ms, each at most once"),
        DurationError::Length => ParseError::new(span, format!("the duration `{text}` is too long")).hint("the longest is 292 years"),
    })
}
