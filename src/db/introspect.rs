//! Asks the database what it states about itself: a handful of statements over the system catalogs, whatever the
//! number of tables, in one round trip. The SQL is in `scripts/`.

mod aggregates;
mod columns;
mod keys;
mod policies;
pub(super) mod scope;
mod shards;
mod statistics;
mod untrusted;
mod views;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use sqlx::PgConnection;

use self::aggregates::Timescale;
use super::batch::{Float, Results, batch};
use crate::catalog::Relation;
use crate::catalog::facts::{DiscoveryScope, Facts, RelationFacts, RelationKind};
use crate::ident::Ident;
use crate::time::Clock;

#[derive(Deserialize)]
struct RelationRow {
    id: i64,
    schema: String,
    name: String,
    kind: String,
    discoverable: bool,
    path_position: Option<i64>,
    /// None where the relation is seen, but not yet or no more by what tells rights.
    readable: Option<bool>,
    comment: Option<String>,
    bytes: i64,
    rows: Option<Float>,
    is_parent: bool,
    children: i64,
    sample: i64,
    partition_key: Vec<String>,
    divided_by: Vec<String>,
    version: String,
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
    /// Whether some right is unknown: what tells rights learns of a change a moment before the rows of the system catalogs
    /// show it, or after that.
    is_torn: bool,
    /// The numbers of each relation's columns, in their order.
    numbers: Vec<Vec<i16>>,
    /// Whether anything of each is left to its statistics.
    decided_by_statistics: Vec<bool>,
}

/// How often the facts are loaded anew when relations change meanwhile.
const TRIES: u32 = 3;

/// What the statements rely on; the first of a batch, as its settings last as long as its transaction.
const BEGIN: &str = include_str!("scripts/begin.sql");
/// Another value whenever a relation is made, changed or dropped.
const STAMP: &str = include_str!("scripts/stamp.sql");

#[derive(Deserialize)]
struct Begin {
    scope: String,
    /// What the mark of our own sessions says; nothing where the settings of the start were left out.
    start: String,
    clock_ms: i64,
    lockable: i64,
    timescale: HashSet<String>,
}

#[derive(Deserialize)]
struct Stamp {
    stamp: String,
}

/// What the database states about itself.
#[derive(Debug)]
pub(super) struct Introspection {
    pub(super) facts: Facts,
    /// Whether the session has the settings that its start asked for.
    pub(super) has_start: bool,
    /// How far the database's clock is ahead of ours, in milliseconds; less by what a round trip takes.
    pub(super) skew_ms: i64,
}

/// Loads the facts of every relation in scope.
///
/// `beyond` are relations outside of the scope that are asked about as well: the continuous aggregates that were there the
/// last time, and afterwards those that are there now.
///
/// # Errors
/// A statement failed.
pub async fn load(
    connection: &mut PgConnection,
    scope: &DiscoveryScope,
    beyond: &mut Vec<Relation>,
) -> Result<Facts, sqlx::Error> {
    account(connection, scope, beyond).await.map(|account| account.facts)
}

/// As [`load`]. Rights are asked of the database as it is at that moment, whatever a transaction sees, so a view that is
/// made anew in the middle would be lost, or its columns: then all is loaded once more.
pub(super) async fn account(
    connection: &mut PgConnection,
    scope: &DiscoveryScope,
    beyond: &mut Vec<Relation>,
) -> Result<Introspection, sqlx::Error> {
    let mut loaded = load_once(connection, scope, beyond).await?;
    for _ in 1..TRIES {
        if loaded.is_whole {
            break;
        }
        loaded = load_once(connection, scope, beyond).await?;
    }
    Ok(Introspection { facts: loaded.facts, has_start: loaded.has_start, skew_ms: loaded.skew_ms })
}

/// The facts of one reading.
struct LoadedFacts {
    facts: Facts,
    has_start: bool,
    skew_ms: i64,
    /// Whether no relation changed meanwhile.
    is_whole: bool,
}

async fn load_once(
    connection: &mut PgConnection,
    scope: &DiscoveryScope,
    beyond: &mut Vec<Relation>,
) -> Result<LoadedFacts, sqlx::Error> {
    let (mut begin, mut results) = in_scope(connection, &scope::text(scope, beyond)).await?;
    let skew_ms = begin.clock_ms.saturating_sub(Clock::System.now());
    let mut timescale = Timescale::default();
    if !begin.timescale.is_empty() {
        timescale = aggregates::load(connection, &begin.timescale).await?;
    }
    let Stamp { stamp: before } = results.row()?;
    let mut loading = relations(results.rows()?);
    // Continuous aggregates are asked about wherever they are: they serve without being offered.
    let views = timescale.aggregates.iter().map(|found| &found.view);
    let outside: Vec<Relation> = views.filter(|view| beyond.contains(view) || !loading.knows(view)).cloned().collect();
    let is_known = outside.iter().all(|view| beyond.contains(view));
    *beyond = outside;
    if !is_known {
        (begin, results) = in_scope(connection, &scope::text(scope, beyond)).await?;
        results.skip(1);
        loading = relations(results.rows()?);
    }
    loading.facts.searched = results.row()?;
    columns::load(&mut results, &mut loading)?;
    keys::load(&mut results, &mut loading)?;
    untrusted::load(&mut results, &mut loading)?;
    policies::load(&mut results, &mut loading)?;
    shards::load(&mut results, &mut loading)?;
    views::load(&mut results, &mut loading)?;
    timescale.put_into(&mut loading);
    loading.facts.lockable = u64::try_from(begin.lockable).unwrap_or(0);
    // How labels of a relation with many children are looked up is left to them, whatever the file says.
    let is_decided = |facts: &RelationFacts| !scope.settles(facts) || facts.children > 1;
    loading.decided_by_statistics = loading.facts.relations.iter().map(is_decided).collect();
    let after = statistics::load(connection, &mut loading, &mut results).await?;
    let is_whole = before == after && !loading.is_torn;
    Ok(LoadedFacts { facts: loading.facts, has_start: begin.start == "on", skew_ms, is_whole })
}

/// All that is asked, in one round trip if the scope came with the start of the session.
async fn in_scope(connection: &mut PgConnection, text: &str) -> Result<(Begin, Results), sqlx::Error> {
    let mut results = ask(connection).await?;
    let mut begin: Begin = results.row()?;
    if begin.scope != text {
        let set = sqlx::query("SELECT pg_catalog.set_config('datebin.scope', $1, false)");
        set.bind(text).persistent(false).execute(&mut *connection).await?;
        results = ask(connection).await?;
        begin = results.row()?;
        if begin.scope != text {
            return Err(sqlx::Error::Protocol(
                "a pooler gives each transaction another session: it has to pool sessions".into(),
            ));
        }
    }
    Ok((begin, results))
}

async fn ask(connection: &mut PgConnection) -> Result<Results, sqlx::Error> {
    let relations = [BEGIN, STAMP, include_str!("scripts/relations.sql"), include_str!("scripts/searched.sql")];
    let others = [untrusted::SCRIPT, policies::SCRIPT, shards::SCRIPT];
    let known = [&columns::SCRIPTS[..], &keys::SCRIPTS, &others, &views::SCRIPTS, &statistics::SCRIPTS];
    let statements = [&relations[..], &known.concat(), &[STAMP]].concat();
    batch(connection, &statements).await
}

/// The relations in scope.
fn relations(rows: Vec<RelationRow>) -> Loading {
    let mut loading = Loading::default();
    for row in rows {
        let (id, sample, readable) = (row.id, row.sample, row.readable.unwrap_or(false));
        loading.is_torn |= row.readable.is_none();
        if let Some(relation) = relation(row) {
            loading.place.insert(id, loading.facts.relations.len());
            loading.ids.push(id);
            loading.samples.push(sample);
            loading.readable.push(readable);
            loading.numbers.push(Vec::new());
            loading.facts.relations.push(relation);
        }
    }
    loading
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
        version: row.version,
        kind,
        discoverable: row.discoverable,
        untrusted_owner: None,
        has_policies: false,
        path_position: row.path_position,
        comment: row.comment,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        rows: row.rows.map(|rows| rows.0),
        is_parent: row.is_parent,
        children: u32::try_from(row.children).unwrap_or(u32::MAX),
        hypertable: None,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        partial_keys: Vec::new(),
        keys_behind: Vec::new(),
        dropped: Vec::new(),
        origins: Vec::new(),
        rows_of: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        unordered: Vec::new(),
        partition_key: idents(row.partition_key),
        divided_by: idents(row.divided_by),
        shards: Vec::new(),
    })
}

impl Loading {
    fn knows(&self, relation: &Relation) -> bool {
        self.facts.relations.iter().any(|facts| facts.relation == *relation)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(readable: &str) -> RelationRow {
        let row = format!(
            r#"{{"id": 1, "schema": "public", "name": "seen", "kind": "v", "discoverable": true, "path_position": 1,
                "readable": {readable}, "comment": null, "bytes": 0, "rows": null, "is_parent": false, "children": 0,
                "sample": 1, "partition_key": [], "divided_by": [], "version": "1"}}"#
        );
        serde_json::from_str(&row).unwrap()
    }

    #[test]
    fn a_relation_of_unknown_rights_is_read_once_more() {
        assert!(!relations(vec![row("true"), row("false")]).is_torn);
        assert!(relations(vec![row("null"), row("true")]).is_torn);
    }
}
