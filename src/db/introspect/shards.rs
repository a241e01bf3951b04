//! Foreign tables, alone or as partitions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Loading, Results};
use crate::catalog::Relation;
use crate::catalog::facts::Shard;
use crate::db::batch::Float;
use crate::ident::Ident;

#[derive(Deserialize)]
struct ShardRow {
    relation: i64,
    schema: String,
    name: String,
    server: String,
    wrapper: String,
    analysed: bool,
    their_schema: String,
    their_name: String,
    tuple_cost: Float,
    options: BTreeMap<String, String>,
}

/// The foreign tables.
pub(super) const SCRIPT: &str = include_str!("../scripts/shards.sql");

/// Adds them to the facts.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    for row in results.rows::<ShardRow>()? {
        let id = row.relation;
        if let (Some(shard), Some((relation, _))) = (shard(row), loading.at(id)) {
            relation.shards.push(shard);
        }
    }
    Ok(())
}

fn shard(row: ShardRow) -> Option<Shard> {
    let relation = |schema, name| Some(Relation { schema: Ident::new(schema).ok()?, name: Ident::new(name).ok()? });
    Some(Shard {
        relation: relation(row.schema, row.name)?,
        server: Ident::new(row.server).ok()?,
        theirs: relation(row.their_schema, row.their_name)?,
        is_postgres: row.wrapper == "postgres_fdw",
        is_analysed: row.analysed,
        tuple_cost: row.tuple_cost.0,
        options: row.options,
    })
}
