//! Several spans of time as parameters.

use super::instant::{is_whole_micros, whole_epoch};
use super::{Param, Writer};
use crate::catalog::{TimeColumn, TimeKind};
use crate::time::{Millis, TimeRange};

/// The starts and the ends of stretches, each an array in the column's own type.
pub(super) struct StretchBounds {
    from: Param,
    to: Param,
}

/// The bounds of stretches; none where there is none, or where bounds of this type
/// of time are more than two comparisons.
pub(super) fn bounds(time: &TimeColumn, stretches: &[TimeRange]) -> Option<StretchBounds> {
    let each = |of: &dyn Fn(&TimeRange) -> Millis| stretches.iter().map(of).collect::<Vec<Millis>>();
    let (from, to) = (each(&|stretch| stretch.from), each(&|stretch| stretch.to));
    match &time.kind {
        _ if stretches.is_empty() => None,
        TimeKind::Instant => Some(StretchBounds { from: Param::Instants(from), to: Param::Instants(to) }),
        TimeKind::Local(zone) if zone.is_utc() => {
            Some(StretchBounds { from: Param::Locals(from), to: Param::Locals(to) })
        }
        TimeKind::Epoch { unit, storage } if is_whole_micros(*unit, *storage) => {
            let whole = |all: Vec<Millis>| Param::Ints(all.into_iter().map(|ms| whole_epoch(ms, *unit)).collect());
            Some(StretchBounds { from: whole(from), to: whole(to) })
        }
        _ => None,
    }
}

/// Writes the rows that are written for one stretch, for each of them.
pub(super) fn each(w: &mut Writer, bounds: StretchBounds, rows: impl Fn(&mut Writer)) {
    w.syntax("SELECT s.* FROM unnest(").param(bounds.from).syntax(", ").param(bounds.to);
    w.syntax(") AS x(lo, hi) CROSS JOIN LATERAL (");
    rows(w);
    w.syntax(") AS s");
}

/// Writes that the row's time is inside of the stretch at hand.
pub(super) fn inside(w: &mut Writer, time: &TimeColumn) {
    w.clock(time).syntax(" >= x.lo AND ").clock(time).syntax(" < x.hi");
}
