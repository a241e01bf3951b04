//! The limit of series is for answers: what is computed of more series is answered.

use datebin::plan::Limits;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::labelled;
use crate::support::{Answer, Server, Setup, sql};

/// 3,000 sessions, each with its number at two instants; a quarter of a day, a sample every 10 s.
const ROWS: &str = "
    CREATE TABLE x (ts timestamptz NOT NULL, session text NOT NULL, value double precision);
    INSERT INTO x SELECT t, 's' || n, n FROM generate_series(1, 3000) AS n,
        unnest(ARRAY['2025-06-01 00:00:30Z', '2025-06-01 00:01:30Z']::timestamptz[]) AS t;
    CREATE TABLE q (ts timestamptz NOT NULL, value double precision);
    INSERT INTO q SELECT '2025-06-01Z'::timestamptz + i * interval '10 s', i FROM generate_series(0, 8639) AS i;
    ANALYZE x; ANALYZE q;";

async fn asked(server: &Server, from: &str, to: &str, max_points: u32, target: &str) -> Answer {
    let body = json!({"range": {"from": from, "to": to}, "maxDataPoints": max_points, "targets": [{"target": target}]});
    server.post("/query", body).await
}

/// The values of the last points, in order.
async fn values(server: &Server, target: &str) -> Vec<f64> {
    let answer = asked(server, "2025-06-01T00:00:00Z", "2025-06-01T00:02:00Z", 2, target).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let last = |element: &Value| element["datapoints"].as_array().and_then(|p| p.last()?[0].as_f64()).expect("a value");
    answer.body.as_array().expect("elements").iter().map(last).collect()
}

#[sqlx::test(migrations = false)]
async fn what_is_computed_of_three_thousand_series_is_answered(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = labelled(&pool, "x", "session", Setup::default()).await;
    let whole = asked(&server, "2025-06-01T00:00:00Z", "2025-06-01T00:02:00Z", 2, "x").await;
    assert_eq!((whole.status, whole.body["error"]["code"].as_str()), (422, Some("too_many_series")));
    let mut top = values(&server, "topk(5, x)").await;
    top.sort_by(f64::total_cmp);
    assert_eq!(top, [2996.0, 2997.0, 2998.0, 2999.0, 3000.0]);
    // Rank 0.9 × 2,999 among 1, 2, …, 3,000.
    assert!((values(&server, "quantile(0.9, x)").await[0] - 2700.1).abs() < 1e-9);
    assert_eq!(values(&server, "count(x > 500)").await, [2500.0]);
    assert_eq!(values(&server, "count(sum by (session) (x))").await, [3000.0]);
    assert_eq!(values(&server, "x > 2998").await, [2999.0, 3000.0]);
    assert_eq!(values(&server, "sum(increase(x[1m]))").await, [0.0]);
    assert_eq!(values(&server, "count(rate(x[2m]) == 0)").await, [3000.0]);
    for target in ["abs(x)", "x > 500", "sum by (session) (rate(x[1m]))", "-x + 1"] {
        let refused = asked(&server, "2025-06-01T00:00:00Z", "2025-06-01T00:02:00Z", 2, target).await;
        assert_eq!(
            (refused.status, refused.body["error"]["code"].as_str()),
            (422, Some("too_many_series")),
            "{target}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn a_quantile_holds_its_samples_however_few_buckets_there_are(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let day = ("2025-06-01T00:00:00Z", "2025-06-02T00:00:00Z");
    let answer = asked(&server, day.0, day.1, 1, "quantile_over_time(0.95, q[$__interval])").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!((answer.body[0]["datapoints"][0][0].as_f64().expect("a value") - 8207.05).abs() < 1e-9);
    // Every window of an hour at every minute, some of which end while no sample arrives.
    let answer = asked(&server, day.0, "2025-06-02T06:00:00Z", 2000, "quantile_over_time(0.5, q[1h])").await;
    let points = answer.body[0]["datapoints"].as_array().expect("points").clone();
    let at = |time: i64| points.iter().find(|point| point[1] == time).map(|point| point[0].as_f64().expect("a value"));
    let midnight = 1_748_736_000_000;
    // Buckets carry their start: [11:01, 12:01) has the samples 3,966 to 4,325.
    assert_eq!(at(midnight + 12 * 3_600_000), Some(4145.5));
    // [23:31, 24:31) has those from 23:31 on, 8,466 to 8,639.
    assert_eq!(at(midnight + 24 * 3_600_000 + 30 * 60_000), Some(8552.5));
    assert_eq!(at(midnight + 25 * 3_600_000), None);
}

#[sqlx::test(migrations = false)]
async fn samples_that_are_the_answer_are_its_cells(pool: PgPool) {
    sql(&pool, ROWS).await;
    let limits = Limits { cells: 700, ..Limits::default() };
    let server = Server::with(&pool, Setup { limits, ..Setup::default() }).await;
    let targets: Vec<Value> =
        ["A", "B"].iter().map(|id| json!({"target": "q", "refId": id, "payload": {"reduce": "m4"}})).collect();
    let range = json!({"from": "2025-06-01T00:00:00Z", "to": "2025-06-02T00:00:00Z"});
    let answer = server.post("/query", json!({"range": range, "maxDataPoints": 1000, "targets": targets})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.drawn().len(), 1, "the second has no cells left");
    assert!(answer.header("warning").contains("700 cells"), "{}", answer.header("warning"));
}
