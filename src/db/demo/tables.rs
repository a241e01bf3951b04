//! The demo's tables: made once, recognised by their comment, never anybody else's.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::DemoFailed;
use crate::time::Millis;

const STATE: &str = "SELECT name, to_regclass(name) IS NOT NULL AS there, \
    coalesce(obj_description(to_regclass(name), 'pg_class') LIKE 'datebin demo:%', false) AS ours \
    FROM unnest(ARRAY['demo_hosts', 'demo_readings']) AS name";
/// The newest rows; only finite times are the demo's.
const NEWEST: &str = "SELECT (extract(epoch FROM (SELECT max(time) FROM demo_hosts WHERE time < 'infinity')) \
    * 1000)::bigint, (extract(epoch FROM (SELECT max(time) FROM demo_readings WHERE time < 'infinity')) \
    * 1000)::bigint";
/// The feed would fill any disk in the end.
const PRUNE: &str = "DELETE FROM demo_hosts WHERE time < now() - interval '14 days'";
const PRUNE_READINGS: &str = "DELETE FROM demo_readings WHERE time < now() - interval '14 days'";

/// Whether all tables are there and the demo's own.
///
/// # Errors
/// One of them is somebody else's.
pub(super) async fn are_there(connection: &mut PgConnection) -> Result<bool, DemoFailed> {
    let mut all = true;
    for row in sqlx::query(STATE).fetch_all(connection).await? {
        let (there, ours): (bool, bool) = (row.try_get("there")?, row.try_get("ours")?);
        if there && !ours {
            return Err(DemoFailed::NotOurs(row.try_get("name")?));
        }
        all &= there;
    }
    Ok(all)
}

/// Drops those that are there; gives their number.
pub(super) async fn drop(connection: &mut PgConnection) -> Result<usize, DemoFailed> {
    are_there(connection).await?;
    let mut dropped = 0;
    for row in sqlx::query(STATE).fetch_all(&mut *connection).await? {
        dropped += usize::from(row.try_get::<bool, _>("ours")?);
    }
    sqlx::raw_sql("DROP TABLE IF EXISTS demo_hosts, demo_readings").execute(connection).await?;
    Ok(dropped)
}

/// Makes those that are missing.
pub(super) async fn create(connection: &mut PgConnection) -> Result<(), DemoFailed> {
    sqlx::raw_sql(include_str!("tables.sql")).execute(connection).await?;
    Ok(())
}

/// Adds the indexes: after the rows, that is quicker.
pub(super) async fn index(connection: &mut PgConnection) -> Result<(), DemoFailed> {
    sqlx::raw_sql(include_str!("indexes.sql")).execute(connection).await?;
    Ok(())
}

/// Gives the planner its statistics and index-only scans their map.
pub(super) async fn settle(connection: &mut PgConnection) -> Result<(), DemoFailed> {
    sqlx::query("VACUUM (ANALYZE) demo_hosts").execute(&mut *connection).await?;
    sqlx::query("VACUUM (ANALYZE) demo_readings").execute(connection).await?;
    Ok(())
}

/// The times of the newest rows of hosts and of readings.
pub(super) async fn newest(connection: &mut PgConnection) -> Result<(Option<Millis>, Option<Millis>), DemoFailed> {
    let row = sqlx::query(NEWEST).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Removes rows of more than two weeks ago.
pub(super) async fn prune(connection: &mut PgConnection) -> Result<(), DemoFailed> {
    sqlx::query(PRUNE).execute(&mut *connection).await?;
    sqlx::query(PRUNE_READINGS).execute(connection).await?;
    Ok(())
}
