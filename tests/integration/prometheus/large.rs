//! Lists of relations that are too large to be read, that take too long, and that fail.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

/// 40 MB each: pages are nearly empty.
const LARGE: &str = "
    CREATE TABLE big (ts timestamptz NOT NULL, host text NOT NULL, region text, cpu float8, mem float8) WITH (fillfactor = 10);
    INSERT INTO big SELECT '2026-01-05Z'::timestamptz + n * interval '1 s', 'web-' || n % 5, 'eu', n, n
    FROM generate_series(1, 50000) AS n;
    CREATE INDEX ON big (host, ts);
    CREATE INDEX ON big (ts);
    CREATE TABLE readings (ts timestamptz NOT NULL, metric text NOT NULL, value float8, labels jsonb) WITH (fillfactor = 10);
    INSERT INTO readings SELECT '2026-01-05Z'::timestamptz + n * interval '1 s', 'm' || n % 3, n,
           jsonb_build_object('k' || n % 3, 'v' || n % 2)
    FROM generate_series(1, 50000) AS n;
    INSERT INTO readings VALUES ('2025-01-01Z', 'old', 1, '{\"k0\": \"gone\"}');
    CREATE INDEX ON readings (metric, ts);
    CREATE INDEX ON readings (ts);
    ANALYZE big, readings;";

#[sqlx::test(migrations = false)]
async fn large_relations_are_listed_by_their_fast_ways(pool: PgPool) {
    sql(&pool, LARGE).await;
    let server = Server::start(&pool).await;
    let bytes: Vec<u64> = server.catalog.current().unwrap().sources().iter().map(|source| source.bytes).collect();
    assert!(bytes.iter().all(|bytes| *bytes > 32 << 20), "{bytes:?}");
    let (inside, before) = ("start=1767571200&end=1767657600", "start=1577836800&end=1577923200");
    let then = "start=1735689600&end=1735776000";
    for (path, expected) in [
        (format!("labels?{inside}"), json!(["__name__", "host", "k0", "k1", "k2", "region"])),
        (format!("labels?{before}"), json!([])),
        (format!("labels?{inside}&match[]=big_cpu"), json!(["__name__", "host", "region"])),
        (format!("labels?{inside}&match[]=m1"), json!(["__name__", "k1"])),
        (format!("label/__name__/values?{inside}"), json!(["big_cpu", "big_mem", "m0", "m1", "m2"])),
        (format!("label/__name__/values?{then}"), json!(["old"])),
        (format!("label/__name__/values?{inside}&match[]=%7Bhost=%22web-1%22%7D"), json!(["big_cpu", "big_mem"])),
        (format!("label/__name__/values?{before}&match[]=%7Bhost=%22web-1%22%7D"), json!([])),
        (format!("label/host/values?{inside}"), json!(["web-0", "web-1", "web-2", "web-3", "web-4"])),
        (format!("label/host/values?{before}"), json!([])),
        (format!("label/host/values?{inside}&match[]=big_cpu%7Bhost=~%22web-(1|7)%22%7D"), json!(["web-1"])),
        (format!("label/k1/values?{inside}&match[]=m1"), json!(["v0", "v1"])),
        (format!("label/k0/values?{inside}&match[]=m1"), json!([])),
        ("label/k0/values".to_owned(), json!(["gone", "v0", "v1"])),
        (
            format!("series?{inside}&match[]=m2"),
            json!([{"__name__": "m2", "k2": "v0"}, {"__name__": "m2", "k2": "v1"}]),
        ),
        (
            "series?match[]=big_mem%7Bhost=%22web-3%22%7D".to_owned(),
            json!([{"__name__": "big_mem", "host": "web-3", "region": "eu"}]),
        ),
    ] {
        let answer = server.get(&format!("/api/v1/{path}")).await;
        assert_eq!((answer.status, &answer.body), (200, &json!({"status": "success", "data": expected})), "{path}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_relation_that_fails_leaves_only_itself_out(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE good (ts timestamptz NOT NULL, host text, v float8);
                INSERT INTO good VALUES ('2026-01-05Z', 'a', 1);
                CREATE VIEW bad AS SELECT ts, host, (1 / (v - v)::int)::float8 AS v FROM good;",
    )
    .await;
    let source = |name: &str| {
        format!(
            "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [\"host\"]\n[source.metric.{name}]\ncolumn = \"v\"\n"
        )
    };
    let server = Server::declared(&pool, &(source("good") + &source("bad"))).await;
    let good = json!({"__name__": "good", "host": "a"});
    for (path, expected) in [
        ("series?match[]=%7Bhost!=%22%22%7D", json!([good])),
        ("label/host/values", json!(["a"])),
        ("labels?start=0", json!(["__name__", "host"])),
        ("label/__name__/values?start=0", json!(["good"])),
    ] {
        let answer = server.get(&format!("/api/v1/{path}")).await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &expected), "{path}: {}", answer.body);
        let warnings = answer.body["warnings"].as_array().unwrap();
        assert!(
            warnings.len() == 1 && warnings[0].as_str().unwrap().starts_with("a relation is left out: "),
            "{warnings:?}"
        );
    }
    let alone = server.get("/api/v1/series?match[]=bad").await;
    assert_eq!((alone.status, &alone.body["errorType"]), (422, &json!("execution")), "{}", alone.body);
    assert_eq!(server.data("/api/v1/series?match[]=good").await, json!([good]));
}

#[sqlx::test(migrations = false)]
async fn a_list_that_takes_too_long_is_not_silently_short(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE good (ts timestamptz NOT NULL, host text, v float8);
                INSERT INTO good VALUES ('2026-01-05Z', 'a', 1);
                CREATE VIEW slow AS SELECT ts, host || pg_sleep(60)::text AS host, v FROM good;",
    )
    .await;
    let source = |name: &str| {
        format!(
            "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [\"host\"]\n[source.metric.{name}]\ncolumn = \"v\"\n"
        )
    };
    let setup =
        crate::support::Setup { statement_timeout: std::time::Duration::from_millis(300), ..Default::default() };
    let server = Server::declared_with(&pool, &(source("good") + &source("slow")), setup).await;
    let both = server.get("/api/v1/series?match[]=%7Bhost!=%22%22%7D").await;
    assert_eq!((both.status, &both.body["data"]), (200, &json!([{"__name__": "good", "host": "a"}])), "{}", both.body);
    let warning = both.body["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("the list may not be whole"), "{warning}");
    let alone = server.get("/api/v1/series?match[]=slow").await;
    assert_eq!((alone.status, &alone.body["errorType"]), (503, &Value::from("timeout")), "{}", alone.body);
}
