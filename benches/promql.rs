//! Prometheus' language over a table, beside a real Prometheus over its own storage of the same samples.
//!
//! `make bench` runs it where `scripts/with-prometheus` gives one; `PROMQL_SERIES` sets another number of series (200).
//! Both are asked in turn over HTTP; the figures are medians of five rounds, and the ratio of these. datebin is asked twice
//! in each round: past its cache, which is what the ratio is of, and from it. `BENCH_PROGRAM` names another datebin than the
//! one just built.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600;
const DAY: i64 = 86_400;
const ROUNDS: usize = 5;

/// A process that ends with the bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// A question and what it is about.
struct Case {
    what: &'static str,
    query: &'static str,
    days: i64,
    step: i64,
    /// The most times Prometheus' own time.
    most: f64,
}

const CASES: &[Case] = &[
    Case {
        what: "a day, rates every minute",
        query: "sum by (region) (rate(dense_total[5m]))",
        days: 1,
        step: 60,
        most: 2.0,
    },
    Case { what: "a day, newest samples", query: "avg by (region) (dense_total)", days: 1, step: 60, most: 2.0 },
    Case {
        what: "30 days, 5 m windows every 2 h",
        query: "sum by (region) (rate(sparse_total[5m]))",
        days: 30,
        step: 7200,
        most: 3.0,
    },
    Case {
        what: "30 days, hourly maxima",
        query: "max by (region) (max_over_time(sparse_total[1h]))",
        days: 30,
        step: 3600,
        most: 3.0,
    },
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let programs = ["DATEBIN_TEST_PROMETHEUS", "DATEBIN_TEST_PROMTOOL"].map(|name| std::env::var(name).ok());
    let [Some(prometheus), Some(promtool)] = programs else {
        println!("promql: no Prometheus here (scripts/with-prometheus); nothing is compared");
        return;
    };
    let series = std::env::var("PROMQL_SERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let folder = std::env::temp_dir().join(format!("datebin-promql-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    load(&url, series).await;
    blocks(&folder, &promtool, series);
    let (datebin, theirs) = (port(), port());
    let _servers = [serve(&folder, &url, datebin), serve_prometheus(&folder, &prometheus, theirs)];
    ready(datebin, "/readyz").await;
    ready(theirs, "/-/ready").await;
    let mut slow = Vec::new();
    for case in CASES {
        let ratio = compared(case, datebin, theirs).await;
        if ratio > case.most {
            slow.push(format!("{}: {ratio:.2}", case.what));
        }
    }
    let _gone = std::fs::remove_dir_all(&folder);
    assert!(slow.is_empty(), "slower than promised: {slow:?}");
}

/// The metrics: name, days, series. Counters that fall now and then.
fn metrics(series: i64) -> [(&'static str, i64, i64); 2] {
    [("dense", 1, series), ("sparse", 30, (series / 10).max(1))]
}

async fn load(url: &str, series: i64) {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    for (name, days, series) in metrics(series) {
        let rows = format!(
            "DROP TABLE IF EXISTS {name};
             CREATE UNLOGGED TABLE {name} (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, total float8 NOT NULL);
             INSERT INTO {name} SELECT to_timestamp({START} + 15 * i), 'host-' || h, 'region-' || h % 5, (i * (h + 1)) % 100000
               FROM generate_series(0, {days} * 5760 - 1) AS i, generate_series(0, {series} - 1) AS h;
             CREATE INDEX ON {name} (ts); ANALYZE {name};"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&mut connection).await.expect("rows");
    }
}

fn blocks(folder: &Path, promtool: &str, series: i64) {
    let text = folder.join("samples.om");
    let mut written = String::new();
    for (name, days, series) in metrics(series) {
        let _ok = writeln!(written, "# TYPE {name} counter");
        for host in 0..series {
            for i in 0..days * 5760 {
                let (value, at) = ((i * (host + 1)) % 100_000, START + 15 * i);
                let labels = format!("host=\"host-{host}\",region=\"region-{}\"", host % 5);
                let _ok = writeln!(written, "{name}_total{{{labels}}} {value} {at}");
            }
        }
    }
    written.push_str("# EOF\n");
    std::fs::write(&text, written).expect("a file");
    let made = Command::new(promtool)
        // One block for all of it: the whole text is read for each.
        .args(["tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics"])
        .arg(&text)
        .arg(folder.join("data"))
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("promtool").success(), "promtool makes blocks");
}

fn serve(folder: &Path, url: &str, port: u16) -> Running {
    let file = folder.join("datebin.toml");
    let source = |name: &str| {
        format!(
            "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\ninterval = \"15s\"\nlabels = [\"host\", \"region\"]\n\
             [source.metric.{name}_total]\ncolumn = \"total\"\nkind = \"counter\"\n"
        )
    };
    std::fs::write(&file, source("dense") + &source("sparse")).expect("a file");
    let program = std::env::var("BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_datebin").to_owned());
    let mut command = Command::new(program);
    command.env("DATABASE_URL", url).env("DATEBIN_LISTEN", format!("127.0.0.1:{port}")).env("DATEBIN_CONFIG", file);
    Running(command.stderr(Stdio::null()).spawn().expect("the program"))
}

fn serve_prometheus(folder: &Path, program: &str, port: u16) -> Running {
    let config: PathBuf = folder.join("prometheus.yml");
    std::fs::write(&config, "").expect("a file");
    let mut command = Command::new(program);
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
    command.args(["--storage.tsdb.retention.time=100y", "--log.level=error"]);
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Prometheus"))
}

fn port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port()
}

async fn ready(port: u16, path: &str) {
    let begun = Instant::now();
    loop {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "port {port} is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether an answer may come from the cache.
#[derive(Clone, Copy)]
enum Known {
    Allowed,
    Refused,
}

async fn ask(case: &Case, port: u16, known: Known) -> (Value, Duration) {
    let (end, step) = ((START + case.days * DAY - 1).to_string(), case.step.to_string());
    let start = (START + case.step).to_string();
    let pairs = [("query", case.query), ("start", &start), ("end", &end), ("step", &step)];
    let begun = Instant::now();
    let url = format!("http://127.0.0.1:{port}/api/v1/query_range");
    let url = reqwest::Url::parse_with_params(&url, pairs).expect("a URL");
    let mut request = reqwest::Client::new().get(url);
    if matches!(known, Known::Refused) {
        request = request.header("cache-control", "no-cache");
    }
    let answer = request.send().await.expect("an answer");
    let body = answer.text().await.expect("a body");
    let took = begun.elapsed();
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["status"], "success", "{}", body["error"]);
    (body["data"]["result"].clone(), took)
}

/// Asks both in turn; the ratio of the medians.
async fn compared(case: &Case, datebin: u16, theirs: u16) -> f64 {
    let (own, other) = (ask(case, datebin, Known::Refused).await.0, ask(case, theirs, Known::Allowed).await.0);
    assert!(!alike(&own).is_empty(), "{}: nothing is answered", case.what);
    assert_eq!(alike(&own), alike(&other), "{}: the answers differ", case.what);
    assert_eq!(alike(&ask(case, datebin, Known::Allowed).await.0), alike(&other), "{}: the cache differs", case.what);
    let (mut own, mut warm, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(ask(case, datebin, Known::Refused).await.1);
        warm.push(ask(case, datebin, Known::Allowed).await.1);
        other.push(ask(case, theirs, Known::Allowed).await.1);
    }
    [&mut own, &mut warm, &mut other].into_iter().for_each(|times| times.sort());
    let millis = |times: &[Duration]| times[ROUNDS / 2].as_secs_f64() * 1000.0;
    let (ratio, known) = (millis(&own) / millis(&other), millis(&warm) / millis(&other));
    println!(
        "{:<32} {:>8.1} ms, known {:>7.1} ms, Prometheus {:>8.1} ms: {ratio:.2}, {known:.2}",
        case.what,
        millis(&own),
        millis(&warm),
        millis(&other)
    );
    ratio
}

/// Labels, times and values, rounded to nine digits.
fn alike(result: &Value) -> Vec<String> {
    let one = |series: &Value| {
        let value = |point: &Value| {
            let value: f64 = point[1].as_str().unwrap_or_default().parse().unwrap_or(f64::NAN);
            format!("{}:{value:.8e}", point[0])
        };
        let points: Vec<String> = series["values"].as_array().into_iter().flatten().map(value).collect();
        format!("{} {}", series["metric"], points.join(" "))
    };
    result.as_array().into_iter().flatten().map(one).collect()
}
