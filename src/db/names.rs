//! The metric names that a narrow source stores.
//!
//! Three ways, the first that fits and ends in time: a loose scan of an index that leads with the name, reading one
//! row per name; all rows of a small relation; some rows of a large one, the newest if the time is indexed, together
//! with the names that ANALYZE saw most. `statement_timeout` bounds each.

mod statements;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use self::statements::{all_rows, loose_scan, most_common, some_rows};
use super::error::DbError;
use super::lease::{pairs, texts};
use crate::catalog::classify::{NameStrategy, NamingRelation, StoredNames};
use crate::catalog::filter::resolve_pattern;
use crate::catalog::{Column, ColumnType, Filter, LabelValue, Source, SourceRow};
use crate::sql::{self, Statement, Writer};
use crate::time::{Clock, Millis};

/// Longer than anything takes.
const NEVER: Duration = Duration::from_secs(86_400);
/// The longest name in bytes.
const LONGEST_NAME: i64 = 512;
/// The most values of a column that a pattern is tried on.
const MOST_VALUES: u32 = 100_000;
/// A relation up to this size is read whole.
const SMALL_BYTES: u64 = 256 << 20;
/// Rows of so many milliseconds are recent.
const RECENT_MS: i64 = 86_400_000;
/// How many rows of a large one are read.
const SOME_ROWS: i64 = 200_000;

/// The names of a narrow source, as far as they were found.
#[derive(Debug)]
pub(super) struct NamesFound {
    pub(super) names: StoredNames,
    /// Why the rows could not be read; then statistics know some names at best.
    pub(super) failure: Option<DbError>,
}

/// Lists the names of a narrow source, sorted, however long that takes.
///
/// # Errors
/// The database is away, or the relation that is joined for the names fails.
pub async fn stored_names(connection: &mut PgConnection, source: &Source, most: u32) -> Result<StoredNames, DbError> {
    stored_names_until(connection, source, most, Instant::now() + NEVER).await.map(|found| found.names)
}

/// Lists the names of a narrow source, sorted. A statement that runs out of time, or that the relation itself makes
/// fail (a view that divides by zero), is followed by a cheaper one, the statistics alone after `until`; so this must
/// not run inside a transaction.
///
/// # Errors
/// The database is away, or the relation that is joined for the names fails.
pub(super) async fn stored_names_until(
    connection: &mut PgConnection,
    source: &Source,
    most: u32,
    until: Instant,
) -> Result<NamesFound, DbError> {
    let mut found = all_names(connection, source, most, until).await?;
    found.names.cut = found.names.names.len() > most as usize;
    found.names.names.truncate(most as usize);
    Ok(found)
}

/// The names; where there are more than `most` at least one more.
async fn all_names(
    connection: &mut PgConnection,
    source: &Source,
    most: u32,
    until: Instant,
) -> Result<NamesFound, DbError> {
    if let Some(value) = source.name_value().filter(|_| !source.name_path.is_empty()) {
        let names = |since, most| sql::member_values(source, &value, since, most);
        return of_members(connection, source, names, most).await;
    }
    let Some(column) = &source.name_column else {
        if let Some(document) = &source.numbers {
            let names = |since, most| sql::number_names(source, document, since, most);
            return of_members(connection, source, names, most).await;
        }
        return Ok(found(Vec::new(), NameStrategy::AllRows));
    };
    if column.row != SourceRow::Own {
        return of_dimension(connection, source, column, most).await;
    }
    let own = own_names(connection, source, column, most, until).await?;
    if source.filters.is_empty() || own.failure.is_some() || Instant::now() >= until {
        return Ok(own);
    }
    let source = resolved(connection, source).await?;
    let statement = sql::names_with_rows(&source, column, own.names.names.clone(), &source.filters);
    match texts(connection, &statement).await {
        Ok(names) => Ok(found(names, own.names.strategy)),
        // A name too many answers with no rows; a name too few with an error.
        Err(error) if is_about_the_relation(&error) => Ok(own),
        Err(error) => Err(error),
    }
}

/// The names in the source's own rows, whatever else the rows must be.
async fn own_names(
    connection: &mut PgConnection,
    source: &Source,
    column: &Column,
    most: u32,
    until: Instant,
) -> Result<NamesFound, DbError> {
    let most_common = most_common(source, column, most);
    let mut failure = None;
    for strategy in strategies(source, column).into_iter().take_while(|_| Instant::now() < until) {
        let statement = match strategy {
            NameStrategy::LooseScan => loose_scan(source, column, most),
            NameStrategy::AllRows => all_rows(source, column, most),
            NameStrategy::NewestRows => some_rows(source, column, true, most),
            NameStrategy::SomeRows
            | NameStrategy::Statistics
            | NameStrategy::Dimension
            | NameStrategy::Members
            | NameStrategy::Unread => some_rows(source, column, false, most),
        };
        match texts(connection, &statement).await {
            Ok(names) if strategy.is_complete() => return Ok(found(names, strategy)),
            Ok(names) => {
                let common = texts(connection, &most_common).await?;
                return Ok(found(names.into_iter().chain(common), strategy));
            }
            Err(error) => failure = Some(worse(failure, error)?),
        }
    }
    let names = found(texts(connection, &most_common).await?, NameStrategy::Statistics).names;
    Ok(NamesFound { names, failure: failure.or(Some(DbError::Deadline)) })
}

/// Of two failures the one that more time would not help. One that is not about the relation is an error.
fn worse(first: Option<DbError>, second: DbError) -> Result<DbError, DbError> {
    match first {
        _ if !is_about_the_relation(&second) => Err(second),
        Some(first) if second.is_out_of_time() => Ok(first),
        _ => Ok(second),
    }
}

/// The names are those of the numbers in a document, or texts in one.
async fn of_members(
    connection: &mut PgConnection,
    source: &Source,
    statement: impl Fn(Option<Millis>, u32) -> Statement,
    most: u32,
) -> Result<NamesFound, DbError> {
    // Any rows of a large relation may all be old ones: those of the last day are looked at besides, where partitions
    // or an index lead to them in time.
    let recent = (!sql::finds_newest(source)).then(|| Clock::System.now().saturating_sub(RECENT_MS));
    let (mut names, mut failure) = (Vec::new(), None);
    for since in [None].into_iter().chain(recent.map(Some)) {
        match texts(connection, &statement(since, most.saturating_add(1))).await {
            Ok(found) => names.extend(found.into_iter().filter(|name| name.len() <= LONGEST_NAME as usize)),
            Err(error) => failure = Some(worse(failure, error)?),
        }
    }
    // What one of the statements found serves until the next time; nothing found by half of them is no answer.
    Ok(NamesFound { failure: failure.filter(|_| names.is_empty()), ..found(names, NameStrategy::Members) })
}

/// The names are in a dimension row: that relation has them all, and the rows of the source are not read.
async fn of_dimension(
    connection: &mut PgConnection,
    source: &Source,
    column: &Column,
    most: u32,
) -> Result<NamesFound, DbError> {
    let source = resolved(connection, source).await?;
    let statement = sql::label_values(&source, &LabelValue::Column(column.clone()), &[], None, most);
    let mut names = texts(connection, &statement).await?;
    names.retain(|name| name.len() <= LONGEST_NAME as usize);
    Ok(found(names, NameStrategy::Dimension))
}

/// The source with the patterns of its conditions turned into the values that pass them.
async fn resolved(connection: &mut PgConnection, source: &Source) -> Result<Source, DbError> {
    let mut resolved = source.clone();
    for at in 0..resolved.joins.len() {
        let mut filters = resolved.joins[at].filters.clone();
        resolve_patterns(connection, &resolved, &mut filters).await?;
        resolved.joins[at].filters = filters;
    }
    let mut filters = resolved.filters.clone();
    resolve_patterns(connection, &resolved, &mut filters).await?;
    resolved.filters = filters;
    Ok(resolved)
}

async fn resolve_patterns(
    connection: &mut PgConnection,
    source: &Source,
    filters: &mut [Filter],
) -> Result<(), DbError> {
    for filter in filters {
        let Some(lookup) = filter.lookup() else { continue };
        let statement = sql::label_values(source, &lookup.value, &[], None, MOST_VALUES);
        *filter = resolve_pattern(filter, &texts(connection, &statement).await?.into_iter().collect());
    }
    Ok(())
}

/// What a relation says that the members of a family are called, by their own names.
///
/// # Errors
/// The database is away, or refuses the statement.
pub async fn called(connection: &mut PgConnection, names: &NamingRelation) -> Result<HashMap<String, String>, DbError> {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT ON (1) t.").ident(&names.key.name).syntax("::text, t.").ident(&names.name.name);
    w.syntax("::text FROM ").relation(&names.relation).syntax(" AS t WHERE t.").ident(&names.key.name);
    w.syntax(" IS NOT NULL AND t.").ident(&names.name.name).syntax(" IS NOT NULL ORDER BY 1, 2");
    pairs(connection, &w.finish()).await
}

fn strategies(source: &Source, column: &Column) -> Vec<NameStrategy> {
    let mut strategies = Vec::new();
    // Types of extensions have operators and an order of their own.
    let is_walkable = !matches!(column.ty, ColumnType::Citext(_) | ColumnType::Ltree(_));
    if is_walkable && source.has_index_leading_with(&column.name) {
        strategies.push(NameStrategy::LooseScan);
    } else if source.bytes <= SMALL_BYTES {
        strategies.push(NameStrategy::AllRows);
    }
    if source.is_indexed_by_time() {
        strategies.push(NameStrategy::NewestRows);
    }
    strategies.push(NameStrategy::SomeRows);
    strategies
}

fn found(names: impl IntoIterator<Item = String>, strategy: NameStrategy) -> NamesFound {
    let names: BTreeSet<String> = names.into_iter().collect();
    let names = StoredNames { names: names.into_iter().collect(), strategy, cut: false };
    NamesFound { names, failure: None }
}

pub(super) fn is_about_the_relation(error: &DbError) -> bool {
    !error.is_about_the_server()
}
