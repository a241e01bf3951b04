//! The demo's tables: made once, recognised by their comment, never anybody else's.

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgDatabaseError};

use super::DemoFailed;
use crate::time::Millis;

const STATE: &str = "SELECT name, to_regclass(name) IS NOT NULL AS there, \
    coalesce(obj_description(to_regclass(name), 'pg_class') LIKE 'datebin demo:%', false) AS ours \
    FROM unnest(ARRAY['demo_hosts', 'demo_readings']) AS name";
const MAY_CREATE: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' \
    AND has_schema_privilege(oid, 'CREATE'))";
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
    let states = states(connection).await?;
    match states.iter().find(|table| table.is_foreign()) {
        Some(foreign) => Err(DemoFailed::NotOurs(foreign.name.clone())),
        None => Ok(states.iter().all(|table| table.is_there)),
    }
}

/// Whether all tables are there, before anything is made for the demo.
///
/// # Errors
/// A table of one of its names is somebody else's, or a table is missing and the role may not create it.
pub(super) async fn check(connection: &mut PgConnection) -> Result<bool, DemoFailed> {
    if are_there(connection).await? {
        return Ok(true);
    }
    let may_create: bool = sqlx::query_scalar(MAY_CREATE).fetch_one(connection).await?;
    if may_create { Ok(false) } else { Err(DemoFailed::MayNotCreate) }
}

/// One of the demo's names.
struct TableState {
    name: String,
    /// Whether there is a relation of that name.
    is_there: bool,
    is_ours: bool,
}

impl TableState {
    const fn is_foreign(&self) -> bool {
        self.is_there && !self.is_ours
    }
}

async fn states(connection: &mut PgConnection) -> Result<Vec<TableState>, DemoFailed> {
    let mut states = Vec::new();
    for row in sqlx::query(STATE).fetch_all(connection).await? {
        states.push(TableState {
            name: row.try_get("name")?,
            is_there: row.try_get("there")?,
            is_ours: row.try_get("ours")?,
        });
    }
    Ok(states)
}

/// What [`drop`] found.
pub(super) struct Dropped {
    /// How many tables went.
    pub(super) tables: usize,
    /// Tables of the demo's names that are somebody else's.
    pub(super) foreign: Vec<String>,
}

/// Drops those that are there and the demo's own.
pub(super) async fn drop(connection: &mut PgConnection) -> Result<Dropped, DemoFailed> {
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    for table in states(connection).await?.into_iter().filter(|table| table.is_there) {
        if table.is_ours { own.push(table.name) } else { foreign.push(table.name) }
    }
    let has = |name: &str| own.iter().any(|one| one == name);
    let drop = match (has("demo_hosts"), has("demo_readings")) {
        (true, true) => "DROP TABLE demo_hosts, demo_readings",
        (true, false) => "DROP TABLE demo_hosts",
        (false, true) => "DROP TABLE demo_readings",
        (false, false) => return Ok(Dropped { tables: 0, foreign }),
    };
    sqlx::raw_sql(drop).execute(connection).await.map_err(undropped)?;
    Ok(Dropped { tables: own.len(), foreign })
}

/// The server says in the detail of its error what depends on the tables.
fn undropped(error: sqlx::Error) -> DemoFailed {
    let depends = error.as_database_error().filter(|error| error.code().as_deref() == Some("2BP01"));
    let details = depends.and_then(|error| error.try_downcast_ref::<PgDatabaseError>()?.detail());
    match details {
        Some(details) => DemoFailed::Needed(details.lines().collect::<Vec<_>>().join("; ")),
        None => error.into(),
    }
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
pub(super) async fn vacuum(connection: &mut PgConnection) -> Result<(), DemoFailed> {
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
