//! What a connection does, and when its time is up.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::HttpConfig;

/// How long the headers of a request may take, and how long a new connection may say nothing.
const HEADERS: Duration = Duration::from_secs(10);
/// What a client must have taken within the write timeout once it has stopped reading.
const TAKEN: usize = 64 * 1024;
/// A connection that was heard of so lately does not leave for another one.
const JUST_NOW: Duration = Duration::from_millis(100);
/// The same of one that is sending a body.
const SENDING: Duration = Duration::from_millis(300);
/// The same of one that has asked before, and will again.
const KEPT: Duration = Duration::from_secs(5);
/// The same of one that has stopped reading its answer.
const READING: Duration = Duration::from_secs(5);

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was received yet.
    New,
    /// The headers of a request arrive.
    Headers,
    /// The body of a request arrives.
    Body,
    /// A request is being answered.
    Answer,
    /// A request was answered, and the next one has not begun.
    Idle,
}

/// What one connection does.
#[derive(Debug)]
pub(super) struct Activity {
    idle: Duration,
    write: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// When something was last received or sent.
    heard: Instant,
    /// Whether it ever asked something.
    asked: bool,
    /// When the client stopped reading, and what it has taken since.
    stalled: Option<(Instant, usize)>,
}

impl Activity {
    pub(super) fn new(config: &HttpConfig) -> Self {
        let now = Instant::now();
        let state = State { phase: Phase::New, since: now, heard: now, asked: false, stalled: None };
        Self { idle: config.idle_timeout, write: config.write_timeout, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was received.
    pub(super) fn received(&self) {
        let mut state = self.state();
        state.heard = Instant::now();
        if matches!(state.phase, Phase::New | Phase::Idle) {
            state.enter(Phase::Headers);
        }
    }

    /// The headers of a request are there; a body follows or does not.
    pub(super) fn asked(&self, body_follows: bool) {
        let mut state = self.state();
        state.asked = true;
        state.enter(if body_follows { Phase::Body } else { Phase::Answer });
    }

    /// The body of the request is there, or nobody wants it any more.
    pub(super) fn body_ended(&self) {
        let mut state = self.state();
        if state.phase == Phase::Body {
            state.enter(Phase::Answer);
        }
    }

    /// The answer was handed over.
    pub(super) fn answered(&self) {
        self.state().enter(Phase::Idle);
    }

    /// Whether what is written now is the answer to a request that was never read.
    pub(super) fn is_before_any_question(&self) -> bool {
        matches!(self.state().phase, Phase::New | Phase::Headers)
    }

    /// So many bytes were taken by the client's side.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.state();
        state.heard = Instant::now();
        state.stalled = state.stalled.map(|(since, taken)| (since, taken + bytes)).filter(|(_, taken)| *taken < TAKEN);
    }

    /// There is more to send than the client takes.
    pub(super) fn is_full(&self) {
        self.state().stalled.get_or_insert_with(|| (Instant::now(), 0));
    }

    /// Everything was sent.
    pub(super) fn flushed(&self) {
        self.state().stalled = None;
    }

    /// Whether the connection has let its time pass.
    pub(super) fn is_overdue(&self) -> bool {
        let state = self.state();
        let allowed = match state.phase {
            Phase::New | Phase::Headers => Some(HEADERS),
            Phase::Idle => Some(self.idle),
            // Those are bounded where they are read and answered.
            Phase::Body | Phase::Answer => None,
        };
        let is_silent = allowed.is_some_and(|allowed| state.since.elapsed() > allowed);
        is_silent || state.stalled.is_some_and(|(since, _)| since.elapsed() > self.write)
    }

    /// How readily the connection leaves for another one, the least useful first; none while it is at work.
    pub(super) fn dispensable(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        let spared = match state.phase {
            Phase::New | Phase::Headers => Some(JUST_NOW),
            Phase::Idle => Some(KEPT),
            Phase::Body => Some(SENDING),
            Phase::Answer => state.stalled.map(|_| READING),
        };
        let heard = state.stalled.map_or(state.heard, |(since, _)| since);
        spared.filter(|spared| heard.elapsed() > *spared).map(|_| (state.asked, heard))
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.since) = (phase, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(phase: Phase, seconds: u64) -> Activity {
        let activity = Activity::new(&HttpConfig::default());
        let then = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let asked = phase == Phase::Idle;
        *activity.state() = State { phase, since: then, heard: then, asked, stalled: None };
        activity
    }

    #[test]
    fn silence_is_measured_by_what_the_connection_is_at() {
        for (phase, seconds, overdue) in [
            (Phase::New, 9, false),
            (Phase::New, 11, true),
            (Phase::Headers, 11, true),
            (Phase::Idle, 11, false),
            (Phase::Idle, 74, false),
            (Phase::Idle, 76, true),
            (Phase::Body, 300, false),
            (Phase::Answer, 300, false),
        ] {
            assert_eq!(activity(phase, seconds).is_overdue(), overdue, "{phase:?} for {seconds} s");
        }
    }

    #[test]
    fn a_client_that_takes_too_little_is_overdue_and_one_that_reads_is_not() {
        let answering = activity(Phase::Answer, 40);
        answering.is_full();
        assert!(!answering.is_overdue() && answering.dispensable().is_none());
        let then = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
        answering.state().stalled = Some((then, 0));
        assert!(answering.is_overdue() && answering.dispensable().is_some());
        answering.sent(TAKEN - 1);
        assert!(answering.is_overdue());
        answering.sent(1);
        assert!(!answering.is_overdue() && answering.dispensable().is_none());
    }

    #[test]
    fn those_who_never_asked_leave_first_and_then_the_idlest() {
        let (new, idle, longer) = (activity(Phase::New, 1), activity(Phase::Idle, 7), activity(Phase::Idle, 8));
        assert!(new.dispensable() < longer.dispensable() && longer.dispensable() < idle.dispensable());
        assert_eq!(activity(Phase::Answer, 100).dispensable(), None);
        assert_eq!(activity(Phase::New, 0).dispensable(), None);
        assert_eq!(activity(Phase::Idle, 4).dispensable(), None);
    }
}
