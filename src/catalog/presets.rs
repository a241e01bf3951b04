//! Presets: declarations for the tables of known products.
//!
//! Tables are recognised by their columns, so that a column which another version has or lacks is no matter.

mod home_assistant;
mod pgwatch;
mod telegraf;
mod zabbix;

use serde_json::{Value, json};

use super::facts::{ColumnFacts, Facts, RelationFacts};
use super::{ColumnType, Relation};

/// The presets.
pub const NAMES: [&str; 4] = ["telegraf", "zabbix", "home-assistant", "pgwatch"];

/// A relation that a preset knows.
#[derive(Debug)]
pub(super) struct PresetRelation {
    /// The relation.
    pub(super) relation: Relation,
    /// Its `[[source]]`.
    pub(super) declared: Value,
    /// Whether its metrics are called after the table, as discovery would call them.
    pub(super) by_table: bool,
}

/// The relations of a preset that are there.
pub(super) fn known(preset: &str, facts: &Facts) -> Vec<PresetRelation> {
    let source = match preset {
        "telegraf" => telegraf::source,
        "zabbix" => zabbix::source,
        "home-assistant" => home_assistant::source,
        "pgwatch" => pgwatch::source,
        _ => return Vec::new(),
    };
    let relations = facts.relations.iter().filter(|relation| relation.discoverable && !is_hidden(facts, relation));
    relations.filter_map(|relation| source(facts, relation)).collect()
}

/// Whether a bare name means another relation, as where a view stands in front of a table of its name.
fn is_hidden(facts: &Facts, relation: &RelationFacts) -> bool {
    let Some(position) = relation.path_position else { return false };
    let before = |other: &RelationFacts| other.path_position.is_some_and(|before| before < position);
    facts.relations.iter().any(|other| other.relation.name == relation.relation.name && before(other))
}

/// A readable column of one of those types.
fn typed<'a>(relation: &'a RelationFacts, name: &str, types: &[ColumnType]) -> Option<&'a ColumnFacts> {
    relation.column(name).filter(|column| column.readable && types.contains(&column.ty))
}

/// Whether all of those columns are there to be read.
fn has(relation: &RelationFacts, names: &[&str]) -> bool {
    names.iter().all(|name| relation.column(name).is_some_and(|column| column.readable))
}

/// The relation of that name in the same schema, else on the search path, if it has those columns.
fn beside<'a>(facts: &'a Facts, own: &RelationFacts, name: &str, columns: &[&str]) -> Option<&'a RelationFacts> {
    let same = facts.relation(own.relation.schema.as_str(), name);
    let on_path = || facts.relations.iter().filter(|r| r.path_position.is_some() && r.relation.name.as_str() == name);
    let found = same.or_else(|| on_path().min_by_key(|relation| relation.path_position));
    found.filter(|relation| has(relation, columns))
}

/// A label for each of those columns that is there: what it is called, and the column.
fn labels(relation: &RelationFacts, wanted: &[(&str, &str)]) -> Vec<Value> {
    let there = wanted.iter().filter(|(_, column)| has(relation, &[column]));
    there.map(|(name, column)| json!({"name": name, "column": column})).collect()
}

/// A column that counts seconds since 1970.
fn epoch(column: &str) -> Value {
    json!({"column": column, "type": "epoch", "unit": "s"})
}
