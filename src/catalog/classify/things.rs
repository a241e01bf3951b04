//! Relations with times and numbers that are no history of anything: rows that are things, the latest state of each, or
//! the books that a tool keeps. Said by keys, references and names, never by a row.

use std::collections::HashSet;

use super::{time, words};
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::{ColumnType, Relation};
use crate::ident::Ident;

/// Above this share of the rows the names in a column are one for each.
const NAMED_SHARE: f64 = 0.5;

/// What things are called.
const NAME: &[&str] = &[
    "name",
    "title",
    "username",
    "user_name",
    "login",
    "first_name",
    "last_name",
    "full_name",
    "display_name",
    "sku",
    "slug",
    "label",
    "hostname",
    "nickname",
];
const BOOKKEEPING: &[&str] = &[
    "schema_migrations",
    "schema_version",
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "alembic_version",
    "__efmigrationshistory",
    "goose_db_version",
    "pgmigrations",
    "migrations",
    "schema_changes",
    "spatial_ref_sys",
];

/// The relations that foreign keys of others point at.
pub(super) fn referenced(all: &Facts) -> HashSet<&Relation> {
    let keys = all.relations.iter().flat_map(|facts| facts.foreign_keys.iter().map(move |key| (facts, key)));
    keys.filter_map(|(facts, key)| key.target.as_ref().filter(|target| **target != facts.relation)).collect()
}

/// Why the rows of a relation are no samples, where it is plain that they are not.
pub(super) fn no_samples(relation: &RelationFacts, time: &Ident, is_referenced: bool) -> Option<String> {
    if is_bookkeeping(relation.relation.name.as_str()) {
        return Some("the books of a migration tool, by its name".to_owned());
    }
    if let Some(why) = thing(relation, time, is_referenced) {
        return Some(format!("its rows are things, not samples: {why}; `{time}` says no more than since when"));
    }
    let key = one_row_per(relation)?;
    let names: Vec<&str> = key.iter().map(Ident::as_str).collect();
    Some(format!("one row for each {}: the latest state, no history", names.join(", ")))
}

/// A key that tells things apart and has no time in it.
fn one_row_per(relation: &RelationFacts) -> Option<&[Ident]> {
    let keys = [&relation.primary_key].into_iter().chain(&relation.unique);
    let of_things = |key: &&Vec<Ident>| !key.is_empty() && key.iter().all(|column| tells_things(relation, column));
    // Children of an inheritance parent may hold the same key again.
    let trusted = !relation.is_parent || !relation.partition_key.is_empty();
    keys.filter(|_| trusted).find(of_things).map(Vec::as_slice)
}

fn tells_things(relation: &RelationFacts, name: &Ident) -> bool {
    let Some(column) = relation.column(name.as_str()) else { return false };
    let refers = relation.foreign_keys.iter().any(|key| key.columns == [name.clone()]);
    let word = column.is_text() || column.ty == ColumnType::Enum;
    let is_id = words::is_bare_id(name.as_str()) || is_row_name(name.as_str());
    refers || word && !is_id && !is_time_word(name.as_str())
}

/// A name for each row, and a mark that rows are kept and referred to.
fn thing(relation: &RelationFacts, time: &Ident, is_referenced: bool) -> Option<String> {
    let column = relation.column(time.as_str())?;
    if time::is_plain(relation, column) {
        return None;
    }
    let personal = relation.columns.iter().find(|column| words::is_sensitive(column.name.as_str()));
    if let Some(column) = personal.filter(|column| column.is_text()) {
        return Some(format!("`{}` is about somebody", column.name));
    }
    let name = relation.columns.iter().find(|column| column.is_text() && is_name(column.name.as_str()));
    if is_referenced && name.is_none() && !refers(relation) {
        return Some("other tables refer to them, and they to none".to_owned());
    }
    let name = name?;
    if is_referenced {
        return Some(format!("they have a `{}`, and other tables refer to them", name.name));
    }
    let changes = relation.columns.iter().find(|column| is_change_time(column.name.as_str()))?;
    let own = |name: &ColumnFacts| {
        let unique = relation.unique.iter().any(|key| *key == [name.name.clone()]);
        let share = relation.distinct(name).zip(relation.rows).map(|(distinct, rows)| distinct / rows.max(1.0));
        unique || share.is_some_and(|share| share > NAMED_SHARE)
    };
    own(name).then(|| format!("each has a `{}` of its own and is changed later (`{}`)", name.name, changes.name))
}

/// Whether rows belong to something else, as those of a history do.
fn refers(relation: &RelationFacts) -> bool {
    let is_key = |column: &ColumnFacts| relation.primary_key == [column.name.clone()];
    let by_name = |column: &ColumnFacts| words::is_reference(column.name.as_str()) && !is_key(column);
    !relation.foreign_keys.is_empty() || relation.columns.iter().any(by_name)
}

/// Whether a tool keeps account of its own work in a relation of that name.
fn is_bookkeeping(relation: &str) -> bool {
    let lower = relation.to_lowercase();
    words::is_one(relation, BOOKKEEPING) || lower.ends_with("_migrations") || lower.starts_with("flyway_schema_history")
}

/// Whether a text of that name is what its row is called.
fn is_name(name: &str) -> bool {
    words::is_one(name, NAME)
}

/// Whether a text of that name tells rows apart, not things.
fn is_row_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    words::is_free_text(name)
        || ["_id", "_uuid", "_guid", "_ref", "_key", "_no", "_number"].iter().any(|end| lower.ends_with(end))
}

/// Whether a column of that name may hold a time, whatever its type is.
fn is_time_word(name: &str) -> bool {
    words::time_rank(name).is_none_or(|rank| rank > 0)
        || words::is_one(name, &["hour", "minute", "week", "month", "year", "period"])
}

/// Whether a time of that name is when its row was changed.
fn is_change_time(name: &str) -> bool {
    words::is_one(
        name,
        &["updated_at", "modified_at", "changed_at", "updated", "modified", "updated_on", "last_modified"],
    )
}
