//! AST + catalog → plan: every name resolved, every bound set.
//!
//! Nothing below this module sees a name that the catalog did not confirm. A [`Fetch`] has a time range and a row
//! cap by construction.

mod axis;
mod bounds;
mod context;
mod counted;
mod fetch;
mod last;
mod matchers;
mod metrics;
mod names;
mod newest;
mod notices;
mod open;
mod partials;
mod reads;
mod rollup;
mod rows;
mod sets;
mod window;

pub use axis::{Buckets, TimeAxis};
pub use context::Context;
pub use fetch::{FetchGroup, TargetPlan, fetches, fetches_on, narrowed, samples};
pub use last::LastBefore;
pub(crate) use metrics::METRICS_LISTED;
pub use metrics::{NameResolution, complete, found_in_time, left_out, too_many_filters, undecided};
pub use newest::{NewestPer, newest};
pub use reads::{MetricRead, reads};
pub use rows::{SourceRows, found, is_sensible, rows};
pub use sets::{SetsAsk, SetsFetch, SetsOf, StoredMetric};
pub use window::reach;

use crate::ast::{AggregateOp, Grouping};
pub use crate::catalog::filter::{Filter, ValueCondition, resolve_pattern, resolve_within};
use crate::catalog::{
    self, Adjustment, ColumnPath, Join, LabelDocument, LabelValue, MetricValue, Relation, RollupColumns, STALENESS_MS,
    SourceLabel, TimeColumn,
};
use crate::evaluate::RangeFunction;
use crate::time::Millis;

/// The bounds of one answer, all from settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Points per series.
    pub points: u32,
    /// Series per target.
    pub series: u32,
    /// Series per answer of the Prometheus API, where the caller's token has a limit; no other counts there.
    pub token_series: Option<u32>,
    /// Cells per answer.
    pub cells: u32,
    /// Targets per request.
    pub targets: u32,
    /// Samples that a fetch may stream.
    pub samples: u32,
    /// Filters that the rows of one selector may have to pass, and labels that one aggregation may name.
    pub filters: u32,
    /// How long the newest sample counts for Prometheus' instant selectors where its source does not say, in milliseconds.
    pub lookback_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            points: 11_000,
            series: 1000,
            token_series: None,
            cells: 1_000_000,
            targets: 100,
            samples: 50_000_000,
            filters: 1000,
            lookback_ms: STALENESS_MS,
        }
    }
}

/// One selector's question to one relation: per-series, per-bucket values of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    /// Which rows are read, and what is read of each.
    pub rows: FetchRows,
    /// Which times, and how they are cut.
    pub axis: TimeAxis,
    /// How samples become values.
    pub fold: FetchFold,
    /// How much it may be.
    pub caps: Caps,
    /// The parts of it that a rollup answers, in order, as fetches of that relation; the rest are its own rows.
    pub rollups: Vec<Fetch>,
    /// In a fetch of a rollup that holds only the beginning of its one bucket, the rows that complete it.
    pub rest: Option<Box<BucketRest>>,
}

/// The end of a bucket whose beginning a rollup holds.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketRest {
    /// Where it begins.
    pub from: Millis,
    /// The fetch of the source's own rows of that bucket.
    pub fetch: Fetch,
}

/// The rows of a fetch, and what is read of each: everything but their times.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRows {
    /// The number of the source in the catalog.
    pub source: usize,
    /// The relation.
    pub relation: Relation,
    /// Which one of that name it is; see [`crate::catalog::Source::version`].
    pub version: u64,
    /// The dimension rows beside its own, each behind the one it is joined to.
    pub joins: Vec<Join>,
    /// Its time column.
    pub time: TimeColumn,
    /// The metric's value.
    pub value: MetricValue,
    /// What becomes of it before it is a sample.
    pub adjustment: Adjustment,
    /// The array whose elements are the samples.
    pub elements: Option<ColumnPath>,
    /// Whether NaN samples do not exist.
    pub skip_nan: bool,
    /// Whether a NULL is read: it ends its series until the next sample.
    pub markers: bool,
    /// In a narrow source, where the metric's name is and the name to select.
    pub stored: Option<(LabelValue, String)>,
    /// The metric's name in the catalog.
    pub metric: String,
    /// The labels that tell series apart.
    pub labels: Vec<SeriesLabel>,
    /// Conditions on labels.
    pub filters: Vec<Filter>,
    /// In a fetch of a rollup, where its rows have what samples come to.
    pub rolled: Option<RolledUp>,
    /// Whether rows are on other servers.
    pub is_remote: bool,
}

/// How the samples of a fetch become values.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchFold {
    /// How the samples of a window become a value.
    pub function: RangeFunction,
    /// Whether its value is per second of its window: the rate of rows.
    pub per_second: bool,
    /// Whether its value is divided by the length of its window: how many rows that last are open on average.
    pub mean: bool,
    /// How far apart two samples may lie and still connect.
    pub lookback_ms: i64,
    /// What the database says of partials that are not what samples come to.
    pub guard: Guard,
    /// The aggregation over series that the database does.
    pub aggregate: Option<FetchAggregate>,
}

/// Which partials the database marks, because they may not be what samples come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// None: all are exact.
    Exact,
    /// Rows within one millisecond, and sums that cancel.
    Rounded,
    /// Rows of a rollup whose NaN hides the other samples of its interval.
    HiddenByNan,
}

/// How much a fetch may read and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// The most rows that an answer may have; one more is asked for, so that overflow is seen.
    pub rows: u32,
    /// The most series that an answer may have.
    pub series: u32,
    /// The most samples that may be read one by one.
    pub samples: u32,
}

impl Fetch {
    /// The joins whose columns are labels or times, those that must be there, and those that lead to them: filters look
    /// the keys up by themselves.
    #[must_use]
    pub fn joined(&self) -> Vec<&Join> {
        let rows = &self.rows;
        let labels = rows.labels.iter().map(|label| match label {
            SeriesLabel::One { value, .. } => value.column().row,
            SeriesLabel::Members { document } => document.column().row,
        });
        catalog::needed(&rows.joins, labels.chain(rows.value.times().map(|time| time.row)).chain([rows.time.row]))
    }

    /// The document label, if the source has one.
    #[must_use]
    pub fn members(&self) -> Option<&LabelDocument> {
        self.rows
            .labels
            .iter()
            .find_map(|l| if let SeriesLabel::Members { document } = l { Some(document) } else { None })
    }
}

/// What the rows of a rollup say of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct RolledUp {
    /// Which of its source's rollups it is.
    pub number: usize,
    /// The columns.
    pub columns: RollupColumns,
    /// Whether NaN samples of its source do not exist.
    pub skip_nan: bool,
}

/// A label of a fetch: a named value, or a document whose members are the labels.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesLabel {
    /// One label.
    One {
        /// Its name.
        name: String,
        /// Where its value is.
        value: LabelValue,
    },
    /// All members of a document.
    Members {
        /// The document.
        document: LabelDocument,
    },
}

impl SeriesLabel {
    /// A label of a source.
    #[must_use]
    pub fn of(label: &SourceLabel) -> Self {
        match label {
            SourceLabel::One { name, value } => Self::One { name: name.clone(), value: value.clone() },
            SourceLabel::Members { document } => Self::Members { document: document.clone() },
        }
    }
}

/// An aggregation that the database does on top of the per-series values.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchAggregate {
    /// `sum`, `avg`, `min`, `max`, `count` or `group`.
    pub op: AggregateOp,
    /// The labels that survive.
    pub grouping: Grouping,
}
