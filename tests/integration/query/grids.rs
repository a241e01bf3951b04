//! Buckets end to end: never more than the panel draws, over the whole range, on a grid that does not move.

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{SECONDS, times};
use crate::support::{Server, sql};

const HOUR: i64 = 3_600_000;

fn ms(text: &str) -> i64 {
    text.parse::<DateTime<chrono::Utc>>().expect("a time").timestamp_millis()
}

async fn asked(server: &Server, range: (i64, i64), interval: &Value, max: i64, zone: &str, target: &str) -> Value {
    let body = json!({
        "timezone": zone, "intervalMs": interval, "maxDataPoints": max, "range": {"from": range.0, "to": range.1},
        "targets": [{"target": target, "refId": "A", "type": "timeserie"}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // No sample in the range: no series.
    answer.body.get(0).cloned().unwrap_or_else(|| json!({"datapoints": []}))
}

#[sqlx::test(migrations = false)]
async fn no_panel_gets_more_than_it_draws_and_none_gets_less_than_its_range(pool: PgPool) {
    sql(&pool, SECONDS).await;
    let server = Server::start(&pool).await;
    let base = ms("2018-04-15T05:00:00.126Z");
    for length in [1, 999, 1000, 59_999, 60_000, 600_001, 1_800_000] {
        for max in [1, 2, 7, 302, 928, 4_000_000_000] {
            for interval in [json!(null), json!(0), json!("200"), json!(2000), json!(1e9)] {
                let mut phases = Vec::new();
                for slide in [0, 874, 1000] {
                    let range = (base + slide, base + slide + length);
                    let points = times(&asked(&server, range, &interval, max, "utc", "seed").await);
                    let said = format!("{range:?} {interval} {max}: {points:?}");
                    assert!(i64::try_from(points.len()).expect("a count") <= max, "{said}");
                    let Some(pair) = points.windows(2).next() else { continue };
                    let step = pair[1] - pair[0];
                    // Samples are a second apart, so that finer buckets are rightly empty.
                    assert!(points.windows(2).all(|p| p[1] - p[0] == step), "{said}");
                    let slack = step.max(1000);
                    assert!(points[0] > range.0 - slack && points[0] < range.0 + slack, "{said}");
                    let last = points[points.len() - 1];
                    assert!(last < range.1 && range.1 <= last + slack, "{said}");
                    phases.push((step, points[0].rem_euclid(step)));
                }
                // A step may repeat itself only on one grid.
                phases.sort_unstable();
                phases.dedup();
                assert!(phases.windows(2).all(|p| p[0].0 != p[1].0), "{length} {interval} {max}: {phases:?}");
            }
        }
    }
}

const HALF_HOURS: &str = "
    CREATE TABLE halves (ts timestamptz NOT NULL, value double precision);
    INSERT INTO halves SELECT t, 1
    FROM generate_series('2025-03-20Z'::timestamptz, '2025-11-10Z', '30 min') AS t;";

/// `[hours by samples, start in the zone]` of each bucket.
fn shown(element: &Value, zone: Tz) -> Vec<(f64, String)> {
    let point = |point: &Value| {
        let at = DateTime::from_timestamp_millis(point[1].as_i64().expect("a time")).expect("a time");
        (point[0].as_f64().expect("a value") / 2.0, at.with_timezone(&zone).format("%d %H:%M %z").to_string())
    };
    element["datapoints"].as_array().expect("points").iter().map(point).collect()
}

#[sqlx::test(migrations = false)]
async fn days_of_berlin_have_23_and_25_hours(pool: PgPool) {
    sql(&pool, HALF_HOURS).await;
    let server = Server::start(&pool).await;
    let day = json!(24 * HOUR);
    let sum = "sum_over_time(halves[$__interval])";
    for (from, to, expected) in [
        (
            "2025-03-29T12:00:00Z",
            "2025-03-31T12:00:00Z",
            [(24.0, "29 00:00 +0100"), (23.0, "30 00:00 +0100"), (24.0, "31 00:00 +0200")],
        ),
        (
            "2025-10-25T12:00:00Z",
            "2025-10-27T12:00:00Z",
            [(24.0, "25 00:00 +0200"), (25.0, "26 00:00 +0200"), (24.0, "27 00:00 +0100")],
        ),
    ] {
        for slide in [0, 1000, 3 * HOUR] {
            let range = (ms(from) + slide, ms(to) + slide);
            let element = asked(&server, range, &day, 100, "Europe/Berlin", sum).await;
            let got = shown(&element, Tz::Europe__Berlin);
            assert_eq!(got, expected.map(|(hours, start)| (hours, start.to_owned())), "{from} + {slide}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn hours_of_kathmandu_start_a_quarter_past_utc(pool: PgPool) {
    sql(&pool, HALF_HOURS).await;
    let server = Server::start(&pool).await;
    let range = (ms("2025-06-01T00:20:00Z"), ms("2025-06-01T05:20:00Z"));
    let element = asked(&server, range, &json!(HOUR), 100, "Asia/Kathmandu", "count_over_time(halves[1h])").await;
    let got = shown(&element, Tz::Asia__Kathmandu);
    let starts: Vec<&str> = got.iter().map(|(_, start)| start.as_str()).collect();
    let expected = ["06", "07", "08", "09", "10", "11"].map(|hour| format!("01 {hour}:00 +0545"));
    assert_eq!(starts, expected);
    assert!(got.iter().all(|(hours, _)| (hours - 1.0).abs() < 1e-9), "{got:?}");
}
