//! The values of a label of a joined row: those of dimension rows that some row of the source refers to.

use super::condition::{grouped, plain};
use super::join::{Dimension, equal};
use super::labels::{ROWS, from, narrow};
use super::{Param, Writer};
use crate::catalog::{Join, LabelValue, Source, SourceRow, path};
use crate::plan::Filter;
use crate::time::TimeRange;

/// Writes the distinct values on rows that pass the filters, in the range or, without one, among all rows that an index
/// finds by their key, else among the newest.
pub(super) fn values(
    w: &mut Writer,
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
) {
    let path = path(&source.joins, value.column().row);
    let Some((first, rest)) = path.split_first() else {
        w.syntax("SELECT NULL::text AS x WHERE false");
        return;
    };
    w.syntax("SELECT DISTINCT s.x::text AS x FROM (SELECT ");
    grouped(w, value);
    w.syntax(" AS x");
    Dimension { first, rest }.write(w);
    let (joined, own): (Vec<&Filter>, Vec<&Filter>) =
        filters.iter().partition(|filter| path.iter().any(|join| join.row == filter.value.column().row));
    for filter in joined {
        w.syntax(" AND ");
        plain(w, filter);
    }
    w.syntax(" AND EXISTS (SELECT 1");
    referring(w, source, first, &own, range);
    w.syntax(")) AS s WHERE s.x::text <> ''");
}

/// Writes the rows of the source that refer to the dimension row.
fn referring(w: &mut Writer, source: &Source, first: &Join, filters: &[&Filter], range: Option<TimeRange>) {
    let is_own = first.on.iter().all(|(theirs, _)| theirs.row == SourceRow::Own);
    let is_found = first.on.iter().any(|(theirs, _)| source.has_index_leading_with(&theirs.name));
    let newest = range.is_none() && is_own && !is_found;
    // A row that its joins find again would hide the dimension row that it must be equal to.
    let is_apart = newest || source.needed().iter().any(|join| join.row == first.row);
    if is_apart {
        w.syntax(" FROM (SELECT ");
        for (at, (theirs, _)) in first.on.iter().enumerate() {
            w.syntax(if at > 0 { ", " } else { "" }).cell(theirs);
        }
    }
    from(w, source);
    narrow(w, source, filters.iter().copied(), range);
    if newest {
        w.syntax(" ORDER BY ").clock(&source.time).syntax(" DESC LIMIT ").param(Param::Int(ROWS));
    }
    if is_apart {
        w.syntax(") AS ").row(first.parent()).syntax(" WHERE ");
    } else {
        w.syntax(" AND ");
    }
    equal(w, first);
}
