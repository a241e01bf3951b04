//! Keeps the demo going: new rows as time passes.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::rows::{DemoTable, copy};
use super::world::World;
use super::{DemoFailed, events, tables};
use crate::db::{DatabaseConfig, DbError};
use crate::time::{Clock, Millis};

const EVERY: Duration = Duration::from_secs(5);
/// A database that needs longer counts as away.
const PATIENCE: Duration = Duration::from_secs(30);
const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;

struct Feed {
    config: DatabaseConfig,
    /// Present while all is well.
    connection: Option<PgConnection>,
    /// When something other than host rows was last written.
    last: Millis,
}

/// Adds a row for each host every five seconds, readings every minute, and annotations when something happens, for
/// ever. A database that goes away is waited for.
pub async fn feed(config: DatabaseConfig) {
    let mut feed = Feed { config, connection: None, last: 0 };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_well = true;
    loop {
        ticks.tick().await;
        let done = timeout(PATIENCE, feed.advance(Clock::System.now())).await;
        match done.unwrap_or(Err(DemoFailed::Database(DbError::Deadline))) {
            Ok(()) if !is_well => tracing::info!("the demo's feed goes on"),
            Err(error) if is_well => tracing::warn!(%error, "the demo's feed pauses"),
            Ok(()) | Err(_) => {}
        }
        is_well = feed.connection.is_some();
    }
}

impl Feed {
    async fn advance(&mut self, now: Millis) -> Result<(), DemoFailed> {
        // Put back when all went well: a connection that failed is closed.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.config).await?,
        };
        let world = World::new(now, now);
        copy(&mut connection, &world, DemoTable::Hosts, [now].into_iter(), || {}).await?;
        if now - self.last >= MINUTE {
            copy(&mut connection, &world, DemoTable::Readings, [now].into_iter(), || {}).await?;
            events::write(&mut connection, &world.schedule, (now - 3 * HOUR) / 1_000, now / 1_000).await?;
            if now.div_euclid(HOUR) != self.last.div_euclid(HOUR) {
                tables::prune(&mut connection).await?;
            }
            self.last = now;
        }
        self.connection = Some(connection);
        Ok(())
    }
}

async fn connect(config: &DatabaseConfig) -> Result<PgConnection, DemoFailed> {
    let mut connection = config.demonstrating().await?;
    if tables::are_there(&mut connection).await? { Ok(connection) } else { Err(DemoFailed::Gone) }
}
