//! `{label="value", …}`.

use crate::ast::{BinaryOp, Matcher, MetricRef, Selector, Span, Test};

use super::parser::{Parsed, Parser, shortened};
use super::reading::{equal_test, one_of, pattern_test, regex_test, unescape, words};
use super::token::{Kind, Quoted};
use super::{Dialect, ParseError};

/// The label whose matchers choose metrics.
const NAME: &str = "__name__";

impl Parser<'_> {
    /// The braces of a selector, whose name in front of them has been read.
    pub(super) fn braces(&mut self, names: Option<Vec<String>>) -> Parsed<Selector> {
        let open = self.advance().start;
        let mut selector = Braces { names, matchers: Vec::new(), on_name: Vec::new() };
        while *self.peek() != Kind::BraceClose {
            self.member(&mut selector)?;
            if *self.peek() == Kind::BraceClose {
                break;
            }
            if matches!(self.peek(), Kind::Word | Kind::Text(_)) {
                return Err(self.missing_comma());
            }
            self.expect(&Kind::Comma, "`,` or `}`")?;
        }
        self.advance();
        selector.finish(Span { start: open, end: self.end() })
    }

    /// One matcher, or the metric's name in quotes.
    fn member(&mut self, selector: &mut Braces) -> Parsed<()> {
        let (label, start) = match self.peek() {
            Kind::Word => (self.name(self.word()), self.span()),
            Kind::Text(quoted) if !is_test(self.peek_second()) => {
                let names = self.quoted_names(*quoted)?;
                let span = self.advance();
                return selector.name(names, span);
            }
            Kind::Text(quoted) => (self.quoted_label(*quoted)?, self.span()),
            _ => return Err(self.unexpected("a label name")),
        };
        if label.is_empty() {
            return Err(Box::new(ParseError::new(start, "an empty label name")));
        }
        self.advance();
        let test = self.test(&label)?;
        let matcher = Matcher { label, test, span: Span { start: start.start, end: self.end() } };
        if matcher.label == NAME {
            selector.matcher_on_name(matcher)
        } else {
            selector.matchers.push(matcher)
        }
        Ok(())
    }

    /// The operator and the value behind a label's name.
    fn test(&mut self, label: &str) -> Parsed<Test> {
        let (regex, negated) = match self.peek() {
            Kind::Assign => (false, false),
            Kind::Op(BinaryOp::Ne) => (false, true),
            Kind::Matches => (true, false),
            Kind::MatchesNot => (true, true),
            _ => {
                let mut error = self.unexpected("`=`, `!=`, `=~` or `!~`");
                error.hint = (*self.peek() == Kind::Op(BinaryOp::Eq))
                    .then(|| "equality in a matcher is a single `=`".to_owned());
                return Err(error);
            }
        };
        self.advance();
        let Kind::Text(quoted) = *self.peek() else {
            let mut error = self.unexpected("a value in quotes");
            if *self.peek() == Kind::Word {
                error.hint = Some(format!("write {}=\"{}\"", shortened(label), shortened(self.word())));
            }
            return Err(error);
        };
        let test = match self.dialect {
            Dialect::Json if regex => regex_test(self.raw(quoted), negated),
            Dialect::Json => equal_test(self.raw(quoted), negated),
            Dialect::PromQl if regex => pattern_test(&self.string(quoted)?, negated),
            Dialect::PromQl => one_of(vec![self.string(quoted)?], negated),
        };
        if !matches!(test, Test::Everything | Test::Nothing) {
            self.replaced(quoted.body)?;
        }
        self.advance();
        Ok(test)
    }

    fn quoted_names(&self, quoted: Quoted) -> Parsed<Vec<String>> {
        self.replaced(quoted.body)?;
        match self.dialect {
            Dialect::Json => Ok(words(self.raw(quoted))),
            Dialect::PromQl => Ok(vec![self.string(quoted)?]),
        }
    }

    fn quoted_label(&self, quoted: Quoted) -> Parsed<String> {
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

/// The members of the braces so far.
struct Braces {
    names: Option<Vec<String>>,
    matchers: Vec<Matcher>,
    on_name: Vec<Matcher>,
}

impl Braces {
    fn name(&mut self, names: Vec<String>, span: Span) -> Parsed<()> {
        if names.iter().any(String::is_empty) {
            return Err(Box::new(ParseError::new(span, "an empty metric name")));
        }
        if self.names.replace(names).is_some() {
            return Err(twice(span));
        }
        Ok(())
    }

    fn matcher_on_name(&mut self, matcher: Matcher) {
        self.on_name.push(matcher);
    }

    fn finish(self, span: Span) -> Parsed<Selector> {
        let metric = match (self.names, self.on_name) {
            (Some(_), on_name) if !on_name.is_empty() => return Err(twice(on_name[0].span)),
            (Some(names), _) => MetricRef::Names(names),
            (None, on_name) if on_name.is_empty() && self.matchers.is_empty() => {
                return Err(Box::new(ParseError::new(span, "a selector without a metric needs at least one matcher")));
            }
            (None, on_name) => metric(on_name),
        };
        Ok(Selector { metric, matchers: self.matchers, ..Selector::default() })
    }
}

/// Matchers on the name as names, when they are a single list of them.
fn metric(on_name: Vec<Matcher>) -> MetricRef {
    match on_name.as_slice() {
        [] => MetricRef::Any,
        [Matcher { test: Test::In(names), .. }] if names.iter().all(|name| !name.is_empty()) => {
            MetricRef::Names(names.to_vec())
        }
        _ => MetricRef::Matching(on_name),
    }
}

fn is_test(kind: &Kind) -> bool {
    matches!(kind, Kind::Assign | Kind::Matches | Kind::MatchesNot | Kind::Op(BinaryOp::Ne | BinaryOp::Eq))
}

fn twice(span: Span) -> Box<ParseError> {
    Box::new(ParseError::new(span, "the metric's name is given twice"))
}
