//! Relations that fail although the catalog says what it said before.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a relation asks for no refresh after one that did not help it.
const FRUITLESS: Duration = Duration::from_secs(30);

/// The relations that a refresh did not help, each by itself: a broken one does not keep another from healing.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<HashMap<Option<NonZeroU32>, Instant>>);

impl Doubts {
    /// Whether a refresh has lately not helped the relation.
    pub(super) fn has(&self, relation: Option<NonZeroU32>) -> bool {
        let settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        settled.get(&relation).is_some_and(|at| at.elapsed() < FRUITLESS)
    }

    /// Remembers that a refresh did not help the relation.
    pub(super) fn remember(&self, relation: Option<NonZeroU32>) {
        let mut settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        settled.retain(|_, at| at.elapsed() < FRUITLESS);
        settled.insert(relation, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_relation_is_doubted_by_itself_and_not_for_ever() {
        let doubts = Doubts::default();
        let (broken, other) = (NonZeroU32::new(1), NonZeroU32::new(2));
        doubts.remember(broken);
        assert!(doubts.has(broken) && !doubts.has(other));
        tokio::time::advance(FRUITLESS).await;
        assert!(!doubts.has(broken));
    }
}
