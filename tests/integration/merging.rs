//! One hour merged from minutes is the hour itself; and aggregations that need whole series.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
/// 2025-01-01T00:00:00Z
const FROM: i64 = 1_735_689_600_000;

/// Five hosts, a sample every seven seconds or so with hours of silence, NaN, NULL, samples at one instant and resets;
/// and the buckets of a histogram.
const ROWS: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO load SELECT '2024-12-31 22:00Z'::timestamptz + (n * 7.003 * interval '1 s'), 'h' || h,
        CASE WHEN n % 997 = 0 THEN float8 'NaN' WHEN n % 89 = 0 THEN NULL
            ELSE (n * (h + 1)) % 1013 + h * 100 END
        FROM generate_series(0, 4500) AS n, generate_series(1, 5) AS h
        WHERE NOT (h = 2 AND n BETWEEN 1500 AND 3000);
    INSERT INTO load SELECT ts, host, value + 1 FROM load WHERE date_part('second', ts) < 2;
    CREATE TABLE waits (ts timestamptz NOT NULL, le text NOT NULL, value float8 NOT NULL);
    INSERT INTO waits SELECT t, le, n FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 03:00Z', '1 min') AS t,
        (VALUES ('1', 10), ('2', 30), ('4', 40), ('+Inf', 40)) AS b(le, n);
    CREATE TABLE owners (ts timestamptz NOT NULL, host text NOT NULL, owner text NOT NULL, value float8 NOT NULL);
    INSERT INTO owners SELECT t, 'h' || h, 'team ' || h % 2, h
        FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 03:00Z', '1 min') AS t, generate_series(1, 5) AS h;";

/// Points by the labels of their series and their time.
type Points = BTreeMap<(String, i64), Option<f64>>;

async fn asked(server: &Server, target: &str, step: &str) -> Points {
    let body = json!({
        "range": {"from": FROM, "to": FROM + 6 * HOUR}, "maxDataPoints": 1000, "timezone": "utc",
        "targets": [{"target": target, "refId": "A", "payload": {"step": step}}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let mut points = Points::new();
    for element in answer.drawn() {
        for point in element["datapoints"].as_array().unwrap() {
            points.insert((element["tags"].to_string(), point[1].as_i64().unwrap()), point[0].as_f64());
        }
    }
    points
}

#[sqlx::test(migrations = false)]
async fn an_hour_is_what_its_minutes_merge_to(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for function in [
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "sum_over_time",
        "count_over_time",
        "first_over_time",
        "last_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "present_over_time",
        "increase",
        "rate",
        "irate",
        "delta",
        "changes",
        "resets",
    ] {
        let hours = asked(&server, &format!("{function}(load[$__interval])"), "1h").await;
        let minutes = asked(&server, &format!("{function}(load[1h])"), "1m").await;
        // The window that ends with the last minute of an hour is that hour.
        let last = minutes.iter().filter(|((_, at), _)| (at + MINUTE) % HOUR == 0);
        let merged: Points = last.map(|((tags, at), value)| ((tags.clone(), at + MINUTE - HOUR), *value)).collect();
        assert!(hours.len() > 20, "{function}: {} points", hours.len());
        assert!(hours.keys().eq(merged.keys()), "{function}: other points");
        for (key, value) in &hours {
            let same = match (value, merged[key]) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
                (a, b) => *a == b,
            };
            assert!(same, "{function} {key:?}: {value:?} is not {:?}", merged[key]);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn aggregations_of_whole_series_and_histograms_answer(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let series = |points: &Points| {
        let mut lengths: BTreeMap<String, usize> = BTreeMap::new();
        points.keys().for_each(|(tags, _)| *lengths.entry(tags.clone()).or_default() += 1);
        lengths
    };
    let all = series(&asked(&server, "load", "5m").await);
    let top = series(&asked(&server, "topk(3, load)", "5m").await);
    assert_eq!(top.len(), 3, "{top:?}");
    assert!(top.iter().all(|(tags, length)| all[tags] == *length), "{top:?} of {all:?}");
    // A median of ten lies in the bucket up to 2, at (20 - 10) / 20 of its width.
    let median = asked(&server, "histogram_quantile(0.5, waits)", "1h").await;
    assert!(median.len() >= 3 && median.values().all(|value| *value == Some(1.5)), "{median:?}");
    let high = asked(&server, "quantile_over_time(0.99, load{host=\"h1\"}[$__interval])", "1h").await;
    let most = asked(&server, "max_over_time(load{host=\"h1\"}[$__interval])", "1h").await;
    let ordered = high.iter().all(|(key, value)| value.is_none_or(|value| value <= most[key].unwrap()));
    assert!(high.len() == 6 && ordered, "{high:?} {most:?}");
    let owned = asked(&server, "sum_over_time(load[$__interval]) / on (host) group_left owners", "1h").await;
    let plain = asked(&server, "sum_over_time(load[$__interval])", "1h").await;
    assert!(!owned.is_empty());
    for ((tags, at), value) in &owned {
        let host: Value = serde_json::from_str(tags).unwrap();
        let number: f64 = host["host"].as_str().unwrap()[1..].parse().unwrap();
        let whole = plain[&(tags.clone(), *at)];
        assert_eq!(
            value.map(|value| (value * number * 1e6).round()),
            whole.map(|value| (value * 1e6).round()),
            "{tags}"
        );
    }
}
