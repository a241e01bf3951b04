//! The options of a question besides its expression: step, zone, fill, reduction, format.

use crate::time::{Step, Zone};

/// The wishes of one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The width of buckets; none leaves the choice to the ladder.
    pub step: Option<Step>,
    /// The zone in which buckets are cut; none means the request's.
    pub zone: Option<Zone>,
    /// What stands in buckets without a value.
    pub fill: Fill,
    /// How many samples become few points.
    pub reduce: Reduce,
    /// The form of the answer.
    pub format: Format,
    /// A template for what series are called, such as `{{host}} {{dc}}`.
    pub legend: Option<String>,
}

words! {
    /// What stands in the buckets of a series that have no value of their own.
    #[derive(Default)]
    Fill {
        /// Nothing: there is no point.
        #[default]
        None = "none",
        /// A point without a number.
        Null = "null",
        /// Zero.
        Zero = "zero",
        /// The value before, also one from before the range.
        Previous = "previous",
        /// On the line between the values before and after.
        Linear = "linear",
    }
}

words! {
    /// How the samples of a series become points.
    #[derive(Default)]
    Reduce {
        /// One value per bucket.
        #[default]
        Bucket = "bucket",
        /// The lowest and the highest sample of each pixel column, at their own times.
        MinMax = "minmax",
        /// The first, lowest, highest and last sample of each pixel column, at their own times (Jugel et al., VLDB 2014).
        M4 = "m4",
    }
}

words! {
    /// The form of an answer.
    #[derive(Default)]
    Format {
        /// Series of points.
        #[default]
        TimeSeries = "timeseries",
        /// A row per bucket and series.
        Table = "table",
        /// A row per series: its last complete bucket.
        Instant = "instant",
    }
}
