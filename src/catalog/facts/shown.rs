//! What a view shows of the tables that it reads.

use crate::catalog::Relation;
use crate::ident::Ident;

/// A column and the table in which a view finds its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUpColumn {
    /// The column.
    pub column: Ident,
    /// The table.
    pub relation: Relation,
}

/// A column of a view that is a column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnOrigin {
    /// What the view calls it.
    pub column: Ident,
    /// The table.
    pub relation: Relation,
    /// What the table calls it.
    pub theirs: Ident,
}

/// A table without a key, as a view shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeylessTable {
    /// The table.
    pub relation: Relation,
    /// Its columns that the view shows, as they are or as other values, and those that its conditions fix.
    pub known: Vec<Ident>,
    /// Others that a join looks up by the whole key of another table.
    pub looked_up: Vec<LookedUpColumn>,
}
