//! What a pooler pools: whole sessions, or single transactions.

use sqlx::{Executor as _, Row as _};
use tokio::time::timeout;

use super::config::{DatabaseConfig, SessionPurpose};
use super::error::DbError;
use super::health::Health;
use super::session::{Session, connected};
use super::start::SessionStart;

/// What a pooler pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooling {
    /// A client keeps its session of the server until it leaves.
    Sessions,
    /// Each transaction may run on another session of the server.
    Transactions,
}

/// How often it is tried: other clients may take a session in between.
const TRIES: usize = 5;
const PROCESS: &str = "SELECT pg_catalog.pg_backend_pid()";
const PROCESS_HELD: &str = "BEGIN READ ONLY; SELECT pg_catalog.pg_backend_pid()";

/// What the pooler pools, as two sessions see it; none where that cannot be found out now. Statements do not depend on
/// it: each transaction brings what it needs.
pub(super) async fn pooling(config: &DatabaseConfig, health: &Health) -> Option<Pooling> {
    let start = SessionStart::of(SessionPurpose::Watching);
    let (mut one, mut other) =
        (connected(config, &start, &health.pace).await.ok()?, connected(config, &start, &health.pace).await.ok()?);
    let first = process(&mut one, PROCESS).await.ok()?;
    for _ in 0..TRIES {
        // A pool of one session gives a second client nothing while the first keeps it.
        let Ok(second) = timeout(config.connect_timeout, process(&mut other, PROCESS_HELD)).await else {
            return Some(Pooling::Sessions);
        };
        let second = second.ok()?;
        let again = if second == first { None } else { process(&mut one, PROCESS).await.ok() };
        other.connection.execute(sqlx::raw_sql("ROLLBACK")).await.ok()?;
        if again != Some(first) {
            return Some(Pooling::Transactions);
        }
    }
    tracing::info!("the pooler pools sessions");
    Some(Pooling::Sessions)
}

async fn process(session: &mut Session, text: &'static str) -> Result<i32, DbError> {
    Ok(session.connection.fetch_one(sqlx::raw_sql(text)).await?.try_get(0)?)
}
