//! Time columns, and how their values are read.

use super::SourceRow;
use crate::ident::Ident;
use crate::time::Zone;

/// The time column of a source and how its values read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeColumn {
    /// The column.
    pub column: Ident,
    /// The row that it stands in.
    pub row: SourceRow,
    /// How to read it.
    pub kind: TimeKind,
}

/// How a time column reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// `timestamptz`.
    Instant,
    /// `timestamp` holding the wall clock of a zone.
    Local(Zone),
    /// `date`, midnight in a zone that the operator names.
    Date(Zone),
    /// `date`, a calendar day of whoever asks: midnight in that zone, which is the catalog's where nobody says.
    Day(Zone),
    /// A number of units since 1970.
    Epoch {
        /// The unit.
        unit: EpochUnit,
        /// The column's own type.
        storage: EpochStorage,
    },
}

/// The unit of a numeric time column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EpochUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The type that a numeric time column is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EpochStorage {
    Int4,
    Int8,
    Float8,
    Numeric,
}
