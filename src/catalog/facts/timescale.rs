//! What TimescaleDB states about its hypertables and continuous aggregates.

use crate::catalog::Relation;
use crate::ident::Ident;

/// A continuous aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateFacts {
    /// The view that shows it.
    pub view: Relation,
    /// What it is an aggregate of: a hypertable, for one of another aggregate that one's own.
    pub hypertable: Relation,
    /// Its query, as PostgreSQL writes it.
    pub definition: String,
    /// What of it is materialised, where TimescaleDB states that.
    pub materialized: Option<MaterializedRange>,
}

/// What of a continuous aggregate is materialised, in microseconds since 1970 or, for a hypertable whose time is an
/// integer, in its own unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaterializedRange {
    /// Where its oldest chunk begins; none where it has no chunk.
    pub oldest: Option<i64>,
    /// The first value that is not materialised yet.
    pub watermark: i64,
    /// What was changed since, or never refreshed: the lowest and the greatest value of each entry.
    pub invalid: Vec<InvalidationEntry>,
}

/// An entry of an invalidation log. Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct InvalidationEntry {
    pub lowest: i64,
    pub greatest: i64,
}

/// A hypertable of TimescaleDB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HypertableFacts {
    /// The column that its chunks are cut by.
    pub time: Option<Ident>,
    /// How many chunks there are.
    pub chunks: u32,
    /// How many of them are compressed.
    pub compressed_chunks: u32,
    /// Their rows.
    pub compressed_rows: u64,
    /// Their bytes.
    pub compressed_bytes: u64,
}
