//! How many sessions the server has room for. Where it refuses one, questions wait for the sessions that are there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// How long no further session is asked for after a refused one.
pub(super) const REFUSED: Duration = Duration::from_secs(2);

/// The turns of a pool: as many as it may have sessions, fewer while the server refuses more.
#[derive(Debug)]
pub(super) struct SessionPermits {
    turns: Arc<Semaphore>,
    most: usize,
    crowd: Mutex<PermitCount>,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct PermitCount {
    /// The turns that there are.
    allowed: usize,
    /// When one more is tried; none while there are as many as may be.
    again: Option<Instant>,
}

/// The right to hold a session.
pub(super) type SessionPermit = OwnedSemaphorePermit;

impl SessionPermits {
    pub(super) fn new(most: usize) -> Self {
        let crowd = Mutex::new(PermitCount { allowed: most, again: None });
        Self { turns: Arc::new(Semaphore::new(most)), most, crowd, waiting: AtomicUsize::new(0) }
    }

    /// How many wait for a turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A turn that is free now.
    pub(super) fn free_turn(&self) -> Option<SessionPermit> {
        self.reopen();
        Arc::clone(&self.turns).try_acquire_owned().ok()
    }

    /// Waits for a turn; none when there is none by `end`.
    pub(super) async fn turn(&self, end: Instant) -> Option<SessionPermit> {
        let _waiting = WaitingCount::new(&self.waiting);
        let acquired = Arc::clone(&self.turns).acquire_owned();
        tokio::pin!(acquired);
        loop {
            self.reopen();
            let again = self.crowd().again.unwrap_or(end).min(end);
            tokio::select! {
                biased;
                turn = &mut acquired => return turn.ok(),
                () = sleep_until(again) => if Instant::now() >= end { return None },
            }
        }
    }

    /// The server refused the session that was asked for in this turn: there are fewer turns for a while.
    pub(super) fn refused(&self, turn: SessionPermit) {
        turn.forget();
        let mut crowd = self.crowd();
        crowd.allowed = crowd.allowed.saturating_sub(1);
        crowd.again = Some(Instant::now() + REFUSED);
    }

    /// Whether the server gives none at all.
    pub(super) fn is_shut(&self) -> bool {
        self.crowd().allowed == 0
    }

    /// One more turn, once enough time has passed since the last refusal.
    fn reopen(&self) {
        let mut crowd = self.crowd();
        if crowd.again.is_some_and(|again| again <= Instant::now()) {
            crowd.allowed += 1;
            self.turns.add_permits(1);
            crowd.again = (crowd.allowed < self.most).then(|| Instant::now() + REFUSED);
        }
    }

    /// What was written stays whole even if a thread panicked while it held it.
    fn crowd(&self) -> MutexGuard<'_, PermitCount> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as waiting until it is dropped.
struct WaitingCount<'a>(&'a AtomicUsize);

impl<'a> WaitingCount<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitingCount<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_takes_a_turn_away_for_a_while() {
        let room = SessionPermits::new(3);
        let first = room.turn(soon()).await.expect("a turn");
        for _ in 0..2 {
            room.refused(room.turn(soon()).await.expect("a turn"));
        }
        assert!(room.turn(soon()).await.is_none(), "the one that is left is in use");
        assert!(!room.is_shut());
        drop(first);
        let first = room.turn(soon()).await.expect("the turn that was given back");
        // One more after the while, not two.
        let second = room.turn(Instant::now() + REFUSED).await.expect("another try");
        assert!(room.free_turn().is_none());
        room.refused(second);
        room.refused(first);
        assert!(room.is_shut() && room.free_turn().is_none());
        tokio::time::advance(REFUSED).await;
        let only = room.free_turn();
        assert!(only.is_some() && room.free_turn().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn all_turns_come_back() {
        let room = SessionPermits::new(2);
        for _ in 0..2 {
            room.refused(room.free_turn().expect("a turn"));
        }
        for _ in 0..5 {
            tokio::time::advance(REFUSED).await;
            room.reopen();
        }
        let turns = [room.free_turn(), room.free_turn(), room.free_turn()];
        assert_eq!(turns.map(|turn| turn.is_some()), [true, true, false]);
    }
}
