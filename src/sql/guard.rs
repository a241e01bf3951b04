//! Marks on partials that may not be what their samples come to.

use super::value::value;
use super::{Writer, rollup};
use crate::ast::OverTime;
use crate::catalog::TimeKind;
use crate::evaluate::RangeFunction;
use crate::plan::{Fetch, Guard};

/// Writes whether a bucket's partials may not be what its samples come to, where that is asked: 2 for a time that is no whole
/// millisecond, as of two rows within one the later counts, and 1 for a sum of values that cancel, which rounding makes
/// vague.
pub(super) fn guard(w: &mut Writer, fetch: &Fetch) {
    match (fetch.fold.guard, &fetch.rows.rolled) {
        (Guard::Exact, _) => {}
        (Guard::Rounded, _) => rounded(w, fetch),
        (Guard::HiddenByNan, Some(rolled)) => rollup::hidden(w, rolled),
        // The rows that complete a bucket of a rollup.
        (Guard::HiddenByNan, None) => {
            w.syntax(", 0::float8 AS gd");
        }
    }
}

/// Writes the guard of several partials of one series or group as one.
pub(super) fn merged_guard(w: &mut Writer, fetch: &Fetch) {
    if fetch.fold.guard != Guard::Exact {
        w.syntax(", max(s.gd) AS gd");
    }
}

fn rounded(w: &mut Writer, fetch: &Fetch) {
    w.syntax(", (");
    match fetch.rows.time.kind {
        TimeKind::Instant | TimeKind::Local(_) => {
            w.syntax("2 * max((date_part('microseconds', ")
                .clock(&fetch.rows.time)
                .syntax(")::int8 % 1000 <> 0)::int)");
        }
        TimeKind::Date(_) | TimeKind::Day(_) | TimeKind::Epoch { .. } => {
            w.syntax("0");
        }
    }
    if matches!(fetch.fold.function, RangeFunction::OverTime(OverTime::Sum | OverTime::Avg)) {
        w.syntax(" + (abs(sum(");
        value(w, &fetch.rows.value);
        w.syntax(")) < 0.01 * sum(abs(");
        value(w, &fetch.rows.value);
        w.syntax(")))::int");
    }
    w.syntax(")::float8 AS gd");
}
