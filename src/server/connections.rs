//! All open connections, and which one is closed when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::Activity;
use crate::config::HttpConfig;

/// Connections beyond the limit that are served while all others are at work.
const EXTRA: usize = 64;

/// The room that a connection was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Within the limit.
    Usual,
    /// Beyond it.
    Extra,
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    config: HttpConfig,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    open: HashMap<u64, Arc<Seat>>,
}

#[derive(Debug)]
struct Seat {
    activity: Arc<Activity>,
    leave: Notify,
}

/// One of them; it leaves when it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionSeat {
    connections: Arc<Connections>,
    number: u64,
    seat: Arc<Seat>,
}

impl Connections {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self { config: config.clone(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for one more; none while all are at work and the extra ones are taken too.
    pub(super) fn enter(self: &Arc<Self>) -> Option<(ConnectionSeat, Admission)> {
        let mut state = self.state();
        let room = if state.open.len() < self.config.connections || state.dismiss() {
            Admission::Usual
        } else if state.open.len() < self.config.connections + EXTRA {
            Admission::Extra
        } else {
            return None;
        };
        let number = state.next;
        state.next += 1;
        let seat = Arc::new(Seat { activity: Arc::new(Activity::new(&self.config)), leave: Notify::new() });
        state.open.insert(number, Arc::clone(&seat));
        Some((ConnectionSeat { connections: Arc::clone(self), number, seat }, room))
    }
}

impl State {
    /// Tells the most dispensable connection to leave; false when there is none.
    fn dismiss(&mut self) -> bool {
        let leaving = self.open.iter().filter_map(|(number, seat)| Some((seat.activity.dispensable()?, *number)));
        let Some((_, number)) = leaving.min() else { return false };
        if let Some(seat) = self.open.remove(&number) {
            seat.leave.notify_one();
        }
        true
    }
}

impl ConnectionSeat {
    /// Its number, from 1: no other connection has it.
    pub(super) const fn number(&self) -> u64 {
        self.number + 1
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.seat.activity
    }

    /// Resolves when another connection needs the place.
    pub(super) async fn asked_to_leave(&self) {
        self.seat.leave.notified().await;
    }
}

impl Drop for ConnectionSeat {
    fn drop(&mut self) {
        self.connections.state().open.remove(&self.number);
    }
}
