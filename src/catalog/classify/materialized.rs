//! The materialised ranges of a continuous aggregate.

use chrono::{DateTime, NaiveDateTime};

use super::view::BucketWidth;
use crate::catalog::facts::MaterializedRange;
use crate::catalog::{EpochUnit, RollupCoverage, TimeColumn, TimeKind};
use crate::time::{Millis, TimeRange};

/// 2000-01-03, a Monday, in microseconds since 1970: weeks are counted from there.
const MONDAY_US: i64 = 946_857_600_000_000;
const WEEK_US: i64 = 7 * 86_400_000_000;
/// Years 1 and 9999, about.
const EARLIEST_MS: Millis = -62_000_000_000_000;
const LATEST_MS: Millis = 253_000_000_000_000;

/// How long a bucket is in milliseconds, for a column that is read so.
pub(super) fn width_ms(width: BucketWidth, kind: &TimeKind) -> Result<i64, String> {
    match (width, kind) {
        (BucketWidth::Millis(ms), TimeKind::Instant | TimeKind::Local(_) | TimeKind::Date(_)) => Ok(ms),
        (BucketWidth::Units(units), TimeKind::Epoch { unit, .. }) => {
            let (times, parts) = millis(*unit);
            let ms = units.checked_mul(times).filter(|units| units % parts == 0).map(|units| units / parts);
            let ms = ms.ok_or_else(|| format!("its buckets of {units} {} are not whole milliseconds", unit.word()))?;
            // Integers are cut from 0, a Thursday.
            if ms % (WEEK_US / 1000) == 0 {
                return Err("its weeks begin on Thursdays, as those of integers do".to_owned());
            }
            Ok(ms)
        }
        _ => Err("its buckets are not of the type of the source's time".to_owned()),
    }
}

/// A unit as milliseconds: times the first, through the second.
const fn millis(unit: EpochUnit) -> (i64, i64) {
    match unit {
        EpochUnit::Seconds => (1000, 1),
        EpochUnit::Millis => (1, 1),
        EpochUnit::Micros => (1, 1000),
        EpochUnit::Nanos => (1, 1_000_000),
    }
}

/// What is held: what lies from the oldest chunk up to the watermark, without the buckets that the log touches.
pub(super) fn held(stated: &MaterializedRange, width: BucketWidth, time: &TimeColumn) -> Vec<TimeRange> {
    let (width, origin) = match width {
        BucketWidth::Millis(ms) if ms % (WEEK_US / 1000) == 0 => (ms.saturating_mul(1000), MONDAY_US),
        BucketWidth::Millis(ms) => (ms.saturating_mul(1000), 0),
        BucketWidth::Units(units) => (units, 0),
    };
    let floor = |value: i64| value.saturating_sub(value.saturating_sub(origin).rem_euclid(width));
    let ceil = |value: i64| floor(value.saturating_add(width - 1));
    let Some(oldest) = stated.oldest else { return Vec::new() };
    let mut from = ceil(oldest);
    let mut ranges = Vec::new();
    let mut invalid = stated.invalid.clone();
    invalid.sort_by_key(|entry| entry.lowest);
    for entry in invalid {
        ranges.push((from, floor(entry.lowest).min(stated.watermark)));
        from = from.max(ceil(entry.greatest.saturating_add(1)));
    }
    ranges.push((from, floor(stated.watermark)));
    let ranges = ranges.into_iter().filter(|(from, to)| from < to);
    ranges.map(|(from, to)| TimeRange { from: instant(from, time), to: instant(to, time) }).collect()
}

/// Where both hold something.
pub(super) fn both(one: &[TimeRange], other: &[TimeRange]) -> Vec<TimeRange> {
    let within = |a: &TimeRange| {
        let a = *a;
        other.iter().map(move |b| TimeRange { from: a.from.max(b.from), to: a.to.min(b.to) })
    };
    one.iter().flat_map(within).filter(|range| range.from < range.to).collect()
}

/// The same as the catalog keeps it.
pub(super) fn stated(ranges: Vec<TimeRange>) -> RollupCoverage {
    if ranges.is_empty() {
        RollupCoverage::Nothing("nothing of it is materialised and valid".to_owned())
    } else {
        RollupCoverage::Ranges(ranges)
    }
}

fn instant(value: i64, time: &TimeColumn) -> Millis {
    let ms = match &time.kind {
        TimeKind::Epoch { unit, .. } => {
            let (times, parts) = millis(*unit);
            value.saturating_mul(times).div_euclid(parts)
        }
        TimeKind::Instant | TimeKind::Local(_) | TimeKind::Date(_) | TimeKind::Day(_) => value.div_euclid(1000),
    };
    let ms = ms.clamp(EARLIEST_MS, LATEST_MS);
    match &time.kind {
        TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => zone.local_to_utc(wall(ms)),
        TimeKind::Instant | TimeKind::Epoch { .. } => ms,
    }
}

fn wall(ms: Millis) -> NaiveDateTime {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH).naive_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::facts::InvalidationEntry;
    use crate::catalog::{EpochStorage, SourceRow};
    use crate::ident::Ident;

    const HOUR: BucketWidth = BucketWidth::Millis(3_600_000);

    fn time(kind: TimeKind) -> TimeColumn {
        TimeColumn { column: Ident::new("t").unwrap(), row: SourceRow::Own, kind }
    }

    fn materialized(oldest: i64, watermark: i64, invalid: &[(i64, i64)]) -> MaterializedRange {
        let entry = |(lowest, greatest): &(i64, i64)| InvalidationEntry { lowest: *lowest, greatest: *greatest };
        MaterializedRange { oldest: Some(oldest), watermark, invalid: invalid.iter().map(entry).collect() }
    }

    #[test]
    fn the_log_is_subtracted_in_whole_buckets() {
        let hour = 3_600_000_000_i64;
        let range = |from: i64, to: i64| TimeRange { from: from * 3_600_000, to: to * 3_600_000 };
        let at = time(TimeKind::Instant);
        for (stated, expected) in [
            (materialized(0, 10 * hour, &[]), vec![range(0, 10)]),
            (materialized(0, 10 * hour, &[(3 * hour, 5 * hour - 1)]), vec![range(0, 3), range(5, 10)]),
            (materialized(0, 10 * hour, &[(3 * hour + 1, 3 * hour + 2)]), vec![range(0, 3), range(4, 10)]),
            (materialized(0, 10 * hour, &[(8 * hour, i64::MAX), (i64::MIN, 2 * hour)]), vec![range(3, 8)]),
            (materialized(0, 10 * hour, &[(i64::MIN, i64::MAX)]), vec![]),
            (materialized(1, 10 * hour, &[(hour, 6 * hour - 1), (2 * hour, 3 * hour)]), vec![range(6, 10)]),
            (materialized(0, i64::MIN, &[]), vec![]),
            (MaterializedRange { watermark: 5 * hour, ..MaterializedRange::default() }, vec![]),
        ] {
            assert_eq!(held(&stated, HOUR, &at), expected, "{stated:?}");
        }
    }

    #[test]
    fn integers_are_in_their_own_unit() {
        let at = time(TimeKind::Epoch { unit: EpochUnit::Seconds, storage: EpochStorage::Int8 });
        let stated = materialized(7200, 36_000, &[(10_800, 10_900)]);
        let expected =
            [(7200, 10_800), (14_400, 36_000)].map(|(from, to)| TimeRange { from: from * 1000, to: to * 1000 });
        assert_eq!(held(&stated, BucketWidth::Units(3600), &at), expected);
        assert_eq!(width_ms(BucketWidth::Units(3600), &at.kind), Ok(3_600_000));
        assert!(width_ms(HOUR, &at.kind).is_err());
    }

    #[test]
    fn an_aggregate_of_an_aggregate_holds_what_both_hold() {
        let range = |from: i64, to: i64| TimeRange { from, to };
        let found = both(&[range(0, 10), range(20, 30)], &[range(5, 25), range(29, 40)]);
        assert_eq!(found, [range(5, 10), range(20, 25), range(29, 30)]);
    }
}
