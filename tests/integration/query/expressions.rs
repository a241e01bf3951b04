//! What is computed above the fetches, end to end.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};

/// Two buckets of a minute; `b` has no total, `c` no region.
const ROWS: &str = "
    CREATE TABLE pool (ts timestamptz NOT NULL, host text, region text, used float8, total float8);
    INSERT INTO pool VALUES
        ('2025-01-01 00:00:10Z', 'a', 'eu', 1, 4), ('2025-01-01 00:00:20Z', 'b', 'eu', 3, NULL),
        ('2025-01-01 00:00:30Z', 'c', NULL, 5, 5),
        ('2025-01-01 00:01:10Z', 'a', 'eu', 2, 4), ('2025-01-01 00:01:20Z', 'b', 'eu', 9, NULL);";

async fn asked(server: &Server, target: &str) -> Answer {
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:02:00Z"}, "intervalMs": 60_000,
        "maxDataPoints": 100, "targets": [{"target": target, "refId": "A"}],
    });
    server.post("/query", body).await
}

/// Host (or region) and values of each series.
fn shown(answer: &Answer) -> Vec<(String, Vec<Value>)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let series = |element: &&Value| {
        let tags = &element["tags"];
        let name = tags["host"].as_str().or_else(|| tags["region"].as_str()).unwrap_or_default();
        let points = element["datapoints"].as_array().expect("points");
        (name.to_owned(), points.iter().map(|point| point[0].clone()).collect())
    };
    answer.drawn().iter().map(series).collect()
}

#[sqlx::test(migrations = false)]
async fn expressions_are_computed_per_bucket(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let one = |host: &str, values: &[f64]| (host.to_owned(), values.iter().map(|v| json!(v)).collect::<Vec<_>>());
    for (target, expected) in [
        ("pool_used * 2 + 1", vec![one("a", &[3.0, 5.0]), one("b", &[7.0, 19.0]), one("c", &[11.0])]),
        ("100 * pool_used / on (host) pool_total", vec![one("a", &[25.0, 50.0]), one("c", &[100.0])]),
        ("pool_used > 2", vec![one("b", &[3.0, 9.0]), one("c", &[5.0])]),
        ("pool_used unless on (host) pool_total", vec![one("b", &[3.0, 9.0])]),
        ("topk(1, pool_used)", vec![one("b", &[3.0, 9.0])]),
        ("stddev by (region) (pool_used)", vec![one("", &[0.0]), one("eu", &[1.0, 3.5])]),
        ("max(sum by (region) (pool_used))", vec![one("", &[5.0, 11.0])]),
        ("clamp_max(pool_used, 4)", vec![one("a", &[1.0, 2.0]), one("b", &[3.0, 4.0]), one("c", &[4.0])]),
        ("-pool_used{host=\"a\"}", vec![one("a", &[-1.0, -2.0])]),
    ] {
        assert_eq!(shown(&asked(&server, target).await), expected, "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_not_supported_is_refused_by_name_and_position(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (target, status, code, named, position) in [
        ("sum(deriv(pool_used[5m]))", 422, "not_supported", "`deriv`", 4),
        ("max_over_time(pool_used[1h:5m])", 422, "not_supported", "subquer", 14),
        ("pool_used[5m]", 400, "bad_target", "window", 0),
        ("rat(pool_used[5m])", 400, "bad_target", "`rat`", 0),
        ("pool_used / pool_total / on (region) pool_used", 400, "bad_target", "match", 23),
    ] {
        let answer = asked(&server, target).await;
        let error = &answer.body["error"];
        assert_eq!((answer.status, error["code"].as_str()), (status, Some(code)), "{target}: {}", answer.body);
        let message = error["message"].as_str().expect("a sentence");
        assert!(message.contains(named), "{target}: {message}");
        assert_eq!(error["position"], position, "{target}: {}", answer.body);
    }
}
