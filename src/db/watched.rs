//! Statements and the pool as they are observed.

use std::time::Instant;

use super::error::DbError;
use super::pool::Database;
use crate::observe::{Observation, Observer, StatementOutcome, UnderWay};

/// A statement that runs; its end is told when this is dropped.
pub(super) struct WatchedStatement<'a> {
    database: &'a Database,
    begun: Instant,
    rows: u64,
    /// Abandoned, unless it ended before.
    outcome: StatementOutcome,
}

impl<'a> WatchedStatement<'a> {
    pub(super) fn begin(database: &'a Database) -> Self {
        Self { database, begun: Instant::now(), rows: 0, outcome: StatementOutcome::Abandoned }
    }

    /// A row was read.
    pub(super) const fn row(&mut self) {
        self.rows += 1;
    }

    /// The statement ended. That its rows were refused is not its fault.
    pub(super) fn ended(&mut self, done: &Result<(), DbError>) {
        self.outcome = match done {
            Ok(()) | Err(DbError::Refused(_)) => StatementOutcome::Answered,
            Err(error) if error.is_out_of_time() => StatementOutcome::TimedOut,
            Err(_) => StatementOutcome::Failed,
        };
    }
}

impl Drop for WatchedStatement<'_> {
    fn drop(&mut self) {
        let observer = self.database.observer();
        observer.observe(&Observation::Statement(self.outcome, self.begun.elapsed()));
        observer.observe(&Observation::Rows(self.rows));
        self.database.record.statement(self.rows);
    }
}

/// The sessions of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// The most that there may be.
    pub most: usize,
    /// Those that are open and wait for a statement.
    pub idle: usize,
    /// Questions that wait for one.
    pub waiting: usize,
}

impl Database {
    /// Who is told of its sessions and statements.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        &self.config().observer
    }

    /// How the pool is.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        let size = self.shared.pool.upgrade().map_or(0, |pool| pool.status().size);
        let in_use = usize::try_from(self.observer().under_way(UnderWay::Session)).unwrap_or_default();
        PoolState {
            most: self.config().pool_size,
            idle: size.saturating_sub(in_use),
            waiting: self.shared.permits.waiting(),
        }
    }
}
