//! What rollups hold.

use sqlx::{Connection as _, PgConnection};

use super::error::DbError;
use super::lease::texts;
use super::names::is_about_the_relation;
use crate::catalog::{Held, Rollup, Source};
use crate::ident::Ident;
use crate::sql;
use crate::time::Clock;

/// A relation up to this size is read whole.
const SMALL_BYTES: u64 = 256 << 20;
/// How long one rollup may take.
const PATIENCE: &str = "SELECT set_config('statement_timeout', '5000', true)";

/// How the oldest and the newest row are found.
enum Way<'a> {
    /// By an index that leads with the time, or by reading everything.
    AtOnce,
    /// For each value of a column that an index has before the time.
    Each(&'a Ident),
}

/// The stretch of time that a rollup holds rows for, in one bounded statement.
///
/// # Errors
/// The database is away.
pub(super) async fn held(connection: &mut PgConnection, rollup: &Rollup) -> Result<Held, DbError> {
    let Some(way) = way(&rollup.rows) else {
        let time = &rollup.rows.time.column;
        return Ok(Held::Nothing(format!("no index leads with {time}, by which its newest row would be found")));
    };
    let each = if let Way::Each(column) = way { Some(column) } else { None };
    // A row that claims to be of later than now says nothing of what is complete.
    let statement = sql::span(&rollup.rows, Clock::System.now(), each);
    let mut transaction = connection.begin().await?;
    sqlx::query(PATIENCE).execute(&mut *transaction).await?;
    let found = texts(&mut transaction, &statement).await;
    transaction.rollback().await?;
    let times: Vec<i64> = match found {
        Ok(times) => times.iter().filter_map(|time| time.parse().ok()).collect(),
        Err(error) if is_about_the_relation(&error) => {
            tracing::warn!(relation = %rollup.rows.relation, %error, "what a rollup holds cannot be read");
            return Ok(unread());
        }
        Err(error) => return Err(error),
    };
    Ok(match (times.iter().min(), times.iter().max()) {
        (Some(oldest), Some(newest)) => rollup.held_between(*oldest, *newest),
        _ => Held::Nothing("it holds no rows yet".to_owned()),
    })
}

/// What one holds for which there was no time.
pub(super) fn unread() -> Held {
    Held::Nothing("what it holds cannot be read in time".to_owned())
}

fn way(rows: &Source) -> Option<Way<'_>> {
    let time = &rows.time.column;
    if rows.has_index_leading_with(time) {
        return Some(Way::AtOnce);
    }
    let each = rows.indexes.iter().find_map(|index| match index.as_slice() {
        [first, second, ..] if second == time => Some(Way::Each(first)),
        _ => None,
    });
    each.or_else(|| (rows.bytes <= SMALL_BYTES).then_some(Way::AtOnce))
}
