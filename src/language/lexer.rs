//! Text to tokens.

use crate::ast::{BinaryOp, Span};

use super::duration::{self, Flaw};
use super::list::{self, NameList};
use super::quoted::{self, Ending};
use super::reading::is_escaped_by_grafana;
use super::token::{Kind, Quoted, Token, is_keyword};
use super::{Dialect, MAX_TOKENS, ParseError, number, variable};

/// Brackets change what a colon is, braces what ends a string; neither nests.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
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

pub(super) type Lexed = Result<Kind, Box<ParseError>>;

/// Splits a text from front to back.
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    dialect: Dialect,
    pub(super) place: Place,
    /// How many parentheses are open; only counted for Prometheus' dialect.
    pub(super) open: usize,
    /// The kind of the token before, when it is an operator; whatever else it was is the end.
    last: Kind,
    /// Whether the token before names something, so that braces behind it are a selector's.
    after_operand: bool,
    count: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let (bytes, place, last) = (text.as_bytes(), Place::Outside, Kind::End);
        Self { text, bytes, at: 0, dialect, place, open: 0, last, after_operand: false, count: 0 }
    }

    /// The next token: the end again and again once it is reached, and after [`Kind::Bad`] nothing of use.
    pub(super) fn token(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let kind = self.kind(start).unwrap_or_else(Kind::Bad);
        self.last = match kind {
            Kind::Assign | Kind::Matches | Kind::MatchesNot => kind.clone(),
            Kind::Op(op) => Kind::Op(op),
            _ => Kind::End,
        };
        self.after_operand = match kind {
            Kind::Word => !is_keyword(&self.text[start..self.at]),
            Kind::Names(_) | Kind::Text(_) | Kind::ParenClose | Kind::BraceClose => true,
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
                b'#' if exact && self.place == Place::Brackets(Bracket::Open) => return,
                b'#' => self.at = self.text[self.at..].find(line_ends).map_or(self.text.len(), |line| self.at + line),
                _ => return,
            }
        }
    }

    fn kind(&mut self, start: usize) -> Lexed {
        let Some(byte) = self.peek(0) else { return Ok(Kind::End) };
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
            b'(' if self.place == Place::Outside => self.list(start, list::in_parentheses(self.text, start)),
            b'{' if !self.after_operand => self.list(start, list::in_braces(self.text, start)),
            _ => self.word_or_symbol(start),
        }
    }

    pub(super) fn word_or_symbol(&mut self, start: usize) -> Lexed {
        if self.word_width(true)? > 0 { self.word() } else { self.symbol(start) }
    }

    pub(super) fn string(&mut self, start: usize, quote: u8) -> Lexed {
        let is_value = matches!(self.last, Kind::Assign | Kind::Matches | Kind::MatchesNot | Kind::Op(BinaryOp::Ne));
        let ending = match self.dialect {
            Dialect::PromQl => Ending::SameLine,
            Dialect::Json if is_value && self.place == Place::Braces => Ending::Matcher,
            Dialect::Json => Ending::Anywhere,
        };
        let end = quoted::closing(self.text, start, quote, ending)?;
        self.at = end + 1;
        Ok(Kind::Text(Quoted { raw: quote == b'`', body: Span { start: start + 1, end } }))
    }

    fn number(&mut self, start: usize) -> Lexed {
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
            return Ok(Kind::Number(value));
        }
        duration::read(text).map(Kind::Duration).map_err(|flaw| bad_number(text, &flaw, Span { start, end: self.at }))
    }

    /// `$name`, `${name}`, `${name:format}` or `[[name]]`.
    fn variable(&mut self, start: usize) -> Lexed {
        let rest = &self.text[start..];
        let Some((name, width)) = variable::reference(rest) else {
            return Err(self.stray(start, rest.starts_with("${").then_some("`${` begins a variable: `${name}`")));
        };
        self.at = start + width;
        Ok(Kind::Variable(name.to_owned()))
    }

    /// The list, or the sign that it would begin with.
    fn list(&mut self, start: usize, list: Option<NameList>) -> Lexed {
        match list {
            Some(list) => {
                self.at = list.end;
                Ok(Kind::Names(list.names))
            }
            None => self.symbol(start),
        }
    }

    fn word(&mut self) -> Lexed {
        loop {
            match self.word_width(false)? {
                0 => return Ok(Kind::Word),
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
            b':' if self.place == Place::Outside || (json && self.place == Place::Braces) => 1,
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

    pub(super) fn symbol(&mut self, start: usize) -> Lexed {
        let pair = (self.peek(0).unwrap_or_default(), self.peek(1).unwrap_or_default());
        let (kind, width) = match pair {
            (b'=', b'~') => (Kind::Matches, 2),
            (b'!', b'~') => (Kind::MatchesNot, 2),
            (b'=', b'=') => (Kind::Op(BinaryOp::Eq), 2),
            (b'!', b'=') => (Kind::Op(BinaryOp::Ne), 2),
            (b'>', b'=') => (Kind::Op(BinaryOp::Ge), 2),
            (b'<', b'=') => (Kind::Op(BinaryOp::Le), 2),
            (single, _) => (single_byte(single).ok_or_else(|| self.stray(start, None))?, 1),
        };
        self.place = match kind {
            Kind::BraceOpen => Place::Braces,
            Kind::BracketOpen => Place::Brackets(Bracket::Open),
            Kind::BraceClose | Kind::BracketClose => Place::Outside,
            _ => self.place,
        };
        if kind == Kind::ParenOpen {
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

fn single_byte(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'(' => Kind::ParenOpen,
        b')' => Kind::ParenClose,
        b'{' => Kind::BraceOpen,
        b'}' => Kind::BraceClose,
        b'[' => Kind::BracketOpen,
        b']' => Kind::BracketClose,
        b',' => Kind::Comma,
        b':' => Kind::Colon,
        b'@' => Kind::At,
        b'=' => Kind::Assign,
        b'+' => Kind::Op(BinaryOp::Add),
        b'-' => Kind::Op(BinaryOp::Sub),
        b'*' => Kind::Op(BinaryOp::Mul),
        b'/' => Kind::Op(BinaryOp::Div),
        b'%' => Kind::Op(BinaryOp::Mod),
        b'^' => Kind::Op(BinaryOp::Pow),
        b'>' => Kind::Op(BinaryOp::Gt),
        b'<' => Kind::Op(BinaryOp::Lt),
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

pub(super) fn bad_number(text: &str, flaw: &Flaw, span: Span) -> Box<ParseError> {
    let text: String = text.chars().take(40).collect();
    Box::new(match flaw {
        Flaw::Form => ParseError::new(span, format!("`{text}` is neither a number nor a duration"))
            .hint("a duration is whole numbers with units: `1h30m`"),
        Flaw::Unit(unit) => ParseError::new(span, format!("unknown unit `{}` in `{text}`", unit.chars().take(20).collect::<String>()))
            .hint("the units are y, w, d, h, m, s and ms; a name that begins with a digit stands in quotes inside braces: {\"…\"}"),
        Flaw::Order(unit) => ParseError::new(span, format!("the unit `{unit}` is out of order in `{text}`"))
            .hint("the units stand in the order y, w, d, h, m, s, ms, each at most once"),
        Flaw::Length => ParseError::new(span, format!("the duration `{text}` is too long")).hint("the longest is 292 years"),
    })
}
