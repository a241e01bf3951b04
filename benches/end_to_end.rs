//! Questions over HTTP, as ratios to the same statement under `pgbench -M prepared`: small and large answers, one client and eight,
//! and the servers that people write instead, if `scripts/with-patterns` provides their Python.
//!
//! Each server is one process of its own with its default settings; only the cache is off in the first columns. All are asked in turn
//! in each round, so that a noisy machine is noisy for all; a figure is the median of the rounds, a ratio the median of their ratios.
//! `floor` is what a request costs that asks nothing, `/livez`. `make bench` runs it; `ROUNDS` sets the number of rounds,
//! `BENCH_PROGRAM` names another datebin than the one just built.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod limit;
mod patterns;
mod program;

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use limit::Limit;
use program::Server;
use sqlx::{Connection as _, PgConnection};

const LISTEN: &str = "127.0.0.1:18098";
const CACHED: &str = "127.0.0.1:18197";
/// Requests of a round, one after the other, of each client.
const REQUESTS: usize = 60;
/// A client of a slow server stops then.
const PATIENCE: Duration = Duration::from_secs(3);
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

/// A question: of which host or of all, how long, with which step.
struct Question {
    host: Option<&'static str>,
    hours: i64,
    step_ms: i64,
}

const QUESTIONS: [Question; 3] = [
    Question { host: Some("host-12"), hours: 1, step_ms: 15_000 },
    Question { host: Some("host-12"), hours: 24, step_ms: 60_000 },
    Question { host: None, hours: 6, step_ms: 20_000 },
];

impl Question {
    fn series(&self) -> usize {
        self.host.map_or(10, |_| 1)
    }

    /// Where the range ends, in Unix milliseconds.
    fn end(&self) -> i64 {
        FROM + self.hours * HOUR
    }

    /// The body of `POST /query`, as Grafana writes it.
    fn body(&self) -> String {
        let instant = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).expect("an instant").to_rfc3339();
        let target = self.host.map_or_else(|| "bench".to_owned(), |host| format!("bench{{host=\"{host}\"}}"));
        let body = serde_json::json!({
            "range": {"from": instant(FROM), "to": instant(self.end())}, "intervalMs": self.step_ms, "maxDataPoints": 1500,
            "targets": [{"target": target, "refId": "A", "type": "timeserie"}],
        });
        body.to_string()
    }
}

/// A server that is compared with the limit.
struct Rival {
    name: &'static str,
    server: Server,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(7);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    sqlx::raw_sql(FIXTURE).execute(&mut connection).await.expect("the fixture");
    let limit = Limit::of(&url).await;
    let begun = Instant::now();
    let server = Server::start(LISTEN, &url, "", &[("DATEBIN_CACHE_BYTES", "0")]);
    let (start, idle) = (begun.elapsed(), server.resident());
    println!("ready after {:.0} ms, idle at {:.1} MiB", start.as_secs_f64() * 1000.0, mebibytes(idle));
    let mut rivals = vec![
        Rival { name: "datebin", server },
        Rival { name: "from its cache", server: Server::start(CACHED, &url, "", &[]) },
    ];
    let written = patterns::start(&url);
    if written.is_empty() {
        println!("without the servers in Python: scripts/with-patterns gives them");
    }
    rivals.extend(written);
    caption(&mut connection, rounds).await;
    heading(&rivals);
    for question in &QUESTIONS {
        let points = patterns::check(question, &rivals).await;
        for clients in [1, 8] {
            let name = format!("{} series, {} h: {points}", question.series(), question.hours);
            println!("| {name} | {clients} |{}", compare(question, clients, rounds, &rivals, &limit).await);
        }
    }
    println!("\ndatebin is resident afterwards with {:.1} MiB", mebibytes(rivals[0].server.resident()));
    sqlx::raw_sql("DROP TABLE bench").execute(&mut connection).await.expect("the end");
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// When, where and how often: what a reader needs to know of the table.
async fn caption(connection: &mut PgConnection, rounds: usize) {
    let (version,): (String,) =
        sqlx::query_as("SHOW server_version").fetch_one(connection).await.expect("PostgreSQL's version");
    let cores = std::thread::available_parallelism().expect("a number of cores");
    let memory = memory().map(|gibibytes| format!(", {gibibytes:.0} GiB of memory")).unwrap_or_default();
    let date = chrono::Utc::now().format("%Y-%m-%d");
    println!(
        "{date}, PostgreSQL {version}, {cores} cores{memory}; medians of {rounds} rounds of {REQUESTS} requests\n"
    );
}

/// The memory of the machine, in GiB, where Linux says it.
fn memory() -> Option<f64> {
    let listed = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: f64 =
        listed.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1_048_576.0)
}

fn heading(rivals: &[Rival]) {
    let mut titles = vec!["question".to_owned(), "clients".into(), "limit, ms".into(), "floor, ms".into()];
    for (at, Rival { name, .. }) in rivals.iter().enumerate() {
        titles.push(format!("{name} ÷ limit"));
        if at == 0 {
            titles.push(format!("{name} ÷ (limit + floor)"));
        }
    }
    println!("| {} |\n|{}", titles.join(" | "), "---|".repeat(titles.len()));
}

/// Measures all in turn, and makes the figures of a row in the order of the heading.
async fn compare(question: &Question, clients: usize, rounds: usize, rivals: &[Rival], limit: &Limit) -> String {
    let body = question.body();
    let mut measured: Vec<Vec<f64>> = Vec::new();
    // The first round warms up.
    for round in 0..=rounds {
        let fastest = limit.milliseconds(question, clients);
        let floor = over_http(&rivals[0].server, clients, None).await;
        let mut figures = vec![fastest, floor];
        for (at, rival) in rivals.iter().enumerate() {
            let time = over_http(&rival.server, clients, Some(&body)).await;
            figures.push(time / fastest);
            if at == 0 {
                figures.push(time / (fastest + floor));
            }
        }
        if round > 0 {
            measured.push(figures);
        }
    }
    let column = |at: usize| median(measured.iter().map(|figures| figures[at]).collect());
    (0..measured[0].len()).map(|at| format!(" {:.2} |", column(at))).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the milliseconds of a request, the whole body read; without a question the one of `/livez`.
async fn over_http(server: &Server, clients: usize, body: Option<&str>) -> f64 {
    let started = Instant::now();
    let one = async || {
        let (client, mut times) = (reqwest::Client::new(), Vec::new());
        while times.len() < REQUESTS && (times.is_empty() || started.elapsed() < PATIENCE) {
            let begun = Instant::now();
            let _read = answer(&client, server, body).await;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times
    };
    median(join_all((0..clients).map(|_| one())).await.concat())
}

async fn answer(client: &reqwest::Client, server: &Server, body: Option<&str>) -> Bytes {
    let request = match body {
        Some(body) => client
            .post(format!("http://{}/query", server.address))
            .header("content-type", "application/json")
            .body(body.to_owned()),
        None => client.get(format!("http://{}/livez", server.address)),
    };
    let answer = request.send().await.expect("an answer").error_for_status().expect("200");
    answer.bytes().await.expect("a body")
}
