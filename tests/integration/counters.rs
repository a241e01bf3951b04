//! Counters that reset, begin, end and repeat; and samples thinned to what a panel draws.

use std::time::Duration;

use datebin::ast::{Options, Reduce};
use datebin::intake::TargetQuestion;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// Two buckets of five minutes. `a` resets three times in the first, `b` begins in the second, `c` ends in the first
/// and has two samples at one instant; all but `b` have a sample before the range.
const ROWS: &str = "
    CREATE TABLE requests (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, value float8);
    CREATE INDEX ON requests (host, ts);
    INSERT INTO requests VALUES
        ('2025-01-01 11:59:00Z', 'a', 'eu', 100), ('2025-01-01 12:00:00Z', 'a', 'eu', 110),
        ('2025-01-01 12:01:00Z', 'a', 'eu', 5), ('2025-01-01 12:02:00Z', 'a', 'eu', 20),
        ('2025-01-01 12:03:00Z', 'a', 'eu', 1), ('2025-01-01 12:04:00Z', 'a', 'eu', 0),
        ('2025-01-01 12:05:00Z', 'a', 'eu', 30), ('2025-01-01 12:09:00Z', 'a', 'eu', 60),
        ('2025-01-01 12:06:00Z', 'b', 'eu', 1000), ('2025-01-01 12:07:00Z', 'b', 'eu', 1030),
        ('2025-01-01 03:00:00Z', 'c', 'us', 10), ('2025-01-01 12:01:00Z', 'c', 'us', 20),
        ('2025-01-01 12:01:00Z', 'c', 'us', 25), ('2025-01-01 12:02:00Z', 'c', 'us', NULL);";

async fn asked(server: &Server, target: &str) -> Vec<(String, Vec<Value>)> {
    let body = json!({
        "range": {"from": "2025-01-01T12:00:00Z", "to": "2025-01-01T12:10:00Z"}, "intervalMs": 300_000,
        "maxDataPoints": 100, "targets": [{"target": target, "refId": "A"}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let shown = |element: &&Value| {
        let tags = &element["tags"];
        let name = tags["host"].as_str().or_else(|| tags["region"].as_str()).unwrap_or_default();
        (name.to_owned(), element["datapoints"].as_array().unwrap().iter().map(|point| point[0].clone()).collect())
    };
    answer.drawn().iter().map(shown).collect()
}

#[sqlx::test(migrations = false)]
async fn counters_are_seen_through_resets_beginnings_and_ends(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let one = |name: &str, values: &[f64]| (name.to_owned(), values.iter().map(|v| json!(v)).collect::<Vec<_>>());
    for (target, expected) in [
        // 10 + 5 + 15 + 1 + 0, then 30 + 30.
        ("increase(requests[5m])", vec![one("a", &[31.0, 60.0]), one("b", &[30.0]), one("c", &[15.0])]),
        ("sum by (region) (rate(requests[5m])) * 300", vec![one("eu", &[31.0, 90.0]), one("us", &[15.0])]),
        ("increase(requests[10m])", vec![one("a", &[31.0, 91.0]), one("b", &[30.0]), one("c", &[15.0, 15.0])]),
        ("resets(requests[5m])", vec![one("a", &[3.0, 0.0]), one("b", &[0.0]), one("c", &[0.0])]),
        ("changes(requests[5m])", vec![one("a", &[5.0, 2.0]), one("b", &[1.0]), one("c", &[2.0])]),
        ("delta(requests[5m])", vec![one("a", &[-100.0, 60.0]), one("b", &[30.0]), one("c", &[15.0])]),
        (
            "irate(requests[5m]) * 60",
            vec![one("a", &[0.0, 7.5]), one("b", &[30.0]), one("c", &[10.0 * 60.0 / 32_460.0])],
        ),
        ("increase(requests{host=\"a\"}[5m] @ 1735732860)", vec![one("a", &[10.0, 10.0])]),
    ] {
        let got = asked(&server, target).await;
        assert_eq!(got.len(), expected.len(), "{target}: {got:?}");
        for (got, expected) in got.iter().zip(&expected) {
            let numbers =
                |values: &[Value]| values.iter().map(|v| (v.as_f64().unwrap() * 1e9).round()).collect::<Vec<_>>();
            assert_eq!((&got.0, numbers(&got.1)), (&expected.0, numbers(&expected.1)), "{target}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn every_column_keeps_its_first_lowest_highest_and_last_sample(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE wave (ts timestamptz NOT NULL, value float8);
         INSERT INTO wave SELECT '2025-01-01Z'::timestamptz + n * interval '86 ms',
             CASE n WHEN 777777 THEN 1e6 WHEN 5000 THEN 'NaN' ELSE sin(n / 5000.0) + (n::int8 * 7919 % 1000) / 1e4 END
         FROM generate_series(0, 999999) AS n;
         CREATE INDEX ON wave (ts); ANALYZE wave;",
    )
    .await;
    // A million samples take an unoptimised build a while, beside other tests a long one.
    let mut setup = Setup::default();
    (setup.statement_timeout, setup.http.request_timeout) = (Duration::from_secs(300), Duration::from_secs(300));
    let server = Server::with(&pool, setup).await;
    let (from, length) = (1_735_689_600_000_i64, 86_000_000_i64);
    let samples: Vec<(i64, f64)> =
        sqlx::query_as::<_, (i64, f64)>("SELECT (extract(epoch FROM ts) * 1000)::int8, value FROM wave ORDER BY ts")
            .fetch_all(&pool)
            .await
            .unwrap();
    for (reduce, most) in [(Reduce::M4, 1000_usize), (Reduce::MinMax, 1000), (Reduce::M4, 3), (Reduce::MinMax, 1)] {
        let points = reduced(&server, reduce, u32::try_from(most).unwrap()).await;
        assert!(
            points.len() <= most && points.is_sorted_by_key(|point| point.0),
            "{reduce:?}: {} points",
            points.len()
        );
        let part = if reduce == Reduce::M4 { 4 } else { 2 };
        if most < 4 {
            continue;
        }
        assert!(points.iter().any(|point| point.1 == 1e6), "{reduce:?}: the spike is lost");
        let columns = (most / part) as i64;
        let column = |at: i64| columns * (at - from) / length;
        for run in samples.chunk_by(|a, b| column(a.0) == column(b.0)) {
            let mut wanted = Vec::new();
            let numbers = || run.iter().filter(|sample| !sample.1.is_nan());
            wanted.extend(numbers().min_by(|a, b| a.1.total_cmp(&b.1)));
            wanted.extend(numbers().max_by(|a, b| a.1.total_cmp(&b.1)));
            if part == 4 {
                wanted.extend([run[0], run[run.len() - 1]]);
            }
            for sample in wanted {
                let is_there = |point: &&(i64, f64)| point.0 == sample.0 && point.1.to_bits() == sample.1.to_bits();
                let same_value = |point: &&(i64, f64)| column(point.0) == column(sample.0) && point.1 == sample.1;
                assert!(
                    points.iter().find(is_there).or_else(|| points.iter().find(same_value)).is_some(),
                    "{sample:?}"
                );
            }
        }
    }
    let few = reduced_over(&server, Reduce::M4, 1000, (from, from + 43_000)).await;
    assert_eq!(few.len(), 500, "few samples are all returned");
}

async fn reduced(server: &Server, reduce: Reduce, max_points: u32) -> Vec<(i64, f64)> {
    let from = 1_735_689_600_000;
    reduced_over(server, reduce, max_points, (from, from + 86_000_000)).await
}

async fn reduced_over(server: &Server, reduce: Reduce, max_points: u32, (from, to): (i64, i64)) -> Vec<(i64, f64)> {
    let body = json!({"range": {"from": from, "to": to}, "maxDataPoints": max_points, "targets": [{"target": "wave"}]});
    let mut question = server.question(&body);
    question.targets = question
        .targets
        .into_iter()
        .map(|target| TargetQuestion { options: Options { reduce, ..Options::default() }, ..target })
        .collect();
    let engine = server.engine.clone();
    let answer = server.run(async move { engine.scope().unwrap().answer(&question).await.unwrap() }).await;
    answer.answered[0].frames[0].points.clone()
}
