//! How many sessions the server has room for. Where it refuses one, questions wait for the sessions that are there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// How long no further session is asked for after a refused one.
pub(super) const REFUSED: Duration = Duration::from_secs(2);

/// The permits of a pool: as many as it may have sessions, fewer while the server refuses more.
#[derive(Debug)]
pub(super) struct SessionPermits {
    permits: Arc<Semaphore>,
    most: usize,
    count: Mutex<PermitCount>,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct PermitCount {
    /// The permits that there are.
    allowed: usize,
    /// When one more is tried; none while there are as many as may be.
    again: Option<Instant>,
}

/// The right to hold a session.
pub(super) type SessionPermit = OwnedSemaphorePermit;

impl SessionPermits {
    pub(super) fn new(most: usize) -> Self {
        let count = Mutex::new(PermitCount { allowed: most, again: None });
        Self { permits: Arc::new(Semaphore::new(most)), most, count, waiting: AtomicUsize::new(0) }
    }

    /// How many wait for a permit.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A permit that is free now.
    pub(super) fn free(&self) -> Option<SessionPermit> {
        self.reopen();
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Waits for a permit; none when there is none by `end`.
    pub(super) async fn acquire(&self, end: Instant) -> Option<SessionPermit> {
        let _waiting = WaitingCount::new(&self.waiting);
        let acquired = Arc::clone(&self.permits).acquire_owned();
        tokio::pin!(acquired);
        loop {
            self.reopen();
            let again = self.count().again.unwrap_or(end).min(end);
            tokio::select! {
                biased;
                permit = &mut acquired => return permit.ok(),
                () = sleep_until(again) => if Instant::now() >= end { return None },
            }
        }
    }

    /// The server refused the session that was asked for in this permit: there are fewer permits for a while.
    pub(super) fn refused(&self, permit: SessionPermit) {
        permit.forget();
        let mut count = self.count();
        count.allowed = count.allowed.saturating_sub(1);
        count.again = Some(Instant::now() + REFUSED);
    }

    /// Whether the server gives none at all.
    pub(super) fn is_shut(&self) -> bool {
        self.count().allowed == 0
    }

    /// One more permit, once enough time has passed since the last refusal.
    fn reopen(&self) {
        let mut count = self.count();
        if count.again.is_some_and(|again| again <= Instant::now()) {
            count.allowed += 1;
            self.permits.add_permits(1);
            count.again = (count.allowed < self.most).then(|| Instant::now() + REFUSED);
        }
    }

    /// What was written stays whole even if a thread panicked while it held it.
    fn count(&self) -> MutexGuard<'_, PermitCount> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn a_refusal_takes_a_permit_away_for_a_while() {
        let permits = SessionPermits::new(3);
        let first = permits.acquire(soon()).await.expect("a permit");
        for _ in 0..2 {
            permits.refused(permits.acquire(soon()).await.expect("a permit"));
        }
        assert!(permits.acquire(soon()).await.is_none(), "the one that is left is in use");
        assert!(!permits.is_shut());
        drop(first);
        let first = permits.acquire(soon()).await.expect("the permit that was given back");
        // One more after the while, not two.
        let second = permits.acquire(Instant::now() + REFUSED).await.expect("another try");
        assert!(permits.free().is_none());
        permits.refused(second);
        permits.refused(first);
        assert!(permits.is_shut() && permits.free().is_none());
        tokio::time::advance(REFUSED).await;
        let only = permits.free();
        assert!(only.is_some() && permits.free().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn all_permits_come_back() {
        let permits = SessionPermits::new(2);
        for _ in 0..2 {
            permits.refused(permits.free().expect("a permit"));
        }
        for _ in 0..5 {
            tokio::time::advance(REFUSED).await;
            permits.reopen();
        }
        let free = [permits.free(), permits.free(), permits.free()];
        assert_eq!(free.map(|permit| permit.is_some()), [true, true, false]);
    }
}
