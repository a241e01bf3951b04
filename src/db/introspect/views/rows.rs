//! What the scripts say of views and of the tables beneath them.

use serde::Deserialize;

/// A view: its columns, what it reads, and the tree of its query.
#[derive(Deserialize)]
pub(super) struct ViewRow {
    pub(super) relation: i64,
    pub(super) called: String,
    pub(super) names: Vec<String>,
    pub(super) times: Vec<bool>,
    pub(super) counts: Vec<bool>,
    pub(super) reads: Vec<i64>,
    pub(super) tree: String,
}

/// One key of a table.
#[derive(Deserialize)]
pub(super) struct TableRow {
    pub(super) relation: i64,
    pub(super) called: String,
    pub(super) kind: String,
    pub(super) numbers: Vec<i16>,
    pub(super) names: Vec<String>,
    pub(super) times: Vec<bool>,
    pub(super) counts: Vec<bool>,
    pub(super) filled: Vec<bool>,
    /// Whether it holds for the rows that are not in children, and for all.
    pub(super) is_own: bool,
    pub(super) is_whole: bool,
    /// Of a foreign key what it refers to.
    pub(super) target: i64,
    pub(super) theirs: Vec<i16>,
}

/// What operators, functions, types and collations mean, by their numbers.
#[derive(Default, Deserialize)]
pub(super) struct Operators {
    pub(super) equal: Vec<i64>,
    pub(super) unequal: Vec<i64>,
    pub(super) less: Vec<i64>,
    pub(super) greater: Vec<i64>,
    /// Those of `less` and `greater` that leave equal values out.
    pub(super) strict: Vec<i64>,
    /// Functions that return the same throughout a statement, of times.
    pub(super) steady: Vec<i64>,
    /// Functions that round a time, their second argument, down.
    pub(super) rounding: Vec<i64>,
    /// How far continuous aggregates are materialized.
    pub(super) watermarks: Vec<i64>,
    pub(super) enums: Vec<i64>,
    /// Types and collations that take different texts for equal.
    pub(super) folding: Vec<i64>,
    pub(super) folds: Vec<i64>,
    /// Whether the first byte of a number is its smallest.
    pub(super) is_little: bool,
}
