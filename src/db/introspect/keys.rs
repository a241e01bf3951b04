//! Constraints and indexes.

use serde::Deserialize;

use super::Loading;
use super::Results;
use crate::catalog::facts::{ForeignKey, RelationFacts, RelationKind, UnorderedIndex};
use crate::ident::Ident;

#[derive(Deserialize)]
struct KeyRow {
    relation: i64,
    kind: String,
    numbers: Vec<i16>,
    target: i64,
    target_numbers: Vec<i16>,
    name: String,
    ordered: i64,
    reason: String,
    finds_ranges: bool,
}

/// The keys and indexes, and the keys of the children of parents.
pub(super) const SCRIPTS: [&str; 2] = [include_str!("../scripts/keys.sql"), include_str!("../scripts/keys_behind.sql")];

/// Takes the keys and indexes of all relations.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let rows: Vec<KeyRow> = results.rows()?;
    for row in rows {
        if row.kind == "i" {
            index(loading, row);
            continue;
        }
        let Some(columns) = loading.names(row.relation, &row.numbers) else { continue };
        let target = loading.place.get(&row.target).map(|place| loading.facts.relations[*place].relation.clone());
        let theirs = loading.names(row.target, &row.target_numbers).unwrap_or_default();
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        match row.kind.as_str() {
            "p" => relation.primary_key = columns,
            "u" => relation.unique.push(columns),
            "h" => relation.partial_keys.push(columns),
            _ => relation.foreign_keys.push(ForeignKey { columns, target, theirs }),
        }
    }
    for relation in &mut loading.facts.relations {
        relation.indexes.sort();
        relation.indexes.dedup();
        relation.unique.dedup();
    }
    behind(loading, results.rows()?);
    Ok(())
}

#[derive(Deserialize)]
struct BehindRow {
    relation: i64,
    kind: String,
    names: Vec<String>,
}

/// Takes the keys of the children of inheritance parents: what tells their rows apart tells those of the parent apart.
fn behind(loading: &mut Loading, rows: Vec<BehindRow>) {
    for row in rows {
        let Some((relation, _)) = loading.at(row.relation).filter(|(facts, _)| is_front(facts)) else { continue };
        let own = row.names.iter().map(|name| relation.columns.iter().position(|own| own.name.as_str() == name));
        let Some(places) = own.collect::<Option<Vec<usize>>>().filter(|places| !places.is_empty()) else { continue };
        let names: Vec<Ident> = places.iter().map(|at| relation.columns[*at].name.clone()).collect();
        match row.kind.as_str() {
            "n" => places.iter().for_each(|at| relation.columns[*at].numbered = true),
            _ => relation.partial_keys.push(names),
        }
    }
}

/// Whether the rows of a relation are those of others.
fn is_front(facts: &RelationFacts) -> bool {
    match facts.kind {
        RelationKind::Table => facts.is_parent,
        // A key that the parent lacks may be there on each partition.
        RelationKind::Partitioned => facts.primary_key.is_empty() && facts.unique.is_empty(),
        RelationKind::View | RelationKind::MaterializedView | RelationKind::Foreign => false,
    }
}

/// An index: what it gives in order, and why it gives no more.
fn index(loading: &mut Loading, row: KeyRow) {
    let plain = row.numbers.iter().position(|number| *number <= 0).unwrap_or(row.numbers.len());
    let Some(columns) = loading.names(row.relation, &row.numbers[..plain]) else { return };
    let Some((relation, _)) = loading.at(row.relation) else { return };
    let ordered = usize::try_from(row.ordered).unwrap_or(0).min(plain);
    let walked: Vec<Ident> = columns[..ordered].to_vec();
    if !walked.is_empty() {
        relation.indexes.push(walked);
    }
    if !row.reason.is_empty() {
        let KeyRow { name, reason, finds_ranges, .. } = row;
        relation.unordered.push(UnorderedIndex { name, columns, ordered, reason, finds_ranges });
    }
}
