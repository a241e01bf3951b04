//! The pool of reading sessions.
//!
//! sqlx's own pool retries a refused connection until its whole wait is over and reports that as a full pool, so a
//! database that is down would cost every question the full wait. This pool says at once what it found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::config::DatabaseConfig;
use super::error::DbError;
use super::health::Health;
use super::lease::Lease;
use crate::budget::Budget;

/// A connection that has been idle for longer is pinged before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
const PING: Duration = Duration::from_secs(1);

/// The moment by which a request must be answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// That much time from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The same, or that much time from now if that is sooner.
    #[must_use]
    pub fn within(self, duration: Duration) -> Self {
        Self(self.0.min(Instant::now() + duration))
    }

    /// The time that is left.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// An open session and the server process behind it.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) pid: i32,
    pub(super) used: Instant,
}

/// Opens sessions.
pub(super) struct Sessions {
    options: PgConnectOptions,
    connect_timeout: Duration,
}

impl Sessions {
    /// Opens a session outside of the pool.
    pub(super) async fn open(&self) -> Result<Session, DbError> {
        let opened = timeout(self.connect_timeout, connect(&self.options)).await;
        opened.map_err(|_| DbError::Connection("timed out".into()))?
    }
}

async fn connect(options: &PgConnectOptions) -> Result<Session, DbError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let pid = sqlx::query("SELECT pg_backend_pid()").fetch_one(&mut connection).await?.try_get(0)?;
    // Ends the statement of a client that vanished, should our own cancellation not get through. Some platforms of
    // the server cannot watch a socket and refuse the setting.
    let watch = sqlx::query("SELECT set_config('client_connection_check_interval', '1000', false)");
    if let Err(error) = watch.execute(&mut connection).await {
        tracing::debug!(%error, "the server cannot watch for lost clients");
    }
    Ok(Session { connection, pid, used: Instant::now() })
}

impl Manager for Sessions {
    type Type = Session;
    type Error = DbError;

    async fn create(&self) -> Result<Session, DbError> {
        self.open().await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<DbError> {
        if session.used.elapsed() > TRUSTED_IDLE {
            let ping = timeout(PING, session.connection.ping()).await;
            ping.map_err(|_| RecycleError::message("no answer"))?.map_err(|e| RecycleError::Backend(e.into()))?;
        }
        Ok(())
    }
}

/// The database as questions see it: bounded reading sessions.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Sessions>,
    health: Health,
    config: DatabaseConfig,
    /// Microseconds that were spent on waiting for sessions.
    waited: Arc<AtomicU64>,
    /// The sessions that its request may hold at once.
    share: Option<Arc<Semaphore>>,
    /// What its request may hold.
    budget: Option<Budget>,
}

impl Database {
    /// A pool that opens sessions when they are needed.
    ///
    /// # Errors
    /// The pool's size is zero.
    pub fn new(config: DatabaseConfig, health: Health) -> Result<Self, DbError> {
        let sessions = Sessions { options: config.reading(), connect_timeout: config.connect_timeout };
        let pool = Pool::builder(sessions)
            .max_size(config.pool_size)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::Connection(error.to_string()))?;
        Ok(Self { pool, health, config, waited: Arc::default(), share: None, budget: None })
    }

    /// How the database is.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// The database of one request, which holds at most that many sessions at once, whatever its shape, and no more
    /// bytes than its budget has.
    #[must_use]
    pub fn of_request(&self, sessions: usize, budget: &Budget) -> Self {
        Self { share: Some(Arc::new(Semaphore::new(sessions))), budget: Some(budget.clone()), ..self.metered() }
    }

    /// The same database with a count of its own of the time that is waited for sessions.
    #[must_use]
    pub fn metered(&self) -> Self {
        Self { waited: Arc::default(), ..self.clone() }
    }

    /// The bytes of what is read are paid from it.
    pub(super) fn budget(&self) -> Option<&Budget> {
        self.budget.as_ref()
    }

    /// The time that was waited for sessions.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Ordering::Relaxed))
    }

    /// Leases a session for one statement, within the deadline and the configured wait.
    pub(super) async fn lease(&self, deadline: Deadline) -> Result<Lease, DbError> {
        let begun = Instant::now();
        let leased = async {
            let share = self.shared(deadline).await?;
            Ok(Lease::new(self.leased(deadline).await?, share))
        };
        let leased = leased.await;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waited.fetch_add(micros, Ordering::Relaxed);
        leased
    }

    /// The request's turn among its own statements; they wait for each other as long as the request may take.
    async fn shared(&self, deadline: Deadline) -> Result<Option<OwnedSemaphorePermit>, DbError> {
        let Some(share) = &self.share else { return Ok(None) };
        let turn = timeout(deadline.left(), Arc::clone(share).acquire_owned()).await;
        // A semaphore that is never closed always gives a permit.
        turn.map(Result::ok).map_err(|_| DbError::Deadline)
    }

    async fn leased(&self, deadline: Deadline) -> Result<Object<Sessions>, DbError> {
        if self.health.is_down() {
            return Err(DbError::Away);
        }
        if self.waiting() >= self.config.queue {
            return Err(DbError::Busy);
        }
        let timeouts = Timeouts {
            wait: Some(self.config.wait.min(deadline.left())),
            create: Some(self.config.connect_timeout.min(deadline.left())),
            recycle: Some(PING),
        };
        tokio::select! {
            biased;
            object = self.pool.timeout_get(&timeouts) => object.map_err(refused),
            () = self.health.until_down() => Err(DbError::Away),
            // The pool's own timeouts are per step: ten dead sessions cost ten pings.
            () = sleep(deadline.left()) => Err(DbError::Deadline),
        }
    }

    /// How many questions wait for their turn. The pool counts those whose session is being opened as waiting, too.
    fn waiting(&self) -> usize {
        let status = self.pool.status();
        let users = (status.size + status.waiting).saturating_sub(status.available);
        users.saturating_sub(status.max_size)
    }

    /// Forgets all idle sessions: one of them was found dead.
    pub(super) fn forget_idle(&self) {
        let _forgotten = self.pool.retain(|_, _| false);
    }
}

fn refused(error: PoolError<DbError>) -> DbError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => DbError::Busy,
        PoolError::Backend(error) => error,
        other => DbError::Connection(other.to_string()),
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
                    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(session.pid);
                    let done = timeout(PING, cancel.execute(&mut helper.connection)).await;
                    tracing::debug!(pid = session.pid, done = done.is_ok(), "cancelled an abandoned statement");
                    let _closed = timeout(PING, helper.connection.close()).await;
                }
                Err(error) => tracing::debug!(%error, "could not cancel an abandoned statement"),
            }
        }
        // Not `close()`: that would wait for the statement.
        drop(session);
    });
}
