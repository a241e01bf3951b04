//! Calls, aggregations and lists of labels.

use crate::ast::{Aggregate, AggregateOp, Call, Expr, ExprKind, Grouping, MetricRef, Selector, Span};

use super::nest::{Arguments, Opener, Start};
use super::parser::{Node, Parsed, Parser};
use super::reading::words;
use super::token::{Kind, is_no_label};
use super::{Dialect, ParseError};

impl Parser<'_> {
    pub(super) fn call(&mut self) -> Parsed<Start> {
        let name = self.name(self.word());
        let name_span = self.advance();
        self.arguments(Opener::Call { name, name_span })
    }

    /// Whether `by` or `without` stands behind the next word.
    pub(super) fn grouping_follows(&self) -> bool {
        self.keyword_second("by") || self.keyword_second("without")
    }

    pub(super) fn aggregate(&mut self, op: AggregateOp) -> Parsed<Start> {
        let op_span = self.advance();
        let grouping = self.grouping()?;
        self.arguments(Opener::Aggregate { op, op_span, grouping })
    }

    /// The opening parenthesis, and the closing one too when there is no expression to read between.
    fn arguments(&mut self, opener: Opener) -> Parsed<Start> {
        let mut arguments = Arguments::default();
        // `avg(cpu|mem)`: the parentheses are the call's and the list's at once.
        if let Kind::Names(names) = self.peek() {
            let metric = MetricRef::Names(names.clone());
            if names.iter().any(String::is_empty) {
                return Err(Box::new(ParseError::new(self.span(), "a list of metrics with an empty name")));
            }
            let selector = ExprKind::Selector(Selector { metric, ..Selector::default() });
            arguments.push(Node::leaf(selector, self.advance()));
        } else {
            self.expect(&Kind::ParenOpen, "`(`")?;
            if !self.accept(&Kind::ParenClose) {
                return Ok(Start::Open(opener));
            }
        }
        self.complete(opener, arguments).map(Start::Node)
    }

    /// The call or aggregation whose closing parenthesis has been read.
    pub(super) fn complete(&mut self, opener: Opener, arguments: Arguments) -> Parsed<Node> {
        let Arguments { mut list, depth } = arguments;
        match opener {
            Opener::Aggregate { op, op_span, grouping } => {
                self.aggregated(op, op_span, grouping, Arguments { list, depth })
            }
            Opener::Call { name, name_span } => {
                let span = Span { start: name_span.start, end: self.end() };
                Node::above(depth, ExprKind::Call(Call { name, name_span, args: list }), span)
            }
            Opener::Whole | Opener::Paren { .. } => {
                list.pop().map(|expr| Node { expr, depth }).ok_or_else(|| self.unexpected("an expression"))
            }
        }
    }

    fn aggregated(
        &mut self,
        op: AggregateOp,
        op_span: Span,
        before: Option<Grouping>,
        arguments: Arguments,
    ) -> Parsed<Node> {
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
        Node::above(arguments.depth, ExprKind::Aggregate(Box::new(aggregate)), span)
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        let by = self.at_keyword("by");
        if !by && !self.at_keyword("without") {
            return Ok(None);
        }
        self.advance();
        let labels = self.labels()?;
        Ok(Some(if by { Grouping::By(labels) } else { Grouping::Without(labels) }))
    }

    /// `(a, b)`: the labels of a clause. A comma may follow the last one.
    pub(super) fn labels(&mut self) -> Parsed<Vec<String>> {
        let mut labels = Vec::new();
        if self.accept_label_list(&mut labels)? {
            return Ok(labels);
        }
        self.expect(&Kind::ParenOpen, "`(` and labels")?;
        while *self.peek() != Kind::ParenClose {
            self.label(&mut labels)?;
            if *self.peek() == Kind::ParenClose {
                break;
            }
            self.expect(&Kind::Comma, "`,` or `)`")?;
        }
        self.advance();
        Ok(labels)
    }

    /// One label, or several in the place of one: `(host|dc)`, and `()` when none is selected.
    fn label(&mut self, labels: &mut Vec<String>) -> Parsed<()> {
        if self.accept_label_list(labels)? {
            return Ok(());
        }
        let (json, span) = (self.dialect == Dialect::Json, self.span());
        let found = match self.peek() {
            Kind::Word if !json && is_no_label(self.word()) => return Err(self.unexpected("a label name")),
            Kind::Word => vec![self.name(self.word())],
            Kind::Text(quoted) if json => {
                self.replaced(quoted.body)?;
                words(&self.text[quoted.body.start..quoted.body.end])
            }
            Kind::Text(quoted) => vec![self.string(*quoted)?],
            Kind::ParenOpen if json && *self.peek_second() == Kind::ParenClose => {
                self.advance();
                Vec::new()
            }
            Kind::BraceOpen => {
                let end = self.text[span.start..].find('}').map_or(span.end, |end| span.start + end);
                self.replaced(Span { start: span.start, end })?;
                return Err(self.unexpected("a label name"));
            }
            _ => return Err(self.unexpected("a label name")),
        };
        self.advance();
        self.add_labels(labels, found, span)
    }

    fn accept_label_list(&mut self, labels: &mut Vec<String>) -> Parsed<bool> {
        let Kind::Names(names) = self.peek() else { return Ok(false) };
        let names = names.clone();
        let span = self.advance();
        self.add_labels(labels, names, span)?;
        Ok(true)
    }

    fn add_labels(&self, labels: &mut Vec<String>, found: Vec<String>, span: Span) -> Parsed<()> {
        if found.iter().any(String::is_empty) {
            return Err(Box::new(ParseError::new(span, "an empty label name")));
        }
        labels.extend(found);
        Ok(())
    }
}

/// The parameter, when the operator has one, and what is aggregated.
fn operands(op: AggregateOp, arguments: Vec<Expr>, span: Span) -> Parsed<(Option<Expr>, Expr)> {
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
