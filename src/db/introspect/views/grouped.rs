//! What tells the rows of a grouped query apart: what they are grouped by.

use super::derived::{RowFacts, RowKey};
use super::select::{Select, ShownColumn};

/// The rows, grouped by the columns of these numbers in its clause, perhaps by several sets of them.
pub(super) fn rows(select: &Select<'_>, groups: &[i64], has_sets: bool) -> RowFacts {
    let mut rows = RowFacts::default();
    let is_group = |group: i64| group > 0 && groups.contains(&group);
    let grouped = || select.shown.iter().filter(|column| is_group(column.group));
    let shown: Vec<_> = grouped().filter(|column| !column.is_hidden).collect();
    let known = select.scope.known(shown.iter().filter_map(|column| column.identity).collect(), &[]);
    let is_known = |column: &ShownColumn<'_>| {
        column.identity.is_some_and(|atom| known.has(atom)) || column.looks.iter().all(|atom| known.has(*atom))
    };
    if grouped().any(|column| column.is_hidden && !is_known(column)) {
        rows.dropped.push("what its rows are grouped by".to_owned());
    }
    // A sum over all values of a column stands beside that of those that are NULL.
    let is_told = |column: &&&ShownColumn<'_>| {
        column.is_time || column.identity.is_some_and(|atom| select.scope.is_never_null(atom))
    };
    if has_sets && let Some(column) = shown.iter().find(|column| !is_told(column)) {
        rows.dropped.push(format!("whether a row is of all `{}` or of those that are NULL", column.name));
    }
    let columns: Vec<i16> = shown.iter().map(|column| column.number).collect();
    if !columns.is_empty() {
        rows.tellers.push(RowKey { is_of_groups: true, ..select.key(&columns, !has_sets) });
    }
    rows.keys.extend((!has_sets).then_some(columns));
    rows
}
