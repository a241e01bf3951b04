//! Which numbers only grow: by their name, or by what statistics and name say together. Always a guess.

use super::keys::whole;
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// Rows that come in by time are on disk in its order, and a value in the same order grows.
const IN_ORDER: f64 = 0.999;
/// A value that seldom changes is in order whatever it is.
const FEW_VALUES: f64 = 50.0;

/// Whether a total is that of one row: rows that are made one by one, each with a key of its own, add nothing up.
fn is_of_one_row(relation: &RelationFacts) -> bool {
    let is_sampled = |other: &ColumnFacts| {
        let is_instant = other.ty.is_time() && other.ty != ColumnType::Date || other.is_number();
        is_instant && words::time_rank(other.name.as_str()) == Some(3)
    };
    let is_time = |name: &Ident| relation.column(name.as_str()).is_some_and(|column| column.ty.is_time());
    let keys = whole(relation);
    !keys.is_empty() && !keys.iter().any(|key| key.iter().any(is_time)) && !relation.columns.iter().any(is_sampled)
}

/// Why a column is taken for a counter.
pub(super) fn counter(relation: &RelationFacts, column: &ColumnFacts) -> Option<&'static str> {
    let name = column.name.as_str();
    let is_called = words::is_counter(name);
    if is_called && !is_of_one_row(relation) {
        return Some("a counter by its name (a guess)");
    }
    let in_order = |column: &ColumnFacts| {
        column.stats.as_ref().and_then(|stats| stats.correlation).is_some_and(|correlation| correlation >= IN_ORDER)
    };
    let is_time = |column: &ColumnFacts| words::time_rank(column.name.as_str()).is_some_and(|rank| rank > 0);
    let grows = (is_called || words::may_count(name))
        && in_order(column)
        && relation.distinct(column).is_some_and(|distinct| distinct > FEW_VALUES)
        && relation.columns.iter().any(|other| other.name != column.name && is_time(other) && in_order(other));
    grows.then_some("a counter, as it grows with the time by the statistics, and by its name (a guess)")
}
