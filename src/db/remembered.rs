//! What refreshes of the catalog remember of rows.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::error::DbError;
use super::rollups;
use crate::catalog::classify::StoredNames;
use crate::catalog::{Relation, without_metric};
use crate::error::Kind;

/// Reading names takes at most this part of the time.
const SHARE: u32 = 100;
/// A view is read whole at most this often, however fast it is.
const VIEWS: Duration = Duration::from_secs(300);
/// What took less is read whenever somebody asks for a refresh.
const FAST: Duration = Duration::from_secs(1);

/// What earlier refreshes read from rows.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(super) sources: HashMap<String, SourceMemory>,
    pub(super) rollups: HashMap<String, rollups::KnownRows>,
    /// The members of documents.
    pub(super) members: HashMap<String, Vec<String>>,
    /// What relations say that members of families are called.
    pub(super) called: HashMap<String, HashMap<String, String>>,
    /// What the log was told of relations that cannot be read.
    said: HashMap<(RowFact, String), ReadFailure>,
    /// The relations outside of the scope that were asked about.
    pub(super) beyond: Vec<Relation>,
    /// Whether somebody asked for the refresh that is made now.
    pub(crate) is_asked: bool,
}

/// What only rows know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RowFact {
    /// The names of metrics.
    Names,
    /// What the members of a family are called.
    FamilyNames,
    /// The members of a label column.
    Members,
}

impl RowFact {
    /// What cannot be read, of a relation that stands before it.
    pub(super) const fn unread(self) -> &'static str {
        match self {
            Self::Names => "its names cannot be listed",
            Self::FamilyNames => "the names of a family cannot be read from it",
            Self::Members => "the members of its label column cannot be listed",
        }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadFailure {
    /// The kind of reason and what to do: nothing of SQL or of rows.
    pub(super) reason: String,
    /// Whether more time might help.
    pub(super) is_slow: bool,
}

/// Why names are missing that no statement found in time.
const SLOW: &str = "that takes too long; an index on the name would find them";

impl ReadFailure {
    /// Of a statement.
    fn of(error: &DbError, fact: RowFact) -> Self {
        if error.is_out_of_time() {
            let reason = if fact == RowFact::Names { SLOW } else { "that takes too long" };
            return Self { reason: reason.to_owned(), is_slow: true };
        }
        let public = error.public();
        Self { reason: without_metric(&public.sentence()), is_slow: public.kind == Kind::Timeout }
    }

    /// Of a source for which no time was left.
    pub(super) fn of_time() -> Self {
        Self { reason: "other sources took all the time".to_owned(), is_slow: true }
    }
}

impl Memory {
    /// Why something of a relation could not be read; `key` tells what is read. What the server says goes to the log once.
    pub(super) fn failed(&mut self, fact: RowFact, key: &str, relation: &Relation, error: &DbError) -> ReadFailure {
        let failure = ReadFailure::of(error, fact);
        let said = self.said.insert((fact, key.to_owned()), failure.clone());
        if !failure.is_slow && said.as_ref() != Some(&failure) {
            tracing::warn!(%relation, %error, "{}", fact.unread());
        }
        failure
    }

    /// Something was read.
    pub(super) fn succeeded(&mut self, fact: RowFact, key: &str) {
        self.said.remove(&(fact, key.to_owned()));
    }

    /// Forgets what no source is read for any more.
    pub(super) fn keep(&mut self, fact: RowFact, met: &HashSet<String>) {
        match fact {
            RowFact::Names => self.sources.retain(|key, _| met.contains(key)),
            RowFact::FamilyNames => self.called.retain(|key, _| met.contains(key)),
            RowFact::Members => self.members.retain(|key, _| met.contains(key)),
        }
        self.said.retain(|(of, key), _| *of != fact || met.contains(key));
    }
}

/// What is known of one source.
#[derive(Clone, Debug)]
pub(super) struct SourceMemory {
    /// The last names that could be read.
    pub(super) names: Option<StoredNames>,
    /// Why they could not be read the last time.
    pub(super) failure: Option<ReadFailure>,
    pub(super) last: LastRead,
}

/// When something was read of rows, and how long that took.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastRead {
    pub(super) at: Instant,
    pub(super) took: Duration,
}

impl LastRead {
    /// Whether it is time to read again, after a pause at the least.
    pub(super) fn is_due(&self, pause: Duration, is_asked: bool) -> bool {
        self.at.elapsed() >= pause.max(self.took * SHARE) || is_asked && self.took < FAST
    }
}

impl SourceMemory {
    pub(super) fn is_due(&self, is_view: bool, is_asked: bool) -> bool {
        self.last.is_due(if is_view { VIEWS } else { Duration::ZERO }, is_asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn names_are_read_again_in_proportion_to_what_that_costs() {
        let known = |took| SourceMemory { names: None, failure: None, last: LastRead { at: Instant::now(), took } };
        let (fast, slow) = (known(Duration::from_millis(10)), known(Duration::from_secs(3)));
        let due = |is_view, is_asked| [fast.is_due(is_view, is_asked), slow.is_due(is_view, is_asked)];
        assert_eq!((due(false, false), due(false, true)), ([false, false], [true, false]));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((due(false, false), due(true, false), due(true, true)), ([true, false], [false; 2], [true, false]));
        tokio::time::advance(Duration::from_secs(240)).await;
        assert_eq!(due(true, false), [true, true]);
    }
}
