//! The buckets of a question, computed anew: nothing here is datebin's.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

const DAY: i64 = 86_400_000;

#[derive(Clone, Copy)]
enum Unit {
    Exact,
    Days,
    Weeks,
    Months(u32),
}

fn ladder() -> Vec<(i64, Unit)> {
    let mut steps = Vec::new();
    let mut exact = |unit: i64, counts: &[i64]| steps.extend(counts.iter().map(|n| (unit * n, Unit::Exact)));
    exact(1, &[1, 2, 5, 10, 20, 50, 100, 200, 500]);
    exact(1000, &[1, 2, 5, 10, 15, 20, 30]);
    exact(60_000, &[1, 2, 5, 10, 15, 20, 30]);
    exact(3_600_000, &[1, 2, 3, 6, 12]);
    steps.extend([(DAY, Unit::Days), (7 * DAY, Unit::Weeks), (30 * DAY, Unit::Months(1)), (91 * DAY, Unit::Months(3))]);
    let years = [1_u32, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    steps.extend(years.map(|n| (i64::from(n) * 365 * DAY, Unit::Months(n * 12))));
    steps
}

/// The edges of the buckets: one more than there are buckets.
pub fn edges(from: i64, to: i64, interval: i64, max: i64, zone: Tz) -> Vec<i64> {
    let long: Vec<_> = ladder().into_iter().filter(|(length, _)| *length >= interval).collect();
    let roomy = |length: i64| (to - from + length - 1) / length < max;
    let cut = |step: &(i64, Unit)| {
        // More than the range could have of the step: not worth being cut.
        ((to - from) / step.0 <= max + 2).then(|| cut(from, to, *step, zone))
    };
    let fits = |edges: &Vec<i64>| i64::try_from(edges.len()).unwrap() - 1 <= max;
    let first = long.iter().filter(|step| roomy(step.0)).filter_map(cut).find(fits);
    first.or_else(|| long.iter().filter_map(cut).find(fits)).unwrap_or_else(|| vec![from, to])
}

fn cut(from: i64, to: i64, (length, unit): (i64, Unit), zone: Tz) -> Vec<i64> {
    let local = |ms: i64| zone.timestamp_millis_opt(ms).unwrap();
    let mut edges = Vec::new();
    if matches!(unit, Unit::Exact) {
        let ahead = i64::from(local(from).offset().fix().local_minus_utc()) * 1000;
        let mut edge = from - (from + ahead).rem_euclid(length);
        edges.push(edge);
        while edge < to {
            edge += length;
            edges.push(edge);
        }
        return edges;
    }
    let mut date = floor(local(from).date_naive(), unit);
    edges.push(midnight(date, zone));
    while *edges.last().unwrap() < to {
        date = match unit {
            Unit::Exact | Unit::Days => date + Days::new(1),
            Unit::Weeks => date + Days::new(7),
            Unit::Months(n) => date + Months::new(n),
        };
        edges.push(midnight(date, zone));
    }
    edges
}

fn floor(date: NaiveDate, unit: Unit) -> NaiveDate {
    match unit {
        Unit::Exact | Unit::Days => date,
        Unit::Weeks => date - Days::new(u64::from(date.weekday().num_days_from_monday())),
        Unit::Months(n) => {
            let months = u32::try_from(date.year()).unwrap() * 12 + date.month0();
            let months = months - months % n;
            NaiveDate::from_ymd_opt(i32::try_from(months / 12).unwrap(), months % 12 + 1, 1).unwrap()
        }
    }
}

/// The zones of these tests have a midnight on every date.
fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().unwrap().timestamp_millis()
}
