//! Counters across a seam: the first sample of what is asked connects to the last one of what is known.

use datebin::cache::Cache;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{answered, at, cached, pages};
use crate::support::{Server, sql};

/// 2025-06-01 12:00 UTC.
const NOON: i64 = 1_748_779_200_000;
const MINUTE: i64 = 60_000;

/// Sixty counters of a day before noon, found by the time alone: most are sampled each minute, some each twenty minutes, and one was
/// sampled an hour ago. All begin anew now and then.
const SPARSE: &str = "
    CREATE TABLE sparse (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO sparse SELECT to_timestamp(1748779190 - 60 * n), 'h' || h, ((1440 - n) * h) % 5000 / 8.0
        FROM generate_series(1, 1440) n, generate_series(1, 60) h
        WHERE CASE WHEN h = 60 THEN n = 61 WHEN h > 50 THEN n % 20 = 0 ELSE true END ORDER BY n DESC;
    CREATE INDEX ON sparse (ts); ANALYZE sparse;";

fn query(target: &str, now: i64) -> Value {
    json!({
        "range": {"from": now - 1440 * MINUTE, "to": now}, "maxDataPoints": 2000,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "1m"}}],
    })
}

/// Each series with its points, of a question that is asked at an instant, and where its buckets came from.
async fn series(
    server: &Server,
    target: &str,
    now: i64,
    cache: &Cache,
) -> (Vec<(String, Vec<(i64, f64)>)>, &'static str) {
    let (answer, word) = server.run(answered(at(&server.engine, now, cache), query(target, now))).await;
    let frames = answer.answered.into_iter().flat_map(|target| target.frames);
    (frames.map(|frame| (frame.legend, frame.points)).collect(), word)
}

fn assert_alike(known: &[(String, Vec<(i64, f64)>)], plain: &[(String, Vec<(i64, f64)>)]) {
    assert_eq!(known.len(), plain.len());
    for ((name, known), (other, plain)) in known.iter().zip(plain) {
        let times = |points: &[(i64, f64)]| points.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!((name, times(known)), (other, times(plain)));
        for ((at, known), (_, plain)) in known.iter().zip(plain) {
            assert!((known - plain).abs() <= 1e-11 * plain.abs().max(1.0), "{name} at {at}: {known}, {plain}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_refresh_of_counters_reads_the_newest_rows_alone(pool: PgPool) {
    sql(&pool, SPARSE).await;
    let server = cached(&pool, "").await;
    for (minutes, target) in
        [(0, "increase(sparse[1m])"), (10, "sum by (host) (rate(sparse[5m]))"), (20, "resets(sparse[1m])")]
    {
        let before = pages(&pool, "sparse").await;
        let now = NOON + minutes * MINUTE;
        let (_, cold) = series(&server, target, now, &server.engine.cache).await;
        let first = pages(&pool, "sparse").await;
        let mut tails = Vec::new();
        for minute in minutes..minutes + 3 {
            let rows = "INSERT INTO sparse SELECT to_timestamp($1 / 1000.0), 'h' || h, (1440 + $2) * h % 5000 / 8.0
                FROM generate_series(1, 60) h WHERE h <= 50 OR $2 % 3 = h % 3";
            let rows =
                sqlx::query(rows).bind(NOON + minute * MINUTE + 50_000).bind(i32::try_from(minute).expect("few"));
            rows.execute(&pool).await.expect("rows arrive");
            let between = pages(&pool, "sparse").await;
            let (known, word) = series(&server, target, NOON + (minute + 1) * MINUTE, &server.engine.cache).await;
            tails.push(pages(&pool, "sparse").await.zip(between).map(|(now, between)| now - between));
            let (plain, _) = series(&server, target, NOON + (minute + 1) * MINUTE, &Cache::off()).await;
            assert_eq!((cold, word), ("miss", "partial"), "{target}");
            assert_alike(&known, &plain);
        }
        // Without a count of pages the answers are compared all the same.
        let Some(full) = first.zip(before).map(|(first, before)| first - before) else { continue };
        // Rows of three of 1,441 minutes, and the pages of the index on the way to them.
        for tail in tails.into_iter().flatten() {
            assert!(full >= 20 * tail, "{target}: {full} pages, then {tail}");
        }
    }
}
