//! Steps and zones that a target asks for.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde_json::json;
use sqlx::PgPool;

use super::asked;
use crate::support::{Server, sql};

/// One sample an hour for two years, each 1: a bucket's sum is its hours.
const HOURS: &str = "
    CREATE TABLE hours (ts timestamptz NOT NULL, value float8);
    INSERT INTO hours SELECT t, 1 FROM generate_series('2024-01-01Z'::timestamptz, '2026-01-01Z', '1 h') AS t;";

/// Midnights of the zone from `start`, each `next` after the one before, up to the first that is not before `to`.
fn edges(zone: Tz, start: NaiveDate, to: DateTime<Tz>, next: impl Fn(NaiveDate) -> NaiveDate) -> Vec<i64> {
    let midnight = |date: NaiveDate| zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().unwrap();
    let dates = std::iter::successors(Some(start), |date| Some(next(*date)));
    let mut edges: Vec<i64> = Vec::new();
    for date in dates {
        edges.push(midnight(date).timestamp_millis());
        if midnight(date) >= to {
            return edges;
        }
    }
    edges
}

#[sqlx::test(migrations = false)]
async fn calendar_steps_are_cut_in_the_zone_of_the_target(pool: PgPool) {
    sql(&pool, HOURS).await;
    let server = Server::start(&pool).await;
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let (from, to) = ("2024-02-10T12:00:00Z", "2025-11-10T12:00:00Z");
    for zone in [chrono_tz::Europe::Berlin, chrono_tz::Asia::Kathmandu, chrono_tz::Australia::Lord_Howe] {
        let until = DateTime::parse_from_rfc3339(to).unwrap().with_timezone(&zone);
        let monday = date(2024, 2, 5);
        assert_eq!(monday.weekday(), chrono::Weekday::Mon);
        for (step, edges) in [
            ("1d", edges(zone, date(2024, 2, 10), until, |d| d + Days::new(1))),
            ("1w", edges(zone, monday, until, |d| d + Days::new(7))),
            ("1mo", edges(zone, date(2024, 2, 1), until, |d| d + Months::new(1))),
            ("1M", edges(zone, date(2024, 2, 1), until, |d| d + Months::new(1))),
            ("1q", edges(zone, date(2024, 1, 1), until, |d| d + Months::new(3))),
            ("1y", edges(zone, date(2024, 1, 1), until, |d| d + Months::new(12))),
        ] {
            let payload = json!({"step": step, "tz": zone.name(), "over_time": "sum"});
            let answer = asked(&server, (from, to), json!({"target": "hours", "payload": payload})).await;
            assert_eq!(answer.status, 200, "{zone} {step}: {}", answer.body);
            let first_row = DateTime::parse_from_rfc3339("2024-01-01T00:00:00Z").unwrap().timestamp_millis();
            let last_row = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().timestamp_millis();
            let hours = |start: i64, end: i64| {
                (first_row..=last_row).step_by(3_600_000).filter(|at| (start..end).contains(at)).count() as f64
            };
            let wanted: Vec<_> = edges.windows(2).map(|pair| json!([hours(pair[0], pair[1]), pair[0]])).collect();
            assert_eq!(answer.body[0]["datapoints"], json!(wanted), "{zone} {step}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn an_exact_step_is_taken_as_it_is(pool: PgPool) {
    sql(&pool, HOURS).await;
    let server = Server::start(&pool).await;
    for (step, length_h) in [("7h", 7), ("7d", 168), ("1h30m", 0), ("24h", 24)] {
        let target = json!({"target": "hours", "payload": {"step": step, "over_time": "count"}});
        let answer = asked(&server, ("2024-06-01T00:00:00Z", "2024-06-29T00:00:00Z"), target).await;
        let points = answer.body[0]["datapoints"].as_array().expect("points");
        let starts: Vec<i64> = points.iter().map(|point| point[1].as_i64().unwrap()).collect();
        if length_h > 0 {
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == length_h * 3_600_000), "{step}: {starts:?}");
            assert!(points[1..points.len() - 1].iter().all(|point| point[0] == length_h as f64), "{step}");
        } else {
            assert!(starts.iter().all(|start| start % 5_400_000 == 0), "{step}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_step_that_gives_too_many_points_is_refused_with_one_that_fits(pool: PgPool) {
    sql(&pool, HOURS).await;
    let server = Server::start(&pool).await;
    let target = json!({"target": "hours", "refId": "A", "payload": {"step": "1m"}});
    let answer = asked(&server, ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z"), target).await;
    assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (422, Some("too_many_points")));
    let message = answer.body["message"].as_str().expect("a sentence");
    let told =
        "a step of 1m gives 1440 points, but at most 1000 are allowed: use a step of 2m or longer, or a shorter range";
    assert_eq!(message, told);
    let target = json!({"target": "hours", "refId": "A", "payload": {"step": "2m"}});
    let answer = asked(&server, ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z"), target).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
