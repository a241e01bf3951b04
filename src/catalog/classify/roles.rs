//! What each column of a relation is: the time, a value, a label, or none of them, and why.

use super::counters::counter;
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// A label has at most so many values.
const MOST_LABEL_VALUES: f64 = 10_000.0;
/// Below so many values a share of the rows says nothing: small tables are full of single values.
const FEW_VALUES: f64 = 100.0;
/// A text with more distinct values than this share of the rows is free text.
const FREE_TEXT_SHARE: f64 = 0.2;
/// An integer with more distinct values than this share of the rows tells rows apart.
const ROW_KEY_SHARE: f64 = 0.5;

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Value(String),
    Label(String),
    /// Each member of the document is a label.
    Members(String),
    Out(String),
}

fn out(reason: impl Into<String>) -> Role {
    Role::Out(reason.into())
}

/// The role of a column that is not the time.
pub(super) fn role(relation: &RelationFacts, column: &ColumnFacts) -> Role {
    let name = column.name.as_str();
    if !column.readable {
        return out("the role may not SELECT it");
    }
    if words::is_sensitive(name) {
        return out("its name says that it is personal or secret");
    }
    if column.is_dead() {
        return out("dead: only NULLs, say the statistics");
    }
    if column.numbered {
        return out("a row id: a sequence fills it");
    }
    if is_only(&relation.primary_key, &column.name) || relation.unique.iter().any(|key| is_only(key, &column.name)) {
        return out("a row id: unique");
    }
    if is_other_value(relation, column) {
        return out("a value of another type than the numbers beside it: declare them as one `value`");
    }
    match &column.ty {
        ColumnType::Timestamptz | ColumnType::Timestamp | ColumnType::Date => out("another time"),
        ColumnType::Bool => Role::Label("boolean".into()),
        ColumnType::Jsonb if words::is_document(name) => {
            Role::Members("jsonb of that name: each member is a label".into())
        }
        ColumnType::Jsonb => out("jsonb: declare the members that are metrics or labels"),
        ColumnType::Json => out("json: declare the members that are labels"),
        ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar | ColumnType::Enum | ColumnType::Uuid => {
            text(relation, column)
        }
        _ if column.is_number() => number(relation, column),
        other => out(format!("{other} is no type of a metric or a label")),
    }
}

/// Whether a boolean or a text stands for the value where the numbers of its row do not.
fn is_other_value(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let typed = |column: &ColumnFacts| is_typed_value(column.name.as_str());
    (column.is_text() || column.ty == ColumnType::Bool)
        && typed(column)
        && relation.columns.iter().any(|other| other.is_number() && typed(other))
}

/// Whether a name says that this is a value of one type beside those of others: `bool_v` beside `dbl_v`.
fn is_typed_value(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["_v", "_val", "_value"].iter().any(|end| lower.ends_with(end))
        || ["value_", "val_"].iter().any(|start| lower.starts_with(start))
}

fn is_only(key: &[Ident], column: &Ident) -> bool {
    matches!(key, [only] if only == column)
}

/// Whether the statistics say that a column has too many values for a label, and how many.
fn too_many(relation: &RelationFacts, column: &ColumnFacts, share: f64) -> Option<String> {
    let distinct = relation.distinct(column);
    let ratio = column.stats.as_ref()?.n_distinct;
    if distinct.is_some_and(|distinct| distinct > MOST_LABEL_VALUES) {
        return Some(format!("about {:.0} distinct values", distinct.unwrap_or_default()));
    }
    let nearly_unique = ratio < -share && distinct.is_none_or(|distinct| distinct > FEW_VALUES);
    nearly_unique.then(|| format!("{:.0} % of its values are distinct", ratio * -100.0))
}

fn text(relation: &RelationFacts, column: &ColumnFacts) -> Role {
    let name = column.name.as_str();
    if words::is_bare_id(name) {
        return out("an id");
    }
    if let Some(many) = too_many(relation, column, FREE_TEXT_SHARE) {
        return out(format!("free text or a key: {many}, say the statistics"));
    }
    match (&column.stats, relation.distinct(column)) {
        (Some(stats), Some(distinct)) if stats.n_distinct >= 0.0 && distinct > 0.0 => {
            Role::Label(format!("{}, {distinct:.0} distinct values", column.ty))
        }
        _ if column.ty == ColumnType::Enum => Role::Label("enum".into()),
        _ if words::is_free_text(name) => out("free text, by its name"),
        (Some(_), _) => Role::Label(format!("{}, few distinct values", column.ty)),
        (None, _) => Role::Label(format!("{}, no statistics yet", column.ty)),
    }
}

fn number(relation: &RelationFacts, column: &ColumnFacts) -> Role {
    let name = column.name.as_str();
    if words::is_bare_id(name) {
        return out("an id");
    }
    let in_key = relation.primary_key.contains(&column.name)
        || relation.unique.iter().any(|key| key.contains(&column.name))
        || relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    if in_key || words::is_reference(name) {
        return key(relation, column);
    }
    if words::is_code(name) {
        return out("a code, by its name: adding or averaging it means nothing");
    }
    if column.is_integer() && words::is_choice(name) {
        return out("a code, by its name and type: adding or averaging it means nothing");
    }
    if words::is_surely_epoch(name)
        || words::time_rank(name).is_none()
        || super::time::kind(column, crate::time::Zone::UTC).is_some()
    {
        return out("another time");
    }
    Role::Value(match counter(relation, column) {
        Some(why) => format!("{}, {why}", column.ty),
        None => column.ty.to_string(),
    })
}

/// A number that refers to something: a small integer key is a label.
fn key(relation: &RelationFacts, column: &ColumnFacts) -> Role {
    if !column.is_integer() {
        return out("part of a key");
    }
    if words::is_order(column.name.as_str()) || words::is_surely_epoch(column.name.as_str()) {
        return out("part of a key that puts rows in order");
    }
    match too_many(relation, column, ROW_KEY_SHARE) {
        Some(many) => out(format!("a key with too many values for a label: {many}, say the statistics")),
        None => Role::Label("an integer key".into()),
    }
}
