//! Time columns in SQL: bounds that an index can use, and the bucket of a row.

use super::{Param, Writer};
use crate::catalog::{EpochStorage, EpochUnit, TimeColumn, TimeKind};
use crate::plan::Buckets;
use crate::time::{Millis, Zone};

const NEAR_MS: i64 = 3 * 3_600_000;

/// Writes `t.time >= from AND t.time < to` with the bounds in the column's own type, so that indexes and partition
/// pruning work. Rows at ±infinity are outside of every range.
pub(super) fn bounds(w: &mut Writer, time: &TimeColumn, from: Millis, to: Millis) {
    if wide_bounds(w, time, from, to) {
        w.syntax(" AND ");
        instant(w, time);
        w.syntax(" >= ").param(Param::Instant(from)).syntax(" AND ");
        instant(w, time);
        w.syntax(" < ").param(Param::Instant(to));
    }
}

/// Writes bounds in the column's own type that hold every row of `[from, to)`, and says whether they may hold others:
/// around a change of a wall clock's offset, or where a number is rounded.
pub(super) fn wide_bounds(w: &mut Writer, time: &TimeColumn, from: Millis, to: Millis) -> bool {
    let (low, high, is_wide) = match &time.kind {
        TimeKind::Instant => (Param::Instant(from), Param::Instant(to), false),
        TimeKind::Local(zone) if zone.is_utc() => (Param::Local(from), Param::Local(to), false),
        TimeKind::Local(zone) => {
            let (low, high) = local_bounds(zone, from, to);
            (Param::Local(low), Param::Local(high), true)
        }
        TimeKind::Date(zone) | TimeKind::Day(zone) => {
            let (low, high) = local_bounds(zone, from, to);
            (Param::Date(low.div_euclid(DAY_MS)), Param::Date(high.div_euclid(DAY_MS) + 1), true)
        }
        TimeKind::Epoch { unit, storage } if is_whole_micros(*unit, *storage) => {
            (epoch(from, *unit, *storage), epoch(to, *unit, *storage), false)
        }
        TimeKind::Epoch { unit, storage } => {
            // `timestamptz` rounds finer numbers to microseconds, over an edge perhaps.
            let around = if *unit == EpochUnit::Seconds { 1000 } else { 1 };
            (epoch(from - around, *unit, *storage), epoch(to + around, *unit, *storage), true)
        }
    };
    half_open(w, time, low, high);
    is_wide
}

/// Writes that the row's time is before an instant, or not long after it.
pub(super) fn before(w: &mut Writer, time: &TimeColumn, at: Millis) {
    let bound = loose(time, at, 1);
    w.clock(time).syntax(" < ").param(bound);
}

/// Writes that the row's time is after an instant, or not long before it.
pub(super) fn after(w: &mut Writer, time: &TimeColumn, at: Millis) {
    let bound = loose(time, at, -1);
    w.clock(time).syntax(" > ").param(bound);
}

/// An instant in the column's own type, moved on by what rounding and changes of a wall clock can make.
fn loose(time: &TimeColumn, at: Millis, direction: i64) -> Param {
    match &time.kind {
        TimeKind::Instant => Param::Instant(at),
        TimeKind::Local(zone) if zone.is_utc() => Param::Local(at),
        TimeKind::Local(zone) => Param::Local(at + zone.offset_ms(at) + direction * NEAR_MS),
        TimeKind::Date(zone) | TimeKind::Day(zone) => {
            Param::Date((at + zone.offset_ms(at) + direction * NEAR_MS).div_euclid(DAY_MS) + direction)
        }
        TimeKind::Epoch { unit, storage } => epoch(at + direction * 1000, *unit, *storage),
    }
}

/// Whether the column may hold what is no instant of a `timestamptz`, so that converting it would fail.
pub(super) const fn may_fail(time: &TimeColumn) -> bool {
    !matches!(time.kind, TimeKind::Instant)
}

/// Writes whether the row's time is in the calendar, the years 1 to 9999. Nothing is converted for that.
pub(super) fn is_in_calendar(w: &mut Writer, time: &TimeColumn) {
    let TimeKind::Epoch { unit, .. } = &time.kind else {
        w.clock(time).syntax(" BETWEEN '0001-01-02' AND '9999-12-30'");
        return;
    };
    w.clock(time).syntax(match unit {
        EpochUnit::Seconds => "::float8 BETWEEN -62135510400 AND 253402214400",
        EpochUnit::Millis => "::float8 BETWEEN -62135510400e3 AND 253402214400e3",
        EpochUnit::Micros => "::float8 BETWEEN -62135510400e6 AND 253402214400e6",
        EpochUnit::Nanos => "::float8 BETWEEN -62135510400e9 AND 253402214400e9",
    });
}

/// Writes the row's time as a `timestamptz`; NULL where it is outside of the calendar.
pub(super) fn checked(w: &mut Writer, time: &TimeColumn) {
    if !may_fail(time) {
        return instant(w, time);
    }
    w.syntax("CASE WHEN ");
    is_in_calendar(w, time);
    w.syntax(" THEN ");
    instant(w, time);
    w.syntax(" END");
}

/// Writes the row's time as a `timestamptz`; behind the calendar, as some write for "never", it is the last day.
pub(super) fn checked_end(w: &mut Writer, time: &TimeColumn) {
    if !may_fail(time) {
        w.syntax("CASE WHEN ").clock(time).syntax(" > '9999-12-30Z' THEN '9999-12-31Z'::timestamptz ELSE ");
        instant(w, time);
        w.syntax(" END");
        return;
    }
    w.syntax("CASE WHEN ");
    is_in_calendar(w, time);
    w.syntax(" THEN ");
    instant(w, time);
    w.syntax(" WHEN ").clock(time).syntax(match &time.kind {
        TimeKind::Epoch { .. } => " > 0",
        _ => " > '9999-12-30'",
    });
    w.syntax(" THEN '9999-12-31Z'::timestamptz END");
}

/// Writes [`checked_end`] as whole milliseconds since 1970.
pub(super) fn checked_end_ms(w: &mut Writer, time: &TimeColumn) {
    whole_ms(w, |w| checked_end(w, time));
}

/// Writes the row's time as a `timestamptz`, whatever the column holds: numbers beyond the calendar, as some write
/// for "never", are its ends.
pub(super) fn clamped(w: &mut Writer, time: &TimeColumn) {
    let TimeKind::Epoch { unit, .. } = &time.kind else { return instant(w, time) };
    w.syntax("to_timestamp(greatest(least(").clock(time).syntax("::float8");
    w.syntax(match unit {
        EpochUnit::Seconds => "",
        EpochUnit::Millis => " / 1e3",
        EpochUnit::Micros => " / 1e6",
        EpochUnit::Nanos => " / 1e9",
    });
    w.syntax(", 253402300800), -62135596800))");
}

/// Writes that a column holds a time: it is neither NULL nor infinite, nor a number beyond the calendar.
pub(super) fn known(w: &mut Writer, time: &TimeColumn) {
    let TimeKind::Epoch { unit, storage } = &time.kind else {
        w.syntax("isfinite(").clock(time).syntax(")");
        return;
    };
    let bound = |ms: Millis| epoch(ms, *unit, *storage);
    w.clock(time).syntax(" < ").param(bound(253_402_300_800_000)).syntax(" AND ");
    w.clock(time).syntax(" >= ").param(bound(-62_135_596_800_000));
}

const DAY_MS: i64 = 86_400_000;

fn half_open(w: &mut Writer, time: &TimeColumn, from: Param, to: Param) {
    w.clock(time).syntax(" >= ").param(from).syntax(" AND ");
    w.clock(time).syntax(" < ").param(to);
}

/// Whether every number of the column is an instant that `timestamptz` can tell apart.
pub(super) fn is_whole_micros(unit: EpochUnit, storage: EpochStorage) -> bool {
    matches!(storage, EpochStorage::Int4 | EpochStorage::Int8) && unit != EpochUnit::Nanos
}

/// Wall-clock bounds that hold every row of `[from, to)`: where the zone's offset changes nearby, the wall clock
/// runs back (its repeated hour) or skips, and rows on the far side of that still belong to the range.
fn local_bounds(zone: &Zone, from: Millis, to: Millis) -> (Millis, Millis) {
    let offset = |at: Millis| zone.offset_ms(at);
    let at_from = offset(from);
    let back = [0, at_from - offset(from + NEAR_MS), at_from - offset(from - NEAR_MS)].into_iter().max().unwrap_or(0);
    let at_to = offset(to);
    let ahead = (offset(to - NEAR_MS) - at_to).max(0);
    (from + at_from - back, to + at_to + ahead)
}

/// A bound in a numeric column's unit; fractions round up, as the first row at or after the bound counts.
fn epoch(ms: Millis, unit: EpochUnit, storage: EpochStorage) -> Param {
    if storage == EpochStorage::Float8 {
        let scale = match unit {
            EpochUnit::Seconds => 1e-3,
            EpochUnit::Millis => 1.0,
            EpochUnit::Micros => 1e3,
            EpochUnit::Nanos => 1e6,
        };
        #[expect(clippy::cast_precision_loss, reason = "years 1 to 9999 in milliseconds fit 2^53")]
        return Param::Float(if unit == EpochUnit::Seconds { ms as f64 / 1e3 } else { ms as f64 * scale });
    }
    Param::Int(whole_epoch(ms, unit))
}

pub(super) fn whole_epoch(ms: Millis, unit: EpochUnit) -> i64 {
    match unit {
        EpochUnit::Seconds => ms.div_euclid(1000) + i64::from(ms.rem_euclid(1000) > 0),
        EpochUnit::Millis => ms,
        EpochUnit::Micros => ms.saturating_mul(1000),
        EpochUnit::Nanos => ms.saturating_mul(1_000_000),
    }
}

/// Writes the row's time as a `timestamptz`.
pub(super) fn instant(w: &mut Writer, time: &TimeColumn) {
    match &time.kind {
        TimeKind::Instant => {
            w.clock(time);
        }
        TimeKind::Local(zone) => {
            w.syntax("(").clock(time).syntax(" AT TIME ZONE ");
            w.param(Param::Text(zone.name().to_owned())).syntax(")");
        }
        TimeKind::Date(zone) | TimeKind::Day(zone) => {
            w.syntax("(").clock(time).syntax("::timestamp AT TIME ZONE ");
            w.param(Param::Text(zone.name().to_owned())).syntax(")");
        }
        TimeKind::Epoch { unit, .. } => {
            w.syntax("to_timestamp(").clock(time).syntax("::float8");
            w.syntax(match unit {
                EpochUnit::Seconds => ")",
                EpochUnit::Millis => " / 1e3)",
                EpochUnit::Micros => " / 1e6)",
                EpochUnit::Nanos => " / 1e9)",
            });
        }
    }
}

/// Writes the row's time as the driver reads an instant: a `timestamptz`, or the wall clock of UTC as it is.
pub(super) fn moment(w: &mut Writer, time: &TimeColumn) {
    row_time(w, time, is_utc_clock(time));
}

/// Whether the column's own order is that of its instants, to the microsecond, so that an index gives it.
#[must_use]
pub fn is_ordered_as_stored(time: &TimeColumn) -> bool {
    match &time.kind {
        TimeKind::Instant => true,
        TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => zone.is_utc(),
        TimeKind::Epoch { unit, storage } => is_whole_micros(*unit, *storage),
    }
}

/// Whether the column can be bucketed as the wall clock of UTC, which saves a conversion per row.
fn is_utc_clock(time: &TimeColumn) -> bool {
    matches!(&time.kind, TimeKind::Local(zone) if zone.is_utc())
}

/// Writes the bucket of a row: its start for a regular grid (microseconds since 2000 on the wire), its number,
/// from 1, for a grid of edges.
pub(super) fn bucket(w: &mut Writer, time: &TimeColumn, buckets: &Buckets) {
    let utc_clock = is_utc_clock(time);
    match buckets {
        Buckets::Regular { origin_ms, step_ms, .. } => {
            w.syntax("date_bin(").param(Param::Interval(*step_ms)).syntax(", ");
            row_time(w, time, utc_clock);
            let origin = if utc_clock { Param::Local(*origin_ms) } else { Param::Instant(*origin_ms) };
            w.syntax(", ").param(origin).syntax(")");
        }
        Buckets::Edges(edges) => {
            w.syntax("width_bucket(");
            row_time(w, time, utc_clock);
            let edges = edges.clone();
            w.syntax(", ").param(if utc_clock { Param::Locals(edges) } else { Param::Instants(edges) }).syntax(")");
        }
    }
}

fn row_time(w: &mut Writer, time: &TimeColumn, utc_clock: bool) {
    if utc_clock {
        w.clock(time);
    } else {
        instant(w, time);
    }
}

/// Writes the row's time as float8 seconds since 1970, which tells microseconds apart.
pub(super) fn seconds(w: &mut Writer, time: &TimeColumn) {
    w.syntax("date_part('epoch', ");
    row_time(w, time, is_utc_clock(time));
    w.syntax(")");
}

/// Writes the row's time as whole milliseconds since 1970; NULL when it is infinite.
pub(super) fn epoch_ms(w: &mut Writer, time: &TimeColumn) {
    whole_ms(w, |w| instant(w, time));
}

/// Writes an instant as whole milliseconds since 1970; NULL when it is infinite.
pub(super) fn whole_ms(w: &mut Writer, instant: impl Fn(&mut Writer)) {
    w.syntax("CASE WHEN isfinite(");
    instant(w);
    w.syntax(") THEN floor(date_part('epoch', ");
    instant(w);
    w.syntax(") * 1000)::int8 END");
}
