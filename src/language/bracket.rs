//! What binds to an operand from the right: ranges, subqueries, `offset` and `@`.

use crate::ast::{At, BinaryOp, Expr, ExprKind, Modifiers, Offset, Selector, Span, Subquery, WindowLength};

use super::duration::LONGEST_MS;
use super::parser::{ParseResult, ParsedExpr, Parser};
use super::token::TokenKind;
use super::{Dialect, ParseError};

/// The year 9999, so that the arithmetic around an evaluation time cannot overflow.
const LATEST_MS: f64 = 253_402_300_799_999.0;

/// As many seconds as fit into 64 bits.
const LONGEST_SECONDS: f64 = 9_223_372_036_854_775_807.0;

/// Numbers below it are seconds since 1970, the others milliseconds.
const SECONDS_BELOW: f64 = 1e11;

/// What the windows and times of the grammar are written as.
pub(super) const DURATION: &str = "a duration such as `5m`";

impl Parser<'_> {
    /// `[range]` or `[range:resolution]`.
    pub(super) fn brackets(&mut self, node: ParsedExpr) -> ParseResult<ParsedExpr> {
        let start = self.advance().start;
        let range = self.window()?;
        let resolution = match *self.peek() {
            TokenKind::Colon => {
                self.advance();
                Some(if *self.peek() == TokenKind::BracketClose { None } else { self.resolution()? })
            }
            _ => None,
        };
        let wanted = if resolution.is_some() { "`]`" } else { "`]` or `:`" };
        self.expect(&TokenKind::BracketClose, wanted)?;
        let brackets = Span { start, end: self.end() };
        match resolution {
            None => self.ranged(node, range, brackets),
            Some(resolution) => self.subquery(node, range, resolution, brackets),
        }
    }

    fn resolution(&mut self) -> ParseResult<Option<WindowLength>> {
        if self.is_exact() { self.exact_resolution() } else { self.window().map(Some) }
    }

    fn window(&mut self) -> ParseResult<WindowLength> {
        if self.is_exact() {
            return self.exact_range();
        }
        let span = self.span();
        self.length_or_none()?.ok_or_else(|| Box::new(ParseError::new(span, "a range of no length")))
    }

    /// A length, also one that the server knows by name; none of zero.
    fn length_or_none(&mut self) -> ParseResult<Option<WindowLength>> {
        if matches!(self.peek(), TokenKind::Variable(_)) {
            return self.built_in().map(Some);
        }
        let ms = self.length()?;
        self.advance();
        Ok((ms != 0).then_some(WindowLength::Millis(ms)))
    }

    /// `$__interval` and its kin. Those that Grafana gives in a unit are followed by it: `${__range_s}s`.
    fn built_in(&mut self) -> ParseResult<WindowLength> {
        let TokenKind::Variable(name) = self.peek() else { return Err(self.unexpected(DURATION)) };
        let (window, unit) = match name.as_str() {
            "__interval" => (WindowLength::Interval, None),
            "__rate_interval" => (WindowLength::RateInterval, None),
            "__range" => (WindowLength::Range, None),
            "__interval_ms" => (WindowLength::Interval, Some("ms")),
            "__rate_interval_ms" => (WindowLength::RateInterval, Some("ms")),
            "__range_ms" => (WindowLength::Range, Some("ms")),
            "__range_s" => (WindowLength::Range, Some("s")),
            _ => return Err(self.unexpected(DURATION)),
        };
        let end = self.advance().end;
        if let Some(unit) = unit {
            let follows = *self.peek() == TokenKind::Word && self.word() == unit && self.span().start == end;
            if follows {
                self.advance();
            } else if unit != "s" {
                return Err(self.unexpected("the unit `ms` behind a number of milliseconds"));
            }
        }
        Ok(window)
    }

    /// The next token as a length in milliseconds; a bare number is seconds.
    fn length(&self) -> ParseResult<i64> {
        match *self.peek() {
            TokenKind::Duration(ms) => Ok(ms),
            TokenKind::Number(seconds) => {
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

    pub(super) fn offset(&mut self, mut node: ParsedExpr) -> ParseResult<ParsedExpr> {
        let keyword = self.advance();
        let offset = if self.is_exact() { self.exact_offset()? } else { self.offset_length()? };
        let span = Span { start: keyword.start, end: self.end() };
        let modified = node.expr.span;
        let place = |own| if self.is_exact() { modified } else { own };
        let modifiers = modifiers(&mut node.expr, "offset", place(keyword))?;
        if modifiers.offset.is_some() {
            return Err(Box::new(ParseError::new(place(span), "`offset` is given twice")));
        }
        modifiers.offset = offset;
        extend(&mut node.expr, span);
        Ok(node)
    }

    fn offset_length(&mut self) -> ParseResult<Option<Offset>> {
        let ahead = self.sign() < 0;
        Ok(self.length_or_none()?.map(|length| Offset { length, ahead }))
    }

    /// `@ 1609746000`, `@ start()`, `@ end()`.
    pub(super) fn at_modifier(&mut self, mut node: ParsedExpr) -> ParseResult<ParsedExpr> {
        let symbol = self.advance();
        let at = if self.at_keyword("start") {
            self.bound(At::Start)?
        } else if self.at_keyword("end") {
            self.bound(At::End)?
        } else {
            self.instant(node.expr.span)?
        };
        let span = Span { start: symbol.start, end: self.end() };
        let modified = node.expr.span;
        let place = |own| if self.is_exact() { modified } else { own };
        let modifiers = modifiers(&mut node.expr, "@", place(symbol))?;
        if modifiers.at.is_some() {
            return Err(Box::new(ParseError::new(place(span), "`@` is given twice")));
        }
        modifiers.at = Some(at);
        extend(&mut node.expr, span);
        Ok(node)
    }

    fn bound(&mut self, at: At) -> ParseResult<At> {
        self.advance();
        self.expect(&TokenKind::ParenOpen, "`()`")?;
        self.expect(&TokenKind::ParenClose, "`)`")?;
        Ok(at)
    }

    fn instant(&mut self, modified: Span) -> ParseResult<At> {
        let sign = self.sign() as f64;
        let seconds = match *self.peek() {
            // `${__from}` is milliseconds.
            TokenKind::Number(ms) if self.dialect == Dialect::Json && ms >= SECONDS_BELOW => ms / 1000.0,
            TokenKind::Number(seconds) => seconds,
            TokenKind::Duration(ms) => ms as f64 / 1000.0,
            TokenKind::Word if self.at_keyword("inf") || self.at_keyword("nan") => f64::INFINITY,
            _ => return Err(self.unexpected("a time in seconds, `start()` or `end()`")),
        };
        let ms = (sign * seconds * 1000.0).round();
        let span = self.advance();
        if ms.abs() <= LATEST_MS {
            Ok(At::Millis(ms as i64))
        } else if self.is_exact() && seconds < LONGEST_SECONDS {
            // There is no data before or behind these years.
            Ok(At::Millis(ms.clamp(-LATEST_MS, LATEST_MS) as i64))
        } else {
            let span = if self.is_exact() { modified } else { span };
            Err(Box::new(ParseError::new(span, "the time is out of range").hint("it is in seconds since 1970")))
        }
    }

    fn sign(&mut self) -> i64 {
        let sign = match self.peek() {
            TokenKind::Op(BinaryOp::Sub) => -1,
            TokenKind::Op(BinaryOp::Add) => 1,
            _ => return 1,
        };
        self.advance();
        sign
    }
}

impl Parser<'_> {
    fn ranged(&self, mut node: ParsedExpr, range: WindowLength, brackets: Span) -> ParseResult<ParsedExpr> {
        let refuse = |message| Err(Box::new(ParseError::new(brackets, message)));
        match &mut node.expr.kind {
            ExprKind::Selector(Selector { window: Some(_), .. }) => return refuse("a second range on a selector"),
            ExprKind::Selector(selector) if self.is_range_too_late(selector.modifiers) => {
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

    /// Prometheus lets an offset of nothing, `@ start()` and `@ end()` pass in front of a range.
    fn is_range_too_late(&self, modifiers: Modifiers) -> bool {
        if self.is_exact() {
            modifiers.offset.is_some() || matches!(modifiers.at, Some(At::Millis(_)))
        } else {
            modifiers.span.is_some()
        }
    }

    fn subquery(
        &self,
        node: ParsedExpr,
        range: WindowLength,
        resolution: Option<WindowLength>,
        brackets: Span,
    ) -> ParseResult<ParsedExpr> {
        let is_range = matches!(node.expr.kind, ExprKind::Selector(Selector { window: Some(_), .. }));
        if is_range && !self.is_exact() {
            return Err(Box::new(ParseError::new(brackets, "a subquery on a range")));
        }
        let span = Span { start: node.expr.span.start, end: brackets.end };
        let subquery = Subquery { expr: node.expr, range, resolution, modifiers: Modifiers::default() };
        ParsedExpr::above(node.depth, ExprKind::Subquery(Box::new(subquery)), span)
    }
}

fn modifiers<'a>(expr: &'a mut Expr, modifier: &str, span: Span) -> ParseResult<&'a mut Modifiers> {
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
