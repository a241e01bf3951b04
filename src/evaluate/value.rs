//! What a tree comes to, and the grid that it is computed on.

use super::over::Samples;
use crate::budget::HeldBytes;
use crate::series::{Labels, Point, Series};
use crate::time::{StepRuns, Steps};

/// The grid as evaluation needs it, and how much it may do.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationGrid<'a> {
    /// The start of every bucket in milliseconds since 1970.
    pub starts_ms: &'a [i64],
    /// Where they are the times of a subquery with gaps between its windows, how they are divided.
    pub runs: Option<StepRuns>,
    /// The most points (and series) that all nodes together may read and produce: bounds time and memory.
    pub max_points: usize,
}

/// Series and the bytes that they take.
#[derive(Debug)]
pub struct FetchedSeries {
    /// The series.
    pub series: Vec<Series>,
    /// What they hold.
    pub held: HeldBytes,
}

/// What a tree in Prometheus' meaning is computed of.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The series of each fold, by its number.
    pub folded: Vec<FetchedSeries>,
    /// The samples of each read, by its number; none of a read that keeps none.
    pub kept: Vec<Samples>,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number for every bucket.
    Scalar(Scalar),
    /// Series, sorted by labels, none without a point.
    Series(Vec<Series>),
}

/// A number for every bucket.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// The same in all.
    Constant(f64),
    /// One each.
    PerBucket(Vec<f64>),
}

impl Scalar {
    /// The number at a bucket.
    #[must_use]
    pub fn at(&self, bucket: u32) -> f64 {
        match self {
            Self::Constant(number) => *number,
            Self::PerBucket(numbers) => numbers.get(bucket as usize).copied().unwrap_or(f64::NAN),
        }
    }

    pub(super) fn map(&self, apply: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Constant(number) => Self::Constant(apply(*number)),
            Self::PerBucket(numbers) => Self::PerBucket(numbers.iter().copied().map(apply).collect()),
        }
    }

    pub(super) fn zip(&self, other: &Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        match (self, other) {
            (Self::Constant(left), right) => right.map(|right| apply(*left, right)),
            (left, Self::Constant(right)) => left.map(|left| apply(left, *right)),
            (Self::PerBucket(left), Self::PerBucket(right)) => {
                Self::PerBucket(left.iter().zip(right).map(|(left, right)| apply(*left, *right)).collect())
            }
        }
    }

    /// A series without labels that has a point in every bucket; none on a grid without buckets.
    #[must_use]
    pub fn into_series(self, buckets: &EvaluationGrid<'_>) -> Vec<Series> {
        let points: Vec<Point> = buckets.indices().map(|bucket| Point { bucket, value: self.at(bucket) }).collect();
        if points.is_empty() { Vec::new() } else { vec![Series { labels: Labels::default(), points }] }
    }
}

impl Value {
    /// The series; a scalar becomes one without labels that has a point in every bucket.
    #[must_use]
    pub fn into_series(self, buckets: &EvaluationGrid<'_>) -> Vec<Series> {
        match self {
            Self::Scalar(scalar) => scalar.into_series(buckets),
            Self::Series(series) => series,
        }
    }
}

impl EvaluationGrid<'_> {
    pub(super) fn indices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.starts_ms.len()).unwrap_or(u32::MAX)
    }

    /// The times of evaluation, wherever samples are put through windows.
    pub(super) fn steps(&self) -> Steps {
        let (first, second) = (self.starts_ms.first(), self.starts_ms.get(1));
        let start_ms = first.copied().unwrap_or_default();
        let step_ms = second.map_or(1, |second| (second - start_ms).max(1));
        Steps { start_ms, step_ms, len: self.indices().end, runs: self.runs }
    }

    /// The start of a bucket in seconds.
    pub(super) fn seconds(&self, bucket: u32) -> f64 {
        self.starts_ms.get(bucket as usize).map_or(f64::NAN, |ms| *ms as f64 / 1000.0)
    }
}
