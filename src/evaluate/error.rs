//! What can go wrong once the data is there.

use std::fmt;

use crate::ast::Span;
use crate::error::Error;
use crate::series::Labels;

/// An expression whose series do not fit together, or that is too much work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateError {
    /// What is wrong.
    pub kind: EvaluateErrorKind,
    /// The labels of the series that clash, or those on which they were matched.
    pub labels: Labels,
    /// Where the operator or function stands.
    pub span: Span,
    /// What the request's budget said.
    pub refused: Option<Box<Error>>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluateErrorKind {
    /// Several series share the matched labels on the side that must have one at a bucket.
    ManyToMany(Side),
    /// Several on the left match one on the right, and no group clause allows it.
    ManyToOne,
    /// Under a group clause, several results have the same labels.
    SameMatch,
    /// Several results have the same labels at the same bucket.
    SameLabels,
    /// A parameter is NaN, or beyond what an aggregation can count.
    BadNumber,
    /// A factor of smoothing is not between 0 and 1.
    BadFactor,
    /// A label's value grows beyond all measure.
    TooLong,
    /// More points than the answer may cost.
    TooMuch,
    /// More bytes than may be held, or time is over.
    Refused,
}

impl From<Error> for EvaluateError {
    fn from(error: Error) -> Self {
        let refused = Some(Box::new(error));
        Self { refused, ..Self::new(EvaluateErrorKind::Refused, Labels::default(), Span::default()) }
    }
}

/// A side of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In front of it.
    Left,
    /// Behind it.
    Right,
}

impl EvaluateError {
    pub(super) fn new(kind: EvaluateErrorKind, labels: Labels, span: Span) -> Self {
        Self { kind, labels, span, refused: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.kind {
            EvaluateErrorKind::ManyToMany(_) => {
                "match on more labels, aggregate that side first, or, if the other side has one series, use \
                 `group_left` or `group_right`"
            }
            EvaluateErrorKind::ManyToOne => "use `group_left`, or aggregate the left side first",
            EvaluateErrorKind::SameMatch => "take only labels into the group clause that keep the series apart",
            EvaluateErrorKind::SameLabels => "they differ in the metric's name only: ask for one metric, or aggregate",
            EvaluateErrorKind::BadNumber => "give a whole number",
            EvaluateErrorKind::BadFactor => "give factors such as 0.5",
            EvaluateErrorKind::TooLong => "insert fewer groups, or join fewer labels",
            EvaluateErrorKind::TooMuch | EvaluateErrorKind::Refused => {
                "ask for fewer series, a shorter range or a coarser step"
            }
        }
    }
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = ShortLabels(&self.labels);
        match self.kind {
            EvaluateErrorKind::ManyToMany(side) => {
                let side = if side == Side::Left { "left" } else { "right" };
                write!(f, "many-to-many matching is not allowed: several series on the {side} side match {labels}")
            }
            EvaluateErrorKind::ManyToOne => {
                write!(f, "many-to-one matching must be explicit: several series on the left side match {labels}")
            }
            EvaluateErrorKind::SameMatch => {
                write!(f, "the labels of the group clause must ensure unique matches: several results are {labels}")
            }
            EvaluateErrorKind::SameLabels => write!(f, "several results have the same labels {labels}"),
            EvaluateErrorKind::BadNumber => f.write_str("the parameter of the aggregation is not a number of series"),
            EvaluateErrorKind::BadFactor => f.write_str("the smoothing and the trend factor must be between 0 and 1"),
            EvaluateErrorKind::TooLong => f.write_str("a label's value would be too long"),
            EvaluateErrorKind::TooMuch => f.write_str("this expression takes too many points to compute"),
            EvaluateErrorKind::Refused => f.write_str("this expression takes too much to compute"),
        }
    }
}

impl std::error::Error for EvaluateError {}

/// Labels as a selector writes them, long values cut.
struct ShortLabels<'a>(&'a Labels);

impl fmt::Display for ShortLabels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let cut: String = value.chars().take(120).collect();
            write!(f, "{comma}{name}={cut:?}")?;
        }
        f.write_str("}")
    }
}
