//! Columns that say whose row it is, by their name or type. In rows that no key tells apart statistics must not decide of
//! them: in a young table, or one of a growing fleet, nearly every row has a value of its own.

use super::keys::{RelationKeys, whole};
use super::roles::refers;
use super::{things, words};
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// Whether a number that refers to something, or an index leads with, tells series apart whatever the statistics say.
pub(super) fn is_owner(
    relation: &RelationFacts,
    keys: &RelationKeys,
    time: Option<&Ident>,
    column: &ColumnFacts,
) -> bool {
    let name = column.name.as_str();
    let is_sampled = time.is_some_and(|time| words::time_rank(time.as_str()) == Some(3));
    keys.covered_by.is_none()
        && !keys.are_made
        && !column.numbered
        && !words::is_of_happening(name)
        && (!words::is_bare_id(name) || is_sampled && !is_beside_owner(relation, column))
}

/// Whether another column may say whose row it is, so that an `id` may be the row's own.
pub(super) fn is_beside_owner(relation: &RelationFacts, id: &ColumnFacts) -> bool {
    let may_say = |other: &ColumnFacts| {
        let name = other.name.as_str();
        let is_word = other.is_text() && !words::is_free_text(name) && !words::is_value(name);
        is_word || words::is_reference(name) && (other.is_integer() || other.ty == ColumnType::Uuid)
    };
    relation.columns.iter().any(|other| other.name != id.name && may_say(other))
}

/// Whether a text, an id or an address says whose row it is.
pub(super) fn names_owner(
    relation: &RelationFacts,
    keys: &RelationKeys,
    time: Option<&Ident>,
    column: &ColumnFacts,
) -> bool {
    let name = column.name.as_str();
    let is_address = matches!(
        column.ty,
        ColumnType::Uuid | ColumnType::Inet | ColumnType::Cidr | ColumnType::Macaddr | ColumnType::Macaddr8
    );
    let is_called = words::is_reference(name)
        || words::is_bare_id(name)
        || words::is_owner_name(name)
        // Of rows with a key of their own a name is perhaps theirs.
        || things::is_name(name) && whole(relation).is_empty()
        || refers(relation, column);
    let may_be = is_address || column.is_text() && is_called && !words::is_free_text(name) && !words::is_value(name);
    may_be && is_owner(relation, keys, time, column)
}
