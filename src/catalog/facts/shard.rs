//! Rows on other servers.

use std::collections::BTreeMap;

use super::RelationFacts;
use crate::catalog::Relation;
use crate::ident::Ident;

/// A foreign table, and how its server is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard {
    /// The foreign table.
    pub relation: Relation,
    /// The foreign server.
    pub server: Ident,
    /// What the foreign server calls the table.
    pub theirs: Relation,
    /// Whether `postgres_fdw` asks it.
    pub is_postgres: bool,
    /// Whether ANALYZE has read it.
    pub is_analysed: bool,
    /// What the planner takes a fetched row to cost.
    pub tuple_cost: f64,
    /// The options that somebody set, of those that decide how it is asked.
    pub options: BTreeMap<String, String>,
}

impl RelationFacts {
    /// Where rows are on other servers, the columns that say on which; none where all are on this one.
    pub(crate) fn remote(&self) -> Option<Vec<Ident>> {
        (!self.shards.is_empty()).then(|| self.divided_by.clone())
    }
}

impl Shard {
    /// Whether an option is set, and to what PostgreSQL reads as true.
    #[must_use]
    pub fn is_on(&self, option: &str) -> bool {
        let word = self.options.get(option).map(|word| word.to_ascii_lowercase());
        matches!(word.as_deref(), Some("on" | "true" | "t" | "yes" | "y" | "1"))
    }
}
