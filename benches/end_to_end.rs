//! A question over HTTP against the same statement under `pgbench -M prepared`: 1,000 buckets × 10 series.
//!
//! Both run in turn in one process, so that a noisy machine is noisy for both; what counts is the ratio of the
//! medians. `make bench` runs it; `ROUNDS` sets the number of rounds.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use datebin::ast::{MetricRef, Selector, Span};
use datebin::catalog::Snapshot;
use datebin::config::HttpConfig;
use datebin::db::{Database, DatabaseConfig, watch};
use datebin::engine::{Engine, Resources};
use datebin::http;
use datebin::lower::FetchRequest;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Limits};
use datebin::refresh::{Catalog, CatalogConfig};
use datebin::sql::{self, Param, Statement};
use datebin::time::{Clock, TimeRange, Zone};
use sqlx::{Connection as _, PgConnection};

/// Requests of a round, one after the other.
const REQUESTS: u32 = 40;
/// 2023-11-14T22:00:00Z, on a ten-second bucket.
const FROM: i64 = 1_699_999_200_000;
/// 1,000 buckets of ten seconds.
const TO: i64 = FROM + 9_990_000;

/// Ten hosts; ten samples a bucket, where the database's work counts most, and one, where ours does.
const FIXTURE: &str = "
    DROP TABLE IF EXISTS bench_dense, bench_sparse;
    CREATE TABLE bench_dense (ts timestamptz NOT NULL, host text NOT NULL, value double precision NOT NULL);
    INSERT INTO bench_dense SELECT to_timestamp(1699999200 + s), 'host-' || h, random() * 100
    FROM generate_series(0, 9999) AS s, generate_series(10, 19) AS h;
    CREATE TABLE bench_sparse AS SELECT * FROM bench_dense WHERE extract(epoch FROM ts)::int8 % 10 = 0;
    CREATE INDEX ON bench_dense (host, ts); CREATE INDEX ON bench_dense (ts);
    CREATE INDEX ON bench_sparse (host, ts); CREATE INDEX ON bench_sparse (ts);
    ANALYZE bench_dense, bench_sparse;";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    sqlx::raw_sql(FIXTURE).execute(&mut connection).await.expect("the fixture");
    let (base, snapshot) = serve(&url).await;
    println!("1,000 buckets x 10 series over HTTP against pgbench, {rounds} rounds of {REQUESTS}, medians");
    for metric in ["bench_dense", "bench_sparse"] {
        let script = script(&statement(&snapshot, metric));
        compare(metric, rounds, &base, &url, &script).await;
    }
    sqlx::raw_sql("DROP TABLE bench_dense, bench_sparse").execute(&mut connection).await.expect("the end");
}

/// Measures both in turn and prints the medians of each and of their ratios.
async fn compare(metric: &str, rounds: usize, base: &str, url: &str, script: &str) {
    let client = reqwest::Client::new();
    let _warm = (over_http(&client, base, metric).await, under_pgbench(url, script));
    let mut pairs = Vec::new();
    for _ in 0..rounds {
        pairs.push((over_http(&client, base, metric).await, under_pgbench(url, script)));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ours = median(pairs.iter().map(|(ours, _)| *ours).collect());
    let theirs = median(pairs.iter().map(|(_, theirs)| *theirs).collect());
    let ratio = median(pairs.iter().map(|(ours, theirs)| ours / theirs).collect());
    println!("  {metric:<13} {ours:7.2} ms  pgbench -M prepared {theirs:7.2} ms  ratio {ratio:.2}");
}

async fn serve(url: &str) -> (String, std::sync::Arc<Snapshot>) {
    let database = DatabaseConfig::new(url).expect("a URL");
    let health = watch(database.clone());
    let config = CatalogConfig { file: None, zone: None, every: Duration::from_secs(3600) };
    let catalog = Catalog::kept(database.clone(), config, health.clone());
    catalog.until_loaded().await;
    let snapshot = catalog.current().expect("a catalog");
    let engine = Engine {
        database: Database::new(database, health).expect("a pool"),
        catalog,
        limits: Limits::default(),
        clock: Clock::System,
        request_timeout: Duration::from_secs(25),
        show_sql: false,
        resources: Resources::default(),
        cache: datebin::cache::Cache::off(),
    };
    let http = HttpConfig { listen: ([127, 0, 0, 1], 0).into(), ..HttpConfig::default() };
    let listener = tokio::net::TcpListener::bind(http.listen).await.expect("a port");
    let base = format!("http://{}/query", listener.local_addr().expect("an address"));
    let service = http::service(vec![http::Served { name: None, engine }], &http);
    tokio::spawn(datebin::server::run(listener, service, http, None, std::future::pending()));
    (base, snapshot)
}

/// Mean milliseconds of a request, the whole body read.
async fn over_http(client: &reqwest::Client, base: &str, metric: &str) -> f64 {
    let body = serde_json::json!({
        "range": {"from": FROM, "to": TO}, "intervalMs": 10_000, "maxDataPoints": 1000,
        "targets": [{"target": metric, "refId": "A", "type": "timeserie"}],
    });
    let body = body.to_string();
    let begun = Instant::now();
    for _ in 0..REQUESTS {
        let answer = client.post(base).body(body.clone()).send().await.expect("an answer");
        let bytes = answer.error_for_status().expect("200").bytes().await.expect("a body");
        assert!(bytes.len() > 200_000, "10 series of 1,000 points are larger than {} bytes", bytes.len());
    }
    begun.elapsed().as_secs_f64() * 1000.0 / f64::from(REQUESTS)
}

/// Mean milliseconds of the statement, its rows read by libpq.
fn under_pgbench(url: &str, script: &str) -> f64 {
    let program = std::env::var("PGBENCH").unwrap_or_else(|_| "pgbench".into());
    let file = std::env::temp_dir().join(format!("datebin-bench-{}.sql", std::process::id()));
    std::fs::File::create(&file).and_then(|mut f| f.write_all(script.as_bytes())).expect("a script");
    let out = Command::new(program)
        .env("PGOPTIONS", "-c plan_cache_mode=force_custom_plan -c jit=off -c search_path=pg_catalog")
        .args(["-n", "-M", "prepared", "-c", "1", "-t", &REQUESTS.to_string(), "-f"])
        .args([file.as_os_str(), url.as_ref()])
        .output()
        .expect("pgbench, from PostgreSQL's client programs");
    let _gone = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&out.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("latency average = ")).expect("a latency");
    line.trim_end_matches(" ms").parse().expect("milliseconds")
}

/// The statement of the question.
fn statement(snapshot: &Snapshot, metric: &str) -> Statement {
    let context = Context {
        snapshot,
        range: TimeRange::new(FROM, TO).expect("a range"),
        interval_ms: Some(10_000),
        max_points: 1000,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now: TO,
        ad_hoc: &[],
        pushes: true,
        patterns: &Patterns::default(),
    };
    let metric = MetricRef::Names(vec![metric.into()]);
    let selector = Selector { metric, ..Selector::default() };
    let span = Span::default();
    let request = FetchRequest { selector, function: None, pushed: None, span, function_span: span, answers: true };
    let planned = plan::fetches(&context, &[request]).expect("a plan");
    sql::fetch(&planned.groups[0].fetches[0])
}

/// The statement with its parameters written out, as pgbench knows no types.
fn script(statement: &Statement) -> String {
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let literal = match param {
            Param::Int(value) => value.to_string(),
            Param::Interval(ms) => format!("interval '{ms} milliseconds'"),
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            other => format!("{other:?}"),
        };
        text = text.replace(&format!("${}", at + 1), &literal);
    }
    text.push_str(";\n");
    text
}
