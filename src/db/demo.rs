//! The demo: a week of believable metrics and annotations, and a feed that goes on from there.
//!
//! Everything is a function of time, so a second load adds what is missing since the first, and the feed continues
//! the curves. Only tables that carry the demo's comment are written to.

mod events;
mod feed;
mod fleet;
mod noise;
mod rows;
mod schedule;
mod tables;
mod world;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use self::rows::{DemoTable, copy};
use self::world::World;
use super::config::DatabaseConfig;
use super::error::DbError;
use crate::time::Millis;

pub use feed::feed;

const HOSTS_EVERY: Millis = 60_000;
const READINGS_EVERY: Millis = 300_000;
const WEEK: Millis = 7 * 86_400_000;

/// Why the demo was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoFailed {
    /// The name of one of its tables is taken.
    #[error(
        "the demo needs a table {0}, but another relation has that name; nothing was changed: \
         give the demo another database, or rename yours"
    )]
    NotOurs(String),
    /// The role may not make its tables.
    #[error(
        "the demo needs two tables in schema public, which the role may not create there; nothing was changed: \
         GRANT CREATE ON SCHEMA public, or give the demo another database"
    )]
    MayNotCreate,
    /// Something was made that depends on its tables.
    #[error(
        "the demo's tables are needed by something that is not the demo's, and nothing was removed: {0}; \
         drop what depends on them, then remove the demo"
    )]
    Needed(String),
    /// Its tables were dropped while it ran.
    #[error("the demo's tables are gone")]
    Gone,
    /// The database is away or refused.
    #[error("the demo's data cannot be written: {0}")]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for DemoFailed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a load added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoRows {
    /// Rows of metrics.
    pub rows: u64,
    /// Annotations.
    pub annotations: u64,
}

/// Says whether the demo can be loaded, before anything is made for it.
///
/// # Errors
/// A table's name is taken, the database is away or the role may not create tables.
pub async fn check(config: &DatabaseConfig) -> Result<(), DemoFailed> {
    let mut connection = config.demonstrating().await?;
    tables::check(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Fills the demo's tables up to `now` with a week of data, or with what is missing of it, and says on the way how
/// many rows of how many are done. All or nothing is kept. Schema `datebin` must be there.
///
/// # Errors
/// A table's name is taken, the database is away or the role may not create tables.
pub async fn load(
    config: &DatabaseConfig,
    now: Millis,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<DemoRows, DemoFailed> {
    load_since(config, now - WEEK, now, progress).await
}

/// Like [`load`], with rows of metrics after `since` only.
///
/// # Errors
/// As [`load`].
pub async fn load_since(
    config: &DatabaseConfig,
    since: Millis,
    now: Millis,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<DemoRows, DemoFailed> {
    let mut connection = config.demonstrating().await?;
    let mut transaction = connection.begin().await?;
    // Two loads at once would both add the same rows.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('datebin demo'))").execute(&mut *transaction).await?;
    let were_there = tables::check(&mut transaction).await?;
    if !were_there {
        tables::create(&mut transaction).await?;
    }
    let rows = fill(&mut transaction, since, now, progress).await?;
    let world = World::new(now - WEEK, now);
    let annotations = events::write(&mut transaction, &world.schedule, (now - WEEK) / 1_000, now / 1_000).await?;
    if !were_there {
        tables::index(&mut transaction).await?;
    }
    transaction.commit().await?;
    tables::vacuum(&mut connection).await?;
    connection.close().await?;
    Ok(DemoRows { rows, annotations })
}

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedRows {
    /// Tables.
    pub tables: usize,
    /// Annotations.
    pub annotations: u64,
    /// Tables of the demo's names that are somebody else's and stay.
    pub foreign: Vec<String>,
}

/// Takes the demo's tables and annotations away; a table that is not the demo's stays.
///
/// # Errors
/// The database is away, the role may not drop tables, or something depends on them.
pub async fn remove(config: &DatabaseConfig) -> Result<RemovedRows, DemoFailed> {
    let mut connection = config.demonstrating().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('datebin demo'))").execute(&mut *transaction).await?;
    let dropped = tables::drop(&mut transaction).await?;
    let annotations = events::remove(&mut transaction).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(RemovedRows { tables: dropped.tables, annotations, foreign: dropped.foreign })
}

async fn fill(
    connection: &mut PgConnection,
    since: Millis,
    now: Millis,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<u64, DemoFailed> {
    let (hosts, readings) = tables::newest(connection).await?;
    let [hosts, readings] = [hosts, readings].map(|newest| Some(newest.unwrap_or(since).max(since)));
    let world = World::new(now - WEEK, now);
    let parts = [
        (DemoTable::Hosts, moments(hosts, now, HOSTS_EVERY)),
        (DemoTable::Readings, moments(readings, now, READINGS_EVERY)),
    ];
    let total = parts.iter().map(|(table, moments)| (table.height(&world) * moments.len()) as u64).sum();
    let (mut done, mut rows) = (0, 0);
    for (table, moments) in parts {
        let height = table.height(&world) as u64;
        let each = || {
            done += height;
            progress(done, total);
        };
        rows += copy(connection, &world, table, moments.into_iter(), each).await?;
    }
    Ok(rows)
}

/// The moments after the newest row, a week back at most, up to now.
fn moments(newest: Option<Millis>, now: Millis, every: Millis) -> Vec<Millis> {
    let after = newest.unwrap_or(now - WEEK).max(now - WEEK);
    let first = after.div_euclid(every) + 1;
    (first..=now.div_euclid(every)).map(|index| index * every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_load_takes_up_where_the_first_ended() {
        let now = 1_790_000_012_345;
        let all = moments(None, now, HOSTS_EVERY);
        assert_eq!((all.len(), all.last()), (10_080, Some(&1_789_999_980_000)));
        assert_eq!(moments(all.last().copied(), now, HOSTS_EVERY), Vec::<Millis>::new());
        assert_eq!(moments(Some(now), now + 120_000, HOSTS_EVERY), [1_790_000_040_000, 1_790_000_100_000]);
        assert_eq!(moments(Some(now + WEEK), now, HOSTS_EVERY), Vec::<Millis>::new());
        assert_eq!(moments(Some(0), now, HOSTS_EVERY), all);
    }
}
