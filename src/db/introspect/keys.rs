//! Constraints and indexes.

use sqlx::{FromRow, PgConnection};

use super::Loading;
use crate::catalog::facts::ForeignKey;

#[derive(FromRow)]
struct KeyRow {
    relation: i64,
    kind: String,
    numbers: Vec<i16>,
    target: i64,
    target_numbers: Vec<i16>,
}

/// Loads the keys and indexes of all relations.
pub(super) async fn load(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("../scripts/keys.sql")).bind(&loading.ids);
    let rows: Vec<KeyRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some(columns) = loading.names(row.relation, &row.numbers) else { continue };
        let target = loading.place.get(&row.target).map(|place| loading.facts.relations[*place].relation.clone());
        let theirs = loading.names(row.target, &row.target_numbers).unwrap_or_default();
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        match row.kind.as_str() {
            "p" => relation.primary_key = columns,
            "u" => relation.unique.push(columns),
            "f" => relation.foreign_keys.push(ForeignKey { columns, target, theirs }),
            _ => relation.indexes.push(columns),
        }
    }
    for relation in &mut loading.facts.relations {
        relation.indexes.dedup();
        relation.unique.dedup();
    }
    Ok(())
}
