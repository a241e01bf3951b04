//! What the cache was worth: for one answer, and since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::time::TimeRange;

/// Where the buckets of a fetch, or of a whole answer, came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheOutcome {
    /// All of them were known.
    Hit,
    /// Some were known.
    Partial,
    /// None was known.
    Miss,
}

impl CacheOutcome {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Partial => "partial",
            Self::Miss => "miss",
        }
    }
}

/// Where the buckets of one fetch came from.
#[derive(Clone, Debug)]
pub struct FetchOrigin {
    /// The metric.
    pub metric: String,
    /// The relation: of the samples, or of a rollup of them.
    pub relation: String,
    /// How much was known.
    pub outcome: CacheOutcome,
    /// The rows that were known.
    pub known: usize,
    /// The times that were asked.
    pub asked: Vec<TimeRange>,
}

/// What became of the fetches of one request. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CacheTally(Arc<Mutex<Vec<FetchOrigin>>>);

impl CacheTally {
    /// Adds a fetch.
    pub fn add(&self, origin: FetchOrigin) {
        self.origins_mut().push(origin);
    }

    /// The worst outcome; none where nothing was fetched.
    #[must_use]
    pub fn worst(&self) -> Option<CacheOutcome> {
        self.origins_mut().iter().map(|origin| origin.outcome).max()
    }

    /// All fetches.
    #[must_use]
    pub fn origins(&self) -> Vec<FetchOrigin> {
        self.origins_mut().clone()
    }

    fn origins_mut(&self) -> MutexGuard<'_, Vec<FetchOrigin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Totals {
    hits: AtomicU64,
    partial: AtomicU64,
    misses: AtomicU64,
    rows_saved: AtomicU64,
    statements_saved: AtomicU64,
}

impl Totals {
    /// Adds a fetch: its outcome, the rows that the database need not give, the statements that it need not run.
    pub fn add(&self, outcome: CacheOutcome, rows_saved: usize, statements_saved: usize) {
        let count = match outcome {
            CacheOutcome::Hit => &self.hits,
            CacheOutcome::Partial => &self.partial,
            CacheOutcome::Miss => &self.misses,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.rows_saved.fetch_add(rows_saved as u64, Ordering::Relaxed);
        self.statements_saved.fetch_add(statements_saved as u64, Ordering::Relaxed);
    }

    /// Adds a statement that the database need not run.
    pub fn add_statement_saved(&self) {
        self.statements_saved.fetch_add(1, Ordering::Relaxed);
    }

    /// Fetches of an outcome.
    #[must_use]
    pub fn of(&self, outcome: CacheOutcome) -> u64 {
        match outcome {
            CacheOutcome::Hit => self.hits.load(Ordering::Relaxed),
            CacheOutcome::Partial => self.partial.load(Ordering::Relaxed),
            CacheOutcome::Miss => self.misses.load(Ordering::Relaxed),
        }
    }

    /// Rows that were known.
    #[must_use]
    pub fn rows_saved(&self) -> u64 {
        self.rows_saved.load(Ordering::Relaxed)
    }

    /// Statements that were not run.
    #[must_use]
    pub fn statements_saved(&self) -> u64 {
        self.statements_saved.load(Ordering::Relaxed)
    }
}
