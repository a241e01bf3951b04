//! What of the process is asked.

use std::sync::Arc;

/// What of the process is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessTarget {
    /// What is of all databases together.
    Root,
    /// The database without a name.
    Unnamed,
    /// The database of a name.
    Named(Arc<str>),
}

impl AccessTarget {
    /// That of a database.
    #[must_use]
    pub fn of(name: Option<Arc<str>>) -> Self {
        name.map_or(Self::Unnamed, Self::Named)
    }

    /// The name; empty without one.
    pub(super) fn name(&self) -> Arc<str> {
        if let Self::Named(name) = self { Arc::clone(name) } else { Arc::default() }
    }
}
