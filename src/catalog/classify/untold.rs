//! Rows that labels do not tell apart: a relation without a key whose other columns do is no source, as its series
//! would be mixed.

use super::keys::{Keys, has_surrogate};
use super::roles::Role;
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// How many more rows an instant may have than there are sets of labels: some come twice.
const TWICE: f64 = 1.5;

/// How far the rows of an instant may be from the sets of values that tell them apart, as a share: statistics are estimates.
const ABOUT: f64 = 0.1;

/// The place of a whole number in measured rows that has as many values as an instant has rows on average, where no label
/// tells these apart: each of its values is a series.
pub(super) fn telling(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, Role)],
    time: &Ident,
    keys: &Keys,
) -> Option<usize> {
    let is_members = columns.iter().any(|(_, role)| matches!(role, Role::Members(_)));
    let values = columns.iter().filter(|(_, role)| matches!(role, Role::Value(_))).count();
    // Events of a day are as many as they are; a number of them says nothing.
    let is_day = relation.column(time.as_str()).is_some_and(|time| time.ty == ColumnType::Date);
    if keys.covered_by.is_some() || is_members || values < 2 || is_day || !keys.are_measured {
        return None;
    }
    let untold = rows_of_instant(relation, time)? / sets(relation, &labels(columns))?;
    let tells = |(column, role): &(&ColumnFacts, Role)| {
        matches!(role, Role::Value(_))
            && column.is_integer()
            && !words::is_value(column.name.as_str())
            && relation.distinct(column).is_some_and(|values| (values / untold - 1.0).abs() <= ABOUT)
    };
    columns.iter().position(tells).filter(|_| untold > TWICE)
}

/// Why the series of a relation would be mixed, where it has no key and a column that cannot be a label tells its rows
/// apart.
pub(super) fn apart(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, Role)],
    time: &Ident,
    keys: &Keys,
) -> Option<String> {
    if keys.covered_by.is_some() || !columns.iter().any(|(_, role)| matches!(role, Role::Value(_))) {
        return None;
    }
    let labels = labels(columns);
    let is_told = columns.iter().any(|(_, role)| matches!(role, Role::Members(_)));
    let (column, why) = columns.iter().find_map(|(column, role)| Some((*column, hidden(relation, column, role)?)))?;
    let suffices = told(relation, time, &labels).unwrap_or(is_told || !labels.is_empty() || has_surrogate(relation));
    (!suffices).then(|| {
        format!(
            "`{}` ({why}) may tell its rows apart and cannot be a label, and no key says otherwise: declare it",
            column.name
        )
    })
}

/// Why a column that may tell series apart is no label.
fn hidden(relation: &RelationFacts, column: &ColumnFacts, role: &Role) -> Option<String> {
    let is_out = matches!(role, Role::Out(_)) && !column.is_dead() && !column.numbered;
    let varies = relation.distinct(column).is_none_or(|distinct| distinct > 1.5);
    if !is_out || !varies {
        return None;
    }
    match &column.ty {
        ColumnType::Other(ty) if ty != "time" && ty != "timetz" => Some(ty.to_string()),
        ColumnType::TextArray | ColumnType::Hstore | ColumnType::IntArray { .. } => Some(column.ty.to_string()),
        _ if column.is_text() && is_private(column.name.as_str()) => Some("personal or secret".to_owned()),
        _ => None,
    }
}

fn labels<'a>(columns: &[(&'a ColumnFacts, Role)]) -> Vec<&'a ColumnFacts> {
    columns.iter().filter(|(_, role)| matches!(role, Role::Label(_))).map(|(column, _)| *column).collect()
}

fn is_private(name: &str) -> bool {
    words::is_sensitive(name) || words::is_personal(name)
}

/// Whether the labels have as many sets of values as an instant has rows, as far as the statistics tell.
fn told(relation: &RelationFacts, time: &Ident, labels: &[&ColumnFacts]) -> Option<bool> {
    Some(rows_of_instant(relation, time)? <= sets(relation, labels)? * TWICE)
}

fn rows_of_instant(relation: &RelationFacts, time: &Ident) -> Option<f64> {
    Some(relation.rows? / relation.distinct(relation.column(time.as_str())?)?.max(1.0))
}

/// How many sets of values labels have.
fn sets(relation: &RelationFacts, labels: &[&ColumnFacts]) -> Option<f64> {
    labels.iter().try_fold(1.0, |sets, label| Some(sets * relation.distinct(label)?.max(1.0)))
}
