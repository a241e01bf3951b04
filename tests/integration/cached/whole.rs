//! What is read as a whole: equal questions at once are one statement, and what is settled is kept.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use super::sharing::{frames, locked};
use super::{ROWS, cached, metric, statements, value_of, word};
use crate::support::{Answer, Server, sql};

/// The last hour, in minutes.
fn query(target: &str, payload: &Value) -> Value {
    json!({
        "range": {"from": "now-1h", "to": "now"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A", "payload": payload}],
    })
}

/// The statements that so many people cost who ask the same at once; all have the same answer.
async fn cost(pool: &PgPool, server: &Server, relation: &str, query: &Value, people: usize) -> usize {
    let before = statements(server).await;
    let lock = locked(pool, relation).await;
    let came = Arc::new(Semaphore::new(0));
    let now = server.engine.clock.now();
    let person = |_| {
        let (came, query) = (Arc::clone(&came), query.to_string());
        let engine = super::at(&server.engine, now, &server.engine.cache);
        server.spawn(async move {
            let query = datebin::intake::body(query.as_bytes()).expect("a query");
            let scope = engine.scope().expect("a catalog");
            let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
            came.add_permits(1);
            scope.answer(&question).await.map(|answer| frames(&answer))
        })
    };
    let asking: Vec<_> = (0..people).map(person).collect();
    drop(came.acquire_many(u32::try_from(people).expect("a number")).await.expect("they come"));
    lock.rollback().await.expect("the end of the lock");
    let answers = join_all(asking).await;
    let first = answers[0].as_ref().expect("a task").as_ref().unwrap_or_else(|error| panic!("{query}: {error}"));
    assert!(first.contains("points: [("), "{query}: {first}");
    assert!(answers.iter().all(|answer| answer.as_ref().expect("a task").as_ref().is_ok_and(|own| own == first)));
    statements(server).await - before
}

#[sqlx::test(migrations = false)]
async fn equal_questions_for_samples_at_once_are_read_once(pool: PgPool) {
    sql(&pool, ROWS).await;
    // The last samples of h1 lie before the range of a fill.
    sql(
        &pool,
        "CREATE TABLE early AS SELECT ts - interval '90 min' AS ts, host, value FROM load WHERE host = 'h1'
            UNION ALL SELECT * FROM load WHERE host <> 'h1'; CREATE INDEX ON early (host, ts);",
    )
    .await;
    for (relation, target, payload) in [
        ("load", "load", json!({"reduce": "m4"})),
        ("load", "load", json!({"reduce": "minmax"})),
        ("load", "quantile_over_time(0.5, load[5m])", json!({"step": "1m"})),
        ("early", "early", json!({"step": "1m", "fill": "previous", "lookback": "6h"})),
    ] {
        let query = query(target, &payload);
        let (alone, server) = (cached(&pool, "").await, cached(&pool, "").await);
        let one = cost(&pool, &alone, relation, &query, 1).await;
        let fifty = cost(&pool, &server, relation, &query, 50).await;
        assert!(one >= 1 && (one..=2 * one).contains(&fifty), "{query}: {fifty} statements, and {one} of one alone");
    }
}

#[sqlx::test(migrations = false)]
async fn equal_questions_for_counters_of_two_sources_are_read_once(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE one (ts timestamptz NOT NULL, name text NOT NULL, host text NOT NULL, value float8);
         INSERT INTO one SELECT now() - n * interval '15 s', 'done_total', 'h1', 1000 - n FROM generate_series(1, 240) n;
         CREATE INDEX ON one (host, ts); CREATE TABLE two (LIKE one INCLUDING ALL);
         INSERT INTO two SELECT ts, name, 'h2', value FROM one;",
    )
    .await;
    let source = |relation: &str| {
        format!("[[source]]\nrelation = \"{relation}\"\nname = \"name\"\nvalue = \"value\"\nlabels = [\"host\"]\n")
    };
    let toml = source("one") + &source("two");
    let (alone, server) = (cached(&pool, &toml).await, cached(&pool, &toml).await);
    let query = query("sum by (host) (rate(done_total[5m]))", &json!({"step": "1m"}));
    let one = cost(&pool, &alone, "one", &query, 1).await;
    let fifty = cost(&pool, &server, "one", &query, 50).await;
    assert!(one >= 1 && (one..=2 * one).contains(&fifty), "{fifty} statements, and {one} of one alone");
}

#[sqlx::test(migrations = false)]
async fn reduced_samples_are_kept_where_they_are_settled(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let m4 = async |server: &Server, from: i64, to: i64, header: &[(&str, &str)]| -> Answer {
        let mut body = query("load{host=\"h1\"}", &json!({"reduce": "m4"}));
        body["range"] = json!({"from": from, "to": to});
        let answer = server.send("POST", "/query", header, body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    };
    let now = server.engine.clock.now();
    let (from, settled) = (now - 50 * 60_000, now - 10 * 60_000);
    let first = m4(&server, from, settled, &[]).await;
    assert_eq!(word(&first), "miss");
    sql(&pool, "UPDATE load SET value = -5 WHERE ts < now() - interval '15 min'").await;
    let again = m4(&server, from, settled, &[]).await;
    assert_eq!((word(&again).as_str(), &again.body), ("hit", &first.body));
    // Whoever says so is answered by the database, and so are the others from then on.
    let lowest = |answer: &Answer| {
        answer.body[0]["datapoints"].as_array().expect("points").iter().map(value_of).fold(f64::MAX, f64::min)
    };
    let fresh = m4(&server, from, settled, &[("cache-control", "no-cache")]).await;
    assert_eq!((word(&fresh).as_str(), lowest(&fresh)), ("miss", -5.0));
    assert_eq!(lowest(&m4(&server, from, settled, &[]).await), -5.0);
    sql(&pool, "UPDATE load SET value = -6 WHERE value = -5").await;
    server.catalog.refresh();
    assert_eq!(lowest(&m4(&server, from, settled, &[]).await), -6.0);
    // The newest samples are never old.
    m4(&server, from, now + 60_000, &[]).await;
    sql(&pool, "INSERT INTO load VALUES (now(), 'h1', -7)").await;
    let newest = m4(&server, from, now + 60_000, &[]).await;
    assert_eq!((word(&newest).as_str(), lowest(&newest)), ("miss", -7.0));
    let never = cached(&pool, "[[source]]\nrelation = \"load\"\nsettles = \"never\"\n").await;
    m4(&never, from, settled, &[]).await;
    assert_eq!(word(&m4(&never, from, settled, &[]).await), "miss");
}

#[sqlx::test(migrations = false)]
async fn the_counts_say_what_the_header_says(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let now = server.engine.clock.now();
    let settled = json!({"from": now - 50 * 60_000, "to": now - 10 * 60_000});
    let quantile = || query("quantile_over_time(0.5, load[5m])", &json!({"step": "1m"}));
    let mut of_settled = query("load", &json!({"reduce": "m4"}));
    of_settled["range"] = settled;
    for (query, expected) in [
        (quantile(), "miss"),
        (quantile(), "miss"),
        (query("load", &json!({"reduce": "m4"})), "miss"),
        (of_settled.clone(), "miss"),
        (of_settled, "hit"),
        (query("load", &json!({"step": "1m"})), "miss"),
        (query("load", &json!({"step": "1m"})), "partial"),
    ] {
        let before = totals(&server).await;
        let answer = server.send("POST", "/query", &[], query.to_string()).await;
        assert_eq!((answer.status, word(&answer).as_str()), (200, expected), "{query}");
        let counted: Vec<f64> =
            totals(&server).await.iter().zip(before).map(|(after, before)| after - before).collect();
        let words = ["hit", "partial", "miss"].map(|word| if word == expected { 1.0 } else { 0.0 });
        assert_eq!(counted, words, "{query}");
    }
}

/// The reads of which all, some or none was known.
async fn totals(server: &Server) -> [f64; 3] {
    let of = async |name: &str| metric(server, &format!("cache_{name}_total")).await;
    [of("hits").await, of("partial").await, of("misses").await]
}
