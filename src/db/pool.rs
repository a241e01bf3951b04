//! The pool of reading sessions.
//!
//! sqlx's own pool retries a refused connection until its whole wait is over and reports that as a full pool, so a
//! database that is down would cost every question the full wait. This pool says at once what it found.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, TimeoutType, Timeouts, WeakPool};
use sqlx::Connection as _;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::config::DatabaseConfig;
use super::error::DbError;
use super::health::Health;
use super::lease::Lease;
use super::permits::{SessionPermit, SessionPermits};
use super::session::Sessions;
use super::share::{SessionShare, StatementTurn};
use crate::budget::Budget;
use crate::identity::Identity;
use crate::observe::{Record, UnderWay};

/// Sessions that add annotations at the same time; each is opened for one and closed again.
const WRITERS: usize = 2;
/// How long a failed session says that questions cannot be answered.
const FAILED: Duration = Duration::from_secs(10);

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

/// The database as questions see it: bounded reading sessions.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Sessions>,
    pub(super) shared: Arc<SharedPool>,
    health: Health,
    config: Arc<DatabaseConfig>,
    /// Microseconds that were spent on waiting for sessions.
    waited: Arc<AtomicU64>,
    /// The sessions that its request may hold at once.
    pub(super) share: Option<SessionShare>,
    /// What its request may hold.
    pub(super) budget: Option<Budget>,
    /// Who asks.
    identity: Identity,
    /// The sessions that write.
    pub(super) writers: Arc<Semaphore>,
    /// What is written down of its request.
    pub(super) record: Record,
}

/// What others may know of a pool.
pub(super) struct SharedPool {
    pub(super) pool: WeakPool<Sessions>,
    pub(super) permits: SessionPermits,
    /// When a session could not be opened; none since the last that could.
    failed: Mutex<Option<Instant>>,
}

impl Database {
    /// A pool that opens sessions when they are needed.
    ///
    /// # Errors
    /// The pool's size is zero.
    pub fn new(config: DatabaseConfig, health: Health) -> Result<Self, DbError> {
        let sessions = Sessions::new(config.clone(), health.pace.clone());
        let pool = Pool::builder(sessions)
            .max_size(config.pool_size)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::Connection(error.to_string()))?;
        let permits = SessionPermits::new(config.pool_size);
        let shared = Arc::new(SharedPool { pool: pool.weak(), permits, failed: Mutex::default() });
        health.attach(Arc::clone(&shared));
        Ok(Self {
            pool,
            shared,
            health,
            config: Arc::new(config),
            waited: Arc::default(),
            share: None,
            budget: None,
            identity: Identity::NOBODY,
            writers: Arc::new(Semaphore::new(WRITERS)),
            record: Record::default(),
        })
    }

    /// How the database is.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// The database of one request, which holds at most that many sessions at once, whatever its shape, and no more
    /// bytes than its budget has.
    #[must_use]
    pub fn of_request(&self, sessions: usize, budget: &Budget) -> Self {
        Self { share: Some(SessionShare::new(sessions)), budget: Some(budget.clone()), ..self.metered() }
    }

    /// The same database for the statements of a caller, which are written down.
    #[must_use]
    pub fn of_caller(&self, identity: &Identity, record: &Record) -> Self {
        Self { identity: identity.clone(), record: record.clone(), ..self.clone() }
    }

    /// Whose statements it runs.
    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
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
            let turn = self.turn(deadline).await?;
            let (object, permit) = self.leased(deadline).await?;
            Ok(Lease::new(object, (permit, turn), self.observer().begin(UnderWay::Session)))
        };
        let leased = leased.await;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waited.fetch_add(micros, Ordering::Relaxed);
        leased
    }

    /// The turn of a statement among those of its request; they wait for each other as long as the request may take.
    async fn turn(&self, deadline: Deadline) -> Result<Option<StatementTurn>, DbError> {
        let Some(share) = &self.share else { return Ok(None) };
        timeout(deadline.left(), share.turn()).await.map_err(|_| DbError::Deadline)
    }

    async fn leased(&self, deadline: Deadline) -> Result<(Object<Sessions>, SessionPermit), DbError> {
        if let Some(reason) = self.health.reason() {
            return Err(DbError::Away(reason));
        }
        tokio::select! {
            biased;
            leased = self.acquired(deadline) => leased,
            reason = self.health.until_down() => Err(DbError::Away(reason)),
            // The pool's own timeouts are per step.
            () = sleep(deadline.left()) => Err(DbError::Deadline),
        }
    }

    /// A session, after those who came before. Where the server refuses a further one, those that are there come back.
    async fn acquired(&self, deadline: Deadline) -> Result<(Object<Sessions>, SessionPermit), DbError> {
        let permits = &self.shared.permits;
        let end = tokio::time::Instant::now() + self.config.wait.min(deadline.left());
        let mut last = DbError::Busy;
        loop {
            let permit = match permits.free() {
                None if permits.waiting() >= self.config.queue => return Err(last),
                None => permits.acquire(end).await,
                permit => permit,
            };
            let Some(permit) = permit else { return Err(last) };
            match self.object(deadline).await {
                Ok(object) => return Ok((object, permit)),
                Err(error) if error.is_crowded() => {
                    permits.refused(permit);
                    if permits.is_shut() {
                        self.health.starve();
                        last = error;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn object(&self, deadline: Deadline) -> Result<Object<Sessions>, DbError> {
        let create = self.pool.manager().patience().min(deadline.left());
        let timeouts = Timeouts { wait: Some(self.config.wait), create: Some(create), recycle: None };
        let object = self.pool.timeout_get(&timeouts).await.map_err(refused);
        self.shared.note(object.as_ref().err());
        object
    }

    /// Opens a session, so that the first question need not.
    pub async fn warm(&self, deadline: Deadline) {
        // What is wrong is the first question's to say.
        if let Ok(lease) = self.lease(deadline).await {
            lease.give_back();
        }
    }
}

fn refused(error: PoolError<DbError>) -> DbError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => DbError::Busy,
        PoolError::Backend(error) => error,
        other => DbError::Connection(other.to_string()),
    }
}

impl SharedPool {
    fn note(&self, error: Option<&DbError>) {
        let failed = error.filter(|error| !matches!(error, DbError::Busy)).map(|_| Instant::now());
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Forgets all idle sessions of a server.
    pub(super) fn forget_idle(&self, server: usize) {
        if let Some(pool) = self.pool.upgrade() {
            let _forgotten = pool.retain(|session, _| session.server.number != server);
        }
    }

    /// Whether questions have a session; none where that has not been tried.
    pub(super) fn has_sessions(&self) -> Option<bool> {
        if self.pool.upgrade().is_some_and(|pool| pool.status().size > 0) {
            return Some(true);
        }
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.filter(|moment| moment.elapsed() < FAILED).map(|_| false)
    }

    /// Closes a session, the first that is free within `wait`, and keeps its permit.
    pub(super) async fn give_up(&self, wait: Duration) -> Option<SessionPermit> {
        let pool = self.pool.upgrade()?;
        let end = tokio::time::Instant::now() + wait;
        let at_hand = Timeouts { wait: Some(wait), create: Some(Duration::ZERO), recycle: None };
        while pool.status().size > 0 {
            let permit = self.permits.acquire(end).await?;
            if let Ok(object) = pool.timeout_get(&at_hand).await {
                // A server that says no goodbye has no session there either.
                let _closed = timeout(wait, Object::take(object).connection.close()).await;
                return Some(permit);
            }
            // There are only busy ones, and the server has no room for more.
            self.permits.refused(permit);
        }
        None
    }
}

impl fmt::Debug for SharedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("permits", &self.permits).finish_non_exhaustive()
    }
}
