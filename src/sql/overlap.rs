//! Rows that last: how much of each bucket a row covers.

use super::{Param, Writer, instant};
use crate::catalog::{Overlap, TimeColumn};
use crate::plan::{Buckets, Fetch};

/// Writes the subqueries that cut each row at the buckets' edges: `k.b` is the bucket, `k.s` where the row begins to
/// cover it, `k.x` for how long. A row without an end still goes on, so up to now.
pub(super) fn lateral(w: &mut Writer, fetch: &Fetch, overlap: &Overlap) {
    w.syntax(" CROSS JOIN LATERAL (SELECT greatest(");
    instant::clamped(w, &fetch.time);
    w.syntax(", ").param(Param::Instant(fetch.from)).syntax(") AS s, least(coalesce(");
    instant::clamped(w, &overlap.end);
    w.syntax(", now()), ")
        .param(Param::Instant(fetch.to))
        .syntax(") AS e OFFSET 0) AS o CROSS JOIN LATERAL (SELECT g.b");
    let seconds = |w: &mut Writer| {
        w.syntax(") / ").param(Param::Float(overlap.unit.seconds())).syntax(" AS x FROM generate_series(");
    };
    match &fetch.buckets {
        Buckets::Regular { origin_ms, step_ms, .. } => {
            let step = w.bind(Param::Interval(*step_ms));
            w.syntax(", greatest(o.s, g.b) AS s, date_part('epoch', least(o.e, g.b + ").slot(step);
            w.syntax(") - greatest(o.s, g.b)");
            seconds(w);
            w.syntax("date_bin(").slot(step).syntax(", o.s, ").param(Param::Instant(*origin_ms)).syntax("), o.e, ");
            w.slot(step).syntax(") AS g(b) WHERE g.b < o.e");
        }
        Buckets::Edges(edges) => {
            let edges = w.bind(Param::Instants(edges.clone()));
            w.syntax(", greatest(o.s, (").slot(edges).syntax(")[g.b]) AS s, date_part('epoch', least(o.e, (");
            w.slot(edges).syntax(")[g.b + 1]) - greatest(o.s, (").slot(edges).syntax(")[g.b])");
            seconds(w);
            w.syntax("width_bucket(o.s, ").slot(edges).syntax("), width_bucket(o.e, ").slot(edges);
            w.syntax(")) AS g(b) WHERE (").slot(edges).syntax(")[g.b] < o.e");
        }
    }
    w.syntax(" AND o.s < o.e) AS k");
}

/// Writes the condition that a row may cover some of the range; the cut itself is exact.
pub(super) fn bounds(w: &mut Writer, time: &TimeColumn, overlap: &Overlap, fetch: &Fetch) {
    instant::before(w, time, fetch.to);
    w.syntax(" AND (");
    w.column(&overlap.end.column).syntax(" IS NULL OR ");
    instant::after(w, &overlap.end, fetch.from);
    w.syntax(")");
}
