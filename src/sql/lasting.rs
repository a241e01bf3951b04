//! Rows that last: how much of each bucket a row covers, and how long a row took.

use super::value::column;
use super::{Param, Writer, instant};
use crate::catalog::{EpochStorage, EpochUnit, LengthUnit, Overlap, RowDuration, RowEnd, Source, TimeColumn, TimeKind};
use crate::plan::{Buckets, Fetch};
use crate::time::TimeRange;

/// Writes the subqueries that cut each row at the buckets' edges: `v.b` is the bucket, `v.s` where the row begins to
/// cover it, `v.n` for how long. A row without an end still goes on, so up to now. A row that ends before it begins
/// covers nothing: it is in the bucket of its start without a length.
pub(super) fn overlap(w: &mut Writer, fetch: &Fetch, overlap: &Overlap) {
    let (from, to) = (w.bind(Param::Instant(fetch.axis.from)), w.bind(Param::Instant(fetch.axis.to)));
    w.syntax(" CROSS JOIN LATERAL (SELECT r.e < r.s AND r.s >= ").slot(from).syntax(" AND r.s < ").slot(to);
    w.syntax(" AS reversed, greatest(r.s, ")
        .slot(from)
        .syntax(") AS s, least(coalesce(r.e, ")
        .param(Param::Instant(fetch.axis.now))
        .syntax("), ")
        .slot(to);
    w.syntax(") AS e FROM (SELECT ");
    instant::clamped(w, &fetch.rows.time);
    w.syntax(" AS s, ");
    end(w, &overlap.end);
    w.syntax(" AS e OFFSET 0) AS r OFFSET 0) AS o CROSS JOIN LATERAL (SELECT g.b, ");
    match &fetch.axis.buckets {
        Buckets::Regular { origin_ms, step_ms, .. } => {
            let step = w.bind(Param::Interval(*step_ms));
            let origin = w.bind(Param::Instant(*origin_ms));
            let first = |w: &mut Writer| {
                w.syntax("date_bin(").slot(step).syntax(", o.s, ").slot(origin).syntax(")");
            };
            w.syntax("greatest(o.s, g.b) AS s, ");
            length(w, overlap.unit, |w| {
                w.syntax("least(o.e, g.b + ").slot(step).syntax(") - greatest(o.s, g.b)");
            });
            weighted(w, overlap);
            w.syntax(" AS n FROM generate_series(");
            first(w);
            w.syntax(", o.e, ").slot(step).syntax(") AS g(b) WHERE g.b < o.e AND o.s < o.e UNION ALL SELECT ");
            first(w);
        }
        Buckets::Edges(edges) => {
            let edges = w.bind(Param::Instants(edges.clone()));
            let first = |w: &mut Writer| {
                w.syntax("width_bucket(o.s, ").slot(edges).syntax(")");
            };
            w.syntax("greatest(o.s, (").slot(edges).syntax(")[g.b]) AS s, ");
            length(w, overlap.unit, |w| {
                w.syntax("least(o.e, (").slot(edges).syntax(")[g.b + 1]) - greatest(o.s, (");
                w.slot(edges).syntax(")[g.b])");
            });
            weighted(w, overlap);
            w.syntax(" AS n FROM generate_series(");
            first(w);
            w.syntax(", width_bucket(o.e, ").slot(edges).syntax(")) AS g(b) WHERE (").slot(edges);
            w.syntax(")[g.b] < o.e AND o.s < o.e UNION ALL SELECT ");
            first(w);
        }
    }
    w.syntax(", o.s, NULL::float8 WHERE o.reversed) AS v");
}

fn weighted(w: &mut Writer, overlap: &Overlap) {
    if let Some(weight) = &overlap.weight {
        w.syntax(" * ");
        column(w, weight);
    }
}

/// Writes the condition that a row may cover some of the range, or ends before it begins there; the cut itself is exact.
pub(super) fn bounds(w: &mut Writer, time: &TimeColumn, overlap: &Overlap, fetch: &Fetch) {
    instant::before(w, time, fetch.axis.to);
    w.syntax(" AND (");
    goes_on(w, &overlap.end);
    w.syntax(" OR ");
    instant::after(w, &overlap.end.time, fetch.axis.from);
    w.syntax(" OR ");
    instant::after(w, time, fetch.axis.from);
    w.syntax(" AND ");
    compared(w, &overlap.end.time, " < ", time);
    w.syntax(")");
}

/// Writes the condition that a row of a source is one of a range: by its time, or as it lasts into it.
pub(super) fn within(w: &mut Writer, source: &Source, range: TimeRange) {
    let Some(end) = &source.end else { return instant::bounds(w, &source.time, range.from, range.to) };
    instant::before(w, &source.time, range.to);
    w.syntax(" AND (");
    instant::after(w, &source.time, range.from);
    w.syntax(" OR ");
    goes_on(w, end);
    w.syntax(" OR ");
    instant::after(w, &end.time, range.from);
    w.syntax(")");
}

/// Writes the subquery of how long a row took, as `v.n`: NULL for a row that ends before it begins.
pub(super) fn lasts(w: &mut Writer, lasts: &RowDuration) {
    w.syntax(" CROSS JOIN LATERAL (SELECT CASE WHEN ");
    compared(w, &lasts.end.time, " >= ", &lasts.start);
    w.syntax(" THEN ");
    took(w, lasts);
    w.syntax(" END AS n OFFSET 0) AS v");
}

/// Writes the condition that a row has begun and ended.
pub(super) fn ended(w: &mut Writer, lasts: &RowDuration) {
    instant::known(w, &lasts.start);
    w.syntax(" AND ");
    instant::known(w, &lasts.end.time);
    if !lasts.end.open.is_empty() {
        w.syntax(" AND ");
        listed(w, &lasts.end, " <> ALL(");
    }
}

/// Writes the end of a row as a `timestamptz`, NULL where it still goes on.
fn end(w: &mut Writer, end: &RowEnd) {
    if end.open.is_empty() {
        return instant::clamped(w, &end.time);
    }
    w.syntax("CASE WHEN ");
    listed(w, end, " <> ALL(");
    w.syntax(" THEN ");
    instant::clamped(w, &end.time);
    w.syntax(" END");
}

/// Writes the condition that a row still goes on.
fn goes_on(w: &mut Writer, end: &RowEnd) {
    w.clock(&end.time).syntax(" IS NULL");
    if !end.open.is_empty() {
        w.syntax(" OR ");
        listed(w, end, " = ANY(");
    }
}

/// Writes the comparison of an end with the values that mean that its row still goes on.
pub(super) fn listed(w: &mut Writer, end: &RowEnd, operator: &'static str) {
    w.clock(&end.time).syntax(operator).param(Param::Texts(end.open.clone()));
    w.syntax(match &end.time.kind {
        TimeKind::Instant => "::timestamptz[])",
        TimeKind::Local(_) => "::timestamp[])",
        TimeKind::Date(_) | TimeKind::Day(_) => "::date[])",
        TimeKind::Epoch { storage: EpochStorage::Int4 | EpochStorage::Int8, .. } => "::int8[])",
        TimeKind::Epoch { storage: EpochStorage::Float8, .. } => "::float8[])",
        TimeKind::Epoch { storage: EpochStorage::Numeric, .. } => "::numeric[])",
    });
}

/// Writes the comparison of two times of a row: as stored, where both are of one kind.
fn compared(w: &mut Writer, left: &TimeColumn, operator: &'static str, right: &TimeColumn) {
    if left.kind == right.kind {
        w.clock(left).syntax(operator).clock(right);
    } else {
        instant::clamped(w, left);
        w.syntax(operator);
        instant::clamped(w, right);
    }
}

fn took(w: &mut Writer, lasts: &RowDuration) {
    let (start, end) = (&lasts.start, &lasts.end.time);
    match (&start.kind, &end.kind) {
        (TimeKind::Epoch { unit, .. }, TimeKind::Epoch { unit: same, .. }) if unit == same => {
            w.syntax("(");
            number(w, end);
            w.syntax(" - ");
            number(w, start);
            w.syntax(")::float8 / ").param(Param::Float(lasts.unit.seconds() * in_a_second(*unit)));
        }
        _ => length(w, lasts.unit, |w| {
            instant::clamped(w, end);
            w.syntax(" - ");
            instant::clamped(w, start);
        }),
    }
}

fn number(w: &mut Writer, time: &TimeColumn) {
    w.clock(time);
    // The difference of two integers may be none.
    if matches!(time.kind, TimeKind::Epoch { storage: EpochStorage::Int4, .. }) {
        w.syntax("::int8");
    }
}

const fn in_a_second(unit: EpochUnit) -> f64 {
    match unit {
        EpochUnit::Seconds => 1.0,
        EpochUnit::Millis => 1e3,
        EpochUnit::Micros => 1e6,
        EpochUnit::Nanos => 1e9,
    }
}

/// Writes an interval in a unit, as float8.
fn length(w: &mut Writer, unit: LengthUnit, interval: impl Fn(&mut Writer)) {
    // A thousandth is no float8: in numeric the product is exact.
    if unit == LengthUnit::Millis {
        w.syntax("(extract(epoch FROM ");
        interval(w);
        w.syntax(") * 1000)::float8");
        return;
    }
    w.syntax("date_part('epoch', ");
    interval(w);
    w.syntax(") / ").param(Param::Float(unit.seconds()));
}
