//! Asks the database what it states about itself: a handful of statements over the system catalogs, whatever the
//! number of tables. The SQL is in `scripts/`.

mod aggregates;
mod columns;
mod keys;
mod statistics;

use std::collections::HashMap;

use sqlx::{Connection as _, FromRow, PgConnection};

use crate::catalog::Relation;
use crate::catalog::facts::{AggregateFacts, Facts, RelationFacts, RelationKind, Scope};
use crate::ident::Ident;

#[derive(FromRow)]
struct RelationRow {
    id: i64,
    schema: String,
    name: String,
    kind: String,
    discoverable: bool,
    usable: bool,
    path_position: Option<i64>,
    readable: bool,
    comment: Option<String>,
    bytes: i64,
    rows: Option<f64>,
    is_parent: bool,
    children: i64,
    sample: i64,
    partition_key: Vec<String>,
}

/// Relations by oid while they are put together.
#[derive(Default)]
struct Loading {
    facts: Facts,
    place: HashMap<i64, usize>,
    ids: Vec<i64>,
    /// For each the relation whose statistics stand in for its own.
    samples: Vec<i64>,
    /// Whether the role may SELECT all of it.
    readable: Vec<bool>,
    /// The numbers of each relation's columns, in their order.
    numbers: Vec<Vec<i16>>,
    /// Whether anything of each is left to its statistics.
    decided_by_statistics: Vec<bool>,
}

/// How often the facts are loaded anew when relations change meanwhile.
const TRIES: u32 = 3;

/// Loads the facts of every relation in scope. Rights are asked of the database as it is at that moment, whatever a
/// transaction sees, so a view that is made anew in the middle would lose its columns: then all is loaded once more.
///
/// # Errors
/// A statement failed.
pub async fn load(connection: &mut PgConnection, scope: &Scope) -> Result<Facts, sqlx::Error> {
    let mut before = stamp(connection).await?;
    for _ in 1..TRIES {
        let facts = load_once(connection, scope).await?;
        let after = stamp(connection).await?;
        if before == after {
            return Ok(facts);
        }
        before = after;
    }
    load_once(connection, scope).await
}

/// What is another whenever a relation is made, changed or dropped.
async fn stamp(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(include_str!("scripts/stamp.sql")).fetch_one(connection).await
}

async fn load_once(connection: &mut PgConnection, scope: &Scope) -> Result<Facts, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // The usual 4 MB send the columns of many tables to disk.
    // Intervals in definitions are read as PostgreSQL writes them by default.
    let settings = "SELECT current_setting('max_locks_per_transaction')::int8 * (current_setting('max_connections')::int8 \
        + current_setting('max_prepared_transactions')::int8) FROM (SELECT set_config('work_mem', '64MB', true), \
        set_config('intervalstyle', 'postgres', true)) AS s";
    let lockable: i64 = sqlx::query_scalar(settings).fetch_one(&mut *transaction).await?;
    let timescale = aggregates::load(&mut transaction).await?;
    let mut loading = relations(&mut transaction, scope, &timescale.aggregates).await?;
    columns::load(&mut transaction, &mut loading).await?;
    keys::load(&mut transaction, &mut loading).await?;
    timescale.put_into(&mut loading);
    loading.facts.lockable = u64::try_from(lockable).unwrap_or(0);
    // How labels of a relation with many children are looked up is left to them, whatever the file says.
    let is_decided = |facts: &RelationFacts| !scope.settles(facts) || facts.children > 1;
    loading.decided_by_statistics = loading.facts.relations.iter().map(is_decided).collect();
    statistics::load(&mut transaction, &mut loading).await?;
    transaction.commit().await?;
    Ok(loading.facts)
}

/// The relations in scope. Continuous aggregates are asked about wherever they are: they serve without being offered.
async fn relations(
    connection: &mut PgConnection,
    scope: &Scope,
    aggregates: &[AggregateFacts],
) -> Result<Loading, sqlx::Error> {
    let declared = scope.declared.iter().map(|(schema, name)| (schema.clone().unwrap_or_default(), name.clone()));
    let views = aggregates.iter().map(|found| (found.view.schema.to_string(), found.view.name.to_string()));
    let (schemas, names): (Vec<_>, Vec<_>) = declared.chain(views).unzip();
    let rows: Vec<RelationRow> = sqlx::query_as(include_str!("scripts/relations.sql"))
        .bind(&scope.schemas)
        .bind(schemas)
        .bind(names)
        .fetch_all(connection)
        .await?;
    let mut loading = Loading::default();
    for row in rows {
        let (id, sample, usable, readable) = (row.id, row.sample, row.usable, row.readable);
        // Without USAGE on the schema nothing in it can be read.
        if let Some(relation) = usable.then(|| relation(row)).flatten() {
            loading.place.insert(id, loading.facts.relations.len());
            loading.ids.push(id);
            loading.samples.push(sample);
            loading.readable.push(readable);
            loading.numbers.push(Vec::new());
            loading.facts.relations.push(relation);
        }
    }
    Ok(loading)
}

fn relation(row: RelationRow) -> Option<RelationFacts> {
    let kind = match row.kind.as_str() {
        "r" => RelationKind::Table,
        "p" => RelationKind::Partitioned,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        _ => RelationKind::Foreign,
    };
    Some(RelationFacts {
        relation: Relation { schema: Ident::new(row.schema).ok()?, name: Ident::new(row.name).ok()? },
        kind,
        discoverable: row.discoverable,
        path_position: row.path_position,
        comment: row.comment,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        rows: row.rows,
        is_parent: row.is_parent,
        children: u32::try_from(row.children).unwrap_or(u32::MAX),
        hypertable: None,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        partial_keys: Vec::new(),
        keys_behind: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        unordered: Vec::new(),
        partition_key: idents(row.partition_key),
    })
}

impl Loading {
    fn at(&mut self, id: i64) -> Option<(&mut RelationFacts, &[i16])> {
        let place = *self.place.get(&id)?;
        Some((&mut self.facts.relations[place], &self.numbers[place]))
    }

    /// The names of columns by their numbers; none when one of them is no column (a system column, a whole row) or
    /// the relation is not in scope.
    fn names(&self, id: i64, numbers: &[i16]) -> Option<Vec<Ident>> {
        let place = *self.place.get(&id)?;
        let column = |number| {
            let at = self.numbers[place].binary_search(number).ok()?;
            Some(self.facts.relations[place].columns[at].name.clone())
        };
        numbers.iter().map(column).collect()
    }
}

fn idents(names: Vec<String>) -> Vec<Ident> {
    names.into_iter().filter_map(|name| Ident::new(name).ok()).collect()
}
