//! Columns of which none has as many values as an instant has rows, while several have together: a status and an action.

use super::distinguishing::{ABOUT, TWICE};
use super::roles::ColumnRole;
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};

/// The most columns that are tried.
const MOST: usize = 12;

/// Two or three columns whose sets of values are as many as an instant has rows of the same labels, beside another measure.
pub(super) fn telling<'a>(
    relation: &RelationFacts,
    columns: &[(&'a ColumnFacts, ColumnRole)],
    untold: f64,
) -> Option<Vec<&'a ColumnFacts>> {
    let counted = |(column, role): &(&'a ColumnFacts, ColumnRole)| {
        let distinct = relation.distinct(column).filter(|distinct| *distinct > TWICE && *distinct < untold)?;
        may_tell(column, role).then_some((*column, distinct))
    };
    let all: Vec<(&ColumnFacts, f64)> = columns.iter().filter_map(counted).take(MOST).collect();
    let is_enough = |sets: f64| (sets / untold - 1.0).abs() <= ABOUT;
    let pair = pairs(&all).find(|(_, [one, other])| is_enough(one.1 * other.1));
    let found = pair.map(|(_, pair)| pair.map(|(column, _)| column).to_vec()).or_else(|| {
        let thirds =
            pairs(&all).flat_map(|(at, pair)| all[at + 1..].iter().map(move |third| [pair[0], pair[1], *third]));
        let three = thirds.into_iter().find(|three| is_enough(three.iter().map(|(_, distinct)| distinct).product()));
        three.map(|three| three.map(|(column, _)| column).to_vec())
    })?;
    let is_other = |(column, role): &(&ColumnFacts, ColumnRole)| {
        matches!(role, ColumnRole::Value(_)) && found.iter().all(|own| own.name != column.name)
    };
    columns.iter().any(is_other).then_some(found)
}

/// Each two, with the place of the second.
fn pairs<'a, 'b>(
    all: &'b [(&'a ColumnFacts, f64)],
) -> impl Iterator<Item = (usize, [(&'a ColumnFacts, f64); 2])> + use<'a, 'b> {
    (1..all.len()).flat_map(move |at| all[..at].iter().map(move |one| (at, [*one, all[at]])))
}

/// Whether a column may say which of several things a row is about.
fn may_tell(column: &ColumnFacts, role: &ColumnRole) -> bool {
    let name = column.name.as_str();
    let is_offered = matches!(role, ColumnRole::Value(_) | ColumnRole::Out(_)) && !column.numbered;
    let is_measured = words::is_value(name)
        || column.is_integer() && (words::may_count(name) || words::is_measure(name))
        || super::time::kind(column, crate::time::Zone::UTC).is_some();
    let is_told = matches!(column.ty, ColumnType::Bool | ColumnType::Interval) || column.is_number();
    is_offered && is_told && !is_measured
}
