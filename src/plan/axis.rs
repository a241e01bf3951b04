//! The times of a fetch, and how they are cut.

use crate::range::buckets::BucketSpan;
use crate::time::{Grid, GridShape, Millis, TimeRange};

/// The times of a fetch. All of its intervals are closed on the left and open on the right.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeAxis {
    /// Start of the first bucket.
    pub from: Millis,
    /// End of the last bucket.
    pub to: Millis,
    /// The buckets by which samples are gathered: the grid's own, or finer ones where windows overlap.
    pub buckets: Buckets,
    /// Where the windows of the grid's buckets are not those buckets: the gathered buckets that each spans. Both ends
    /// ascend.
    pub windows: Option<Vec<BucketSpan>>,
    /// The times that are read, in order, where most of the range between them is not; empty for all of it.
    pub stretches: Vec<TimeRange>,
    /// How far before the first bucket samples are read for what connects to it.
    pub reach_ms: i64,
    /// The time of the question, up to which rows without an end go on.
    pub now: Millis,
}

impl TimeAxis {
    /// How many buckets samples are gathered by.
    #[must_use]
    pub fn bucket_count(&self) -> usize {
        match &self.buckets {
            Buckets::Regular { step_ms, start_ms, .. } => {
                let (length, step) = (self.to.saturating_sub(*start_ms), (*step_ms).max(1));
                usize::try_from(length.div_euclid(step) + i64::from(length.rem_euclid(step) > 0)).unwrap_or(0)
            }
            Buckets::Edges(edges) => edges.len().saturating_sub(1),
        }
    }
}

/// A grid as SQL needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Buckets {
    /// Buckets of one length.
    Regular {
        /// A bucket's start, from which all others follow.
        origin_ms: Millis,
        /// The length of a bucket.
        step_ms: i64,
        /// Start of the first bucket.
        start_ms: Millis,
    },
    /// Buckets between neighbouring edges.
    Edges(Vec<Millis>),
}

impl Buckets {
    /// The bucket of an instant in microseconds that is not before the first bucket.
    #[must_use]
    pub fn of_micros(&self, micros: i64) -> u32 {
        match self {
            Self::Regular { step_ms, start_ms, .. } => {
                u32::try_from((micros - start_ms * 1000) / (step_ms * 1000)).unwrap_or(u32::MAX)
            }
            Self::Edges(edges) => {
                let at = edges.partition_point(|edge| edge.saturating_mul(1000) <= micros);
                u32::try_from(at.saturating_sub(1)).unwrap_or(u32::MAX)
            }
        }
    }

    /// The start of a bucket, counted from 0; the end of the last one is the start of the next.
    #[must_use]
    pub fn edge(&self, bucket: u32) -> Millis {
        match self {
            Self::Regular { step_ms, start_ms, .. } => start_ms + step_ms * i64::from(bucket),
            Self::Edges(edges) => edges.get(bucket as usize).or(edges.last()).copied().unwrap_or_default(),
        }
    }

    /// The grid in SQL's terms.
    #[must_use]
    pub fn of(grid: &Grid) -> Self {
        match grid.shape() {
            GridShape::Regular { origin, step_ms } => {
                Self::Regular { origin_ms: origin, step_ms, start_ms: grid.start() }
            }
            GridShape::Edges(edges) => Self::Edges(edges.to_vec()),
        }
    }
}
