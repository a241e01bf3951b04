//! Whether the database answers, watched over a connection of its own.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sqlx::Connection as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::config::{DatabaseConfig, SessionPurpose};
use super::error::DbError;
use super::pace::RoundTrip;
use super::permits::{REFUSED as CROWDED, SessionPermit};
use super::pool::SharedPool;
use super::session::{Session, connected, patience};
use super::start::SessionStart;
use crate::observe::Observation;

const PERIOD: Duration = Duration::from_secs(1);
/// After a refused login.
const REFUSED: Duration = Duration::from_secs(4);
/// After the session was given up: the server's only one, maybe, so whoever took it has time to use it.
const GIVEN_UP: Duration = Duration::from_secs(10);
/// Sessions that may be opening at once while the server does not answer.
const TRIES: usize = 3;

/// What the watcher knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Up,
    /// The server is there, but has no room for the watcher's own session, or needs that for others.
    Crowded,
    Down(&'static str),
}

/// The database's state, as last seen.
#[derive(Clone, Debug)]
pub struct Health {
    state: watch::Receiver<State>,
    pub(super) pace: RoundTrip,
    pressure: Arc<SessionPressure>,
}

/// What is known of the room for sessions.
#[derive(Debug, Default)]
struct SessionPressure {
    /// The questions' sessions.
    pool: OnceLock<Arc<SharedPool>>,
    /// Questions have no session at all: whoever can do without one gives it up.
    starved: Notify,
}

impl Health {
    fn new(state: watch::Receiver<State>) -> Self {
        Self { state, pace: RoundTrip::default(), pressure: Arc::default() }
    }

    /// Whether the last look found the database away.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.reason().is_some()
    }

    /// Why the database is away, as a client may read it; none when it is not.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        if let State::Down(reason) = *self.state.borrow() { Some(reason) } else { None }
    }

    /// Whether questions can be answered: the last look found the database there, and it has room for a session of
    /// theirs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let has_sessions = self.pressure.pool.get().and_then(|pool| pool.has_sessions());
        match *self.state.borrow() {
            State::Up => has_sessions != Some(false),
            State::Crowded => has_sessions == Some(true),
            State::Unknown | State::Down(_) => false,
        }
    }

    /// Waits until the database is found away, and says why.
    pub async fn until_down(&self) -> &'static str {
        let mut state = self.state.clone();
        match state.wait_for(|state| matches!(state, State::Down(_))).await.map(|state| *state) {
            Ok(State::Down(reason)) => reason,
            _ => std::future::pending().await,
        }
    }

    /// Waits until the database is found there.
    pub async fn until_up(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| matches!(state, State::Up | State::Crowded)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Closes one session of the questions, so that the server has room for another. None where there is none to close,
    /// or all are busy for `wait`; the room is kept for the caller as long as the turn is held.
    pub(crate) async fn make_room(&self, wait: Duration) -> Option<SessionPermit> {
        self.pressure.pool.get()?.give_up(wait).await
    }

    /// The pool of questions, once there is one.
    pub(super) fn attach(&self, pool: Arc<SharedPool>) {
        let _first = self.pressure.pool.set(pool);
    }

    /// Whether questions have no session although they asked for one lately.
    pub(super) fn is_starved(&self) -> bool {
        self.pressure.pool.get().is_some_and(|pool| pool.has_sessions() == Some(false))
    }

    /// Says that questions, or the catalog, have no session at all.
    pub(crate) fn starve(&self) {
        self.pressure.starved.notify_waiters();
    }

    /// Waits until questions have no session at all.
    pub(super) async fn until_starved(&self) {
        self.pressure.starved.notified().await;
    }
}

/// A health that nobody watches, for commands that ask once.
impl Default for Health {
    fn default() -> Self {
        Self::new(watch::channel(State::Unknown).1)
    }
}

/// Starts watching; ends when every [`Health`] is gone.
#[must_use]
pub fn watch(config: DatabaseConfig) -> Health {
    let (sender, receiver) = watch::channel(State::Unknown);
    let health = Health::new(receiver);
    let (pace, pressure) = (health.pace.clone(), Arc::downgrade(&health.pressure));
    let watcher = Watcher { config, sender, pace, pressure, said: None };
    tokio::spawn(watcher.run());
    health
}

struct Watcher {
    config: DatabaseConfig,
    sender: watch::Sender<State>,
    pace: RoundTrip,
    pressure: Weak<SessionPressure>,
    /// The cause that was logged since the database was there last: said once, not once per look.
    said: Option<String>,
}

impl Watcher {
    async fn run(mut self) {
        while !self.sender.is_closed() {
            let error = match self.found().await {
                Ok(session) => match self.look(session).await {
                    LookEnd::Connection => continue,
                    // Another one may answer.
                    LookEnd::Answer if self.config.tries() > 1 => continue,
                    LookEnd::Answer => DbError::Connection("no answer".into()),
                    LookEnd::Room => {
                        self.pace.set(None);
                        self.sender.send_replace(State::Crowded);
                        sleep(GIVEN_UP).await;
                        continue;
                    }
                },
                Err(error) => error,
            };
            self.pace.set(None);
            // A server without room for one more session serves those it has.
            self.sender.send_replace(if error.is_crowded() { State::Crowded } else { State::Down(error.reason()) });
            let pause = match &error {
                error if error.is_crowded() => CROWDED,
                error if is_refusal(error) => REFUSED,
                _ => PERIOD / 2,
            };
            self.say(&error);
            sleep(pause).await;
        }
    }

    /// Connects. While nothing answers further attempts are made beside the first: the server that answers in the end
    /// may be another one.
    async fn found(&mut self) -> Result<Session, DbError> {
        let (config, pace) = (self.config.clone(), self.pace.clone());
        let start = SessionStart::of(SessionPurpose::Watching);
        let one = || connected(&config, &start, &pace);
        let begun = Instant::now();
        let mut tries = FuturesUnordered::from_iter([one()]);
        loop {
            tokio::select! {
                Some(done) = tries.next() => match done {
                    Err(DbError::Connection(_)) if !tries.is_empty() => {}
                    done => return done,
                },
                () = sleep(config.connect_timeout) => {
                    // Known to be near, a server that takes so long is away; one that is far may only be slow.
                    if begun.elapsed() >= patience(config.connect_timeout, &pace) || !self.was_up() {
                        let error = DbError::timed_out();
                        self.sender.send_replace(State::Down(error.reason()));
                        self.say(&error);
                    }
                    if tries.len() < TRIES {
                        tries.push(one());
                    }
                }
            }
        }
    }

    fn was_up(&self) -> bool {
        *self.sender.borrow() == State::Up
    }

    /// Keeps looking until something is wrong.
    async fn look(&mut self, session: Session) -> LookEnd {
        let (mut connection, server) = (session.connection, session.server);
        loop {
            let begun = Instant::now();
            match timeout(self.config.connect_timeout, connection.ping()).await {
                Ok(Ok(())) if self.sender.is_closed() => return LookEnd::Connection,
                Ok(Ok(())) => self.pace.set(Some(begun.elapsed())),
                Ok(Err(_)) => return LookEnd::Connection,
                Err(_) => {
                    self.config.note_silent(&server);
                    let pressure = self.pressure.upgrade();
                    // Nobody need find out for each of them.
                    let pool = pressure.as_ref().and_then(|pressure| pressure.pool.get());
                    pool.into_iter().for_each(|pool| pool.forget_idle(server.number));
                    return LookEnd::Answer;
                }
            }
            if self.sender.send_replace(State::Up) != State::Up {
                self.config.observer.observe(&Observation::Up(&self.config.place()));
            }
            self.said = None;
            tokio::select! {
                () = sleep(PERIOD) => {}
                () = starved(&self.pressure) => {
                    tracing::info!("the server has no other session for the catalog or questions: the watcher gives its own up");
                    // A server that says no goodbye has no session there either.
                    let _closed = timeout(self.config.connect_timeout, connection.close()).await;
                    return LookEnd::Room;
                }
            }
        }
    }

    fn say(&mut self, error: &DbError) {
        let cause = cause(error);
        if self.said.as_ref() != Some(&cause) {
            let (place, is_first) = (self.config.place(), self.said.is_none());
            self.config.observer.observe(&Observation::Down { place: &place, cause: &cause, is_first });
            self.said = Some(cause);
        }
    }
}

/// How a look ended.
enum LookEnd {
    /// The connection broke. That is no outage unless another cannot be opened.
    Connection,
    /// Nothing comes back.
    Answer,
    /// Others need the session more.
    Room,
}

/// Waits until questions, or the catalog, have no session at all.
async fn starved(pressure: &Weak<SessionPressure>) {
    match pressure.upgrade() {
        Some(pressure) => pressure.starved.notified().await,
        None => std::future::pending().await,
    }
}

/// Whether the server is there and does not want us: asking often changes nothing, and may lock the account.
fn is_refusal(error: &DbError) -> bool {
    matches!(error, DbError::Tls(_))
        || error.code().is_some_and(|code| code.starts_with("28") || code.starts_with("3D"))
}

/// The cause as a log may say it. A server's message about a failed login names the user and the database, never
/// the password.
fn cause(error: &DbError) -> String {
    error.to_string()
}
