//! How far away the database is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long the last round trip to the database took.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrip(Arc<AtomicU64>);

impl RoundTrip {
    pub(super) fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|micros| *micros > 0).map(Duration::from_micros)
    }

    pub(super) fn set(&self, round_trip: Option<Duration>) {
        let micros = round_trip.map_or(0, |taken| u64::try_from(taken.as_micros()).unwrap_or(u64::MAX).max(1));
        self.0.store(micros, Ordering::Relaxed);
    }
}
