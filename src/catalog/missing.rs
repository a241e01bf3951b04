//! What a catalog lacks, because rows could not be read.

use super::Relation;
use crate::error::Error;

/// A source of which something that only its rows know could not be read with the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadSource {
    /// The relation that could not be read.
    pub relation: Relation,
    /// What could not be read, why, and what to do: for the operator.
    pub text: String,
    /// Whether names of metrics are meant, rather than members of a label column.
    pub is_of_names: bool,
    /// Whether reading takes too long; otherwise it fails.
    pub is_slow: bool,
}

/// What a catalog lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingNames {
    /// The sources that could not be read. A caller's part of the catalog has none of them: their texts name relations.
    pub unread: Vec<UnreadSource>,
    /// Whether names of metrics could not be read with the catalog.
    pub is_of_catalog: bool,
    /// Why names are missing that the caller may see, a reason for each source.
    pub of_caller: Vec<Error>,
}

impl MissingNames {
    /// The sources that could not be read with the catalog.
    #[must_use]
    pub fn of_sources(unread: Vec<UnreadSource>) -> Self {
        let is_of_catalog = unread.iter().any(|one| one.is_of_names);
        Self { unread, is_of_catalog, of_caller: Vec::new() }
    }

    /// The same for a caller, whose own names are missing for these reasons.
    #[must_use]
    pub fn seen(&self, of_caller: Vec<Error>) -> Self {
        Self { unread: Vec::new(), is_of_catalog: self.is_of_catalog, of_caller }
    }

    /// Whether something of a relation could not be read with the catalog.
    #[must_use]
    pub fn is_of(&self, relation: &Relation) -> bool {
        self.unread.iter().any(|one| one.relation == *relation)
    }
}

/// What an error says of the relation behind a metric, where no metric is meant.
#[must_use]
pub fn without_metric(text: &str) -> String {
    text.replace(" behind this metric", "")
}
