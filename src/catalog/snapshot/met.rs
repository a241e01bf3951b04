//! What questions have met in the times of a source, until the next snapshot.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Snapshot;

/// What the times of one source have turned out to be.
#[derive(Debug, Default)]
pub(super) struct MetTimes {
    /// Some are no whole millisecond.
    fine: AtomicBool,
    /// Several rows of one series stand at one millisecond.
    shared: AtomicBool,
}

impl Snapshot {
    /// Whether a question has met a time of the source of that number that is no whole millisecond: then partials are not
    /// asked for in vain again until the next snapshot.
    #[must_use]
    pub fn has_fine_times(&self, at: usize) -> bool {
        self.met.get(at).is_some_and(|met| met.fine.load(Ordering::Relaxed))
    }

    /// A question has met such a time.
    pub fn learn_fine_times(&self, at: usize) {
        if let Some(met) = self.met.get(at) {
            met.fine.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a question has met several rows of one series at one millisecond in the source of that number, of which
    /// Prometheus has one.
    #[must_use]
    pub fn has_shared_times(&self, at: usize) -> bool {
        self.met.get(at).is_some_and(|met| met.shared.load(Ordering::Relaxed))
    }

    /// A question has met such rows.
    pub fn learn_shared_times(&self, at: usize) {
        if let Some(met) = self.met.get(at) {
            met.shared.store(true, Ordering::Relaxed);
        }
    }
}
