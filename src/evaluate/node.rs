//! The tree above the fetches.

use super::function::Math;
use super::over::OverNode;
use super::spread::NanPlace;
use crate::ast::{AggregateOp, BinaryOp, Grouping, Matching, Span};
use crate::pattern::Pattern;
use crate::series::Labels;

/// What is computed. Lowering has checked the types: a node that takes series has a child that gives them.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number.
    Number(f64),
    /// `time()`: a bucket's start in seconds since 1970, as a scalar.
    Time,
    /// `scalar(series)`: the value of the only series at a bucket, NaN if there is not exactly one.
    Scalar(Box<Node>),
    /// `vector(scalar)`: a series without labels.
    Vector(Box<Node>),
    /// The series of a fetch, by its number.
    Fetch(usize),
    /// Samples, put through a function window by window.
    Over(Box<OverNode>),
    /// Series without the metric's name. Label sets that are equal then are an error, even if never at one step.
    Nameless {
        /// The series.
        child: Box<Node>,
        /// Where the function stands that takes the name away.
        span: Span,
    },
    /// Series in the order of their values at the only step; the order of labels on several steps.
    Sorted {
        /// Whether the highest comes first.
        descending: bool,
        /// The series.
        child: Box<Node>,
    },
    /// A function of each value alone.
    Math {
        /// The function.
        function: &'static Math,
        /// Its argument: series, or a scalar under a minus sign.
        child: Box<Node>,
        /// Where the call stands.
        span: Span,
    },
    /// `round`, `clamp`, `clamp_min`, `clamp_max`.
    Limit {
        /// The function.
        function: Limiter,
        /// The series.
        child: Box<Node>,
        /// The scalars.
        args: Vec<Node>,
        /// Where the call stands.
        span: Span,
    },
    /// `timestamp(series)`: the bucket's start in seconds wherever there is a value.
    Timestamp {
        /// The series.
        child: Box<Node>,
        /// Where the call stands.
        span: Span,
    },
    /// `absent(series)`: 1 in every bucket in which there is no value.
    Absent {
        /// The series.
        child: Box<Node>,
        /// The labels that the selector's equalities tell.
        labels: Labels,
    },
    /// `label_replace`.
    LabelReplace {
        /// The series.
        child: Box<Node>,
        /// The label that is set.
        target: String,
        /// Its value, with `$1` for groups of the pattern.
        replacement: String,
        /// The label that is read.
        source: String,
        /// What it must match.
        pattern: Pattern,
        /// Whether series that come to have equal labels are one where they never share a bucket.
        joins: bool,
        /// Where the call stands.
        span: Span,
    },
    /// `label_join`.
    LabelJoin {
        /// The series.
        child: Box<Node>,
        /// The label that is set.
        target: String,
        /// What stands between the values.
        separator: String,
        /// The labels that are read.
        sources: Vec<String>,
        /// Whether series that come to have equal labels are one where they never share a bucket.
        joins: bool,
        /// Where the call stands.
        span: Span,
    },
    /// `histogram_quantile(φ, series with le)`.
    HistogramQuantile {
        /// φ.
        phi: Box<Node>,
        /// Where φ stands.
        phi_span: Span,
        /// Where the buckets stand.
        span: Span,
        /// The buckets.
        child: Box<Node>,
    },
    /// `histogram_fraction(lower, upper, series with le)`.
    HistogramFraction {
        /// The lower and the upper bound.
        bounds: Vec<Node>,
        /// Where the buckets stand.
        span: Span,
        /// The buckets.
        child: Box<Node>,
    },
    /// What native histograms among series give: nothing, as all samples are numbers.
    OfNativeHistograms(Box<Node>),
    /// An aggregation without a parameter.
    Aggregate {
        /// The operator.
        op: AggregateOp,
        /// The labels that survive.
        grouping: Grouping,
        /// What is aggregated.
        child: Box<Node>,
    },
    /// `quantile(φ, series)`.
    Quantile {
        /// φ.
        phi: Box<Node>,
        /// Where φ stands.
        phi_span: Span,
        /// What NaN is among the values.
        nan: NanPlace,
        /// The labels that survive.
        grouping: Grouping,
        /// What is aggregated.
        child: Box<Node>,
    },
    /// `count_values("label", series)`.
    CountValues {
        /// The label that carries the value.
        label: String,
        /// The labels that survive.
        grouping: Grouping,
        /// What is aggregated.
        child: Box<Node>,
    },
    /// `topk` and `bottomk`: whole series, ranked by their mean.
    Rank {
        /// Whether the highest are wanted.
        top: bool,
        /// How many of each group.
        k: usize,
        /// The groups.
        grouping: Grouping,
        /// What is ranked.
        child: Box<Node>,
    },
    /// `topk` and `bottomk` at each step by itself.
    RankAtStep {
        /// Whether the highest are wanted.
        top: bool,
        /// How many of each group.
        k: Box<Node>,
        /// The groups.
        grouping: Grouping,
        /// What is ranked.
        child: Box<Node>,
        /// Where `k` stands.
        span: Span,
    },
    /// A binary operator.
    Binary(Box<BinaryNode>),
}

/// A binary operator and its operands.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryNode {
    /// The operator.
    pub op: BinaryOp,
    /// Comparisons give 0 and 1 instead of filtering.
    pub returns_bool: bool,
    /// How series pair up; of no meaning where an operand is a scalar.
    pub matching: Matching,
    /// Left operand.
    pub lhs: Node,
    /// Right operand.
    pub rhs: Node,
    /// Where the operator stands.
    pub span: Span,
}

/// The functions that take scalars besides the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limiter {
    /// To the nearest multiple, halves up.
    Round,
    /// Between two bounds; nothing where the lower one is above the upper.
    Clamp,
    /// At least.
    ClampMin,
    /// At most.
    ClampMax,
}
