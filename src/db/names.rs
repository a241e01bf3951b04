//! The metric names that a narrow source stores.
//!
//! Three ways, the first that fits and ends in time: a loose scan of an index that leads with the name, reading one
//! row per name; all rows of a small relation; some rows of a large one, the newest if the time is indexed, together
//! with the names that ANALYZE saw most. `statement_timeout` bounds each.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::error::DbError;
use super::lease::{pairs, texts};
use crate::catalog::classify::{NameStrategy, NamingRelation, StoredNames};
use crate::catalog::filter::resolve_pattern;
use crate::catalog::{Column, ColumnType, Filter, LabelValue, Source, SourceRow};
use crate::sql::{self, Param, Statement, Writer};
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

/// Lists the names of a narrow source, sorted, however long that takes.
///
/// # Errors
/// The database is away, or the relation that is joined for the names fails.
pub async fn stored_names(connection: &mut PgConnection, source: &Source, most: u32) -> Result<StoredNames, DbError> {
    stored_names_until(connection, source, most, Instant::now() + NEVER).await
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
) -> Result<StoredNames, DbError> {
    let mut found = all_names(connection, source, most, until).await?;
    found.cut = found.names.len() > most as usize;
    found.names.truncate(most as usize);
    Ok(found)
}

/// The names; where there are more than `most` at least one more.
async fn all_names(
    connection: &mut PgConnection,
    source: &Source,
    most: u32,
    until: Instant,
) -> Result<StoredNames, DbError> {
    if let Some(value) = source.name_value().filter(|_| !source.name_path.is_empty()) {
        let names = |since, most| sql::member_values(source, &value, since, most);
        return of_members(connection, source, names, most).await;
    }
    let Some(column) = &source.name_column else {
        if let Some(document) = &source.numbers {
            let names = |since, most| sql::number_names(source, document, since, most);
            return of_members(connection, source, names, most).await;
        }
        return Ok(stored(Vec::new(), NameStrategy::AllRows));
    };
    if column.row != SourceRow::Own {
        return of_dimension(connection, source, column, most).await;
    }
    let found = own_names(connection, source, column, (most, until)).await?;
    if source.filters.is_empty() || Instant::now() >= until {
        return Ok(found);
    }
    let source = resolved(connection, source).await?;
    let statement = sql::names_with_rows(&source, column, found.names.clone(), &source.filters);
    match texts(connection, &statement).await {
        Ok(names) => Ok(stored(names, found.strategy)),
        // A name too many answers with no rows; a name too few with an error.
        Err(error) if is_about_the_relation(&error) => Ok(found),
        Err(error) => Err(error),
    }
}

/// The names in the source's own rows, whatever else the rows must be.
async fn own_names(
    connection: &mut PgConnection,
    source: &Source,
    column: &Column,
    (most, until): (u32, Instant),
) -> Result<StoredNames, DbError> {
    let most_common = most_common(source, column, most);
    for strategy in strategies(source, column).into_iter().take_while(|_| Instant::now() < until) {
        let statement = match strategy {
            NameStrategy::LooseScan => loose_scan(source, column, most),
            NameStrategy::AllRows => all_rows(source, column, most),
            NameStrategy::NewestRows => some_rows(source, column, (true, most)),
            NameStrategy::SomeRows | NameStrategy::Statistics | NameStrategy::Dimension | NameStrategy::Members => {
                some_rows(source, column, (false, most))
            }
        };
        match texts(connection, &statement).await {
            Ok(names) if strategy.is_complete() => return Ok(stored(names, strategy)),
            Ok(names) => {
                let common = texts(connection, &most_common).await?;
                return Ok(stored(names.into_iter().chain(common), strategy));
            }
            Err(error) if is_about_the_relation(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(stored(texts(connection, &most_common).await?, NameStrategy::Statistics))
}

/// The names are those of the numbers in a document, or texts in one.
async fn of_members(
    connection: &mut PgConnection,
    source: &Source,
    statement: impl Fn(Option<Millis>, u32) -> Statement,
    most: u32,
) -> Result<StoredNames, DbError> {
    // Any rows of a large relation may all be old ones: those of the last day are looked at besides, where partitions
    // or an index lead to them in time.
    let recent = (!sql::finds_newest(source)).then(|| Clock::System.now().saturating_sub(RECENT_MS));
    let mut names = Vec::new();
    for since in [None].into_iter().chain(recent.map(Some)) {
        match texts(connection, &statement(since, most.saturating_add(1))).await {
            Ok(found) => names.extend(found.into_iter().filter(|name| name.len() <= LONGEST_NAME as usize)),
            Err(error) if is_about_the_relation(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(stored(names, NameStrategy::Members))
}

/// The names are in a dimension row: that relation has them all, and the rows of the source are not read.
async fn of_dimension(
    connection: &mut PgConnection,
    source: &Source,
    column: &Column,
    most: u32,
) -> Result<StoredNames, DbError> {
    let source = resolved(connection, source).await?;
    let statement = sql::label_values(&source, &LabelValue::Column(column.clone()), &[], None, most);
    let mut names = texts(connection, &statement).await?;
    names.retain(|name| name.len() <= LONGEST_NAME as usize);
    Ok(stored(names, NameStrategy::Dimension))
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

fn stored(names: impl IntoIterator<Item = String>, strategy: NameStrategy) -> StoredNames {
    let names: BTreeSet<String> = names.into_iter().collect();
    StoredNames { names: names.into_iter().collect(), strategy, cut: false }
}

pub(super) fn is_about_the_relation(error: &DbError) -> bool {
    !error.is_about_the_server()
}

/// Walks an index from name to name: each step reads one row.
fn loose_scan(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("WITH RECURSIVE names(n) AS ((SELECT t.").ident(&column.name).syntax(" FROM ").relation(&source.relation);
    w.syntax(" AS t WHERE t.")
        .ident(&column.name)
        .syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT t.");
    w.ident(&column.name).syntax(" FROM ").relation(&source.relation).syntax(" AS t WHERE t.").ident(&column.name);
    w.syntax(" > names.n ORDER BY 1 LIMIT 1) FROM names WHERE names.n IS NOT NULL) SELECT n::text FROM names WHERE ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

fn all_rows(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT t.").ident(&column.name).syntax("::text FROM ").relation(&source.relation);
    w.syntax(" AS t WHERE ");
    usable(&mut w, most, |w| {
        w.column(&column.name);
    });
    w.finish()
}

fn some_rows(source: &Source, column: &Column, (newest, most): (bool, u32)) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT n::text FROM (SELECT t.").ident(&column.name).syntax(" AS n FROM ");
    w.relation(&source.relation).syntax(" AS t");
    if newest {
        // NULLs sort first and would use the limit up.
        w.syntax(" WHERE ").column(&source.time.column).syntax(" IS NOT NULL ORDER BY ");
        w.column(&source.time.column).syntax(" DESC");
    }
    w.syntax(" LIMIT ").param(Param::Int(SOME_ROWS)).syntax(") AS sampled WHERE ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

fn most_common(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT n FROM pg_catalog.pg_stats AS s, unnest(s.most_common_vals::text::text[]) AS n");
    w.syntax(" WHERE s.schemaname = ").param(Param::Text(source.relation.schema.as_str().to_owned()));
    w.syntax("::text AND s.tablename = ").param(Param::Text(source.relation.name.as_str().to_owned()));
    w.syntax("::text AND s.attname = ").param(Param::Text(column.name.as_str().to_owned())).syntax("::text AND ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

/// Names are not absent, not empty and not too long; one more than the most tells that there are too many.
fn usable(w: &mut Writer, most: u32, name: impl Fn(&mut Writer)) {
    name(w);
    w.syntax(" IS NOT NULL AND ");
    name(w);
    w.syntax("::text <> '' AND octet_length(");
    name(w);
    w.syntax("::text) <= ").param(Param::Int(LONGEST_NAME)).syntax(" LIMIT ").param(Param::Int(i64::from(most) + 1));
}
