//! Intervals of a rollup in which a NaN hides the other samples: PostgreSQL's `max` is NaN as soon as one sample is.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// Two hosts with a sample each ten minutes. In one hour of `a` a NaN stands beside the peak, in one of `b` all are NaN.
const TABLES: &str = "
    CREATE TABLE w (ts timestamptz NOT NULL, host text NOT NULL, cpu float8, PRIMARY KEY (host, ts));
    INSERT INTO w SELECT t, h, 5 FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-02 12:00Z', '10 min') t,
        (VALUES ('a'), ('b')) x(h);
    UPDATE w SET cpu = 90 WHERE host = 'a' AND ts = '2025-01-01 01:10Z';
    UPDATE w SET cpu = 'NaN' WHERE host = 'a' AND ts = '2025-01-01 01:20Z';
    UPDATE w SET cpu = 'NaN' WHERE host = 'b' AND ts >= '2025-01-01 02:00Z' AND ts < '2025-01-01 03:00Z';
    UPDATE w SET cpu = 1 WHERE host = 'b' AND ts = '2025-01-01 04:10Z';
    UPDATE w SET cpu = 'NaN' WHERE host = 'b' AND ts = '2025-01-01 04:20Z';
    CREATE TABLE w1 AS SELECT date_bin('1h', ts, '2000-01-01Z') AS ts, host, min(cpu) AS mn, max(cpu) AS mx,
        count(cpu) AS n, sum(cpu) AS sm FROM w GROUP BY 1, 2;
    CREATE UNIQUE INDEX ON w1 (host, ts); ANALYZE;";

/// The source with a rollup of these columns; its NaN are samples or not.
fn toml(nan: &str, columns: &str) -> String {
    format!(
        "[discovery]\nenabled = false\n[[source]]\nrelation = \"w\"\nlabels = [\"host\"]\nnan = \"{nan}\"\n\
         [source.metric.cpu]\n[[source.rollup]]\nrelation = \"w1\"\nstep = \"1h\"\ncolumns = {{ cpu = {{ {columns} }} }}\n"
    )
}

const ALL: &str = r#"min = "mn", max = "mx", count = "n", sum = "sm""#;

/// The values of the first six hours, one list for each series, in buckets of a step; from the cache the second time.
async fn values(server: &Server, target: &str, step: &str) -> Value {
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T06:00:00Z"},
        "targets": [{"target": target, "refId": "A", "payload": {"step": step}}],
    });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = server.post("/query", body.clone()).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        assert!(answer.body.to_string().contains("w1"), "a rollup serves {target}: {}", answer.body);
        let points = |one: &Value| one["datapoints"].as_array().unwrap().iter().map(|p| p[0].clone()).collect();
        answers.push(Value::Array(answer.body.as_array().unwrap().iter().map(points).collect()));
    }
    assert_eq!(answers[0], answers[1], "{target}");
    answers.remove(0)
}

#[sqlx::test(migrations = false)]
async fn a_nan_hides_no_peak_of_a_rollup(pool: PgPool) {
    sql(&pool, TABLES).await;
    for (columns, cache) in [(ALL, 0), (ALL, 64 << 20), (r#"max = "mx""#, 0), (r#"max = "mx""#, 64 << 20)] {
        let setup = Setup { cache, show_sql: true, ..Setup::default() };
        let server = Server::declared_with(&pool, &toml("keep", columns), setup).await;
        let hourly = json!([[5.0, 90.0, 5.0, 5.0, 5.0, 5.0], [5.0, 5.0, null, 5.0, 5.0, 5.0]]);
        assert_eq!(values(&server, "max_over_time(cpu[$__interval])", "1h").await, hourly);
        let across = json!([[5.0, 90.0, 5.0, 5.0, 5.0, 5.0]]);
        assert_eq!(values(&server, "max(max_over_time(cpu[$__interval]))", "1h").await, across);
        let coarse = json!([[90.0, 5.0], [5.0, 5.0]]);
        assert_eq!(values(&server, "max_over_time(cpu[$__interval])", "3h").await, coarse);
        let wide = json!([[5.0, 90.0, 90.0, 90.0, 5.0, 5.0]]);
        assert_eq!(values(&server, "max_over_time(cpu{host=\"a\"}[3h])", "1h").await, wide);
    }
}

#[sqlx::test(migrations = false)]
async fn nan_samples_that_do_not_exist_spoil_no_interval_of_a_rollup(pool: PgPool) {
    sql(&pool, TABLES).await;
    let setup = Setup { show_sql: true, ..Setup::default() };
    let server = Server::declared_with(&pool, &toml("skip", ALL), setup).await;
    for (function, expected) in [
        ("max", json!([[5.0, 90.0, 5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0, 5.0]])),
        ("sum", json!([[30.0, 110.0, 30.0, 30.0, 30.0, 30.0], [30.0, 30.0, 30.0, 21.0, 30.0]])),
        ("count", json!([[6.0, 5.0, 6.0, 6.0, 6.0, 6.0], [6.0, 6.0, 6.0, 5.0, 6.0]])),
        ("avg", json!([[5.0, 22.0, 5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 4.2, 5.0]])),
    ] {
        assert_eq!(values(&server, &format!("{function}_over_time(cpu[$__interval])"), "1h").await, expected);
    }
}

#[sqlx::test(migrations = false)]
async fn a_nan_hides_no_peak_of_a_bucket_that_a_rollup_begins(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::declared_with(&pool, &toml("keep", ALL), Setup { show_sql: true, ..Setup::default() }).await;
    for target in ["max(max_over_time(cpu[$__interval]))", "max_over_time(cpu{host=\"a\"}[$__interval])"] {
        let query = json!({
            "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T12:00:00Z"}, "maxDataPoints": 1,
            "targets": [{"target": target, "refId": "A", "payload": {"step": "2d"}}],
        });
        let answer = server.post("/query", query).await;
        assert_eq!(answer.body[0]["datapoints"][0][0], json!(90.0), "{target}: {}", answer.body);
        assert!(answer.body.to_string().contains("UNION ALL"), "{}", answer.body);
    }
}
