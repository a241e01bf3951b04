//! AST + catalog → plan: every name resolved, every bound set.
//!
//! Nothing below this module sees a name that the catalog did not confirm. A [`Fetch`] has a time range and a row
//! cap by construction.

mod bounds;
mod fetch;
mod matchers;
mod notices;
mod rows;

pub use fetch::{Context, FetchGroup, Planned, fetches};
pub use matchers::{Filter, Lookup, Wanted, settle};
pub use rows::{Rows, rows};

use crate::ast::{AggregateOp, Grouping, OverTime};
use crate::catalog::{Column, LabelValue, Relation, TimeColumn, Value};
use crate::time::{Grid, GridShape, Millis};

/// The bounds of one answer, all from settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Points per series.
    pub points: u32,
    /// Series per target.
    pub series: u32,
    /// Cells per answer.
    pub cells: u32,
    /// Targets per request.
    pub targets: u32,
}

/// One selector's question to one relation: per-series, per-bucket values of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    /// The relation.
    pub relation: Relation,
    /// Its time column.
    pub time: TimeColumn,
    /// The metric's value.
    pub value: Value,
    /// In a narrow source, the column with the metric's name and the name to select.
    pub stored: Option<(Column, String)>,
    /// The metric's name in the catalog.
    pub metric: String,
    /// The labels that tell series apart.
    pub labels: Vec<SeriesLabel>,
    /// Conditions on labels.
    pub filters: Vec<Filter>,
    /// Start of the first bucket.
    pub from: Millis,
    /// End of the last bucket.
    pub to: Millis,
    /// The grid.
    pub buckets: Buckets,
    /// How samples become the value of a bucket.
    pub over_time: OverTime,
    /// The aggregation over series that the database does.
    pub aggregate: Option<FetchAggregate>,
    /// The most rows that an answer may have; one more is asked for, so that overflow is seen.
    pub row_cap: u32,
    /// The most series that an answer may have.
    pub series_cap: u32,
}

impl Fetch {
    /// The document label, if the source has one.
    #[must_use]
    pub fn members(&self) -> Option<&Column> {
        self.labels.iter().find_map(|l| if let SeriesLabel::Members { column } = l { Some(column) } else { None })
    }
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
    /// All members of a jsonb column.
    Members {
        /// The column.
        column: Column,
    },
}

/// An aggregation that the database does on top of the per-series values.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchAggregate {
    /// `sum`, `avg`, `min`, `max`, `count` or `group`.
    pub op: AggregateOp,
    /// The labels that survive.
    pub grouping: Grouping,
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
