//! Days, weeks and months as the viewer's clocks show them, against sums of the raw rows by a zone library.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, TimeZone as _};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::Server;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

/// Stretches in which calendars are hard: the zone, the first and the last day.
const STRETCHES: [(Tz, &str, &str); 9] = [
    (Tz::Europe__Berlin, "2025-03-17", "2025-04-13"),
    (Tz::Europe__Berlin, "2025-10-13", "2025-11-09"),
    (Tz::Asia__Kathmandu, "2025-01-20", "2025-03-09"),
    // Half an hour of daylight saving time, forward and back.
    (Tz::Australia__Lord_Howe, "2025-03-24", "2025-04-20"),
    (Tz::Australia__Lord_Howe, "2025-09-22", "2025-10-19"),
    // 2018-11-04 begins at one o'clock.
    (Tz::America__Sao_Paulo, "2018-10-22", "2018-11-18"),
    // A week in two years, a quarter that begins in winter.
    (Tz::Europe__Berlin, "2024-12-16", "2025-01-19"),
    (Tz::America__New_York, "2024-02-05", "2024-03-17"),
    (Tz::Pacific__Apia, "2011-12-19", "2012-01-15"),
];

/// A calendar unit: what a panel asks to get it, its step in a question, and the first day of the one a day is in.
struct Unit {
    interval: i64,
    first_day: fn(NaiveDate) -> NaiveDate,
}

const UNITS: [Unit; 3] = [
    Unit { interval: DAY, first_day: |date| date },
    Unit { interval: 7 * DAY, first_day: |date| date - Days::new(u64::from(date.weekday().num_days_from_monday())) },
    Unit { interval: 30 * DAY, first_day: |date| date.with_day(1).expect("a first") },
];

/// A sample every seven to thirteen minutes, also at the very edges of hours.
fn samples(first: i64, last: i64, dice: &mut StdRng) -> Vec<(i64, f64)> {
    let mut samples = Vec::new();
    let mut at = first;
    while at < last {
        samples.push((at, f64::from(dice.random_range(-1000..1000_i32)) / 8.0));
        at = if dice.random_bool(0.1) {
            at - at.rem_euclid(60 * MINUTE) + 60 * MINUTE
        } else {
            at + dice.random_range(7 * MINUTE..13 * MINUTE)
        };
    }
    samples
}

/// The first quarter of an hour that the zone's clocks show on that date, or on the next one that there is (Samoa once
/// left a day out), by looking at them.
fn begins(date: NaiveDate, zone: Tz) -> i64 {
    let before = date.and_hms_opt(0, 0, 0).expect("midnight").and_utc().timestamp_millis() - 2 * DAY;
    let shows = |at: &i64| zone.timestamp_millis_opt(*at).unwrap().date_naive() >= date;
    (0..).map(|quarter| before + quarter * 15 * MINUTE).find(shows).expect("a day")
}

/// The sums of the units that the range touches, by their beginnings.
fn sums(samples: &[(i64, f64)], range: (i64, i64), zone: Tz, unit: &Unit) -> BTreeMap<i64, f64> {
    let first_day = |at: i64| (unit.first_day)(zone.timestamp_millis_opt(at).unwrap().date_naive());
    let touched = first_day(range.0)..=first_day(range.1 - 1);
    let mut sums = BTreeMap::new();
    for (day, value) in samples.iter().map(|(at, value)| (first_day(*at), value)) {
        if touched.contains(&day) {
            *sums.entry(day).or_insert(0.0) += value;
        }
    }
    sums.into_iter().map(|(day, sum)| (begins(day, zone), sum)).collect()
}

async fn asked(server: &Server, range: (i64, i64), interval: i64, zone: Tz, table: &str) -> BTreeMap<i64, f64> {
    let body = json!({
        "timezone": zone.name(), "intervalMs": interval, "maxDataPoints": 1000,
        "range": {"from": range.0, "to": range.1},
        "targets": [{"target": format!("sum_over_time({table}[$__interval])"), "refId": "A"}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let points = answer.body[0]["datapoints"].as_array().expect("points").iter();
    let number = |value: &Value| value.as_f64().expect("a number");
    points.map(|point| (point[1].as_i64().expect("a time"), number(&point[0]))).collect()
}

#[sqlx::test(migrations = false)]
async fn days_weeks_and_months_are_those_of_the_viewers_calendar(pool: PgPool) {
    let mut dice = StdRng::seed_from_u64(7);
    let mut rows = Vec::new();
    for (number, (zone, first, last)) in STRETCHES.iter().enumerate() {
        let day = |text: &str| begins(text.parse().expect("a date"), *zone);
        let samples = samples(day(first) - 40 * DAY, day(last) + 40 * DAY, &mut dice);
        let (times, values): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
        let text = format!("CREATE TABLE stretch_{number} (ts timestamptz NOT NULL, value double precision)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&pool).await.expect("a table");
        let text = format!(
            "INSERT INTO stretch_{number} SELECT to_timestamp(t / 1000.0), v FROM unnest($1::int8[], $2::float8[]) AS r(t, v)"
        );
        let insert = sqlx::query(sqlx::AssertSqlSafe(text)).bind(times).bind(values);
        insert.execute(&pool).await.expect("rows");
        rows.push(samples);
    }
    let server = Server::start(&pool).await;
    for (number, (zone, first, last)) in STRETCHES.iter().enumerate() {
        let day = |text: &str| begins(text.parse().expect("a date"), *zone);
        for unit in &UNITS {
            for slide in [0, 1, 5 * 60 * MINUTE, 2 * DAY + 17] {
                let range = (day(first) + slide, day(last) + slide);
                let got = asked(&server, range, unit.interval, *zone, &format!("stretch_{number}")).await;
                let expected = sums(&rows[number], range, *zone, unit);
                let said = format!("{zone} {first} + {slide} ms by {} ms", unit.interval);
                assert!(got.keys().eq(expected.keys()), "{said}: {:?} is not {:?}", got.keys(), expected.keys());
                for (start, value) in expected {
                    let difference = (got[&start] - value).abs();
                    assert!(difference < 1e-6, "{said} at {start}: {} is not {value}", got[&start]);
                }
            }
        }
    }
}
