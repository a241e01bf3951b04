//! Rows that last from one time to another.

use super::{Column, TimeColumn};

/// When a row ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowEnd {
    /// The column. NULL means that the row still goes on.
    pub time: TimeColumn,
    /// Values of the column that mean the same as NULL, as PostgreSQL writes them.
    pub open: Vec<String>,
}

/// How much of a bucket a row covers, from its time to an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// When it ends.
    pub end: RowEnd,
    /// What its length is counted in.
    pub unit: LengthUnit,
    /// A column of numbers that it is multiplied by.
    pub weight: Option<Column>,
}

/// How long a row took.
#[derive(Clone, Debug, PartialEq)]
pub struct RowDuration {
    /// When it began.
    pub start: TimeColumn,
    /// When it ended.
    pub end: RowEnd,
    /// What its length is counted in.
    pub unit: LengthUnit,
    /// Whether its sample has the time of its end, not that of its start.
    pub at_end: bool,
}

/// Units of a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LengthUnit {
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl LengthUnit {
    const ALL: [Self; 5] = [Self::Millis, Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    /// What `datebin.toml` calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
        }
    }

    /// The unit of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.word() == word)
    }

    /// How many seconds it has.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Millis => 1e-3,
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3600.0,
            Self::Days => 86_400.0,
        }
    }
}
