//! What follows a binary operator: `bool`, `on`, `ignoring`, `group_left`, `group_right`.

use crate::ast::{BinaryOp, Cardinality, Matching, Span};

use super::ParseError;
use super::parser::{ParseResult, Parser};
use super::pile::Pending;
use super::token::TokenKind;

fn cardinality_of(left: bool, included: Vec<String>) -> Cardinality {
    if left { Cardinality::ManyToOne(included) } else { Cardinality::OneToMany(included) }
}

impl Parser<'_> {
    /// The operator with the clause that follows it.
    pub(super) fn matching(&mut self, op: BinaryOp, op_span: Span) -> ParseResult<Pending> {
        let returns_bool = self.at_keyword("bool");
        if returns_bool {
            let span = self.advance();
            if !op.is_comparison() && !self.is_exact() {
                let message = format!("`bool` belongs to comparisons, not to `{op}`");
                return Err(Box::new(ParseError::new(span, message)));
            }
        }
        let on = self.at_keyword("on");
        if !on && !self.at_keyword("ignoring") {
            self.refuse_group_without_labels()?;
            return Ok(Pending::Binary { op, op_span, returns_bool, matching: None });
        }
        self.advance();
        let labels = self.labels()?;
        let cardinality = self.cardinality(op, on, &labels)?;
        Ok(Pending::Binary { op, op_span, returns_bool, matching: Some(Matching { on, labels, cardinality }) })
    }

    fn cardinality(&mut self, op: BinaryOp, on: bool, labels: &[String]) -> ParseResult<Cardinality> {
        let left = self.at_keyword("group_left");
        if !left && !self.at_keyword("group_right") {
            return Ok(Cardinality::OneToOne);
        }
        let word = self.word();
        let span = self.advance();
        let refuse = |message| Err(Box::new(ParseError::new(span, message)));
        if op.is_set() && !self.is_exact() {
            return refuse(format!("`{word}` cannot follow `{op}`: set operators match many to many"));
        }
        let included = match self.peek() {
            TokenKind::ParenOpen | TokenKind::Names(_) => self.labels()?,
            _ => Vec::new(),
        };
        if self.is_exact() {
            return Ok(cardinality_of(left, included));
        }
        // Bounded: either list may be as long as the text.
        let known: std::collections::HashSet<&String> = labels.iter().collect();
        if let Some(label) = included.iter().find(|label| on && known.contains(label)) {
            let label = super::parser::shortened(label);
            return refuse(format!("the label `{label}` stands in both `on` and `{word}`"));
        }
        Ok(cardinality_of(left, included))
    }

    fn refuse_group_without_labels(&self) -> ParseResult<()> {
        if !self.at_keyword("group_left") && !self.at_keyword("group_right") {
            return Ok(());
        }
        let message = format!("`{}` needs `on(…)` or `ignoring(…)` before it", self.word());
        Err(Box::new(ParseError::new(self.span(), message)))
    }
}
