//! Questions over HTTP against the same statements under `pgbench -M prepared`, the built program as a process of its own: small
//! and large answers, one client and eight.
//!
//! Both run in turn, so that a noisy machine is noisy for both; what counts is the median of the ratios of their medians. `floor`
//! is what a request costs that asks nothing, `/livez`. `make bench` runs it; `ROUNDS` sets the number of rounds, `BENCH_PROGRAM`
//! names another datebin than the one just built.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod program;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use datebin::ast::{Matcher, MetricRef, Selector, Span, Test};
use datebin::catalog::Snapshot;
use datebin::db::{DatabaseConfig, watch};
use datebin::lower::FetchRequest;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Limits};
use datebin::refresh::{Catalog, CatalogConfig};
use datebin::sql::{self, Param, Statement};
use datebin::time::{TimeRange, Zone};
use futures_util::future::join_all;
use program::Server;
use sqlx::{Connection as _, PgConnection};

const LISTEN: &str = "127.0.0.1:18098";
const CACHED: &str = "127.0.0.1:18197";
/// Requests of a round, one after the other, of each client.
const REQUESTS: usize = 60;
/// 2023-11-14T22:00:00Z, on a bucket of every step below.
const FROM: i64 = 1_699_999_200_000;
const HOUR: i64 = 3_600_000;

/// Ten hosts, a sample every five seconds for a day.
const FIXTURE: &str = "
    DROP TABLE IF EXISTS bench;
    CREATE TABLE bench (ts timestamptz NOT NULL, host text NOT NULL, value double precision NOT NULL);
    INSERT INTO bench SELECT to_timestamp(1699999200 + 5 * s), 'host-' || h, random() * 100
    FROM generate_series(0, 17279) AS s, generate_series(10, 19) AS h;
    CREATE INDEX ON bench (host, ts); CREATE INDEX ON bench (ts); ANALYZE bench;";

/// A question: of how many series, how long, with which step.
struct Question {
    name: &'static str,
    target: &'static str,
    host: Option<&'static str>,
    hours: i64,
    step_ms: i64,
}

const QUESTIONS: [Question; 3] = [
    Question {
        name: "1 series x 1 h",
        target: "bench{host=\"host-12\"}",
        host: Some("host-12"),
        hours: 1,
        step_ms: 15_000,
    },
    Question {
        name: "1 series x 24 h",
        target: "bench{host=\"host-12\"}",
        host: Some("host-12"),
        hours: 24,
        step_ms: 60_000,
    },
    Question { name: "10 series x 6 h", target: "bench", host: None, hours: 6, step_ms: 20_000 },
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    sqlx::raw_sql(FIXTURE).execute(&mut connection).await.expect("the fixture");
    let snapshot = snapshot(&url).await;
    let begun = Instant::now();
    let server = Server::start(LISTEN, &url, "", &[("DATEBIN_CACHE_BYTES", "0")]);
    let (start, idle) = (begun.elapsed(), server.resident());
    println!("ready after {:.0} ms, idle at {:.1} MiB", start.as_secs_f64() * 1000.0, idle as f64 / 1_048_576.0);
    let cached = Server::start(CACHED, &url, "", &[]);
    println!("p50 in ms over HTTP and under pgbench -M prepared, medians of {rounds} rounds of {REQUESTS} requests");
    println!("| question | clients | HTTP | pgbench | ratio | floor | ratio to both | from the cache |");
    println!("|---|---|---|---|---|---|---|---|");
    for question in &QUESTIONS {
        let script = script(&statement(&snapshot, question));
        for clients in [1, 8] {
            compare(question, clients, rounds, (&server, &cached), (&url, &script)).await;
        }
    }
    println!("resident afterwards {:.1} MiB", server.resident() as f64 / 1_048_576.0);
    sqlx::raw_sql("DROP TABLE bench").execute(&mut connection).await.expect("the end");
}

/// Measures all in turn and prints a row.
async fn compare(
    question: &Question,
    clients: usize,
    rounds: usize,
    (server, cached): (&Server, &Server),
    (url, script): (&str, &str),
) {
    let body = body(question);
    let mut rows: [Vec<f64>; 6] = Default::default();
    // The first round warms up.
    for round in 0..=rounds {
        let ours = over_http(server.address, clients, Some(&body)).await;
        let theirs = under_pgbench(url, script, clients);
        let floor = over_http(server.address, clients, None).await;
        let known = over_http(cached.address, clients, Some(&body)).await;
        let figures = [ours, theirs, ours / theirs, floor, ours / (theirs + floor), known];
        if round > 0 {
            rows.iter_mut().zip(figures).for_each(|(row, figure)| row.push(figure));
        }
    }
    let [ours, theirs, ratio, floor, both, known] = rows.map(median);
    let name = question.name;
    println!("| {name} | {clients} | {ours:.2} | {theirs:.2} | {ratio:.2} | {floor:.2} | {both:.2} | {known:.2} |");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn body(question: &Question) -> String {
    let to = FROM + question.hours * HOUR - question.step_ms;
    let body = serde_json::json!({
        "range": {"from": FROM, "to": to}, "intervalMs": question.step_ms, "maxDataPoints": 1500,
        "targets": [{"target": question.target, "refId": "A", "type": "timeserie"}],
    });
    body.to_string()
}

/// The median of the milliseconds of a request, the whole body read; without a question the one of `/livez`.
async fn over_http(address: &str, clients: usize, body: Option<&str>) -> f64 {
    let one = async || {
        let (client, mut times) = (reqwest::Client::new(), Vec::new());
        for _ in 0..REQUESTS {
            let begun = Instant::now();
            let request = match body {
                Some(body) => client.post(format!("http://{address}/query")).body(body.to_owned()),
                None => client.get(format!("http://{address}/livez")),
            };
            let answer = request.send().await.expect("an answer").error_for_status().expect("200");
            let bytes = answer.bytes().await.expect("a body");
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            assert!(body.is_none() || bytes.len() > 4_000, "240 points are larger than {} bytes", bytes.len());
        }
        times
    };
    median(join_all((0..clients).map(|_| one())).await.concat())
}

/// The median of the milliseconds of the statement, its rows read by libpq.
fn under_pgbench(url: &str, script: &str, clients: usize) -> f64 {
    let program = std::env::var("PGBENCH").unwrap_or_else(|_| "pgbench".into());
    let directory = std::env::temp_dir().join(format!("datebin-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let (file, prefix) = (directory.join("script.sql"), directory.join("log"));
    std::fs::File::create(&file).and_then(|mut f| f.write_all(script.as_bytes())).expect("a script");
    let out = Command::new(program)
        .env("PGOPTIONS", "-c plan_cache_mode=force_custom_plan -c jit=off -c search_path=pg_catalog")
        .args(["-n", "-M", "prepared", "-c", &clients.to_string(), "-t", &REQUESTS.to_string(), "-l"])
        .arg(format!("--log-prefix={}", prefix.display()))
        .arg("-f")
        .args([file.as_os_str(), url.as_ref()])
        .output()
        .expect("pgbench, from PostgreSQL's client programs");
    assert!(out.status.success(), "pgbench: {}", String::from_utf8_lossy(&out.stderr));
    let logs: Vec<PathBuf> =
        std::fs::read_dir(&directory).expect("logs").map(|entry| entry.expect("a log").path()).collect();
    let mut times = Vec::new();
    for log in logs.iter().filter(|log| **log != file) {
        let text = std::fs::read_to_string(log).expect("a log");
        // Client, number, microseconds, …
        times.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()).map(|us| us / 1000.0));
    }
    let _gone = std::fs::remove_dir_all(&directory);
    median(times)
}

async fn snapshot(url: &str) -> std::sync::Arc<Snapshot> {
    let database = DatabaseConfig::new(url).expect("a URL");
    let health = watch(database.clone());
    let config = CatalogConfig { file: None, zone: None, every: Duration::from_secs(3600) };
    let catalog = Catalog::kept(database, config, health);
    catalog.until_loaded().await;
    catalog.current().expect("a catalog")
}

/// The statement of the question.
fn statement(snapshot: &Snapshot, question: &Question) -> Statement {
    let to = FROM + question.hours * HOUR - question.step_ms;
    let context = Context {
        snapshot,
        range: TimeRange::new(FROM, to).expect("a range"),
        interval_ms: Some(question.step_ms),
        max_points: 1500,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now: to,
        ad_hoc: &[],
        pushes: true,
        patterns: &Patterns::default(),
    };
    let metric = MetricRef::Names(vec!["bench".into()]);
    let only =
        |host: &str| Matcher { label: "host".into(), test: Test::In([host.to_owned()].into()), span: Span::default() };
    let selector = Selector { metric, matchers: question.host.into_iter().map(only).collect(), ..Selector::default() };
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
            Param::Text(text) => format!("'{text}'"),
            Param::Texts(texts) => format!("'{{{}}}'::text[]", texts.join(",")),
            other => format!("{other:?}"),
        };
        text = text.replace(&format!("${}", at + 1), &literal);
    }
    text.push_str(";\n");
    text
}
