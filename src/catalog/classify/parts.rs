//! Whole numbers that name the part of a thing that a row is about, by their name and what the statistics say of them.

use super::roles::{KeyedRelation, has_measure};
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};

/// A thing has not more parts.
const MOST_PARTS: f64 = 100.0;
/// Nor as many whose state or load may have the same name.
const MOST_OF_STATE: f64 = 32.0;

/// Whether a column of rows that no key tells apart names a part.
pub(super) fn names_part(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    if place.keys.covered_by.is_some() || place.keys.are_made || !has_measure(place.relation, column) {
        return false;
    }
    let name = column.name.as_str();
    let distinct = place.relation.distinct(column);
    if words::is_part(name) {
        return distinct.is_none_or(|distinct| distinct <= MOST_PARTS);
    }
    let is_few = distinct.is_some_and(|distinct| distinct <= MOST_OF_STATE) && is_in_a_row(column, distinct);
    is_few && (words::is_actor(name) || words::is_loaded(name) && has_load(place.relation, column))
}

/// Whether the numbers of a column follow each other, as those of parts do, and are more than off and on.
fn is_in_a_row(column: &ColumnFacts, distinct: Option<f64>) -> bool {
    let span = column.stats.as_ref().and_then(|stats| stats.span);
    span.zip(distinct).is_some_and(|([first, _, last], distinct)| {
        let is_state = first >= 0.0 && last <= 1.0;
        !is_state && last - first < 2.0 * distinct
    })
}

/// Whether the load of a part stands beside it.
fn has_load(relation: &RelationFacts, part: &ColumnFacts) -> bool {
    let measures = |other: &ColumnFacts| other.is_number() && words::tells_load(other.name.as_str());
    relation.columns.iter().any(|other| other.name != part.name && measures(other))
}

/// Whether a column is a port or a protocol beside addresses, which tell flows apart.
pub(super) fn is_of_flow(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let is_address = |other: &ColumnFacts| {
        let words = words::words_of(other.name.as_str());
        let is_called = words.iter().any(|word| word == "ip" || word == "addr");
        matches!(other.ty, ColumnType::Inet | ColumnType::Cidr) || other.is_text() && is_called
    };
    let columns = || place.relation.columns.iter().filter(|other| other.name != column.name);
    words::is_flow(column.name.as_str())
        && place.keys.covered_by.is_none()
        && columns().filter(|o| is_address(o)).count() > 1
}
