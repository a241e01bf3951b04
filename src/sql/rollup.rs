//! Partials from the rows of a rollup instead of from samples.

use super::value::value;
use super::{Param, Statement, Writer, instant};
use crate::ast::OverTime;
use crate::catalog::{Column, Rolled, RollupColumns, Source, Value};
use crate::evaluate::RangeFunction;
use crate::ident::Ident;
use crate::plan::Fetch;
use crate::time::Millis;

/// About the year 1, before every row.
const EARLIEST_MS: Millis = -62_000_000_000_000;

/// Writes the partials of a bucket, named and merged as those of samples are. A row's start is the time of its first
/// and of its last sample.
pub(super) fn partials(w: &mut Writer, fetch: &Fetch, columns: &RollupColumns) {
    let RangeFunction::OverTime(function) = fetch.function else {
        w.syntax(", 1::float8 AS p0");
        return;
    };
    match function {
        OverTime::Avg => {
            total(w, columns);
            aggregate(w, ", sum(", columns.count.as_ref(), ") AS p1");
        }
        OverTime::Sum if columns.sum.is_some() => aggregate(w, ", sum(", columns.sum.as_ref(), ") AS p0"),
        OverTime::Sum => total(w, columns),
        OverTime::Count => aggregate(w, ", sum(", columns.count.as_ref(), ") AS p0"),
        OverTime::Min => aggregate(w, ", min(", columns.min.as_ref(), ") AS p0"),
        // PostgreSQL's own `max` is NaN as soon as one sample was, and hides the others: then it is not known. Only
        // where the least is NaN too was there nothing else.
        OverTime::Max if columns.min.is_some() => {
            aggregate(w, ", coalesce(max(", columns.max.as_ref(), ") FILTER (WHERE ");
            aggregate(w, "", columns.min.as_ref(), " IS DISTINCT FROM 'NaN'), 'NaN') AS p0");
        }
        OverTime::Max => aggregate(w, ", max(", columns.max.as_ref(), ") AS p0"),
        OverTime::First => edge(w, fetch, ", (min(ARRAY[", columns.first.as_ref()),
        OverTime::Last => edge(w, fetch, ", (max(ARRAY[", columns.last.as_ref()),
    }
}

/// Writes the condition that a row stands for samples.
pub(super) fn present(w: &mut Writer, fetch: &Fetch, columns: &RollupColumns) {
    let needed = columns.needed(fetch.function).unwrap_or_default();
    for (at, column) in needed.iter().enumerate() {
        w.syntax(if at > 0 { " AND " } else { "" }).cell(column).syntax(" IS NOT NULL");
    }
    if let Some(count) = &columns.count {
        w.syntax(" AND ").cell(count).syntax(if needed.contains(&count) { " > 0" } else { " IS DISTINCT FROM 0" });
    }
}

fn number(w: &mut Writer, column: &Column) {
    value(w, &Value::Column(column.clone()));
}

fn aggregate(w: &mut Writer, before: &'static str, column: Option<&Column>, after: &'static str) {
    w.syntax(before);
    column.into_iter().for_each(|column| number(w, column));
    w.syntax(after);
}

/// Writes the sum of the samples of all rows.
fn total(w: &mut Writer, columns: &RollupColumns) {
    match columns.total() {
        Some((Rolled::Product(avg, count), _)) => {
            w.syntax(", sum(");
            number(w, avg);
            w.syntax(" * ");
            number(w, count);
            w.syntax(") AS p0");
        }
        Some((Rolled::Column(sum), _)) => aggregate(w, ", sum(", Some(sum), ") AS p0"),
        None => {}
    }
}

fn edge(w: &mut Writer, fetch: &Fetch, extreme: &'static str, column: Option<&Column>) {
    for member in ["]))[1] AS p0", "]))[2] AS p1"] {
        w.syntax(extreme);
        instant::seconds(w, &fetch.time);
        aggregate(w, ", ", column, member);
    }
}

/// The most values of an index's first column that are walked.
const WALKED: i64 = 10_000;

/// The times of the oldest and of the newest row up to an instant, in milliseconds since 1970, as one text each. With a
/// column that leads an index before the time, those of each of its values are looked up: that no row of another value
/// is seen makes the span shorter, never wrong.
#[must_use]
pub fn span(rows: &Source, until: Millis, each: Option<&Ident>) -> Statement {
    let mut w = Writer::default();
    if let Some(column) = each {
        values(&mut w, rows, column);
    }
    for (at, (extreme, order)) in [("min", " LIMIT 1"), ("max", " DESC LIMIT 1")].into_iter().enumerate() {
        w.syntax(if at > 0 { " UNION ALL SELECT " } else { "SELECT " });
        w.syntax(if each.is_some() { extreme } else { "" }).syntax("((SELECT ");
        instant::epoch_ms(&mut w, &rows.time);
        w.rows_of(&rows.relation, &[]).syntax(" WHERE ");
        instant::bounds(&mut w, &rows.time, EARLIEST_MS, until);
        if let Some(column) = each {
            w.syntax(" AND ").column(column).syntax(" = v.x");
        }
        w.syntax(" ORDER BY ").column(&rows.time.column).syntax(order).syntax("))::text");
        if each.is_some() {
            w.syntax(" FROM (SELECT x FROM v WHERE x IS NOT NULL LIMIT ").param(Param::Int(WALKED)).syntax(") AS v");
        }
    }
    w.finish()
}

/// Writes the walk over the values of a column that leads an index.
fn values(w: &mut Writer, rows: &Source, column: &Ident) {
    w.syntax("WITH RECURSIVE v AS ((SELECT ").column(column).syntax(" AS x").rows_of(&rows.relation, &[]);
    w.syntax(" WHERE ").column(column).syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ");
    w.column(column).rows_of(&rows.relation, &[]).syntax(" WHERE ").column(column);
    w.syntax(" > v.x ORDER BY 1 LIMIT 1) FROM v WHERE v.x IS NOT NULL) ");
}
