//! What callers of one token were found to know, kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::catalog::Snapshot;
use crate::identity::Identity;

/// How long it counts.
const LASTS: Duration = Duration::from_secs(30);
/// The most people of whom it is kept.
const MOST: usize = 200;

/// What callers know.
#[derive(Default)]
pub(super) struct AllKnown(Mutex<Vec<One>>);

struct One {
    identity: Identity,
    whole: Arc<Snapshot>,
    known: Arc<Snapshot>,
    made: Instant,
}

impl AllKnown {
    pub(super) fn get(&self, identity: &Identity, whole: &Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |one: &&One| one.identity == *identity && Arc::ptr_eq(&one.whole, whole) && one.made.elapsed() < LASTS;
        all.iter().find(fits).map(|one| Arc::clone(&one.known))
    }

    pub(super) fn put(&self, identity: &Identity, whole: &Arc<Snapshot>, known: &Arc<Snapshot>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.identity != *identity && Arc::ptr_eq(&one.whole, whole) && one.made.elapsed() < LASTS);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(One {
            identity: identity.clone(),
            whole: Arc::clone(whole),
            known: Arc::clone(known),
            made: Instant::now(),
        });
    }
}
