//! The catalog: one immutable snapshot of metrics, their columns and their labels.
//!
//! Two inputs make a snapshot, the facts that the database states about itself ([`facts`]) and the operator's
//! `datebin.toml` ([`mod@file`]). [`classify`] turns them into sources; everything here is pure.

mod adjusted;
mod annotations;
pub mod classify;
mod clock;
mod compared;
pub mod facts;
pub mod file;
pub mod filter;
mod join;
mod keeping;
mod label;
mod lasting;
mod missing;
pub mod presets;
mod rollup;
mod searched;
mod seen;
mod snapshot;
pub mod toml_out;
mod value;

pub use adjusted::{Adjustment, Scale};
pub use annotations::{AnnotationSource, OWN};
pub use clock::{EpochStorage, EpochUnit, TimeColumn, TimeKind};
pub use compared::{BoundComparison, BoundType, Order};
pub use filter::{Filter, ValueCondition};
pub use join::{Join, SourceRow, needed, path};
pub use keeping::{CachePolicy, SettleDelay};
pub use label::{LabelDocument, LabelIds, LabelValue, SourceLabel};
pub use lasting::{LengthUnit, Overlap, RowDuration, RowEnd};
pub use missing::{MissingNames, UnreadSource, without_metric};
pub use rollup::{Rollup, RollupColumns, RollupCoverage, RollupMetrics, RollupPartial};
pub use searched::{SchemaFacts, Searched};
pub use snapshot::{Carrier, NameClash, Snapshot};
pub use value::{CoalescedNumber, ColumnPath, MetricValue};

use std::time::Duration;

use crate::ast::OverTime;
use crate::ident::Ident;

/// A table, partitioned table, view, materialized view or foreign table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relation {
    /// The schema.
    pub schema: Ident,
    /// The relation's own name.
    pub name: Ident,
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type, domains resolved to their base.
    pub ty: ColumnType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// The row that it stands in.
    pub row: SourceRow,
}

/// The types that matter to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is PostgreSQL's type of that name")]
pub enum ColumnType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// `bounded`: the declared precision keeps every value within float8's range.
    Numeric {
        bounded: bool,
    },
    Text,
    Varchar,
    Bpchar,
    Citext(Option<Box<TypeName>>),
    Ltree(Option<Box<TypeName>>),
    Name,
    Enum(Option<Box<TypeName>>),
    Uuid,
    Inet,
    Cidr,
    Macaddr,
    Macaddr8,
    Oid,
    Bytea,
    Money,
    Interval,
    Timestamptz,
    Timestamp,
    Date,
    Json,
    Jsonb,
    TextArray,
    Hstore,
    /// An array of integers of so many bytes.
    IntArray {
        bytes: u8,
    },
    /// A number that is the label `le`, the upper bound of a histogram's bucket: its text is as Go writes it, `+Inf`.
    UpperBound(UpperBound),
    /// Any other type whose values are told apart by their text, by its name.
    Scalar(String),
    /// Anything else, by its name.
    Other(String),
}

/// How the upper bounds of a histogram's buckets are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpperBound {
    /// As whole numbers.
    Integer,
    /// As `real`.
    Float4,
    /// As `double precision`.
    Float8,
    /// As `numeric`.
    Numeric,
}

/// The name of a type outside of PostgreSQL's own schema. A [`ColumnType`] has it where the role may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The schema.
    pub schema: Ident,
    /// The name in it.
    pub name: Ident,
    /// Whether the column's own type is a domain over it.
    pub is_domain: bool,
}

/// A relation with a time column.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Where the rows are.
    pub relation: Relation,
    /// Another number whenever the relation, or one that is joined to it, is another than before: made anew, put in the place of
    /// another, emptied, or a view that reads something else.
    pub version: u64,
    /// The dimension rows beside them, each behind the one it is joined to.
    pub joins: Vec<Join>,
    /// What its rows must be; others do not exist.
    pub filters: Vec<Filter>,
    /// When each row was.
    pub time: TimeColumn,
    /// When each row ends, where rows last.
    pub end: Option<RowEnd>,
    /// The sampling interval in milliseconds, when it is known; steps never go below it.
    pub interval_ms: Option<i64>,
    /// How far apart two samples of a counter may lie and still connect, in milliseconds.
    pub lookback_ms: i64,
    /// The dimensions of its series, sorted by what they are called.
    pub labels: Vec<SourceLabel>,
    /// The members seen in its document label when the snapshot was taken, sorted.
    pub members: Vec<String>,
    /// The metrics that its rows carry.
    pub metrics: Vec<Metric>,
    /// An array of which every element is a sample of its own.
    pub elements: Option<ColumnPath>,
    /// The document of which every numeric member is a metric.
    pub numbers: Option<CoalescedNumber>,
    /// Whether NaN samples do not exist.
    pub skip_nan: bool,
    /// Whether a NULL ends its series for Prometheus' instant selectors; otherwise it is no sample at all.
    pub null_ends: bool,
    /// Whether a key says that no two rows are of one series and instant.
    pub one_per_instant: bool,
    /// How long the newest sample counts for Prometheus' instant selectors, in milliseconds, where the operator says.
    pub staleness_ms: Option<i64>,
    /// When its buckets are settled, where the operator says.
    pub settles: Option<SettleDelay>,
    /// How long what was read of it is believed, where the operator says.
    pub max_age: Option<Duration>,
    /// Whether the operator says that policies tell tokens apart: each token has rows of its own then.
    pub by_token: bool,
    /// Whether policies may hide rows of it, or of what is joined to them, from datebin's own role, and so from everybody.
    pub has_policies: bool,
    /// For a narrow source the column that carries the metric's name, its own or a joined row's.
    pub name_column: Option<Column>,
    /// The path to the name in the JSON of that column; empty for the column itself.
    pub name_path: Vec<String>,
    /// The relations that hold what its samples come to, the coarsest first.
    pub rollups: Vec<Rollup>,
    /// The columns of each usable index, in order.
    pub indexes: Vec<Vec<Ident>>,
    /// How many partitions, chunks or children its rows lie in; 0 for one that has none.
    pub children: u32,
    /// Where rows are on other servers, the columns that say on which; none where all are on this one.
    pub remote: Option<Vec<Ident>>,
    /// Columns with so few rows of each value in a child that reading the rows of a range takes less than walking from
    /// value to value over its children.
    pub sparse: Vec<Ident>,
    /// Size on disk in bytes, as the statistics say.
    pub bytes: u64,
}

/// How long the newest sample counts for Prometheus' instant selectors where nothing else is known, in milliseconds.
pub const STALENESS_MS: i64 = 300_000;

/// How far apart two samples may lie and still connect where the operator does not say.
pub const LOOKBACK_MS: i64 = 86_400_000;

/// A named number in a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The name that questions use.
    pub name: String,
    /// Where its value is.
    pub value: MetricValue,
    /// What becomes of that value before it is a sample.
    pub adjustment: Adjustment,
    /// What a row must be to have a sample, besides what the source says.
    pub filters: Vec<Filter>,
    /// In a narrow source, the name as stored.
    pub stored_name: Option<String>,
    /// Whether it only grows.
    pub kind: MetricKind,
    /// Grafana's unit id.
    pub unit: Option<String>,
    /// A sentence for people.
    pub help: Option<String>,
    /// What a bare name means.
    pub over_time: OverTime,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    #[default]
    Gauge,
    /// Grows, and starts again at zero after a reset.
    Counter,
}

impl Source {
    /// The relations that its rows are read from: its own, and those that are joined.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        std::iter::once(&self.relation).chain(self.joins.iter().map(|join| &join.relation))
    }

    /// Sets the sampling interval and the lookback, which spans five samples at least.
    pub fn set_pace(&mut self, interval_ms: Option<i64>, lookback_ms: Option<i64>) {
        let least = interval_ms.map_or(0, |interval| interval.saturating_mul(5));
        self.interval_ms = interval_ms;
        self.lookback_ms = lookback_ms.unwrap_or(LOOKBACK_MS).max(least);
    }

    /// How long the newest sample counts at later times, in milliseconds: what the operator says of the source, else a
    /// default for all, or two sampling intervals where these are longer.
    #[must_use]
    pub fn staleness_ms(&self, default_ms: i64) -> i64 {
        let sampled = self.interval_ms.map_or(0, |interval| interval.saturating_mul(2));
        self.staleness_ms.unwrap_or(default_ms.max(sampled))
    }

    /// Whether a token has rows of its own here, for all that datebin knows.
    #[must_use]
    pub const fn tells_tokens_apart(&self) -> bool {
        self.by_token || self.has_policies
    }

    /// Whether some index starts with the time of its rows.
    #[must_use]
    pub fn is_indexed_by_time(&self) -> bool {
        self.time.row == SourceRow::Own && self.has_index_leading_with(&self.time.column)
    }

    /// Whether some index starts with that column.
    #[must_use]
    pub fn has_index_leading_with(&self, column: &Ident) -> bool {
        self.indexes.iter().any(|columns| columns.first() == Some(column))
    }
}
