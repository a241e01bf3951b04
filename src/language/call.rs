//! Calls, aggregations and lists of labels.

use crate::ast::{Aggregate, AggregateOp, Call, Expr, ExprKind, Grouping, MetricRef, Selector, Span};

use super::nest::{CallArguments, Opener, OperandStart};
use super::parser::{ParseResult, ParsedExpr, Parser};
use super::reading::words;
use super::token::{TokenKind, is_no_label};
use super::{Dialect, ParseError};

impl Parser<'_> {
    pub(super) fn call(&mut self) -> ParseResult<OperandStart> {
        let name = self.name(self.word());
        let name_span = self.advance();
        self.arguments(Opener::Call { name, name_span })
    }

    /// Whether `by` or `without` stands behind the next word.
    pub(super) fn grouping_follows(&self) -> bool {
        self.keyword_second("by") || self.keyword_second("without")
    }

    pub(super) fn aggregate(&mut self, op: AggregateOp) -> ParseResult<OperandStart> {
        let op_span = self.advance();
        let grouping = self.grouping()?;
        self.arguments(Opener::Aggregate { op, op_span, grouping })
    }

    /// The opening parenthesis, and the closing one too when there is no expression to read between.
    fn arguments(&mut self, opener: Opener) -> ParseResult<OperandStart> {
        let mut arguments = CallArguments::default();
        // `avg(cpu|mem)`: the parentheses are the call's and the list's at once.
        if let TokenKind::Names(names) = self.peek() {
            let metric = MetricRef::Names(names.clone());
            if names.iter().any(String::is_empty) {
                return Err(Box::new(ParseError::new(self.span(), "a list of metrics with an empty name")));
            }
            let selector = ExprKind::Selector(Selector { metric, ..Selector::default() });
            arguments.push(ParsedExpr::leaf(selector, self.advance()));
        } else {
            self.expect(&TokenKind::ParenOpen, "`(`")?;
            if !self.accept(&TokenKind::ParenClose) {
                return Ok(OperandStart::Open(opener));
            }
        }
        self.complete(opener, arguments).map(OperandStart::Node)
    }

    /// The call or aggregation whose closing parenthesis has been read.
    pub(super) fn complete(&mut self, opener: Opener, arguments: CallArguments) -> ParseResult<ParsedExpr> {
        let CallArguments { mut list, depth } = arguments;
        match opener {
            Opener::Aggregate { op, op_span, grouping } => {
                self.aggregated(op, op_span, grouping, CallArguments { list, depth })
            }
            Opener::Call { name, name_span } => {
                let span = Span { start: name_span.start, end: self.end() };
                ParsedExpr::above(depth, ExprKind::Call(Call { name, name_span, args: list }), span)
            }
            Opener::Whole | Opener::Paren { .. } => {
                list.pop().map(|expr| ParsedExpr { expr, depth }).ok_or_else(|| self.unexpected("an expression"))
            }
        }
    }

    fn aggregated(
        &mut self,
        op: AggregateOp,
        op_span: Span,
        before: Option<Grouping>,
        arguments: CallArguments,
    ) -> ParseResult<ParsedExpr> {
        let close = Span { start: op_span.start, end: self.end() };
        let again = self.span();
        let after = self.grouping()?;
        if before.is_some() && after.is_some() {
            return Err(Box::new(ParseError::new(again, format!("`{op}` is grouped twice"))));
        }
        let grouping = before.or(after).unwrap_or_else(|| Grouping::By(Vec::new()));
        let (param, expr) = operands(op, arguments.list, close)?;
        let aggregate = Aggregate { op, op_span, param, expr, grouping };
        let span = Span { start: op_span.start, end: self.end() };
        ParsedExpr::above(arguments.depth, ExprKind::Aggregate(Box::new(aggregate)), span)
    }

    fn grouping(&mut self) -> ParseResult<Option<Grouping>> {
        let by = self.at_keyword("by");
        if !by && !self.at_keyword("without") {
            return Ok(None);
        }
        self.advance();
        let labels = self.labels()?;
        Ok(Some(if by { Grouping::By(labels) } else { Grouping::Without(labels) }))
    }

    /// `(a, b)`: the labels of a clause. A comma may follow the last one.
    pub(super) fn labels(&mut self) -> ParseResult<Vec<String>> {
        let mut labels = Vec::new();
        if self.accept_label_list(&mut labels)? {
            return Ok(labels);
        }
        self.expect(&TokenKind::ParenOpen, "`(` and labels")?;
        while *self.peek() != TokenKind::ParenClose {
            self.label(&mut labels)?;
            if *self.peek() == TokenKind::ParenClose {
                break;
            }
            self.expect(&TokenKind::Comma, "`,` or `)`")?;
        }
        self.advance();
        Ok(labels)
    }

    /// One label, or several in the place of one: `(host|dc)`, and `()` when none is selected.
    fn label(&mut self, labels: &mut Vec<String>) -> ParseResult<()> {
        if self.accept_label_list(labels)? {
            return Ok(());
        }
        let (json, span) = (self.dialect == Dialect::Json, self.span());
        let found = match self.peek() {
            TokenKind::Word if !json && is_no_label(self.word()) => return Err(self.unexpected("a label name")),
            TokenKind::Word => vec![self.name(self.word())],
            TokenKind::Text(quoted) if json => {
                self.replaced(quoted.body)?;
                words(&self.text[quoted.body.start..quoted.body.end])
            }
            TokenKind::Text(quoted) => vec![self.string(*quoted)?],
            TokenKind::ParenOpen if json && *self.peek_second() == TokenKind::ParenClose => {
                self.advance();
                Vec::new()
            }
            TokenKind::BraceOpen => {
                let end = self.text[span.start..].find('}').map_or(span.end, |end| span.start + end);
                self.replaced(Span { start: span.start, end })?;
                return Err(self.unexpected("a label name"));
            }
            _ => return Err(self.unexpected("a label name")),
        };
        self.advance();
        self.add_labels(labels, found, span)
    }

    fn accept_label_list(&mut self, labels: &mut Vec<String>) -> ParseResult<bool> {
        let TokenKind::Names(names) = self.peek() else { return Ok(false) };
        let names = names.clone();
        let span = self.advance();
        self.add_labels(labels, names, span)?;
        Ok(true)
    }

    fn add_labels(&self, labels: &mut Vec<String>, found: Vec<String>, span: Span) -> ParseResult<()> {
        if found.iter().any(String::is_empty) {
            return Err(Box::new(ParseError::new(span, "an empty label name")));
        }
        labels.extend(found);
        Ok(())
    }
}

/// The parameter, when the operator has one, and what is aggregated.
fn operands(op: AggregateOp, arguments: Vec<Expr>, span: Span) -> ParseResult<(Option<Expr>, Expr)> {
    let found = arguments.len();
    let mut arguments = arguments.into_iter();
    let operands = match (takes_parameter(op), arguments.next(), arguments.next(), arguments.next()) {
        (true, param @ Some(_), Some(expr), None) => Some((param, expr)),
        (false, Some(expr), None, None) => Some((None, expr)),
        _ => None,
    };
    operands.ok_or_else(|| {
        let wants = if takes_parameter(op) { "a parameter and an expression" } else { "one expression" };
        let error = ParseError::new(span, format!("`{op}` takes {wants}, found {found} arguments"));
        Box::new(match op {
            AggregateOp::CountValues => error.hint("for example `count_values(\"version\", x)`"),
            AggregateOp::Quantile | AggregateOp::LimitRatio => error.hint(format!("for example `{op}(0.9, x)`")),
            op if takes_parameter(op) => error.hint(format!("for example `{op}(5, x)`")),
            _ => error,
        })
    })
}

fn takes_parameter(op: AggregateOp) -> bool {
    use AggregateOp::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
    matches!(op, Topk | Bottomk | Quantile | CountValues | Limitk | LimitRatio)
}
