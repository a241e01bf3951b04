//! What lowering gives: fetch requests and the tree over them, or a refusal.

use crate::ast::{AggregateOp, Grouping, Selector, Span};
use crate::evaluate::{FoldPlan, Node, OverFunction, OverNode, RangeFunction};
use crate::range::Function;
use crate::time::{Millis, Steps};

/// Times of windows lie between these, about the years -290000 and 290000: sums of them stay within range.
pub(super) const FARTHEST: Millis = i64::MAX / 1000;

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
pub struct SampleRead {
    /// Which series; without a window and modifiers.
    pub selector: Selector,
    /// The windows whose samples are kept, besides those that are folded.
    pub kept: Vec<FoldPlan>,
    /// Where the selector stands.
    pub span: Span,
}

/// Windows into which the samples of a read are folded as they come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldRequest {
    /// The number of the read.
    pub read: usize,
    /// The windows.
    pub plan: FoldPlan,
}

/// What a question reads.
#[derive(Clone, Copy, Debug)]
pub struct Reads<'a> {
    /// The reads, by their numbers.
    pub requests: &'a [SampleRead],
    /// The windows into which their samples are folded, by their numbers.
    pub folds: &'a [FoldRequest],
}

impl SampleRead {
    /// The samples from one millisecond up to another, both included; none where the first is the later one.
    #[must_use]
    pub fn samples(selector: Selector, start_ms: Millis, end_ms: Millis) -> Self {
        let (start_ms, end_ms) = (start_ms.clamp(-FARTHEST, FARTHEST), end_ms.clamp(-FARTHEST, FARTHEST));
        let window_ms = (end_ms - start_ms).saturating_add(1).max(0);
        Self::up_to(selector, end_ms, Some(window_ms))
    }

    /// The samples that still count at an instant.
    #[must_use]
    pub fn newest(selector: Selector, now: Millis) -> Self {
        Self::up_to(selector, now, None)
    }

    fn up_to(selector: Selector, end_ms: Millis, window_ms: Option<i64>) -> Self {
        let function = OverFunction::Range(Function::Last);
        let window = FoldPlan { function, args: [0.0; 2], ends: Steps::instant(end_ms), window_ms };
        Self { selector, kept: vec![window], span: Span::default() }
    }
}

/// An expression in Prometheus' meaning: reads, and what is computed of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LoweredSteps {
    /// What it gives.
    pub root: Root,
    /// The reads, by the numbers that the tree calls them.
    pub reads: Vec<SampleRead>,
    /// The folds, by the numbers that the tree calls them.
    pub folds: Vec<FoldRequest>,
}

impl LoweredSteps {
    /// What it reads.
    #[must_use]
    pub fn wanted(&self) -> Reads<'_> {
        Reads { requests: &self.reads, folds: &self.folds }
    }
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
pub struct ExpressionRefusal {
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

impl ExpressionRefusal {
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
