//! `{label="value", …}`.

use crate::ast::{BinaryOp, MatchOp, Matcher, MetricRef, Selector, Span, Test, Written, WrittenMatcher};

use super::parser::{ParseResult, Parser, shortened};
use super::reading::{equal_test, one_of, pattern_test, regex_test, unescape, words};
use super::token::{Quoted, TokenKind};
use super::{Dialect, ParseError};

/// The label whose matchers choose metrics.
const NAME: &str = "__name__";

impl Parser<'_> {
    /// The braces of a selector, whose name in front of them has been read.
    pub(super) fn braces(&mut self, names: Option<Vec<String>>) -> ParseResult<Selector> {
        let open = self.advance().start;
        let mut selector = Braces::new(names);
        while *self.peek() != TokenKind::BraceClose {
            self.member(&mut selector)?;
            if *self.peek() == TokenKind::BraceClose {
                break;
            }
            if matches!(self.peek(), TokenKind::Word | TokenKind::Text(_)) {
                return Err(self.missing_comma());
            }
            self.expect(&TokenKind::Comma, "`,` or `}`")?;
        }
        self.advance();
        let span = Span { start: open, end: self.end() };
        if self.is_exact() { Ok(selector.finish_exact()) } else { selector.finish(span) }
    }

    /// One matcher, or the metric's name in quotes.
    fn member(&mut self, selector: &mut Braces) -> ParseResult<()> {
        let (label, start) = match self.peek() {
            TokenKind::Word => (self.name(self.word()), self.span()),
            TokenKind::Text(quoted) if !is_test(self.peek_second()) => return self.quoted_name(*quoted, selector),
            TokenKind::Text(quoted) => (self.quoted_label(*quoted)?, self.span()),
            _ => return Err(self.unexpected("a label name")),
        };
        if label.is_empty() && !self.is_exact() {
            return Err(Box::new(ParseError::new(start, "an empty label name")));
        }
        self.advance();
        let (op, quoted) = self.comparison(&label)?;
        let span = Span { start: start.start, end: self.span().end };
        if self.is_exact() {
            let value = self.string(quoted)?;
            selector.write(WrittenMatcher { label, op, value, span });
        } else {
            let test = self.interpolated(op, quoted)?;
            selector.push(Matcher { label, test, span });
        }
        self.advance();
        Ok(())
    }

    fn quoted_name(&mut self, quoted: Quoted, selector: &mut Braces) -> ParseResult<()> {
        if self.is_exact() {
            let value = self.string(quoted)?;
            let span = self.advance();
            selector.write(WrittenMatcher { label: NAME.to_owned(), op: MatchOp::Equal, value, span });
            return Ok(());
        }
        self.replaced(quoted.body)?;
        let names = words(self.raw(quoted));
        let span = self.advance();
        selector.name(names, span)
    }

    /// The operator behind a label's name, and the string behind it, which stays the next token.
    fn comparison(&mut self, label: &str) -> ParseResult<(MatchOp, Quoted)> {
        let Some(op) = self.match_op() else {
            let mut error = self.unexpected("`=`, `!=`, `=~` or `!~`");
            error.hint = (*self.peek() == TokenKind::Op(BinaryOp::Eq))
                .then(|| "equality in a matcher is a single `=`".to_owned());
            return Err(error);
        };
        self.advance();
        match *self.peek() {
            TokenKind::Text(quoted) => Ok((op, quoted)),
            _ => Err(self.missing_value(label)),
        }
    }

    fn missing_value(&self, label: &str) -> Box<ParseError> {
        let mut error = self.unexpected("a value in quotes");
        if *self.peek() == TokenKind::Word {
            error.hint = Some(format!("write {}=\"{}\"", shortened(label), shortened(self.word())));
        } else if *self.peek() == TokenKind::Assign {
            error.hint = Some("equality in a matcher is a single `=`".to_owned());
        }
        error
    }

    /// What a comparison of the JSON dialect asks.
    fn interpolated(&self, op: MatchOp, quoted: Quoted) -> ParseResult<Test> {
        let raw = self.raw(quoted);
        let test = match op {
            MatchOp::Equal | MatchOp::NotEqual => equal_test(raw, op == MatchOp::NotEqual),
            MatchOp::Matches | MatchOp::MatchesNot => regex_test(raw, op == MatchOp::MatchesNot),
        };
        if !matches!(test, Test::Everything | Test::Nothing) {
            self.replaced(quoted.body)?;
        }
        Ok(test)
    }

    fn quoted_label(&self, quoted: Quoted) -> ParseResult<String> {
        self.replaced(quoted.body)?;
        match self.dialect {
            Dialect::Json => Ok(unescape(self.raw(quoted))),
            Dialect::PromQl => self.string(quoted),
        }
    }

    fn raw(&self, quoted: Quoted) -> &str {
        &self.text[quoted.body.start..quoted.body.end]
    }

    fn missing_comma(&self) -> Box<ParseError> {
        let message = format!("a comma is missing before `{}`", shortened(self.word()));
        let mut error = ParseError::new(self.span(), message);
        error.expected = Some("`,` or `}`".to_owned());
        Box::new(error)
    }
}

/// What a comparison asks when it is read exactly as it stands.
fn exact_test(op: MatchOp, value: &str) -> Test {
    match op {
        MatchOp::Equal => one_of(vec![value.to_owned()], false),
        MatchOp::NotEqual => one_of(vec![value.to_owned()], true),
        MatchOp::Matches => pattern_test(value, false),
        MatchOp::MatchesNot => pattern_test(value, true),
    }
}

/// The members of the braces so far.
struct Braces {
    names: Option<Vec<String>>,
    matchers: Vec<Matcher>,
    on_name: Vec<Matcher>,
    written: Vec<WrittenMatcher>,
}

impl Braces {
    const fn new(names: Option<Vec<String>>) -> Self {
        Self { names, matchers: Vec::new(), on_name: Vec::new(), written: Vec::new() }
    }

    fn name(&mut self, names: Vec<String>, span: Span) -> ParseResult<()> {
        if names.iter().any(String::is_empty) {
            return Err(Box::new(ParseError::new(span, "an empty metric name")));
        }
        if self.names.replace(names).is_some() {
            return Err(twice(span));
        }
        Ok(())
    }

    fn push(&mut self, matcher: Matcher) {
        if matcher.label == NAME {
            self.on_name.push(matcher);
        } else {
            self.matchers.push(matcher);
        }
    }

    fn write(&mut self, written: WrittenMatcher) {
        let WrittenMatcher { label, op, value, span } = &written;
        self.push(Matcher { label: label.clone(), test: exact_test(*op, value), span: *span });
        self.written.push(written);
    }

    fn finish(self, span: Span) -> ParseResult<Selector> {
        let metric = match (self.names, self.on_name) {
            (Some(_), on_name) if !on_name.is_empty() => return Err(twice(on_name[0].span)),
            (Some(names), _) => MetricRef::Names(names),
            (None, on_name) if on_name.is_empty() && self.matchers.is_empty() => {
                return Err(Box::new(ParseError::new(span, "a selector without a metric needs at least one matcher")));
            }
            (None, on_name) => MetricRef::of(on_name),
        };
        Ok(Selector { metric, matchers: self.matchers, ..Selector::default() })
    }

    /// As Prometheus builds it: there may be nothing, and several names that no series has all. The check of selectors
    /// comes after the syntax.
    fn finish_exact(self) -> Selector {
        let name = self.names.and_then(|names| names.into_iter().next());
        let mut on_name = self.on_name;
        if let Some(name) = &name {
            let test = one_of(vec![name.clone()], false);
            on_name.insert(0, Matcher { label: NAME.to_owned(), test, span: Span::default() });
        }
        let written = Some(Box::new(Written { name, matchers: self.written }));
        Selector { metric: MetricRef::of(on_name), matchers: self.matchers, written, ..Selector::default() }
    }
}

fn is_test(kind: &TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Assign | TokenKind::Matches | TokenKind::MatchesNot | TokenKind::Op(BinaryOp::Ne | BinaryOp::Eq)
    )
}

fn twice(span: Span) -> Box<ParseError> {
    Box::new(ParseError::new(span, "the metric's name is given twice"))
}
