//! `fill = previous`: what lies before the range is found within the whole lookback, however short the step is.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};

async fn asked(server: &Server, target: &str, step: &str) -> Answer {
    let range = json!({"from": "2025-06-01T02:00:00Z", "to": "2025-06-01T02:00:02Z"});
    let target = json!({"target": target, "payload": {"fill": "previous", "step": step}});
    server.post("/query", json!({"range": range, "maxDataPoints": 3000, "targets": [target]})).await
}

/// The values of each series, which do not change over the range, by host.
fn carried(answer: &Answer) -> BTreeMap<String, f64> {
    let one = |element: &Value| {
        let points = element["datapoints"].as_array().expect("points");
        assert!(points.len() >= 2 && points.iter().all(|point| point[0] == points[0][0]), "{element}");
        (element["tags"]["host"].as_str().unwrap_or_default().to_owned(), points[0][0].as_f64().expect("a number"))
    };
    answer.drawn().into_iter().map(one).collect()
}

#[sqlx::test(migrations = false)]
async fn one_sample_of_two_hours_ago_is_found_at_any_step(pool: PgPool) {
    sql(
        &pool,
        "create table p (ts timestamptz not null, value float8); insert into p values ('2025-06-01 00:00Z', 42)",
    )
    .await;
    let server = Server::start(&pool).await;
    for step in ["1s", "1ms", "10ms"] {
        for target in ["p", "sum(p)", "p + 0", "max_over_time(p[1h])", "p offset 30m", "p > 1"] {
            if step == "1ms" && target == "p > 1" {
                continue;
            }
            let answer = asked(&server, target, step).await;
            if step == "10ms" && target == "p > 1" {
                // Too many buckets to evaluate one by one: said, as something was left out.
                assert!(answer.header("warning").contains("carries in only"), "{:?}", answer.headers);
                continue;
            }
            assert_eq!(carried(&answer).into_values().collect::<Vec<_>>(), [42.0], "{target} {step}: {}", answer.body);
            assert_eq!(answer.header("warning"), "", "{target} {step}");
        }
    }
}

/// Host n was last seen n half hours before the range, with the value n, and ten minutes before that with 100 + n.
const HOSTS: &str = "
    CREATE TABLE seen (ts timestamptz NOT NULL, host text, value float8);
    INSERT INTO seen SELECT '2025-06-01 02:00Z'::timestamptz - n * interval '30 min' - older * interval '10 min',
        'h' || n, n + 100 * older FROM generate_series(1, 50) n, generate_series(0, 1) older;";

#[sqlx::test(migrations = false)]
async fn every_series_of_the_lookback_appears(pool: PgPool) {
    sql(&pool, HOSTS).await;
    let server = Server::start(&pool).await;
    let all =
        |value: fn(f64) -> f64| (1..=47).map(|n| (format!("h{n}"), value(f64::from(n)))).collect::<BTreeMap<_, _>>();
    let first = |value: f64| BTreeMap::from([(String::new(), value)]);
    for (target, expected) in [
        ("seen{host!~\"h(48|49|50)\"}", all(|n| n)),
        ("max_over_time(seen{host!~\"h(48|49|50)\"}[20m])", all(|n| n)),
        ("delta(seen{host!~\"h(48|49|50)\"}[$__interval])", all(|_| -100.0)),
        ("abs(seen{host!~\"h(48|49|50)\"} * -2)", all(|n| 2.0 * n)),
        ("seen{host!~\"h(48|49|50)\"} > 40", all(|n| if n > 40.0 { n } else { 100.0 + n })),
        ("sum(seen)", first(1.0)),
        ("sum(seen) - sum(seen)", first(0.0)),
        ("sum(seen offset 20m)", first(1.0)),
        ("count(rate(seen[$__interval]))", first(1.0)),
    ] {
        let answer = asked(&server, target, "1s").await;
        assert_eq!(carried(&answer), expected, "{target}: {:?}", answer.headers);
        assert_eq!(answer.header("warning"), "", "{target}");
    }
    // Host 48 was seen exactly a day before, the two after it earlier.
    let seen: Vec<String> = carried(&asked(&server, "seen", "1s").await).into_keys().collect();
    assert!(seen.contains(&"h48".to_owned()) && !seen.contains(&"h49".to_owned()) && seen.len() == 48, "{seen:?}");
}

#[sqlx::test(migrations = false)]
async fn matchers_that_leave_nothing_of_a_metric_are_said(pool: PgPool) {
    sql(&pool, HOSTS).await;
    let server = Server::start(&pool).await;
    let warnings = async |from: &str, target: &str| {
        let range = json!({"from": from, "to": "2025-06-01T02:00:00Z"});
        let targets = json!([{"target": target, "payload": {"step": "1m"}}]);
        server.post("/query", json!({"range": range, "targets": targets})).await.header("warning").to_owned()
    };
    let said = "seen has rows in this range, but no sample passes the matchers on 'host'";
    for target in ["seen{host=\"nowhere\"}", "sum(rate(seen{host=~\"no.*\"}[1h]))", "seen{host=\"x\"} + seen"] {
        let warning = warnings("2025-06-01T00:00:00Z", target).await;
        assert!(warning.contains(said), "{target}: {warning:?}");
    }
    for (from, target) in [
        ("2025-06-01T01:55:00Z", "seen{host=\"nowhere\"}"),
        ("2025-06-01T00:00:00Z", "seen{host=\"h1\"}"),
        ("2025-06-01T00:00:00Z", "seen > 1000"),
        ("2025-06-01T00:00:00Z", "seen{host=\"h1\"} > 1000"),
        ("2025-06-01T00:00:00Z", "seen{host=\"nowhere\"} or seen"),
    ] {
        assert_eq!(warnings(from, target).await, "", "{target}");
    }
}
