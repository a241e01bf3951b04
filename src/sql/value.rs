//! A metric's value as float8, and the aggregates over it.

use super::{Param, Writer, instant, lasting, missing, reading, rollup};
use crate::ast::{AggregateOp, OverTime};
use crate::catalog::{Column, ColumnType, MetricValue, Scale};
use crate::evaluate::RangeFunction;
use crate::plan::Fetch;

/// Writes the value of a row as float8.
pub(super) fn value(w: &mut Writer, value: &MetricValue) {
    let written = match value {
        MetricValue::Column(own) => return column(w, own),
        MetricValue::Read(_) | MetricValue::Overlap(_) | MetricValue::Lasts(_) | MetricValue::Product(_) => "v.n",
        MetricValue::Rows => "1::float8",
    };
    w.syntax(written);
}

/// Writes the sample of a row as float8.
pub(super) fn sample(w: &mut Writer, fetch: &Fetch) {
    if fetch.rows.adjustment.scale.is_some() {
        w.syntax("(");
    }
    value(w, &fetch.rows.value);
    scale(w, fetch);
    if fetch.rows.adjustment.scale.is_some() {
        w.syntax(")");
    }
}

/// Writes what a stored value, or a sum of such, is multiplied by: after the sum, so that one of cents is exact.
pub(super) fn scale(w: &mut Writer, fetch: &Fetch) {
    match fetch.rows.adjustment.scale {
        Some(Scale::By(factor)) => w.syntax(" * ").param(Param::Float(factor)),
        Some(Scale::Over(inverse)) => w.syntax(" / ").param(Param::Float(inverse)),
        None => w,
    };
}

/// Writes a column of a numeric type as float8.
pub(super) fn column(w: &mut Writer, column: &Column) {
    if column.ty == (ColumnType::Numeric { bounded: false }) {
        return unbounded(w, column);
    }
    // float8 too: that costs nothing, and the column may have become another type since the catalog was read.
    let (before, after) = match column.ty {
        ColumnType::Bool => ("", "::int::float8"),
        ColumnType::Money => ("", "::numeric::float8"),
        ColumnType::Interval => ("date_part('epoch', ", ")"),
        _ => ("", "::float8"),
    };
    w.syntax(before).cell(column).syntax(after);
}

/// A numeric beyond float8 would fail the whole statement when it is cast; it reads as infinite, or as zero.
fn unbounded(w: &mut Writer, column: &Column) {
    w.syntax("CASE WHEN ").cell(column).syntax(" = 'NaN' THEN 'NaN' WHEN ");
    w.cell(column).syntax(" > 1.7976931348623157e308 THEN 'Infinity' WHEN ");
    w.cell(column).syntax(" < -1.7976931348623157e308 THEN '-Infinity' WHEN abs(");
    w.cell(column).syntax(") < 2.3e-308 THEN 0 ELSE ").cell(column).syntax("::float8 END");
}

/// Writes the condition that there is something to be read in the row.
pub(super) fn present(w: &mut Writer, fetch: &Fetch) {
    match &fetch.rows.value {
        MetricValue::Column(column) if fetch.rows.markers => return present_or_null(w, fetch, column),
        MetricValue::Column(column) => missing::present(w, std::slice::from_ref(column)),
        MetricValue::Product(columns) => missing::present(w, columns),
        MetricValue::Read(reading) => reading::has(w, reading),
        MetricValue::Lasts(lasts) => lasting::ended(w, lasts),
        MetricValue::Overlap(overlap) => missing::present(w, overlap.weight.as_slice()),
        MetricValue::Rows => missing::present(w, &[]),
    }
    missing::excluded(w, fetch);
    if fetch.rows.skip_nan && fetch.rows.value.may_be_nan() {
        w.syntax(" AND ");
        match &fetch.rows.value {
            MetricValue::Column(column) => w.cell(column).syntax(" <> 'NaN'"),
            _ => w.syntax("(v.n = 'NaN') IS NOT TRUE"),
        };
    }
}

/// Writes the condition that the row has a sample, or a NULL that ends its series.
fn present_or_null(w: &mut Writer, fetch: &Fetch, column: &Column) {
    w.syntax("(").cell(column).syntax(" IS NULL OR (true");
    missing::excluded(w, fetch);
    if fetch.rows.skip_nan && fetch.rows.value.may_be_nan() {
        w.syntax(" AND ").cell(column).syntax(" <> 'NaN'");
    }
    w.syntax("))");
}

/// Whether a sample can be NaN.
fn has_nan(fetch: &Fetch) -> bool {
    !fetch.rows.skip_nan && fetch.rows.value.may_be_nan()
}

/// Writes how many samples there are, none where there is nothing but what is no number.
fn count(w: &mut Writer, fetch: &Fetch) {
    w.syntax(if fetch.rows.value.may_skip() { "nullif(count(v.n), 0)::float8" } else { "count(*)::float8" });
}

/// Writes the partials of a bucket, each named `p0`, `p1`: all float8, and such that partials of one bucket merge.
///
/// `avg` is sum and count (float8's own `avg` squares and so overflows early); `first` and `last` are a time and the
/// value at it, the smallest and the largest of several samples at that instant; `stddev` is what Chan's formula takes.
pub(super) fn partials(w: &mut Writer, fetch: &Fetch) {
    if let Some(rolled) = &fetch.rows.rolled {
        return rollup::partials(w, fetch, &rolled.columns);
    }
    let function = match fetch.fold.function {
        RangeFunction::OverTime(function) => function,
        RangeFunction::Stddev | RangeFunction::Stdvar => return moments(w, fetch),
        // That there is a row is all that is asked; the others read samples.
        _ => {
            let skipping = fetch.rows.value.may_skip();
            w.syntax(if skipping {
                ", CASE WHEN count(v.n) > 0 THEN 1::float8 END AS p0"
            } else {
                ", 1::float8 AS p0"
            });
            return;
        }
    };
    match function {
        OverTime::Avg => {
            w.syntax(", sum(");
            value(w, &fetch.rows.value);
            w.syntax(")");
            scale(w, fetch);
            w.syntax(" AS p0, ");
            count(w, fetch);
            w.syntax(" AS p1");
        }
        OverTime::Sum => {
            w.syntax(", sum(");
            value(w, &fetch.rows.value);
            w.syntax(")");
            scale(w, fetch);
            w.syntax(" AS p0");
        }
        OverTime::Count => {
            w.syntax(", ");
            count(w, fetch);
            w.syntax(" AS p0");
        }
        OverTime::Min => {
            w.syntax(", min(");
            sample(w, fetch);
            w.syntax(") AS p0");
        }
        OverTime::Max => largest(w, fetch),
        OverTime::First => edge(w, fetch, ", (min(ARRAY["),
        OverTime::Last => edge(w, fetch, ", (max(ARRAY["),
    }
}

/// Count, mean and the sum of squared distances from it.
fn moments(w: &mut Writer, fetch: &Fetch) {
    w.syntax(", ");
    count(w, fetch);
    w.syntax(" AS p0, avg(");
    sample(w, fetch);
    w.syntax(") AS p1, var_pop(");
    sample(w, fetch);
    w.syntax(") * ");
    count(w, fetch);
    w.syntax(" AS p2");
}

/// PostgreSQL sorts NaN above everything, so `min` passes over it by itself and `max` must be told to.
fn largest(w: &mut Writer, fetch: &Fetch) {
    if !has_nan(fetch) {
        w.syntax(", max(");
        sample(w, fetch);
        w.syntax(") AS p0");
        return;
    }
    let skips = fetch.rows.value.may_skip();
    w.syntax(if skips { ", CASE WHEN count(v.n) > 0 THEN coalesce(max(" } else { ", coalesce(max(" });
    sample(w, fetch);
    w.syntax(") FILTER (WHERE ");
    sample(w, fetch);
    w.syntax(if skips { " <> 'NaN'), 'NaN') END AS p0" } else { " <> 'NaN'), 'NaN') AS p0" });
}

/// Arrays compare member by member: the extreme of (time, value) is the earliest or latest sample.
fn edge(w: &mut Writer, fetch: &Fetch, extreme: &'static str) {
    for member in [")[1] AS p0", ")[2] AS p1"] {
        w.syntax(extreme);
        match &fetch.rows.value {
            MetricValue::Overlap(_) => {
                w.syntax("date_part('epoch', v.s)");
            }
            _ => instant::seconds(w, &fetch.rows.time),
        }
        w.syntax(", ");
        sample(w, fetch);
        w.syntax("])");
        w.syntax(if fetch.rows.value.may_skip() { " FILTER (WHERE v.n IS NOT NULL)" } else { "" }).syntax(member);
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

/// Writes aggregates that merge partials of one series that arrived in several rows of the subquery `s`; `skipping`:
/// some may be NULL, as nothing in their rows is a number.
pub(super) fn remerge(w: &mut Writer, function: OverTime, skipping: bool) {
    w.syntax(match function {
        OverTime::Avg => ", sum(s.p0) AS p0, sum(s.p1) AS p1",
        OverTime::Sum | OverTime::Count => ", sum(s.p0) AS p0",
        OverTime::Min => ", min(s.p0) AS p0",
        OverTime::Max if skipping => {
            ", CASE WHEN count(s.p0) > 0 THEN coalesce(max(s.p0) FILTER (WHERE s.p0 <> 'NaN'), 'NaN') END AS p0"
        }
        OverTime::Max => ", coalesce(max(s.p0) FILTER (WHERE s.p0 <> 'NaN'), 'NaN') AS p0",
        OverTime::First if skipping => {
            ", (min(ARRAY[s.p0, s.p1]) FILTER (WHERE s.p0 IS NOT NULL))[1] AS p0, \
             (min(ARRAY[s.p0, s.p1]) FILTER (WHERE s.p0 IS NOT NULL))[2] AS p1"
        }
        OverTime::Last if skipping => {
            ", (max(ARRAY[s.p0, s.p1]) FILTER (WHERE s.p0 IS NOT NULL))[1] AS p0, \
             (max(ARRAY[s.p0, s.p1]) FILTER (WHERE s.p0 IS NOT NULL))[2] AS p1"
        }
        OverTime::First => ", (min(ARRAY[s.p0, s.p1]))[1] AS p0, (min(ARRAY[s.p0, s.p1]))[2] AS p1",
        OverTime::Last => ", (max(ARRAY[s.p0, s.p1]))[1] AS p0, (max(ARRAY[s.p0, s.p1]))[2] AS p1",
    });
    if skipping {
        w.syntax(", sum(s.sk) AS sk");
    }
}

/// Writes how many rows of a bucket hold what is no number.
pub(super) fn skipped(w: &mut Writer, fetch: &Fetch) {
    if fetch.rows.value.may_skip() {
        w.syntax(", (count(*) - count(v.n))::float8 AS sk");
    }
}

/// Writes the aggregate over the per-series values of the subquery `s`; `skipping` as in [`remerge`].
pub(super) fn aggregate(w: &mut Writer, op: AggregateOp, function: OverTime, skipping: bool) {
    let per_series = |w: &mut Writer, before, after| {
        w.syntax(before);
        merged(w, function);
        w.syntax(after);
    };
    w.syntax(if skipping { ", CASE WHEN count(s.p0) > 0 THEN " } else { ", " });
    match op {
        AggregateOp::Avg if skipping => per_series(w, "sum(", ") / count(s.p0)"),
        AggregateOp::Avg => per_series(w, "sum(", ") / count(*)"),
        AggregateOp::Min => per_series(w, "min(", ")"),
        AggregateOp::Max => {
            per_series(w, "coalesce(max(", ") FILTER (WHERE ");
            per_series(w, "", " <> 'NaN'), 'NaN')");
        }
        AggregateOp::Count => per_series(w, "count(", ")::float8"),
        AggregateOp::Group => per_series(w, "1 + 0 * count(", ")::float8"),
        // Only these six operators are planned.
        _ => per_series(w, "sum(", ")"),
    }
    w.syntax(if skipping { " END AS p0, sum(s.sk) AS sk" } else { " AS p0" });
}
