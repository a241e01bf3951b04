//! What is known of the catalog at one moment.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::Catalog;
use crate::catalog::Snapshot;
use crate::db::{LoadError, PartialCatalog};

#[derive(Clone, Debug, Default)]
pub(super) struct RefreshState {
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// What the last refresh failed with; none after a good one.
    pub(super) failure: Option<RefreshFailure>,
    /// What is wrong with the declarations that are left out.
    pub(super) problems: Vec<String>,
    /// Refreshes that were begun.
    pub(super) begun: u64,
    /// The last of them that ended.
    pub(super) ended: u64,
    /// How they went.
    pub(super) tally: RefreshTally,
    /// When the snapshot was made.
    pub(super) made: Option<Instant>,
}

/// Why a refresh failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefreshFailure {
    /// For the log.
    pub(super) text: String,
    /// For clients: the kind of reason.
    pub(super) reason: &'static str,
}

/// How refreshes went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefreshTally {
    /// Those that ended.
    pub refreshes: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// How old the snapshot is, if there is one.
    pub age: Option<Duration>,
}

impl RefreshState {
    /// The snapshot, if its sources are others than the old one's.
    pub(super) fn better_than(&self, old: &Snapshot) -> Option<Arc<Snapshot>> {
        self.snapshot.clone().filter(|new| !new.has_the_shape_of(old))
    }

    pub(super) fn take(&mut self, loaded: Result<PartialCatalog, LoadError>) {
        self.ended = self.begun;
        self.tally.refreshes += 1;
        match loaded {
            Ok(loaded) => {
                self.say(&loaded);
                self.problems = loaded.problems.iter().map(ToString::to_string).collect();
                self.snapshot = Some(Arc::new(loaded.snapshot));
                self.made = Some(Instant::now());
                self.failure = None;
            }
            Err(error) => {
                let failure = RefreshFailure { text: error.to_string(), reason: error.reason() };
                self.tally.failures += 1;
                // The same failure again is not news.
                if self.failure.as_ref() != Some(&failure) {
                    let kept = self.snapshot.is_some();
                    tracing::error!(error = failure.text, kept, "the catalog cannot be refreshed");
                }
                self.failure = Some(failure);
            }
        }
    }

    /// Says what is new in a catalog.
    fn say(&self, loaded: &PartialCatalog) {
        let snapshot = &loaded.snapshot;
        let metrics = snapshot.names().count();
        if self.snapshot.as_ref().is_none_or(|old| old.names().count() != metrics) {
            tracing::info!(metrics, sources = snapshot.sources().len(), "the catalog is loaded");
        }
        let known = self.snapshot.as_ref().map_or(&[][..], |old| old.notes());
        for note in snapshot.notes().iter().filter(|note| !known.contains(note)) {
            tracing::warn!("{note}");
        }
        let known = self.snapshot.as_ref().map_or(&[][..], |old| &old.missing().unread);
        for one in snapshot.missing().unread.iter().filter(|one| !known.contains(one)) {
            tracing::warn!("{}", one.text);
        }
        let problems = loaded.problems.iter().map(ToString::to_string);
        for problem in problems.filter(|problem| !self.problems.contains(problem)) {
            tracing::error!(problem, "a declaration of the catalog file is left out; the rest is served");
        }
        if self.failure.is_some() {
            tracing::info!("the catalog is refreshed again");
        }
    }
}

impl Catalog {
    /// Of how many relations rows could not be read for what the catalog says.
    #[must_use]
    pub fn unread(&self) -> usize {
        let of = |snapshot: &Arc<Snapshot>| {
            snapshot.missing().unread.iter().map(|one| &one.relation).collect::<HashSet<_>>().len()
        };
        self.state.borrow().snapshot.as_ref().map_or(0, of)
    }

    /// Asks for a refresh soon, as tables have changed: what was read of them before is not believed any more.
    pub fn refresh(&self) {
        self.wanted.reloads.fetch_add(1, Ordering::Relaxed);
        self.wanted.now.notify_one();
    }

    /// How often somebody said that tables have changed.
    #[must_use]
    pub fn reloads(&self) -> u64 {
        self.wanted.reloads.load(Ordering::Relaxed)
    }
}
