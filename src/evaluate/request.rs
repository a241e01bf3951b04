//! What lowering gives: fetch requests and the tree over them.

use crate::ast::{AggregateOp, Grouping, OverTime, Selector, Span};

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
}

/// An aggregation that the database does.
#[derive(Clone, Debug, PartialEq)]
pub struct PushedAggregate {
    /// The operator.
    pub op: AggregateOp,
    /// The labels that survive.
    pub grouping: Grouping,
}

/// A function of a range of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeFunction {
    /// One of the seven that SQL answers with mergeable partials.
    OverTime(OverTime),
    /// One that is known and not done yet.
    Later(&'static str),
}

impl RangeFunction {
    /// The function that the word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        if let Some(function) = word.strip_suffix("_over_time").and_then(OverTime::from_word) {
            return Some(Self::OverTime(function));
        }
        LATER.iter().find(|later| **later == word).map(|later| Self::Later(later))
    }

    /// Every word.
    pub fn words() -> impl Iterator<Item = String> {
        let done = OverTime::ALL.iter().map(|function| format!("{}_over_time", function.word()));
        done.chain(LATER.iter().map(|later| (*later).to_owned()))
    }
}

/// Range functions of PromQL that are refused by name.
const LATER: &[&str] = &[
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
    "present_over_time",
    "absent_over_time",
    "mad_over_time",
    "ts_of_min_over_time",
    "ts_of_max_over_time",
    "ts_of_last_over_time",
    "rate",
    "increase",
    "delta",
    "idelta",
    "irate",
    "changes",
    "resets",
    "deriv",
    "predict_linear",
    "double_exponential_smoothing",
];

/// The tree above the fetches.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// The series of a fetch.
    Fetch(usize),
    /// An aggregation over series.
    Aggregate {
        /// The operator.
        op: AggregateOp,
        /// The labels that survive.
        grouping: Grouping,
        /// What is aggregated.
        child: Box<Node>,
    },
}

/// An expression as fetches and the tree over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The tree.
    pub node: Node,
    /// The fetches, by the numbers that the tree calls them.
    pub fetches: Vec<FetchRequest>,
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
}
