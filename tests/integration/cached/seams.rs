//! Where what is known meets what is asked: no bucket is lost, counted twice, or of another cut; and how little is asked.

use datebin::cache::Cache;
use datebin::refresh::CatalogNews;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{ROWS, answered, ask, at, cached, counted, instant, value_at, word};
use crate::support::{Server, sql};

/// 2025-06-01 12:00 UTC.
const NOON: i64 = 1_748_779_200_000;
const MINUTE: i64 = 60_000;

/// Four rows in each minute of two hours before noon, one at the very start of it and one at its last millisecond.
const QUARTERS: &str = "
    CREATE TABLE quarter (ts timestamptz NOT NULL, value float8);
    CREATE INDEX ON quarter (ts);
    INSERT INTO quarter SELECT to_timestamp(1748779200 - 60 * n) + ms * interval '1 ms', 1
        FROM generate_series(1, 120) n, unnest(ARRAY[0, 15000, 30000, 59999]) ms;";

/// Counts rows by the minute between two instants.
fn counts(from: i64, to: i64) -> Value {
    json!({
        "range": {"from": from, "to": to}, "maxDataPoints": 1000,
        "targets": [{"target": "count_over_time(quarter[1m])", "refId": "A", "payload": {"step": "1m"}}],
    })
}

async fn points(server: &Server, now: i64, query: Value) -> (Vec<(i64, f64)>, &'static str) {
    let engine = at(&server.engine, now, &server.engine.cache);
    let (answer, word) = server.run(answered(engine, query)).await;
    let frames = answer.answered.into_iter().flat_map(|target| target.frames);
    (frames.flat_map(|frame| frame.points).collect(), word)
}

#[sqlx::test(migrations = false)]
async fn rows_at_a_seam_are_counted_once(pool: PgPool) {
    sql(&pool, QUARTERS).await;
    let server = cached(&pool, "").await;
    // Apart, beside, over, within and around what is known.
    let ranges = [(-100, -80), (-60, -40), (-40, -30), (-85, -55), (-70, -65), (-120, 0), (-110, -5)];
    for (from, to) in ranges {
        let (from, to) = (NOON + from * MINUTE, NOON + to * MINUTE);
        let (points, word) = points(&server, NOON + 60 * MINUTE, counts(from, to - 1)).await;
        let expected: Vec<(i64, f64)> = (from..to).step_by(60_000).map(|at| (at, 4.0)).collect();
        assert_eq!(points, expected, "{word}");
    }
    let (_, word) = points(&server, NOON + 60 * MINUTE, counts(NOON - 118 * MINUTE, NOON - 2 * MINUTE)).await;
    assert_eq!(word, "hit");
}

#[sqlx::test(migrations = false)]
async fn the_newest_bucket_is_there_and_new_each_time(pool: PgPool) {
    sql(&pool, QUARTERS).await;
    let server = cached(&pool, "").await;
    for (seconds, expected) in [(5, 1.0), (20, 2.0), (40, 3.0), (61, 3.0)] {
        let now = NOON + seconds * 1000;
        if seconds < 60 {
            let row = "INSERT INTO quarter VALUES (to_timestamp($1 / 1000.0), 1)";
            sqlx::query(row).bind(now - 1000).execute(&pool).await.expect("a row");
        }
        let (points, _) = points(&server, now, counts(NOON - 60 * MINUTE, now)).await;
        assert_eq!(points.iter().find(|(at, _)| *at == NOON), Some(&(NOON, expected)), "{seconds}");
        assert_eq!(points.len(), 61, "{seconds}: no bucket is lost");
    }
}

/// Rows of eight days around the night of 2025-03-30, when clocks go forward in Prague; each hour has another number of them.
const NIGHTS: &str = "
    CREATE TABLE night (ts timestamptz NOT NULL, value float8);
    INSERT INTO night SELECT '2025-03-26Z'::timestamptz + h * interval '1 h' + n * interval '7 min', 1
        FROM generate_series(0, 191) h, generate_series(0, 7) n WHERE n <= h * h % 11 % 8;";

/// How many rows the local days between two of them have, as PostgreSQL counts them.
async fn local_days(pool: &PgPool, zone: &str, (first, last): (&str, &str)) -> Vec<(i64, f64)> {
    let text = "SELECT (extract(epoch FROM date_trunc('day', ts, $1)) * 1000)::int8, count(*)::float8 FROM night
        WHERE ts >= $2::timestamp AT TIME ZONE $1 AND ts < $3::timestamp AT TIME ZONE $1 GROUP BY 1 ORDER BY 1";
    let days = sqlx::query_as(text).bind(zone).bind(first).bind(last);
    days.fetch_all(pool).await.expect("days")
}

#[sqlx::test(migrations = false)]
async fn days_of_another_zone_are_other_buckets(pool: PgPool) {
    sql(&pool, NIGHTS).await;
    let server = cached(&pool, "[[source]]\nrelation = \"night\"\ninterval = \"1h\"\n").await;
    let bounds = ("2025-03-28", "2025-04-01");
    let mut all: Vec<Vec<f64>> = Vec::new();
    for (zone, word_of_first) in [("UTC", "miss"), ("Europe/Prague", "miss"), ("Asia/Kolkata", "miss"), ("UTC", "hit")]
    {
        let expected = local_days(&pool, zone, bounds).await;
        let query = json!({
            "range": {"from": expected[0].0, "to": expected[3].0 + 60 * MINUTE}, "maxDataPoints": 100, "timezone": zone,
            "targets": [{"target": "count_over_time(night[1d])", "refId": "A", "payload": {"step": "1d"}}],
        });
        // The first question finds what another zone left, the second its own days.
        for expected_word in [word_of_first, "hit"] {
            let (days, word) = points(&server, NOON, query.clone()).await;
            assert_eq!((&days, word), (&expected, expected_word), "{zone}");
        }
        all.push(expected.into_iter().map(|(_, count)| count).collect());
    }
    // What was kept for one zone would be wrong in each other one.
    assert!(all[0] == all[3] && (0..4).all(|day| all[0][day] != all[1][day] && all[1][day] != all[2][day]), "{all:?}");
}

#[sqlx::test(migrations = false)]
async fn a_column_of_another_type_is_another_column(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let minute = instant(&pool).await;
    let old = value_at(&ask(&server, "load", &[]).await, "h1", minute);
    sql(&pool, "ALTER TABLE load ALTER value TYPE bigint USING (value * 10)::bigint").await;
    // As a refresh on its interval finds it, without anybody saying so.
    let before = server.catalog.current().expect("a catalog");
    assert!(matches!(server.catalog.newer(&before, None).await, CatalogNews::Better(_)));
    let answer = ask(&server, "load", &[]).await;
    assert_eq!((value_at(&answer, "h1", minute), word(&answer).as_str()), (old * 10.0, "miss"));
}

#[sqlx::test(migrations = false)]
async fn what_comes_out_of_the_cache_is_paid_for(pool: PgPool) {
    sql(&pool, QUARTERS).await;
    let server = cached(&pool, "").await;
    let all = || counts(NOON - 120 * MINUTE, NOON - 1);
    points(&server, NOON + 60 * MINUTE, all()).await;
    let mut engine = at(&server.engine, NOON + 60 * MINUTE, &server.engine.cache);
    engine.resources = datebin::engine::Resources::new(192 << 20, 2000);
    let refused = server.spawn(async move {
        let query = datebin::intake::body(all().to_string().as_bytes()).expect("a query");
        let scope = engine.scope().expect("a catalog");
        let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
        (scope.answer(&question).await.map(|_| ()), scope.outcome())
    });
    let (refused, word) = refused.await.expect("an end");
    assert_eq!(word, Some("hit"));
    assert_eq!(refused.expect_err("two thousand bytes are too few").kind, datebin::error::Kind::TooManyBytes);
}

/// Fifty series, a sample each minute for a day.
const DAY: &str = "
    CREATE TABLE day (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO day SELECT to_timestamp(1748779200 - 60 * n), 'h' || h, h
        FROM generate_series(1, 1440) n, generate_series(1, 50) h;
    CREATE INDEX ON day (ts); CREATE INDEX ON day (host, ts); ANALYZE day;";

#[sqlx::test(migrations = false)]
async fn a_warm_refresh_reads_a_hundredth_of_the_rows(pool: PgPool) {
    sql(&pool, DAY).await;
    let server = cached(&pool, "[[source]]\nrelation = \"day\"\ninterval = \"1m\"\n").await;
    let Some(cold) = counted(&pool, "day").await else { return };
    let query = |now: i64| {
        json!({
            "range": {"from": now - 1440 * MINUTE, "to": now}, "maxDataPoints": 2000,
            "targets": [{"target": "day", "refId": "A", "payload": {"step": "1m"}}],
        })
    };
    let (first, _) = points(&server, NOON, query(NOON)).await;
    let warm = counted(&pool, "day").await.expect("a count");
    let row = "INSERT INTO day SELECT to_timestamp($1 / 1000.0), 'h' || h, h FROM generate_series(1, 50) h";
    sqlx::query(row).bind(NOON).execute(&pool).await.expect("rows arrive");
    let now = NOON + 10_000;
    let (second, word) = points(&server, now, query(now)).await;
    let (full, tail) = (warm.since(cold), counted(&pool, "day").await.expect("a count").since(warm));
    // Each bucket has one row, so that a row that is answered is one that was read.
    assert_eq!((word, first.len(), second.len()), ("partial", 1440 * 50, 1441 * 50), "{full:?} {tail:?}");
    assert!(full.rows >= 100 * tail.rows, "{full:?} {tail:?}");
    let none = at(&server.engine, now, &Cache::off());
    let (plain, _) = server.run(answered(none, query(now))).await;
    let plain: Vec<(i64, f64)> = plain.answered.into_iter().flat_map(|a| a.frames).flat_map(|f| f.points).collect();
    assert_eq!(second, plain);
}

#[sqlx::test(migrations = false)]
async fn the_last_samples_of_two_sources_are_found_whatever_type_their_label_has(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE named (ts timestamptz NOT NULL, name text NOT NULL, host text NOT NULL, value float8);
         CREATE INDEX ON named (host, ts);
         CREATE TABLE numbered (ts timestamptz NOT NULL, name text NOT NULL, host int NOT NULL, value float8);
         CREATE INDEX ON numbered (host, ts);
         INSERT INTO named SELECT '2025-01-01Z'::timestamptz + n * interval '1 min', 'done_total', 'h1', n * 60
            FROM generate_series(0, 120) n WHERE n NOT BETWEEN 55 AND 70;
         INSERT INTO numbered SELECT ts, name, 7, value * 2 FROM named;",
    )
    .await;
    let source = |relation: &str| {
        format!("[[source]]\nrelation = \"{relation}\"\nname = \"name\"\nvalue = \"value\"\nlabels = [\"host\"]\n")
    };
    let server = cached(&pool, &(source("named") + &source("numbered"))).await;
    let body = json!({
        "range": {"from": "2025-01-01T01:00:00Z", "to": "2025-01-01T02:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": "sum by (host) (increase(done_total[1h]))", "refId": "A", "payload": {"step": "1h"}}],
    });
    let answer = server.send("POST", "/query", &[], body.to_string()).await;
    // From the sample of 00:54 to that of 01:59: 65 minutes at 60 a minute.
    let grown: Vec<(&str, &Value)> = answer
        .body
        .as_array()
        .expect("series")
        .iter()
        .map(|series| (series["tags"]["host"].as_str().unwrap_or_default(), &series["datapoints"][0][0]))
        .collect();
    assert_eq!(grown, [("7", &json!(7800.0)), ("h1", &json!(3900.0))], "{}", answer.body);
}
