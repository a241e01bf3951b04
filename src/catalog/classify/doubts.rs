//! What may tell the rows of one instant apart and is offered as a number, or not at all: the relation is left out.

use super::distinguishing::{TWICE, has_a_value_for_each, unlabelled, untold};
use super::keys::{RelationKeys, whole};
use super::roles::ColumnRole;
use super::{parts, together, words};
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts, RelationKind};
use crate::ident::Ident;

/// Why the series of a relation may be mixed.
pub(super) fn reason(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<String> {
    let uncounted_yet =
        "may tell its rows apart, and there are no statistics before ANALYZE: run ANALYZE, or declare it";
    let together = || {
        let untold = untold(relation, columns, time, keys).filter(|untold| *untold > TWICE)?;
        let found = together::telling(relation, columns, untold)?;
        let names: Vec<String> = found.iter().map(|column| format!("`{}`", column.name)).collect();
        let names = names.join(" and ");
        Some(format!(
            "{names} together have as many values as an instant has rows and no key says otherwise: declare it"
        ))
    };
    let found = counted(relation, columns, time, keys).map(|column| {
        let kind = match &column.ty {
            ColumnType::Bool => "a boolean",
            ColumnType::Interval => "an interval",
            _ => "a number with a fraction",
        };
        let name = &column.name;
        format!("`{name}` ({kind}) has as many values as an instant has rows and no key says otherwise: declare it")
    });
    found
        .or_else(together)
        .or_else(|| uncounted(relation, columns, keys).map(|column| format!("`{column}` {uncounted_yet}")))
}

/// What has as many values as an instant has rows, and is no whole number: a depth, the bound of a histogram's bucket, a
/// direction as a boolean.
fn counted<'a>(
    relation: &RelationFacts,
    columns: &[(&'a ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<&'a ColumnFacts> {
    let untold = untold(relation, columns, time, keys).filter(|untold| *untold > TWICE)?;
    let values = || columns.iter().filter(|(_, role)| matches!(role, ColumnRole::Value(_))).map(|(column, _)| *column);
    let tells = |column: &&ColumnFacts| {
        let is_state = column.ty == ColumnType::Bool;
        (is_state || column.ty == ColumnType::Interval || column.is_number() && !column.is_integer())
            && !words::is_value(column.name.as_str())
            && has_a_value_for_each(relation, column, untold)
    };
    let found = values().filter(tells).min_by_key(|column| column.ty != ColumnType::Bool);
    found.filter(|found| values().any(|other| other.name != found.name))
}

/// What may say which of several things a row is about, where nothing has been counted: a number that may name a part. Where
/// nothing is a label also any whole number beside another measure, or a column that cannot be a label.
fn uncounted<'a>(
    relation: &RelationFacts,
    columns: &[(&'a ColumnFacts, ColumnRole)],
    keys: &RelationKeys,
) -> Option<&'a Ident> {
    let is_plain = columns.iter().all(|(_, role)| !matches!(role, ColumnRole::Label(_) | ColumnRole::Members(_)));
    // Of a view there never are any.
    let is_view = matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView);
    let is_known = is_view || keys.are_made || columns.iter().any(|(column, _)| column.stats.is_some());
    // A table may have been empty when it was analysed.
    if is_known || relation.rows.is_some_and(|rows| rows > 0.0) {
        return None;
    }
    let values = || columns.iter().filter(|(_, role)| matches!(role, ColumnRole::Value(_))).map(|(column, _)| *column);
    let part = values().find(|column| parts::may_name_part(relation, keys, column));
    if part.is_some() || !is_plain || relation.rows.is_some() {
        return part.map(|column| &column.name);
    }
    let has_key = !whole(relation).is_empty();
    let hides = |(column, role): &&(&ColumnFacts, ColumnRole)| {
        let name = column.name.as_str();
        let is_of_row = words::is_creation(name) || words::is_change(name) || words::is_end(name);
        unlabelled(relation, column, role).is_some() && !(column.ty.is_time() && (is_of_row || has_key))
    };
    if let Some((column, _)) = columns.iter().find(hides) {
        return Some(&column.name);
    }
    let is_open = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        column.is_integer() && !words::is_value(name) && !words::may_count(name) && !words::is_measure(name)
    };
    let found = values().find(is_open).filter(|_| keys.are_measured);
    found.filter(|found| values().any(|other| other.name != found.name)).map(|column| &column.name)
}
