//! The values of a label, and the members of a document.

use super::condition::{condition, grouped};
use super::{Param, Statement, Writer, instant};
use crate::catalog::{Column, LabelValue, Source};
use crate::plan::Filter;
use crate::time::TimeRange;

/// Newest rows that are looked at when no index gives the values of a label.
const ROWS: i64 = 200_000;

/// The distinct non-empty values of a label as text, unsorted, at most `cap` + 1.
///
/// A loose index scan when an index leads with the column: one probe per value of the whole relation, however many
/// rows there are. Else the distinct values of the rows that pass the filters in the range, or without a range those
/// of the newest rows.
#[must_use]
pub fn label_values(
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
    cap: u32,
) -> Statement {
    let mut w = Writer::default();
    match value {
        LabelValue::Column(column) if source.has_index_leading_with(&column.name) => {
            loose_scan(&mut w, source, column);
        }
        _ => distinct(&mut w, source, value, filters, range),
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(cap) + 1));
    w.finish()
}

fn loose_scan(w: &mut Writer, source: &Source, column: &Column) {
    let from = |w: &mut Writer| {
        w.rows_of(&source.relation).syntax(" WHERE ").column(&column.name);
    };
    w.syntax("WITH RECURSIVE v AS ((SELECT ").column(&column.name).syntax(" AS x");
    from(w);
    w.syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ").column(&column.name);
    from(w);
    w.syntax(" > v.x ORDER BY 1 LIMIT 1) FROM v WHERE v.x IS NOT NULL)");
    w.syntax(" SELECT v.x::text AS x FROM v WHERE v.x IS NOT NULL AND v.x::text <> ''");
}

/// Writes the distinct values of the rows that pass the filters.
pub(super) fn distinct(
    w: &mut Writer,
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
) {
    w.syntax("SELECT DISTINCT s.x::text AS x FROM (SELECT ");
    grouped(w, value);
    w.syntax(" AS x").rows_of(&source.relation).syntax(" WHERE true");
    restrict(w, source, filters, range);
    w.syntax(") AS s WHERE s.x::text <> ''");
}

fn restrict(w: &mut Writer, source: &Source, filters: &[Filter], range: Option<TimeRange>) {
    if let Some(range) = range {
        w.syntax(" AND ");
        instant::bounds(w, &source.time, range.from, range.to);
    }
    for filter in filters {
        w.syntax(" AND ");
        condition(w, filter);
    }
    if range.is_none() {
        w.syntax(" ORDER BY ").column(&source.time.column).syntax(" DESC LIMIT ").param(Param::Int(ROWS));
    }
}

/// The distinct names of a document's members among the newest rows, at most `cap`.
#[must_use]
pub fn member_names(source: &Source, column: &Column, cap: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT jsonb_object_keys(s.x) AS x FROM (SELECT DISTINCT d.x FROM (SELECT ");
    w.column(&column.name).syntax(" AS x FROM ").relation(&source.relation).syntax(" AS t WHERE true");
    restrict(&mut w, source, &[], None);
    w.syntax(") AS d WHERE jsonb_typeof(d.x) = 'object') AS s LIMIT ").param(Param::Int(i64::from(cap)));
    w.finish()
}
