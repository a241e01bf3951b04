//! Why a catalog cannot be made of the facts and the file.

use crate::catalog::file::did_you_mean;
use crate::catalog::{NameClash, Relation};

/// Why there is no catalog. Each names the relation and the column, and what looks most like them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CatalogError {
    /// A declared relation does not exist, or the role may not see into its schema.
    #[error("there is no relation {relation}{}", did_you_mean(nearest))]
    UnknownRelation {
        /// As declared.
        relation: String,
        /// Those that look most like it.
        nearest: Vec<String>,
    },
    /// A declared column does not exist.
    #[error("{relation} has no column `{column}`{}", did_you_mean(nearest))]
    UnknownColumn {
        /// The relation.
        relation: Relation,
        /// As declared.
        column: String,
        /// Those that look most like it.
        nearest: Vec<String>,
    },
    /// The role lacks a right.
    #[error("the role may not SELECT {relation}, column `{column}`; GRANT it, or leave the column out")]
    Unreadable {
        /// The relation.
        relation: Relation,
        /// The column.
        column: String,
    },
    /// A declared column has a type that its use does not allow.
    #[error("{relation}, column `{column}` is {ty}, not {wanted}")]
    WrongType {
        /// The relation.
        relation: Relation,
        /// The column.
        column: String,
        /// Its type.
        ty: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A value of the file that is none of those it may be.
    #[error("{place}: `{field}` is {value:?}, not {wanted}")]
    BadValue {
        /// The relation, or the part of the file.
        place: String,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A declared source lacks something that discovery cannot find either.
    #[error("{relation}: {missing}")]
    Incomplete {
        /// The relation.
        relation: Relation,
        /// What is missing and how to say it.
        missing: &'static str,
    },
    /// A `where` that is no list of matchers.
    #[error("{relation}: `where` is {text:?}, which cannot be read: {reason}")]
    BadMatchers {
        /// The relation.
        relation: Relation,
        /// As declared.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A rollup names a metric that its source does not have.
    #[error("the rollup {relation} names a metric `{metric}`, which its source does not have{}", did_you_mean(nearest))]
    UnknownMetric {
        /// The rollup.
        relation: Relation,
        /// As declared.
        metric: String,
        /// Those that look most like it.
        nearest: Vec<String>,
    },
    /// A rollup lacks a column that tells the rows of its source apart.
    #[error(
        "{rollup} cannot be a rollup of {source_relation}: it lacks the column `{column}`, which tells rows apart there"
    )]
    RollupLacks {
        /// The rollup.
        rollup: Relation,
        /// The relation of its source.
        source_relation: Relation,
        /// The column.
        column: String,
    },
    /// Two metrics have one name.
    #[error(transparent)]
    Clash(#[from] NameClash),
}

impl CatalogError {
    /// The same, said of one metric of a source.
    pub(super) fn of_metric(self, name: &str) -> Self {
        match self {
            Self::BadValue { place, field, value, wanted } => {
                Self::BadValue { place: format!("{place}, metric `{name}`"), field, value, wanted }
            }
            other => other,
        }
    }

    /// The relation whose columns are not what was declared; none when the declaration itself is wrong.
    pub(super) const fn relation(&self) -> Option<&Relation> {
        match self {
            Self::UnknownColumn { relation, .. }
            | Self::Unreadable { relation, .. }
            | Self::WrongType { relation, .. }
            | Self::Incomplete { relation, .. } => Some(relation),
            Self::UnknownMetric { .. }
            | Self::RollupLacks { .. }
            | Self::UnknownRelation { .. }
            | Self::BadValue { .. }
            | Self::BadMatchers { .. }
            | Self::Clash(_) => None,
        }
    }
}
