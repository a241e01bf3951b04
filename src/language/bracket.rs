//! What binds to an operand from the right: ranges, subqueries, `offset` and `@`.

use crate::ast::{At, BinaryOp, Expr, ExprKind, Modifiers, Selector, Span, Subquery, Window};

use super::ParseError;
use super::duration::LONGEST_MS;
use super::parser::{Node, Parsed, Parser};
use super::token::Kind;

/// The year 9999, so that the arithmetic around an evaluation time cannot overflow.
const LATEST_MS: f64 = 253_402_300_799_999.0;

/// What the windows and times of the grammar are written as.
const DURATION: &str = "a duration such as `5m`";

impl Parser<'_> {
    /// `[range]` or `[range:resolution]`.
    pub(super) fn brackets(&mut self, node: Node) -> Parsed<Node> {
        let start = self.advance().start;
        let range = self.window()?;
        let resolution = match *self.peek() {
            Kind::Colon => {
                self.advance();
                Some(if *self.peek() == Kind::BracketClose { None } else { Some(self.window()?) })
            }
            _ => None,
        };
        let wanted = if resolution.is_some() { "`]`" } else { "`]` or `:`" };
        self.expect(&Kind::BracketClose, wanted)?;
        let brackets = Span { start, end: self.end() };
        match resolution {
            None => ranged(node, range, brackets),
            Some(resolution) => subquery(node, range, resolution, brackets),
        }
    }

    fn window(&mut self) -> Parsed<Window> {
        let window = match self.peek() {
            Kind::Variable(name) => match name.as_str() {
                "__interval" => Window::Interval,
                "__rate_interval" => Window::RateInterval,
                "__range" => Window::Range,
                _ => return Err(self.unexpected(DURATION)),
            },
            _ => match self.length()? {
                0 => return Err(Box::new(ParseError::new(self.span(), "a range of no length"))),
                ms => Window::Millis(ms),
            },
        };
        self.advance();
        Ok(window)
    }

    /// The next token as a length in milliseconds; a bare number is seconds.
    fn length(&self) -> Parsed<i64> {
        match *self.peek() {
            Kind::Duration(ms) => Ok(ms),
            Kind::Number(seconds) => {
                let ms = (seconds * 1000.0).round();
                if ms <= LONGEST_MS as f64 {
                    Ok(ms as i64)
                } else {
                    Err(Box::new(
                        ParseError::new(self.span(), "the duration is too long").hint("the longest is 292 years"),
                    ))
                }
            }
            _ => Err(self.unexpected(DURATION)),
        }
    }

    pub(super) fn offset(&mut self, mut node: Node) -> Parsed<Node> {
        let keyword = self.advance();
        let sign = self.sign();
        let length = self.length()?;
        self.advance();
        let span = Span { start: keyword.start, end: self.end() };
        let modifiers = modifiers(&mut node.expr, "offset", keyword)?;
        if modifiers.offset_ms != 0 {
            return Err(Box::new(ParseError::new(span, "`offset` is given twice")));
        }
        modifiers.offset_ms = sign * length;
        extend(&mut node.expr, span);
        Ok(node)
    }

    /// `@ 1609746000`, `@ start()`, `@ end()`.
    pub(super) fn at_modifier(&mut self, mut node: Node) -> Parsed<Node> {
        let symbol = self.advance();
        let at = if self.at_keyword("start") {
            self.bound(At::Start)?
        } else if self.at_keyword("end") {
            self.bound(At::End)?
        } else {
            self.instant()?
        };
        let span = Span { start: symbol.start, end: self.end() };
        let modifiers = modifiers(&mut node.expr, "@", symbol)?;
        if modifiers.at.is_some() {
            return Err(Box::new(ParseError::new(span, "`@` is given twice")));
        }
        modifiers.at = Some(at);
        extend(&mut node.expr, span);
        Ok(node)
    }

    fn bound(&mut self, at: At) -> Parsed<At> {
        self.advance();
        self.expect(&Kind::ParenOpen, "`()`")?;
        self.expect(&Kind::ParenClose, "`)`")?;
        Ok(at)
    }

    fn instant(&mut self) -> Parsed<At> {
        let sign = self.sign() as f64;
        let seconds = match *self.peek() {
            Kind::Number(seconds) => seconds,
            Kind::Duration(ms) => ms as f64 / 1000.0,
            Kind::Word if self.at_keyword("inf") || self.at_keyword("nan") => f64::INFINITY,
            _ => return Err(self.unexpected("a time in seconds, `start()` or `end()`")),
        };
        let ms = (sign * seconds * 1000.0).round();
        let span = self.advance();
        if ms.abs() <= LATEST_MS {
            Ok(At::Millis(ms as i64))
        } else {
            Err(Box::new(ParseError::new(span, "the time is out of range").hint("it is in seconds since 1970")))
        }
    }

    fn sign(&mut self) -> i64 {
        let sign = match self.peek() {
            Kind::Op(BinaryOp::Sub) => -1,
            Kind::Op(BinaryOp::Add) => 1,
            _ => return 1,
        };
        self.advance();
        sign
    }
}

fn ranged(mut node: Node, range: Window, brackets: Span) -> Parsed<Node> {
    let refuse = |message| Err(Box::new(ParseError::new(brackets, message)));
    match &mut node.expr.kind {
        ExprKind::Selector(Selector { window: Some(_), .. }) => return refuse("a second range on a selector"),
        ExprKind::Selector(selector) if selector.modifiers.span.is_some() => {
            return refuse("a range behind `offset` or `@`: it stands before them");
        }
        ExprKind::Selector(selector) => selector.window = Some(range),
        _ => {
            let error = ParseError::new(brackets, "a range may only follow a selector");
            return Err(Box::new(error.hint("a subquery has a colon, for example `[5m:]`")));
        }
    }
    node.expr.span.end = brackets.end;
    Ok(node)
}

fn subquery(node: Node, range: Window, resolution: Option<Window>, brackets: Span) -> Parsed<Node> {
    if let ExprKind::Selector(Selector { window: Some(_), .. }) = node.expr.kind {
        return Err(Box::new(ParseError::new(brackets, "a subquery on a range")));
    }
    let span = Span { start: node.expr.span.start, end: brackets.end };
    let subquery = Subquery { expr: node.expr, range, resolution, modifiers: Modifiers::default() };
    Node::above(node.depth, ExprKind::Subquery(Box::new(subquery)), span)
}

fn modifiers<'a>(expr: &'a mut Expr, modifier: &str, span: Span) -> Parsed<&'a mut Modifiers> {
    match &mut expr.kind {
        ExprKind::Selector(selector) => Ok(&mut selector.modifiers),
        ExprKind::Subquery(subquery) => Ok(&mut subquery.modifiers),
        _ => Err(Box::new(ParseError::new(span, format!("`{modifier}` may only follow a selector or a subquery")))),
    }
}

fn extend(expr: &mut Expr, span: Span) {
    expr.span.end = span.end;
    let modifiers = match &mut expr.kind {
        ExprKind::Selector(selector) => &mut selector.modifiers,
        ExprKind::Subquery(subquery) => &mut subquery.modifiers,
        _ => return,
    };
    let start = modifiers.span.map_or(span.start, |before| before.start);
    modifiers.span = Some(Span { start, end: span.end });
}
