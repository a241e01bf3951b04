//! The cache: what it answers is what the database says, and a refresh costs the newest buckets.

mod before;
mod counters;
mod lists;
mod random;
mod ranges;
mod remade;
mod seams;
mod sharing;
mod steps;
mod whole;

use std::io::Write as _;
use std::time::Duration;

use datebin::cache::Cache;
use datebin::engine::{Answer as Answered, Engine};
use datebin::time::Clock;
use serde_json::{Value, json};
use sqlx::{PgPool, Row as _};

use crate::support::{Answer, Server, Setup, sql};

const BYTES: usize = 64 << 20;

async fn cached(pool: &PgPool, toml: &str) -> Server {
    Server::declared_with(pool, toml, Setup { cache: BYTES, ..Setup::default() }).await
}

/// Three hosts, a sample each quarter of a minute for the last hour.
const ROWS: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    CREATE INDEX ON load (host, ts);
    CREATE INDEX ON load (ts);
    INSERT INTO load SELECT date_trunc('minute', now()) - n * interval '15 s', 'h' || h, h * 1000 + n
        FROM generate_series(0, 240) n, generate_series(1, 3) h;";

/// The last hour in minutes.
fn body(target: &str) -> Value {
    json!({
        "range": {"from": "now-1h", "to": "now"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "1m"}}],
    })
}

async fn ask(server: &Server, target: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = server.send("POST", "/query", headers, body(target).to_string()).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    answer
}

/// Where the buckets of an answer came from.
fn word(answer: &Answer) -> String {
    let timing = answer.header("server-timing");
    let word = timing.split("cache;desc=\"").nth(1).and_then(|rest| rest.split('"').next());
    word.unwrap_or_default().to_owned()
}

/// One number of `GET /metrics`.
async fn metric(server: &Server, name: &str) -> f64 {
    let page = server.get("/metrics").await;
    let text = page.body.as_str().expect("a page");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("datebin_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
}

/// The minute that was half an hour ago.
async fn instant(pool: &PgPool) -> i64 {
    let text = "SELECT (extract(epoch FROM date_trunc('minute', now() - interval '30 min')) * 1000)::int8";
    sqlx::query_scalar(text).fetch_one(pool).await.expect("an instant")
}

/// The value of the bucket that begins at an instant, of one host.
fn value_at(answer: &Answer, host: &str, at: i64) -> f64 {
    let elements = answer.body.as_array().expect("an array");
    let own = elements.iter().find(|element| element["tags"]["host"] == host).expect("the host");
    let point = own["datapoints"].as_array().expect("points").iter().find(|point| point[1] == at);
    point.unwrap_or_else(|| panic!("no bucket {at} in {own}"))[0].as_f64().expect("a number")
}

#[sqlx::test(migrations = false)]
async fn a_refresh_asks_for_the_newest_buckets_alone(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let control = Server::start(&pool).await;
    for target in ["load", "max by (host) (load)", "increase(load[1m])", "stddev_over_time(load[5m])"] {
        assert_eq!(word(&ask(&server, target, &[]).await), "miss", "{target}");
        let saved = metric(&server, "cache_rows_saved_total").await;
        sql(&pool, "INSERT INTO load VALUES (now(), 'h1', 77777), (now(), 'new', 5)").await;
        let (again, plain) = tokio::join!(ask(&server, target, &[]), ask(&control, target, &[]));
        assert_eq!((word(&again).as_str(), word(&plain).as_str()), ("partial", "off"), "{target}");
        assert_eq!(again.body, plain.body, "{target}");
        let saved = metric(&server, "cache_rows_saved_total").await - saved;
        // 58 of the minutes of three hosts are settled at least.
        assert!(saved >= 3.0 * 58.0, "{target}: {saved}");
    }
    assert!(metric(&server, "cache_bytes").await > 1000.0);
}

#[sqlx::test(migrations = false)]
async fn what_is_stored_is_believed_until_somebody_knows_better(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let at = instant(&pool).await;
    ask(&server, "max(load)", &[]).await;
    let old = value_at(&ask(&server, "load", &[]).await, "h1", at);
    sql(&pool, "UPDATE load SET value = 9 WHERE ts BETWEEN now() - interval '40 min' AND now() - interval '20 min'")
        .await;
    let known = ask(&server, "load", &[]).await;
    assert_eq!((value_at(&known, "h1", at), word(&known).as_str()), (old, "partial"));
    // A client that says so is answered by the database, and so are the others from then on.
    let fresh = ask(&server, "load", &[("cache-control", "max-age=0, no-cache")]).await;
    assert_eq!((value_at(&fresh, "h1", at), word(&fresh).as_str()), (9.0, "miss"));
    assert_eq!(value_at(&ask(&server, "load", &[]).await, "h1", at), 9.0);
    // Who changed tables says so, and nothing that was read before is believed any more.
    sql(&pool, "UPDATE load SET value = 8 WHERE value = 9").await;
    assert_eq!(value_at(&ask(&server, "load", &[]).await, "h1", at), 9.0);
    server.catalog.refresh();
    let told = ask(&server, "load", &[]).await;
    assert_eq!((value_at(&told, "h1", at), word(&told).as_str()), (8.0, "miss"));
}

#[sqlx::test(migrations = false)]
async fn a_source_says_how_long_it_is_believed(pool: PgPool) {
    sql(&pool, ROWS).await;
    for (declared, word_of_second) in [
        ("settles = \"never\"", "miss"),
        ("max_age = \"1ms\"", "miss"),
        // No bucket of the hour is so old.
        ("settles = \"2h\"", "miss"),
        ("settles = \"10m\"\nmax_age = \"1h\"", "partial"),
    ] {
        let toml = format!("[[source]]\nrelation = \"load\"\n{declared}\n");
        let server = cached(&pool, &toml).await;
        ask(&server, "load", &[]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(word(&ask(&server, "load", &[]).await), word_of_second, "{declared}");
    }
    let server = Server::declared(&pool, "[[source]]\nrelation = \"load\"\nsettles = \"soon\"\n").await;
    assert!(
        server.catalog.failure().is_some_and(|why| why.contains("90s, or never")) || server.catalog.left_out() == 1
    );
}

/// An engine whose clock stands at an instant.
fn at(engine: &Engine, now: i64, cache: &Cache) -> Engine {
    Engine { clock: Clock::Fixed(now), cache: cache.clone(), ..engine.clone() }
}

async fn answered(engine: Engine, query: Value) -> (Answered, &'static str) {
    answered_as(engine, query, false).await
}

/// The same, where it says so past what is known.
async fn answered_as(engine: Engine, query: Value, is_fresh: bool) -> (Answered, &'static str) {
    let query = datebin::intake::body(query.to_string().as_bytes()).expect("a query");
    let scope = engine.scope().expect("a catalog").fresh(is_fresh);
    let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
    let answer = scope.answer(&question).await.unwrap_or_else(|error| panic!("{query:?}: {error}"));
    (answer, scope.outcome().unwrap_or_default())
}

#[sqlx::test(migrations = false)]
async fn the_prometheus_api_takes_partials_from_the_cache(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(&pool, "ALTER TABLE load ADD PRIMARY KEY (host, ts)").await;
    let toml = "[[source]]\nrelation = \"load\"\ninterval = \"15s\"\n";
    let (server, control) = (cached(&pool, toml).await, Server::declared(&pool, toml).await);
    let end: i64 = sqlx::query_scalar("SELECT extract(epoch FROM date_trunc('minute', now()))::int8")
        .fetch_one(&pool)
        .await
        .expect("a time");
    for (query, word_of_first) in [
        ("max_over_time(load[2m])", "miss"),
        ("min_over_time(load[1m])", "miss"),
        ("avg_over_time(load[1m])", "miss"),
        // Its windows are of the minutes that the first query read.
        ("sum(max_over_time(load[5m]))", "partial"),
    ] {
        let ask = async |server: &Server| {
            let query = query.replace('[', "%5B").replace(']', "%5D");
            let (from, path) = (end - 3000, "/api/v1/query_range");
            server.get(&format!("{path}?query={query}&start={from}&end={end}&step=60")).await
        };
        let first = ask(&server).await;
        sql(&pool, "INSERT INTO load VALUES (date_trunc('second', now()), 'h1', 77777) ON CONFLICT DO NOTHING").await;
        let (again, plain) = tokio::join!(ask(&server), ask(&control));
        assert_eq!(
            (word(&first).as_str(), word(&again).as_str()),
            (word_of_first, "partial"),
            "{query}: {}",
            first.body
        );
        assert_eq!(again.body, plain.body, "{query}");
    }
}

/// Whether PostgreSQL counts statements, with the extension pg_stat_statements. Where it does not, a line says what was not tested;
/// with `DATEBIN_REQUIRE_STATEMENTS` set, as in `make ci`, that is an error.
async fn counts(pool: &PgPool) -> bool {
    let text = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT count(*) FROM pg_stat_statements;";
    let Err(error) = sqlx::raw_sql(text).execute(pool).await else { return true };
    assert!(std::env::var_os("DATEBIN_REQUIRE_STATEMENTS").is_none(), "no pg_stat_statements: {error}");
    // Past the harness, which keeps what a passing test prints.
    let line = format!("\nSKIPPED: statements, rows and pages are not counted: no pg_stat_statements: {error}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("a line");
    false
}

/// What statements over a relation came to.
#[derive(Clone, Copy, Debug)]
struct Counted {
    calls: i64,
    rows: i64,
}

impl Counted {
    fn since(self, before: Self) -> Self {
        Self { calls: self.calls - before.calls, rows: self.rows - before.rows }
    }
}

/// What statements over a relation came to so far, by PostgreSQL's own count; none where it does not count.
async fn counted(pool: &PgPool, relation: &str) -> Option<Counted> {
    if !counts(pool).await {
        return None;
    }
    let text = "SELECT coalesce(sum(calls), 0)::int8, coalesce(sum(rows), 0)::int8
        FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = current_database() AND query LIKE $1 AND query LIKE '%date_bin%' AND query LIKE 'SELECT%'";
    let row = sqlx::query(text).bind(format!("%\"{relation}\"%")).fetch_one(pool).await.expect("counts");
    let number = |at: usize| row.try_get::<i64, _>(at).expect("a number");
    Some(Counted { calls: number(0), rows: number(1) })
}

/// How many statements a server has run.
async fn statements(server: &Server) -> usize {
    let page = server.get("/metrics").await;
    let text = page.body.as_str().expect("a page");
    let lines = text.lines().filter(|line| line.starts_with("datebin_statements_total{"));
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    counts.sum::<f64>() as usize
}

/// The value of a point.
fn value_of(point: &Value) -> f64 {
    point[0].as_f64().expect("a number")
}

/// The pages that statements over a relation looked at so far; none where PostgreSQL does not count.
async fn pages(pool: &PgPool, relation: &str) -> Option<i64> {
    if !counts(pool).await {
        return None;
    }
    let text = "SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::int8
        FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = current_database() AND query LIKE $1 AND query LIKE 'SELECT%'";
    Some(sqlx::query_scalar(text).bind(format!("%\"{relation}\"%")).fetch_one(pool).await.expect("counts"))
}
