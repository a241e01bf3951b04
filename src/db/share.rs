//! The sessions that one request may hold at once.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::permits::SessionPermit;
use super::pool::Database;
use crate::budget::Budget;

/// The turns of the statements of one request.
#[derive(Clone, Debug)]
pub(super) struct SessionShare {
    places: Arc<Semaphore>,
    /// A place that these statements have already.
    own: Option<Arc<SessionPlace>>,
}

/// A place among the sessions of one request, held for a read that others may wait for, too. Its statements take turns in
/// it, so that it never waits for what else the request asks.
#[derive(Debug)]
pub struct SessionPlace {
    turn: Arc<Semaphore>,
    places: Arc<Semaphore>,
    _held: SessionPermit,
}

/// The turn of one statement.
#[derive(Debug)]
pub(super) struct StatementTurn {
    _permit: SessionPermit,
    /// The place is given back after the last statement in it.
    _place: Option<Arc<SessionPlace>>,
}

impl SessionShare {
    pub(super) fn new(sessions: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(sessions)), own: None }
    }

    /// Statements in a place that is held for them.
    pub(super) fn within(place: SessionPlace) -> Self {
        Self { places: Arc::clone(&place.places), own: Some(Arc::new(place)) }
    }

    /// Waits for a place.
    pub(super) async fn place(&self) -> Option<SessionPlace> {
        // A semaphore that is never closed always gives a permit.
        let held = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(SessionPlace { turn: Arc::new(Semaphore::new(1)), places: Arc::clone(&self.places), _held: held })
    }

    /// Waits for the turn of a statement: in the place that is held for it, or in another one of the request.
    pub(super) async fn turn(&self) -> Option<StatementTurn> {
        let places = Arc::clone(&self.places).acquire_owned();
        let Some(own) = &self.own else {
            return places.await.ok().map(|permit| StatementTurn { _permit: permit, _place: None });
        };
        tokio::select! {
            biased;
            permit = Arc::clone(&own.turn).acquire_owned() => {
                permit.ok().map(|permit| StatementTurn { _permit: permit, _place: Some(Arc::clone(own)) })
            }
            permit = places => permit.ok().map(|permit| StatementTurn { _permit: permit, _place: None }),
        }
    }
}

impl Database {
    /// A place among the sessions of its request, once one is free; none where there is no bound.
    pub async fn place(&self) -> Option<SessionPlace> {
        match &self.share {
            Some(share) => share.place().await,
            None => None,
        }
    }

    /// The database of a read that others may wait for: its statements have a place of their own, and pay the bytes of
    /// what is read from another budget.
    #[must_use]
    pub fn of_flight(&self, place: Option<SessionPlace>, budget: &Budget) -> Self {
        let mut own = self.clone();
        own.share = place.map(SessionShare::within);
        own.budget = Some(budget.clone());
        own
    }
}
