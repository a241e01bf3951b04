//! What lowering gives: fetch requests and the tree over them, or a refusal.

use crate::ast::{AggregateOp, Grouping, Selector, Span};
use crate::evaluate::{Node, OverNode, RangeFunction};
use crate::time::Millis;

/// A leaf that the database answers.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    /// Which series, over which window.
    pub selector: Selector,
    /// How samples become the value of a bucket; none means the metric's own.
    pub function: Option<RangeFunction>,
    /// An aggregation directly over it, which the database can do.
    pub pushed: Option<PushedAggregate>,
    /// Where the selector stands.
    pub span: Span,
    /// Where the function's name stands.
    pub function_span: Span,
    /// Whether its series are those of the answer, one by one.
    pub answers: bool,
}

impl FetchRequest {
    /// A selector without a function.
    pub(super) const fn plain(selector: Selector, span: Span) -> Self {
        Self { selector, function: None, pushed: None, span, function_span: span, answers: false }
    }
}

/// An aggregation that the database does: `sum`, `avg`, `min`, `max`, `count` or `group`.
#[derive(Clone, Debug, PartialEq)]
pub struct PushedAggregate {
    /// The operator.
    pub op: AggregateOp,
    /// The labels that survive.
    pub grouping: Grouping,
}

/// An expression as fetches and the tree over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The tree.
    pub node: Node,
    /// The fetches, by the numbers that the tree calls them; no two ask the same.
    pub fetches: Vec<FetchRequest>,
}

/// Samples that are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRequest {
    /// Which series; without a window and modifiers.
    pub selector: Selector,
    /// The ends of the first and the last window in which the newest sample counts: how far back that is, the source says.
    pub instants: Option<Stretch>,
    /// The samples of ranges: after the first time, up to the second.
    pub ranges: Option<Stretch>,
    /// Where the selector stands.
    pub span: Span,
}

/// Two times and what lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The earlier one, in milliseconds since 1970.
    pub from_ms: Millis,
    /// The later one.
    pub to_ms: Millis,
}

impl Stretch {
    /// What spans both.
    #[must_use]
    pub fn around(self, other: Self) -> Self {
        Self { from_ms: self.from_ms.min(other.from_ms), to_ms: self.to_ms.max(other.to_ms) }
    }

    pub(super) const fn length_ms(self) -> i64 {
        self.to_ms.saturating_sub(self.from_ms)
    }
}

/// An expression in Prometheus' meaning: reads, and what is computed of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LoweredSteps {
    /// What it gives.
    pub root: Root,
    /// The reads, by the numbers that the tree calls them.
    pub reads: Vec<ReadRequest>,
}

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// A scalar or series, at each step.
    Node(Node),
    /// A string.
    Text(String),
    /// The samples of a range, each at its own time; the node's function has no meaning.
    Range(OverNode),
}

/// An expression that is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Whose fault it is.
    pub kind: RefusalKind,
    /// What is refused.
    pub message: String,
    /// Where it stands.
    pub span: Span,
    /// What to do.
    pub hint: Option<String>,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// It is valid, and not done yet.
    Unsupported,
    /// It means nothing.
    Wrong,
    /// A text in it cannot be used: Prometheus finds that out while evaluating.
    Unusable,
}

impl Refusal {
    pub(super) fn unsupported(what: &str, span: Span) -> Self {
        Self { kind: RefusalKind::Unsupported, message: format!("{what} is not supported yet"), span, hint: None }
    }

    pub(super) fn wrong(message: impl Into<String>, span: Span) -> Self {
        Self { kind: RefusalKind::Wrong, message: message.into(), span, hint: None }
    }

    pub(super) fn unusable(message: impl Into<String>, span: Span) -> Self {
        Self { kind: RefusalKind::Unusable, message: message.into(), span, hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
