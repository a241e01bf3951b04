//! Lists of labels: equal ones at once are read once, and each is believed for a short time.

use std::time::Duration;

use datebin::access::{Access, Secret};
use datebin::config::HttpConfig;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::sharing::{blocked, locked};
use super::{BYTES, ROWS, answered, body, cached, statements};
use crate::patience::patience;
use crate::support::{Answer, Server, Setup, Written, sql};

/// The ways to ask for hosts: method, path, body.
fn ways(from: i64, to: i64) -> [(&'static str, String, String); 6] {
    let (start, end) = (from / 1000, to / 1000);
    let range = json!({"from": from, "to": to});
    let variable = json!({"payload": {"target": "label_values(load, host)"}, "range": range});
    let values = json!({"key": "host", "timeRange": range});
    [
        ("POST", "/variable".to_owned(), variable.to_string()),
        ("POST", "/tag-values".to_owned(), values.to_string()),
        ("GET", format!("/api/v1/label/host/values?start={start}&end={end}&match[]=load"), String::new()),
        ("GET", "/api/v1/label/host/values?match[]=load".to_owned(), String::new()),
        ("GET", format!("/api/v1/series?match[]=load&start={start}&end={end}"), String::new()),
        ("GET", "/api/v1/series?match[]=load".to_owned(), String::new()),
    ]
}

async fn asked(server: &Server, way: &(&str, String, String), headers: &[(&str, &str)]) -> Answer {
    let answer = server.send(way.0, &way.1, headers, way.2.clone()).await;
    assert_eq!(answer.status, 200, "{}: {}", way.1, answer.body);
    answer
}

/// Whether an answer names a host.
fn names(answer: &Answer, host: &str) -> bool {
    answer.body.to_string().contains(&format!("\"{host}\""))
}

#[sqlx::test(migrations = false)]
async fn equal_lists_at_once_are_one_statement(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let now = server.engine.clock.now();
    for way in ways(now - 3_600_000, now) {
        let before = statements(&server).await;
        let answers = join_all((0..50).map(|_| asked(&server, &way, &[]))).await;
        assert!(answers.iter().all(|answer| answer.body == answers[0].body) && names(&answers[0], "h3"), "{way:?}");
        let run = statements(&server).await - before;
        // What one of them asked, another one may ask as well.
        assert!(run <= 1, "{way:?}: {run} statements");
    }
    assert!(super::metric(&server, "cache_statements_saved_total").await >= 49.0);
    assert!(super::metric(&server, "cache_bytes").await > 100.0);
}

#[sqlx::test(migrations = false)]
async fn a_list_is_believed_until_somebody_knows_better(pool: PgPool) {
    sql(&pool, ROWS).await;
    let now = datebin::time::Clock::System.now();
    let server = cached(&pool, "").await;
    let never = cached(&pool, "[[source]]\nrelation = \"load\"\nsettles = \"never\"\n").await;
    let off = Server::start(&pool).await;
    for (at, way) in ways(now - 3_600_000, now).iter().enumerate() {
        let (told, reloaded) = (format!("told{at}"), format!("reloaded{at}"));
        for server in [&server, &never, &off] {
            asked(server, way, &[]).await;
        }
        added(&pool, &told).await;
        assert!(!names(&asked(&server, way, &[]).await, &told), "{way:?} is believed");
        assert!(names(&asked(&server, way, &[("cache-control", "no-cache")]).await, &told), "{way:?}");
        assert!(names(&asked(&server, way, &[]).await, &told), "{way:?}: what was read anew is for all");
        added(&pool, &reloaded).await;
        server.catalog.refresh();
        for server in [&server, &never, &off] {
            assert!(names(&asked(server, way, &[]).await, &reloaded), "{way:?}");
        }
    }
}

async fn added(pool: &PgPool, host: &str) {
    let row = "INSERT INTO load VALUES (now() - interval '20 min', $1, 1)";
    sqlx::query(row).bind(host).execute(pool).await.expect("a row");
}

#[sqlx::test(migrations = false)]
async fn a_list_of_one_token_is_none_of_another(pool: PgPool) {
    sql(&pool, ROWS).await;
    let token = |name: &str, labels: &str| {
        let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\nlabels = '{labels}'\n")
    };
    let tokens =
        [token("alice", "host=\"h1\""), token("bob", "host=\"h2\""), token("carol", "host=~\"h[12]\"")].concat();
    let file = Written::new(&tokens);
    let access = Access::of(file.0.clone()).await.expect("tokens");
    let usual = Setup::default();
    let http = HttpConfig { access, ..usual.http.clone() };
    let server = Server::declared_with(&pool, "", Setup { cache: BYTES, http, ..usual }).await;
    let now = server.engine.clock.now();
    let all = ways(now - 3_600_000, now);
    let ask = async |way: &(&'static str, String, String), name: &str, hosts: &[&str]| {
        let bearer = format!("Bearer secret-of-{name}");
        let answer = asked(&server, way, &[("authorization", bearer.as_str())]).await;
        for host in ["h1", "h2", "h3"] {
            assert_eq!(names(&answer, host), hosts.contains(&host), "{way:?} {name}: {}", answer.body);
        }
    };
    for _ in 0..2 {
        for way in &all {
            let people = [("alice", &["h1"][..]), ("bob", &["h2"]), ("carol", &["h1", "h2"])];
            join_all((0..30).map(|at| ask(way, people[at % 3].0, people[at % 3].1))).await;
        }
    }
}

/// A question for the largest value of a range, with a pattern.
fn pattern(from: &str, to: &str) -> Value {
    let mut body = body("max(parts{host=~\"h.*\"})");
    body["range"] = json!({"from": from, "to": to});
    body
}

#[sqlx::test(migrations = false)]
async fn a_look_up_of_one_range_does_not_wait_for_that_of_another(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE parts (ts timestamptz NOT NULL, host text NOT NULL, value float8) PARTITION BY RANGE (ts);
         CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
         CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
         INSERT INTO parts SELECT ts, 'h1', 5 FROM unnest('{2025-01-10 00:30Z, 2025-02-10 00:30Z}'::timestamptz[]) ts;",
    )
    .await;
    let server = cached(&pool, "").await;
    let lock = locked(&pool, "parts_new").await;
    let new = server.spawn(answered(server.engine.clone(), pattern("2025-02-10T00:00:00Z", "2025-02-10T01:00:00Z")));
    blocked(&pool, 1).await;
    let old = answered(server.engine.clone(), pattern("2025-01-10T00:00:00Z", "2025-01-10T01:00:00Z"));
    let old = tokio::time::timeout(patience(Duration::from_secs(10)), server.run(old)).await.expect("in time");
    assert_eq!(old.0.points(), 1);
    lock.rollback().await.expect("the end of the lock");
    assert_eq!(new.await.expect("a task").0.points(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_long_list_is_kept_and_lists_of_several_ranges_are(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE pods (ts timestamptz NOT NULL, pod text NOT NULL, value float8);
         INSERT INTO pods SELECT '2025-01-01Z'::timestamptz + h * interval '1 h' + n * interval '1 s',
             'api-deployment-7c5ddbdf54-' || n, n FROM generate_series(1, 1500) n, generate_series(0, 47) h;
         CREATE INDEX ON pods (ts);",
    )
    .await;
    let server = cached(&pool, "").await;
    let ask = async |from: &str, to: &str| {
        let mut body = body("sum(pods{pod=~\"api-.*\"})");
        body["range"] = json!({"from": from, "to": to});
        body["maxDataPoints"] = json!(200);
        let answer = server.send("POST", "/query", &[], body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        super::word(&answer)
    };
    let ranges = [("2025-01-01T01:00:00Z", "2025-01-01T03:00:00Z"), ("2025-01-02T01:00:00Z", "2025-01-02T03:00:00Z")];
    for (from, to) in ranges {
        assert_eq!(ask(from, to).await, "miss");
    }
    let before = statements(&server).await;
    for (from, to) in ranges {
        assert_eq!(ask(from, to).await, "hit");
    }
    assert_eq!(statements(&server).await, before, "neither buckets nor lists are read again");
}
