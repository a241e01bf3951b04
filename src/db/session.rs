//! Sessions: opened within time limits that follow the distance, tested while they are idle, closed cleanly.

use std::borrow::{Borrow, BorrowMut};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use futures_util::FutureExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection as _, Row as _};
use tokio::time::timeout;

use super::config::{DatabaseConfig, SessionPurpose};
use super::endpoint::Endpoint;
use super::error::DbError;
use super::lease::raw;
use super::pace::RoundTrip;
use super::requirement::{ServerRequirement, TargetSessionAttrs, looked};
use super::settings::AccessMode;
use super::start::SessionStart;
use super::transaction::{self, Transactions};
use crate::identity::Identity;
use crate::observe::{Observation, UnderWay};
use crate::sql::Statement;

/// A session that has been idle for longer is pinged before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// The round trips of a new session at most: TCP, TLS, its handshake in two, the start-up, a password in three.
const EXCHANGES: u32 = 8;
/// How often an idle session is asked whether its server is still what is wanted.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long a session stays on a primary where a standby is preferred.
const SECOND_CHOICE: Duration = Duration::from_secs(60);
/// How many times as long as the last round trip the next one may take.
const SLACK: u32 = 4;

/// An open session and the server process behind it.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    /// The process that runs its statements. Behind a pooler it is known within a transaction only.
    pub(super) pid: Option<i32>,
    /// Whether each transaction may run on another process and must bring its own settings.
    pub(super) is_pooled: bool,
    pub(super) used: Instant,
    /// Whether a statement ran on it before.
    pub(super) is_used: bool,
    pub(super) server: Endpoint,
    opened: Instant,
    /// When it was seen that its server is what is wanted.
    looked: Instant,
}

/// Opens sessions.
pub(super) struct Sessions {
    config: DatabaseConfig,
    pub(super) transactions: Transactions,
    pace: RoundTrip,
    /// Sessions of a server that were used last before this moment are not trusted: one of them did not answer.
    suspects: Mutex<HashMap<usize, Instant>>,
}

impl Sessions {
    pub(super) fn new(config: DatabaseConfig, pace: RoundTrip) -> Self {
        let transactions = Transactions::new(&config.settings(SessionPurpose::Questions), AccessMode::Reading);
        Self { config, transactions, pace, suspects: Mutex::default() }
    }

    /// How long a session may take to open.
    pub(super) fn patience(&self) -> Duration {
        patience(self.config.connect_timeout, &self.pace) * self.config.tries()
    }

    /// Opens a session outside of the pool.
    async fn open(&self) -> Result<Session, DbError> {
        connected(&self.config, &SessionStart::of(SessionPurpose::Questions), &self.pace).await
    }

    /// Opens another session on the server of one.
    async fn beside(&self, session: &Session) -> Result<Session, DbError> {
        let start = SessionStart::of(SessionPurpose::Questions);
        // The password may be another one by now.
        let server = self.config.servers().again(&session.server).unwrap_or_else(|| session.server.clone());
        let opened = open(&self.config, &start, server);
        timeout(patience(self.config.connect_timeout, &self.pace), opened).await.map_err(|_| DbError::timed_out())?
    }

    /// Whether the server of an idle session is still what is wanted.
    async fn look(&self, session: &mut Session) -> RecycleResult<DbError> {
        let requirement = self.config.requirement();
        let every = requirement.max_lag.map_or(LOOK_EVERY, |lag| lag.min(LOOK_EVERY));
        if !requirement.is_particular() || session.looked.elapsed() < every {
            return Ok(());
        }
        // The second choice is one for a while.
        let allowed = if requirement.wanted == TargetSessionAttrs::PreferStandby {
            ServerRequirement { wanted: TargetSessionAttrs::Any, ..requirement }
        } else {
            requirement
        };
        let seen = timeout(self.config.connect_timeout, looked(&mut session.connection, allowed)).await;
        let seen = seen.map_err(|_| RecycleError::Backend(DbError::timed_out()))?.map_err(RecycleError::Backend)?;
        if requirement.wanted == TargetSessionAttrs::PreferStandby
            && !seen.is_standby
            && session.opened.elapsed() > SECOND_CHOICE
        {
            return Err(RecycleError::message("a standby may be there again"));
        }
        session.looked = Instant::now();
        Ok(())
    }

    fn is_suspect(&self, session: &Session) -> bool {
        let suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.get(&session.server.number).is_some_and(|moment| session.used <= *moment)
    }

    fn suspect(&self, session: &Session) {
        let moment = session.used.max(Instant::now() - TRUSTED_IDLE);
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).insert(session.server.number, moment);
    }
}

/// How long a session may take to open. The setting bounds one round trip; where the distance is known to be short,
/// it bounds them all, so that a server that fell silent is found out soon.
pub(super) fn patience(connect_timeout: Duration, pace: &RoundTrip) -> Duration {
    let each = pace.get().map_or(connect_timeout, |round_trip| connect_timeout.min(round_trip * SLACK));
    connect_timeout.max(each * EXCHANGES)
}

/// Opens a session of the configured database, outside of any pool, on the first server that is there and is what is
/// wanted.
pub(super) async fn connected(
    config: &DatabaseConfig,
    start: &SessionStart,
    pace: &RoundTrip,
) -> Result<Session, DbError> {
    let opened = config.opened(start.requirement, pace, |server| open(config, start, server));
    // In a box, its type forgotten: what opens a session is a part of every other future.
    opened.boxed().await
}

/// Opens a session. One whose settings do not hold is a pooler's, and so is one that is refused for its settings and
/// opened without.
async fn open(config: &DatabaseConfig, start: &SessionStart, server: Endpoint) -> Result<Session, DbError> {
    if config.pooler.is_there() {
        return pooled(server).await;
    }
    match config.direct(server.clone(), start.purpose, start.more.clone()).connect().await {
        Ok(connection) => held(config, start.purpose, connection, server).await,
        Err(error) if error.refuses_settings() => {
            // A pooler that is full says so in the same way.
            let session = pooled(server).await?;
            config.pooler.found("refuses the settings of a session's start");
            Ok(session)
        }
        Err(error) => Err(error),
    }
}

async fn pooled(server: Endpoint) -> Result<Session, DbError> {
    let connection = DatabaseConfig::pooled(server.clone()).connect().await?;
    Ok(Session::new(connection, None, true, server))
}

impl Session {
    /// One that nothing ran on yet.
    fn new(connection: PgConnection, pid: Option<i32>, is_pooled: bool, server: Endpoint) -> Self {
        let now = Instant::now();
        Self { connection, pid, is_pooled, used: now, is_used: false, server, opened: now, looked: now }
    }
}

impl Borrow<PgConnection> for Session {
    fn borrow(&self) -> &PgConnection {
        &self.connection
    }
}

impl BorrowMut<PgConnection> for Session {
    fn borrow_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Reads back what a session for questions has set. One that only watches runs no statement that needs it, and discovery
/// asks with its first batch whether its start arrived.
async fn held(
    config: &DatabaseConfig,
    purpose: SessionPurpose,
    mut connection: PgConnection,
    server: Endpoint,
) -> Result<Session, DbError> {
    let (settings, round_trip) = (config.settings(purpose), config.connect_timeout);
    let mut pid = None;
    if purpose == SessionPurpose::Questions {
        let row = match asked(&mut connection, &settings.read_back(true), round_trip).await {
            Err(error) if error.is_of_statement() => {
                tracing::debug!(%error, "the server cannot watch for lost clients");
                asked(&mut connection, &settings.read_back(false), round_trip).await?
            }
            other => other?,
        };
        if let Some(missing) = settings.missing(&row)? {
            tracing::debug!(setting = missing, "a session does not have what its start asked for");
            config.pooler.found("leaves out the settings of a session's start");
            // What the session was given by hand would reach other clients.
            drop(connection);
            return pooled(server).await;
        }
        pid = Some(row.try_get(0)?);
    }
    Ok(Session::new(connection, pid, false, server))
}

/// Asks in one round trip: a statement without parameters need not be prepared.
async fn asked(connection: &mut PgConnection, statement: &Statement, round_trip: Duration) -> Result<PgRow, DbError> {
    let asked = timeout(round_trip, sqlx::Executor::fetch_one(connection, raw(statement))).await;
    Ok(asked.map_err(|_| DbError::timed_out())??)
}

impl Manager for Sessions {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        let observer = &self.config.observer;
        let _opening = observer.begin(UnderWay::Opening);
        let opened = self.open().await;
        observer.observe(if opened.is_ok() { &Observation::Opened } else { &Observation::Unopened });
        opened
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<DbError> {
        if session.used.elapsed() > TRUSTED_IDLE {
            if self.is_suspect(session) {
                return Err(RecycleError::message("another one did not answer"));
            }
            let Ok(answered) = timeout(self.config.connect_timeout, session.connection.ping()).await else {
                self.suspect(session);
                return Err(RecycleError::message("no answer"));
            };
            answered.map_err(|error| RecycleError::Backend(error.into()))?;
        }
        self.look(session).await
    }
}

/// Closes a session whose statement is over, but not well.
pub(super) fn close(object: Object<Sessions>) {
    drop(Object::take(object));
}

/// Ends a session whose statement may still run: asks the server to stop it, then closes the connection. The process
/// is the session's own as long as its connection is open, and behind a pooler its transaction.
pub(super) fn discard(object: Object<Sessions>) {
    let pool = Object::pool(&object);
    let session = Object::take(object);
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        if let (Some(pool), Some(pid)) = (pool, session.pid) {
            let sessions = pool.manager();
            match sessions.beside(&session).await {
                Ok(mut helper) => {
                    let patience = sessions.config.connect_timeout;
                    let done = timeout(patience * 2, cancelled(sessions, &mut helper, pid)).await;
                    let is_done = done.is_ok_and(|done| done.is_ok());
                    sessions.config.observer.observe(&Observation::Cancelled(pid, is_done));
                    let _closed = timeout(patience, helper.connection.close()).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "no session to cancel an abandoned statement with");
                    sessions.config.observer.observe(&Observation::Cancelled(pid, false));
                }
            }
        }
        // Not `close()`: that would wait for the statement.
        drop(session);
    });
}

async fn cancelled(sessions: &Sessions, helper: &mut Session, pid: i32) -> Result<(), DbError> {
    if helper.is_pooled {
        sessions.transactions.begin(helper, &Identity::NOBODY).await?;
    }
    let cancel = sqlx::query("SELECT pg_catalog.pg_cancel_backend($1)").bind(pid).persistent(false);
    cancel.execute(&mut helper.connection).await?;
    if helper.is_pooled { transaction::end(helper).await } else { Ok(()) }
}
