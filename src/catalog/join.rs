//! Dimension rows beside the rows of a source.

use super::filter::Filter;
use super::{Column, Relation, Source};
use crate::ident::Ident;

/// Which of the rows that stand side by side in a source a column belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceRow {
    /// The source's own.
    #[default]
    Own,
    /// An element of an array in it.
    Element,
    /// That of a joined relation, by its number.
    Joined(usize),
}

/// A relation with at most one row for each row of another: a missing one leaves its columns NULL.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Its row.
    pub row: SourceRow,
    /// The relation.
    pub relation: Relation,
    /// Columns of the row it is joined to, each with the column of its own that equals it.
    pub on: Vec<(Column, Column)>,
    /// What its rows must be; others are as good as missing.
    pub filters: Vec<Filter>,
    /// The columns that are read besides those of `on`.
    pub columns: Vec<Column>,
    /// Columns of text whose JSON is read.
    pub documents: Vec<Column>,
    /// Whether a constraint keeps its rows to one per key. Without one the first row by the columns that are read
    /// stands for all of its key, so that no sample counts twice.
    pub unique: bool,
    /// Whether rows without one of its rows do not exist.
    pub required: bool,
    /// The columns of each usable index, in order.
    pub indexes: Vec<Vec<Ident>>,
}

impl Join {
    /// The row that it is joined to.
    #[must_use]
    pub fn parent(&self) -> SourceRow {
        self.on.first().map_or(SourceRow::Own, |(column, _)| column.row)
    }
}

impl Source {
    /// The joins without which its rows are not known: those that must be there, and those that lead to their times.
    #[must_use]
    pub fn needed(&self) -> Vec<&Join> {
        let ends = self.end.iter().map(|end| end.time.row);
        needed(&self.joins, ends.chain([self.time.row]))
    }

    /// The join of a row and those that lead to it, the source's own neighbour first.
    #[must_use]
    pub fn path_to(&self, row: SourceRow) -> Vec<&Join> {
        path(&self.joins, row)
    }
}

/// The joins of some rows, those that must be there, and those that lead to them, each behind the one it is joined to.
#[must_use]
pub fn needed(joins: &[Join], rows: impl Iterator<Item = SourceRow>) -> Vec<&Join> {
    let required = joins.iter().filter(|join| join.required).map(|join| join.row);
    let all: Vec<SourceRow> = rows.chain(required).flat_map(|row| path(joins, row)).map(|join| join.row).collect();
    joins.iter().filter(|join| all.contains(&join.row)).collect()
}

/// The join of a row and those that lead to it, the source's own neighbour first.
#[must_use]
pub fn path(joins: &[Join], row: SourceRow) -> Vec<&Join> {
    let mut path = Vec::new();
    let mut at = row;
    // A join stands behind the one it is joined to, so this ends.
    while let Some(join) = joins.iter().find(|join| join.row == at).filter(|join| join.parent() < join.row) {
        path.insert(0, join);
        at = join.parent();
    }
    path
}
