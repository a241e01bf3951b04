//! Sessions: opened within time limits that follow the distance, tested while they are idle, closed cleanly.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};
use tokio::time::timeout;

use super::config::DatabaseConfig;
use super::error::DbError;
use super::health::Pace;

/// A session that has been idle for longer is pinged before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// The round trips of a new session at most: TCP, TLS, its handshake in two, the start-up, a password in three.
const EXCHANGES: u32 = 8;
/// How many times as long as the last round trip the next one may take.
const SLACK: u32 = 4;

/// An open session and the server process behind it.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) pid: i32,
    pub(super) used: Instant,
    /// Whether a statement ran on it before.
    pub(super) is_used: bool,
}

/// Opens sessions.
pub(super) struct Sessions {
    options: PgConnectOptions,
    connect_timeout: Duration,
    pace: Pace,
    /// Sessions that were used last before this moment are not trusted: one of them did not answer.
    suspect: Mutex<Option<Instant>>,
}

impl Sessions {
    pub(super) const fn new(options: PgConnectOptions, connect_timeout: Duration, pace: Pace) -> Self {
        Self { options, connect_timeout, pace, suspect: Mutex::new(None) }
    }

    /// How long a session may take to open.
    pub(super) fn patience(&self) -> Duration {
        patience(self.connect_timeout, &self.pace)
    }

    /// Opens a session outside of the pool.
    pub(super) async fn open(&self) -> Result<Session, DbError> {
        let opened = timeout(self.patience(), connect(&self.options, self.connect_timeout)).await;
        opened.map_err(|_| DbError::Connection("timed out".into()))?
    }

    fn is_suspect(&self, session: &Session) -> bool {
        let suspect = *self.suspect.lock().unwrap_or_else(PoisonError::into_inner);
        suspect.is_some_and(|moment| session.used <= moment)
    }

    fn suspect(&self, session: &Session) {
        *self.suspect.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(session.used.max(Instant::now() - TRUSTED_IDLE));
    }
}

/// How long a session may take to open. The setting bounds one round trip; where the distance is known to be short,
/// it bounds them all, so that a server that fell silent is found out soon.
pub(super) fn patience(connect_timeout: Duration, pace: &Pace) -> Duration {
    let each = pace.get().map_or(connect_timeout, |round_trip| connect_timeout.min(round_trip * SLACK));
    connect_timeout.max(each * EXCHANGES)
}

/// Opens a connection to the configured database, outside of any pool.
pub(super) async fn connected(
    config: &DatabaseConfig,
    options: &PgConnectOptions,
    pace: &Pace,
) -> Result<PgConnection, DbError> {
    let opened = timeout(patience(config.connect_timeout, pace), PgConnection::connect_with(options)).await;
    Ok(opened.map_err(|_| DbError::Connection("timed out".into()))??)
}

/// Ends the statement of a client that vanished, should our own cancellation not get through.
const IDENTITY: &str = "SELECT pg_catalog.pg_backend_pid(), \
                        pg_catalog.set_config('client_connection_check_interval', '1000', false)";
/// Some platforms of the server cannot watch a socket and refuse the setting.
const IDENTITY_ALONE: &str = "SELECT pg_catalog.pg_backend_pid()";

async fn connect(options: &PgConnectOptions, round_trip: Duration) -> Result<Session, DbError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let pid = match identity(&mut connection, IDENTITY, round_trip).await {
        Err(error) if error.is_of_statement() => {
            tracing::debug!(%error, "the server cannot watch for lost clients");
            identity(&mut connection, IDENTITY_ALONE, round_trip).await?
        }
        other => other?,
    };
    Ok(Session { connection, pid, used: Instant::now(), is_used: false })
}

/// Asks for the server's process in one round trip: a statement without parameters need not be prepared.
async fn identity(connection: &mut PgConnection, text: &'static str, round_trip: Duration) -> Result<i32, DbError> {
    let asked = timeout(round_trip, sqlx::Executor::fetch_one(connection, sqlx::raw_sql(text))).await;
    let row = asked.map_err(|_| DbError::Connection("timed out".into()))??;
    Ok(row.try_get(0)?)
}

impl Manager for Sessions {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        self.open().await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<DbError> {
        if session.used.elapsed() > TRUSTED_IDLE {
            if self.is_suspect(session) {
                return Err(RecycleError::message("another one did not answer"));
            }
            let Ok(answered) = timeout(self.connect_timeout, session.connection.ping()).await else {
                self.suspect(session);
                return Err(RecycleError::message("no answer"));
            };
            answered.map_err(|error| RecycleError::Backend(error.into()))?;
        }
        Ok(())
    }
}

/// Closes a session whose statement is over, but not well.
pub(super) fn close(object: Object<Sessions>) {
    drop(Object::take(object));
}

/// Ends a session whose statement may still run: asks the server to stop it, then closes the connection.
pub(super) fn discard(object: Object<Sessions>) {
    let pool = Object::pool(&object);
    let session = Object::take(object);
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        if let Some(pool) = pool {
            match pool.manager().open().await {
                Ok(mut helper) => {
                    let patience = pool.manager().connect_timeout;
                    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(session.pid);
                    let done = timeout(patience * 2, cancel.execute(&mut helper.connection)).await;
                    tracing::debug!(pid = session.pid, done = done.is_ok(), "cancelled an abandoned statement");
                    let _closed = timeout(patience, helper.connection.close()).await;
                }
                Err(error) => tracing::debug!(%error, "could not cancel an abandoned statement"),
            }
        }
        // Not `close()`: that would wait for the statement.
        drop(session);
    });
}
