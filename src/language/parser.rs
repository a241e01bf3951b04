//! The parser's state: where it is in the tokens, and what to say when they do not fit.

use crate::ast::{AggregateOp, BinaryOp, Expr, ExprKind, MatchOp, MetricRef, Span};

use super::error::nearest;
use super::lexer::Lexer;
use super::pile::{Pending, Pile};
use super::token::{self, KEYWORDS, Token, TokenKind};
use super::variable::{HINT, unreplaced};
use super::{Dialect, MAX_DEPTH, ParseError, literal};

/// Errors are boxed to keep the frames of the recursion small.
pub(super) type ParseResult<T> = Result<T, Box<ParseError>>;

/// The longest part of the text that a message repeats, in characters.
const LONGEST_QUOTE: usize = 40;

/// An expression and the number of steps to its farthest leaf.
pub(super) struct ParsedExpr {
    pub(super) expr: Expr,
    pub(super) depth: usize,
}

impl ParsedExpr {
    pub(super) fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { expr: Expr { kind, span }, depth: 0 }
    }

    /// An expression above others, the deepest of which has the given depth.
    pub(super) fn above(depth: usize, kind: ExprKind, span: Span) -> ParseResult<Self> {
        let node = Self { expr: Expr { kind, span }, depth: depth + 1 };
        if node.depth > MAX_DEPTH { Err(too_deep(span)) } else { Ok(node) }
    }
}

/// Reads the tokens of one text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) dialect: Dialect,
    lexer: Lexer<'a>,
    /// The end of the token before.
    end: usize,
    /// The next token and the one after it: the grammar never looks farther.
    ahead: [Token; 2],
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        let mut lexer = Lexer::new(text, dialect);
        let ahead = [lexer.token(), lexer.token()];
        Self { text, dialect, lexer, end: 0, ahead }
    }

    /// The text as one expression with nothing left over.
    pub(super) fn whole(mut self) -> ParseResult<Expr> {
        if *self.peek() == TokenKind::End {
            let span = if self.is_exact() { Span::default() } else { self.span() };
            return Err(Box::new(ParseError::new(span, "the expression is empty")));
        }
        let node = self.expression()?;
        match self.peek() {
            TokenKind::End => Ok(node.expr),
            _ => Err(self.left_over(&node.expr)),
        }
    }

    /// Whether the text is read as Prometheus reads it.
    pub(super) fn is_exact(&self) -> bool {
        self.dialect == Dialect::PromQl
    }

    /// The signs in front of an operand; `+` says nothing, but as many of them as of the others will do.
    pub(super) fn signs(&mut self, pile: &mut Pile) -> ParseResult<()> {
        let mut count = 0;
        while let TokenKind::Op(sign @ (BinaryOp::Add | BinaryOp::Sub)) = *self.peek() {
            count += 1;
            if pile.is_full() || count > MAX_DEPTH {
                return Err(too_deep(self.span()));
            }
            let span = self.advance();
            let minus = sign == BinaryOp::Sub;
            if self.is_exact() {
                pile.wait(Pending::Sign { minus, span });
            } else if minus {
                pile.wait(Pending::Negate(span));
            }
        }
        Ok(())
    }

    /// Takes a binary operator and its matching clause; false when none follows.
    pub(super) fn operator(&mut self, pile: &mut Pile) -> ParseResult<bool> {
        let Some(op) = self.binary_operator() else { return Ok(false) };
        pile.make_way(op)?;
        if pile.is_full() {
            return Err(too_deep(self.span()));
        }
        let op_span = self.advance();
        pile.wait(self.matching(op, op_span)?);
        Ok(true)
    }

    fn binary_operator(&self) -> Option<BinaryOp> {
        match self.peek() {
            TokenKind::Op(op) => Some(*op),
            TokenKind::Word => token::operator(self.word()),
            _ => None,
        }
    }

    pub(super) fn peek(&self) -> &TokenKind {
        &self.ahead[0].kind
    }

    /// The kind of the token after the next.
    pub(super) fn peek_second(&self) -> &TokenKind {
        &self.ahead[1].kind
    }

    /// Where the next token stands; empty and at the end of the text when there is none.
    pub(super) fn span(&self) -> Span {
        self.ahead[0].span
    }

    /// Where the token after the next stands.
    pub(super) fn second_span(&self) -> Span {
        self.ahead[1].span
    }

    /// One past the last byte of the token before.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    pub(super) fn advance(&mut self) -> Span {
        let span = self.span();
        self.end = span.end;
        self.ahead.swap(0, 1);
        self.ahead[1] = self.lexer.token();
        span
    }

    /// Steps over the token if it is the next one.
    pub(super) fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, kind: &TokenKind, expected: &str) -> ParseResult<Span> {
        let span = self.span();
        if self.accept(kind) { Ok(span) } else { Err(self.unexpected(expected)) }
    }

    /// The next token's text.
    pub(super) fn word(&self) -> &'a str {
        let Span { start, end } = self.span();
        &self.text[start..end]
    }

    /// Whether the next token is this keyword.
    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        self.is_keyword(&self.ahead[0], keyword)
    }

    /// Whether the token after the next is this keyword.
    pub(super) fn keyword_second(&self, keyword: &str) -> bool {
        self.is_keyword(&self.ahead[1], keyword)
    }

    fn is_keyword(&self, token: &Token, keyword: &str) -> bool {
        token.kind == TokenKind::Word && self.text[token.span.start..token.span.end].eq_ignore_ascii_case(keyword)
    }

    /// The inside of the string that is the next token.
    pub(super) fn string(&self, quoted: token::Quoted) -> ParseResult<String> {
        literal::value(self.text, quoted, self.dialect)
    }

    /// The operator with which a matcher compares, if it is the next token.
    pub(super) fn match_op(&self) -> Option<MatchOp> {
        match self.peek() {
            TokenKind::Assign => Some(MatchOp::Equal),
            TokenKind::Op(BinaryOp::Ne) => Some(MatchOp::NotEqual),
            TokenKind::Matches => Some(MatchOp::Matches),
            TokenKind::MatchesNot => Some(MatchOp::MatchesNot),
            _ => None,
        }
    }

    /// Refuses a string with a variable in it that nobody replaced.
    pub(super) fn replaced(&self, body: Span) -> ParseResult<()> {
        match unreplaced(&self.text[body.start..body.end]).filter(|_| self.dialect == Dialect::Json) {
            Some(found) => {
                let span = Span { start: body.start + found.span.start, end: body.start + found.span.end };
                let message = format!("the variable `{}` was not replaced", shortened(&found.name));
                Err(Box::new(ParseError::new(span, message).hint(HINT)))
            }
            None => Ok(()),
        }
    }

    /// What to say when the next token cannot stand where it does.
    pub(super) fn unexpected(&self, expected: &str) -> Box<ParseError> {
        let found = match self.peek() {
            TokenKind::Bad(error) => return error.clone(),
            TokenKind::End => "end of the text".to_owned(),
            _ => format!("`{}`", shortened(self.word())),
        };
        let mut error = ParseError::new(self.span(), format!("unexpected {found}: expected {expected}"));
        error.expected = Some(expected.to_owned());
        error.hint = self.hint();
        Box::new(error)
    }

    fn hint(&self) -> Option<String> {
        match self.peek() {
            TokenKind::Assign => Some("two expressions are compared with `==`".to_owned()),
            TokenKind::Variable(name) => Some(format!("the variable `{}` was not replaced: {HINT}", shortened(name))),
            _ => None,
        }
    }

    /// What to say when the whole expression is followed by something.
    fn left_over(&self, before: &Expr) -> Box<ParseError> {
        let mut error = self.unexpected("an operator or the end of the text");
        if *self.peek() == TokenKind::ParenClose {
            error.hint = Some("it closes no parenthesis".to_owned());
        }
        self.misspelt(error, before)
    }

    /// Adds a hint to the error about a word that follows an expression; the likely cause is a keyword
    /// that was misspelt, and so taken for a name.
    pub(super) fn misspelt(&self, mut error: Box<ParseError>, before: &Expr) -> Box<ParseError> {
        let (name, word) = (last_name(before).unwrap_or_default(), self.word());
        let words = || KEYWORDS.iter().copied();
        let aggregations = || AggregateOp::ALL.iter().map(|op| op.word());
        let likely = match self.peek() {
            TokenKind::Word if self.at_keyword("by") || self.at_keyword("without") => nearest(name, aggregations()),
            TokenKind::Word => nearest(word, words()).or_else(|| nearest(name, words().chain(aggregations()))),
            TokenKind::ParenOpen | TokenKind::Names(_) => nearest(name, words()),
            _ => None,
        };
        if let Some(likely) = likely {
            error.hint = Some(format!("did you mean `{likely}`?"));
        }
        error
    }
}

/// The name that the text before a left-over token ends with, or begins with when it is a call.
fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Binary(binary) => last_name(&binary.rhs),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) => last_name(inner),
        ExprKind::Call(call) => Some(&call.name),
        ExprKind::Selector(selector) => match &selector.metric {
            MetricRef::Names(names) => names.first().map(String::as_str),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_QUOTE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

pub(super) fn too_deep(span: Span) -> Box<ParseError> {
    let message = format!("the expression is nested deeper than {MAX_DEPTH} levels");
    Box::new(ParseError::new(span, message).hint("each operator in a chain counts as one level too"))
}
