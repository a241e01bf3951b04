//! What tells the rows of a grouped query apart: what they are grouped by.

use super::derived::RowFacts;
use super::select::Select;

/// The rows, grouped by the columns of these numbers in its clause.
pub(super) fn rows(select: &Select<'_>, groups: &[i64]) -> RowFacts {
    let mut rows = RowFacts::default();
    let is_group = |group: i64| group > 0 && groups.contains(&group);
    let grouped = || select.shown.iter().filter(|column| is_group(column.group));
    let shown: Vec<_> = grouped().filter(|column| !column.is_hidden).collect();
    let known = select.scope.known(shown.iter().filter_map(|column| column.identity).collect(), &[]);
    let is_known = |column: &super::select::ShownColumn<'_>| {
        column.identity.is_some_and(|atom| known.has(atom)) || column.looks.iter().all(|atom| known.has(*atom))
    };
    if grouped().any(|column| column.is_hidden && !is_known(column)) {
        rows.dropped.push("what its rows are grouped by".to_owned());
    }
    let columns: Vec<i16> = shown.iter().map(|column| column.number).collect();
    if !columns.is_empty() {
        rows.tellers.push(select.key(&columns, true));
    }
    rows.keys.push(columns);
    rows
}
