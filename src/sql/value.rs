//! A metric's value as float8, and the aggregates over it.

use super::Writer;
use super::{instant, rollup};
use crate::ast::{AggregateOp, OverTime};
use crate::catalog::{Column, ColumnType, Value};
use crate::evaluate::RangeFunction;
use crate::plan::Fetch;

/// Writes the value of a row as float8.
pub(super) fn value(w: &mut Writer, value: &Value) {
    let Value::Column(column) = value;
    if column.ty == (ColumnType::Numeric { bounded: false }) {
        return unbounded(w, column);
    }
    // float8 too: that costs nothing, and the column may have become another type since the catalog was read.
    let cast = if column.ty == ColumnType::Bool { "::int::float8" } else { "::float8" };
    w.column(&column.name).syntax(cast);
}

/// A numeric beyond float8 would fail the whole statement when it is cast; it reads as infinite, or as zero.
fn unbounded(w: &mut Writer, column: &Column) {
    w.syntax("CASE WHEN ").column(&column.name).syntax(" = 'NaN' THEN 'NaN' WHEN ");
    w.column(&column.name).syntax(" > 1.7976931348623157e308 THEN 'Infinity' WHEN ");
    w.column(&column.name).syntax(" < -1.7976931348623157e308 THEN '-Infinity' WHEN abs(");
    w.column(&column.name).syntax(") < 2.3e-308 THEN 0 ELSE ").column(&column.name).syntax("::float8 END");
}

/// Writes the condition that the row has a value.
pub(super) fn present(w: &mut Writer, value: &Value) {
    let Value::Column(column) = value;
    w.column(&column.name).syntax(" IS NOT NULL");
}

/// Whether a column of the type can hold NaN.
fn has_nan(value: &Value) -> bool {
    let Value::Column(column) = value;
    matches!(column.ty, ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric { .. })
}

/// Writes the partials of a bucket, each named `p0`, `p1`: all float8, and such that partials of one bucket merge.
///
/// `avg` is sum and count (float8's own `avg` squares and so overflows early); `first` and `last` are a time and the
/// value at it, the smallest and the largest of several samples at that instant; `stddev` is what Chan's formula takes.
pub(super) fn partials(w: &mut Writer, fetch: &Fetch) {
    if let Some(rolled) = &fetch.rolled {
        return rollup::partials(w, fetch, &rolled.columns);
    }
    let function = match fetch.function {
        RangeFunction::OverTime(function) => function,
        RangeFunction::Stddev | RangeFunction::Stdvar => return moments(w, fetch),
        // That there is a row is all that is asked; the others read samples.
        _ => {
            w.syntax(", 1::float8 AS p0");
            return;
        }
    };
    match function {
        OverTime::Avg => {
            w.syntax(", sum(");
            value(w, &fetch.value);
            w.syntax(") AS p0, count(*)::float8 AS p1");
        }
        OverTime::Sum => {
            w.syntax(", sum(");
            value(w, &fetch.value);
            w.syntax(") AS p0");
        }
        OverTime::Count => {
            w.syntax(", count(*)::float8 AS p0");
        }
        OverTime::Min => {
            w.syntax(", min(");
            value(w, &fetch.value);
            w.syntax(") AS p0");
        }
        OverTime::Max => largest(w, fetch),
        OverTime::First => edge(w, fetch, ", (min(ARRAY["),
        OverTime::Last => edge(w, fetch, ", (max(ARRAY["),
    }
}

/// Count, mean and the sum of squared distances from it.
fn moments(w: &mut Writer, fetch: &Fetch) {
    w.syntax(", count(*)::float8 AS p0, avg(");
    value(w, &fetch.value);
    w.syntax(") AS p1, var_pop(");
    value(w, &fetch.value);
    w.syntax(") * count(*) AS p2");
}

/// PostgreSQL sorts NaN above everything, so `min` passes over it by itself and `max` must be told to.
fn largest(w: &mut Writer, fetch: &Fetch) {
    if !has_nan(&fetch.value) {
        w.syntax(", max(");
        value(w, &fetch.value);
        w.syntax(") AS p0");
        return;
    }
    w.syntax(", coalesce(max(");
    value(w, &fetch.value);
    w.syntax(") FILTER (WHERE ");
    value(w, &fetch.value);
    w.syntax(" <> 'NaN'), 'NaN') AS p0");
}

/// Arrays compare member by member: the extreme of (time, value) is the earliest or latest sample.
fn edge(w: &mut Writer, fetch: &Fetch, extreme: &'static str) {
    for member in ["]))[1] AS p0", "]))[2] AS p1"] {
        w.syntax(extreme);
        instant::seconds(w, &fetch.time);
        w.syntax(", ");
        value(w, &fetch.value);
        w.syntax(member);
    }
}

/// Writes the value that the partials of the subquery `s` come to.
pub(super) fn merged(w: &mut Writer, function: OverTime) {
    w.syntax(match function {
        OverTime::Avg => "s.p0 / s.p1",
        OverTime::First | OverTime::Last => "s.p1",
        OverTime::Min | OverTime::Max | OverTime::Sum | OverTime::Count => "s.p0",
    });
}

/// Writes aggregates that merge partials of one series that arrived in several rows of the subquery `s`.
pub(super) fn remerge(w: &mut Writer, function: OverTime) {
    w.syntax(match function {
        OverTime::Avg => ", sum(s.p0) AS p0, sum(s.p1) AS p1",
        OverTime::Sum | OverTime::Count => ", sum(s.p0) AS p0",
        OverTime::Min => ", min(s.p0) AS p0",
        OverTime::Max => ", coalesce(max(s.p0) FILTER (WHERE s.p0 <> 'NaN'), 'NaN') AS p0",
        OverTime::First => ", (min(ARRAY[s.p0, s.p1]))[1] AS p0, (min(ARRAY[s.p0, s.p1]))[2] AS p1",
        OverTime::Last => ", (max(ARRAY[s.p0, s.p1]))[1] AS p0, (max(ARRAY[s.p0, s.p1]))[2] AS p1",
    });
}

/// Writes the aggregate over the per-series values of the subquery `s`.
pub(super) fn aggregate(w: &mut Writer, op: AggregateOp, function: OverTime) {
    let (before, after) = match op {
        AggregateOp::Avg => (", sum(", ") / count(*) AS p0"),
        AggregateOp::Min => (", min(", ") AS p0"),
        AggregateOp::Max => (", coalesce(max(", ") AS p0"),
        AggregateOp::Count => (", count(", ")::float8 AS p0"),
        AggregateOp::Group => (", 1 + 0 * count(", ")::float8 AS p0"),
        // Only these six operators are planned.
        _ => (", sum(", ") AS p0"),
    };
    w.syntax(before);
    merged(w, function);
    if op == AggregateOp::Max {
        w.syntax(") FILTER (WHERE ");
        merged(w, function);
        w.syntax(" <> 'NaN'), 'NaN') AS p0");
    } else {
        w.syntax(after);
    }
}
