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
    /// Of a foreign key what it refers to.
    pub(super) target: i64,
    pub(super) theirs: Vec<i16>,
}

/// The numbers of the operators that compare.
#[derive(Default, Deserialize)]
pub(super) struct Operators {
    pub(super) equal: Vec<i64>,
    pub(super) less: Vec<i64>,
    pub(super) greater: Vec<i64>,
}
