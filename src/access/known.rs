//! What callers of one token were found to know, kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::catalog::Snapshot;
use crate::identity::Identity;

/// How long it counts.
const LASTS: Duration = Duration::from_secs(30);
/// How long it counts while some names are missing: finding out takes seconds each time.
const LASTS_UNDECIDED: Duration = Duration::from_secs(15);
/// The most people of whom it is kept.
const MOST: usize = 200;

/// A part of a catalog that is being found, or was.
pub(super) type SnapshotCell = Arc<OnceCell<Arc<Snapshot>>>;

/// What callers know.
#[derive(Default)]
pub(super) struct CallerSnapshots(Mutex<Vec<CallerSnapshot>>);

struct CallerSnapshot {
    identity: Identity,
    whole: Arc<Snapshot>,
    known: SnapshotCell,
    made: Instant,
}

impl CallerSnapshot {
    fn lasts(&self) -> Duration {
        let is_undecided = self.known.get().is_some_and(|known| !known.missing().of_caller.is_empty());
        if is_undecided { LASTS_UNDECIDED } else { LASTS }
    }
}

impl CallerSnapshots {
    /// The part of a catalog that a caller knows. Entries of other catalogs and old entries are dropped.
    pub(super) fn of(&self, identity: &Identity, whole: &Arc<Snapshot>) -> SnapshotCell {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| Arc::ptr_eq(&one.whole, whole) && one.made.elapsed() < one.lasts());
        if let Some(one) = all.iter().find(|one| one.identity == *identity) {
            return Arc::clone(&one.known);
        }
        if all.len() >= MOST {
            all.remove(0);
        }
        let known = SnapshotCell::default();
        let (identity, whole) = (identity.clone(), Arc::clone(whole));
        all.push(CallerSnapshot { identity, whole, known: Arc::clone(&known), made: Instant::now() });
        known
    }
}
