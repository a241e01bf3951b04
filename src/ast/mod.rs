//! What was asked, before any name is resolved: the grammar of PromQL as data.
//!
//! Every dialect ends here. Nothing in this module knows the catalog, a clock or a wire format.

#[macro_use]
mod words;
mod options;
mod written;

use std::sync::Arc;

pub use options::{Fill, Format, Options, Reduce};
pub use words::{AggregateOp, BinaryOp, OverTime, ValueType};
pub use written::{MatchOp, Written, WrittenMatcher};

/// A half-open range of byte offsets into the text that was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// An expression and where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of PromQL's grammar.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number: `1.5`, `0x1f`, `Inf`; from Prometheus' dialect with its signs, from the JSON dialect also a
    /// duration where a number may stand.
    Number(f64),
    /// A duration where a number may stand, in milliseconds: as a number its seconds. From Prometheus' dialect only.
    Duration(i64),
    /// A string literal where an expression may stand.
    Text(String),
    /// `metric{label="value"}`, with an optional window and modifiers.
    Selector(Selector),
    /// `expr[range:resolution]`.
    Subquery(Box<Subquery>),
    /// `-expr`.
    Negate(Box<Expr>),
    /// `+expr`, which is `expr`. From Prometheus' dialect only: the JSON dialect drops the sign.
    Plus(Box<Expr>),
    /// `(expr)`.
    Paren(Box<Expr>),
    /// `name(args…)`; the name is not checked here.
    Call(Call),
    /// `sum by (label) (expr)`.
    Aggregate(Box<Aggregate>),
    /// `lhs op rhs` with its matching clause.
    Binary(Box<Binary>),
}

/// `name(args…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name as written.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub args: Vec<Expr>,
}

/// A series selector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// Which metrics; from the name in front of the braces, a quoted name inside them, or `__name__` matchers.
    pub metric: MetricRef,
    /// All other matchers, in order.
    pub matchers: Vec<Matcher>,
    /// `[5m]`.
    pub window: Option<WindowLength>,
    /// `offset` and `@`.
    pub modifiers: Modifiers,
    /// The text of names and matchers, from Prometheus' dialect only.
    pub written: Option<Box<Written>>,
}

/// The metrics that a selector names.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum MetricRef {
    /// No name at all: `{host="a"}`.
    #[default]
    Any,
    /// One of these names, exactly.
    Names(Vec<String>),
    /// Matchers on `__name__` that are not plain equality.
    Matching(Vec<Matcher>),
}

impl MetricRef {
    /// Matchers on the name: names, when they are a single list of them.
    #[must_use]
    pub fn of(on_name: Vec<Matcher>) -> Self {
        match on_name.as_slice() {
            [] => Self::Any,
            [Matcher { test: Test::In(names), .. }] if names.iter().all(|name| !name.is_empty()) => {
                Self::Names(names.to_vec())
            }
            _ => Self::Matching(on_name),
        }
    }
}

/// Values that many may look at and nobody copies: a dashboard's variable can have thousands.
pub type Values = Arc<[String]>;

/// One label matcher.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matcher {
    /// The label's name as written.
    pub label: String,
    /// What it asks of the label's value; an absent label has the empty value.
    pub test: Test,
    /// Where the matcher stands.
    pub span: Span,
}

/// What a matcher asks of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The value is one of these (`=`).
    In(Values),
    /// The value is none of these (`!=`).
    NotIn(Values),
    /// The whole value matches this RE2 pattern (`=~`); `.` matches a newline too.
    Match(String),
    /// The whole value does not match it (`!~`).
    NotMatch(String),
    /// Every value, absent included: an interpolated "All".
    Everything,
    /// No value at all.
    Nothing,
    /// Ordered comparison of ad hoc filters: numeric when both sides are, else by bytes; never true of an absent label.
    Compare(Comparison, String),
}

/// The four ordered comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A length of time in a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowLength {
    /// An exact length in milliseconds, above zero.
    Millis(i64),
    /// `$__interval`: the step.
    Interval,
    /// `$__rate_interval`.
    RateInterval,
    /// `$__range`: the whole range.
    Range,
}

/// `offset 5m @ 1609746000`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// How far the data lies from the answer; none when they lie together.
    pub offset: Option<Offset>,
    /// A fixed evaluation time.
    pub at: Option<At>,
    /// Where the modifiers stand, when there are any.
    pub span: Option<Span>,
}

/// `offset 5m`, `offset -$__interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// How far.
    pub length: WindowLength,
    /// Whether the data lies after the answer instead of before it.
    pub ahead: bool,
}

/// The argument of `@`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    /// Milliseconds since 1970.
    Millis(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
}

/// `expr[range:resolution]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    /// The inner expression.
    pub expr: Expr,
    /// The range.
    pub range: WindowLength,
    /// The resolution, when it is given.
    pub resolution: Option<WindowLength>,
    /// `offset` and `@`.
    pub modifiers: Modifiers,
}

/// An aggregation over series.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// `sum`, `topk`, …
    pub op: AggregateOp,
    /// Where the operator's name stands.
    pub op_span: Span,
    /// `k`, the quantile or the label of `count_values`.
    pub param: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
    /// `by` or `without`; none means one group.
    pub grouping: Grouping,
}

/// The labels that survive an aggregation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Only these.
    By(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl Grouping {
    /// The labels that it names.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        let (Self::By(labels) | Self::Without(labels)) = self;
        labels
    }
}

/// `lhs op bool on(…) group_left(…) rhs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left operand.
    pub lhs: Expr,
    /// Right operand.
    pub rhs: Expr,
    /// `bool`: comparisons give 0 and 1 instead of filtering.
    pub returns_bool: bool,
    /// How series pair up; none means on all labels, one to one.
    pub matching: Option<Matching>,
}

/// How the series of two operands pair up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// `on` (true) or `ignoring` (false).
    pub on: bool,
    /// The labels in the clause.
    pub labels: Vec<String>,
    /// One-to-one unless a group clause says otherwise.
    pub cardinality: Cardinality,
}

/// Which side may have several series for one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One to one.
    OneToOne,
    /// `group_left(labels taken from the right)`: many on the left.
    ManyToOne(Vec<String>),
    /// `group_right(labels taken from the left)`: many on the right.
    OneToMany(Vec<String>),
}
