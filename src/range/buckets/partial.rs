//! The partials of a bucket: what merges, and the value that they come to.

use std::cmp::Ordering;

use super::FineSample;
use crate::range::Function;

/// The most partials that a function has.
pub const PARTIALS: usize = 3;

/// A bucket's partials; those beyond the function's are zero.
pub type Partials = [f64; PARTIALS];

/// What one series has in one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketCell {
    /// The number of the bucket.
    pub bucket: u32,
    /// The partials.
    pub partials: Partials,
}

/// What the numbers of a cell mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A finished value, which does not merge.
    Value,
    /// The partials of a function.
    Partials(Function),
}

impl CellKind {
    /// How many numbers a row carries.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Partials(Function::Avg | Function::First | Function::Last) => 2,
            Self::Partials(Function::Stddev | Function::Stdvar) => 3,
            Self::Partials(_) | Self::Value => 1,
        }
    }

    /// How many numbers of a bucket are kept.
    #[must_use]
    pub const fn kept_width(self) -> usize {
        match self {
            Self::Partials(Function::Irate | Function::Idelta) => 2,
            other => other.width(),
        }
    }

    /// The value that partials come to over a window of so many seconds.
    #[must_use]
    pub fn value(self, partials: Partials, seconds: f64) -> f64 {
        use Function::{Avg, First, Idelta, Irate, Last, Rate, Stddev, Stdvar};
        let [first, second, third] = partials;
        match self {
            Self::Partials(Avg) => first / second,
            Self::Partials(First | Last | Irate | Idelta) => second,
            Self::Partials(Stdvar) => third / first,
            Self::Partials(Stddev) => (third / first).sqrt(),
            Self::Partials(Rate) => first / seconds,
            Self::Partials(_) | Self::Value => first,
        }
    }

    /// Merges the partials of an earlier and a later interval of one series, or of one interval in two parts.
    #[must_use]
    pub fn merge(self, earlier: Partials, later: Partials) -> Partials {
        use Function::{First, Idelta, Irate, Last, Max, Min, Present, Stddev, Stdvar};
        // Finished values do not merge; the database groups them by what tells them apart.
        let Self::Partials(function) = self else { return earlier };
        match function {
            Min => [earlier[0].min(later[0]), 0.0, 0.0],
            Max => [earlier[0].max(later[0]), 0.0, 0.0],
            First => std::cmp::min_by(earlier, later, by_sample),
            Last => std::cmp::max_by(earlier, later, by_sample),
            Stddev | Stdvar => moments(earlier, later),
            Present => earlier,
            Irate | Idelta => later,
            _ => [earlier[0] + later[0], earlier[1] + later[1], 0.0],
        }
    }
}

/// Chan's formula: count, mean and sum of squared distances of two sets.
fn moments([n, mean, squares]: Partials, [m, other_mean, other_squares]: Partials) -> Partials {
    let (count, apart) = (n + m, other_mean - mean);
    [count, mean + apart * (m / count), squares + other_squares + apart * apart * (n / count) * m]
}

/// By time, then by value.
fn by_sample(a: &Partials, b: &Partials) -> Ordering {
    a[0].total_cmp(&b[0]).then_with(|| FineSample::by_value(a[1], b[1]))
}
