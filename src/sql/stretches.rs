//! Several spans of time as parameters.

use super::instant::{is_whole_micros, whole_epoch};
use super::{Param, Writer};
use crate::catalog::{TimeColumn, TimeKind};
use crate::time::{Millis, TimeRange};

/// The starts and the ends of stretches in the column's own type; none where there is none, or where bounds of this type
/// of time are more than two comparisons.
pub(super) fn bounds(time: &TimeColumn, stretches: &[TimeRange]) -> Option<(Param, Param)> {
    let each = |of: &dyn Fn(&TimeRange) -> Millis| stretches.iter().map(of).collect::<Vec<Millis>>();
    let (from, to) = (each(&|stretch| stretch.from), each(&|stretch| stretch.to));
    match &time.kind {
        _ if stretches.is_empty() => None,
        TimeKind::Instant => Some((Param::Instants(from), Param::Instants(to))),
        TimeKind::Local(zone) if zone.is_utc() => Some((Param::Locals(from), Param::Locals(to))),
        TimeKind::Epoch { unit, storage } if is_whole_micros(*unit, *storage) => {
            let whole = |all: Vec<Millis>| Param::Ints(all.into_iter().map(|ms| whole_epoch(ms, *unit)).collect());
            Some((whole(from), whole(to)))
        }
        _ => None,
    }
}

/// Writes the rows that are written for one stretch, for each of them.
pub(super) fn each(w: &mut Writer, (from, to): (Param, Param), rows: impl Fn(&mut Writer)) {
    w.syntax("SELECT s.* FROM unnest(").param(from).syntax(", ").param(to);
    w.syntax(") AS x(lo, hi) CROSS JOIN LATERAL (");
    rows(w);
    w.syntax(") AS s");
}

/// Writes that the row's time is inside of the stretch at hand.
pub(super) fn inside(w: &mut Writer, time: &TimeColumn) {
    w.clock(time).syntax(" >= x.lo AND ").clock(time).syntax(" < x.hi");
}
