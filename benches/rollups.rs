//! A year-long panel from an hourly rollup against the same from raw rows, ten seconds apart.
//!
//! `make bench` runs it over 10 hosts, 31.5 million rows; `ROLLUP_HOSTS` sets another number of hosts.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod inside;

use std::time::{Duration, Instant};

use datebin::engine::{Answer, Engine};
use datebin::intake::{self, Moment};
use datebin::plan::Limits;
use datebin::time::Zone;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

/// 2024-01-01T00:00:00Z.
const FROM: i64 = 1_704_067_200;
/// A leap year and half an hour of the next, which the rollup does not hold yet.
const TO: i64 = FROM + 366 * 86_400 + 1800;
const ROUNDS: usize = 5;
const FASTER: f64 = 100.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let hosts: i64 = std::env::var("ROLLUP_HOSTS").ok().and_then(|hosts| hosts.parse().ok()).unwrap_or(10);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    load(&mut connection, hosts).await;
    println!("a year of {hosts} series, {} rows, {ROUNDS} rounds", hosts * (TO - FROM) / 10);
    let (raw, rolled) = (engine(&url, "").await, engine(&url, ROLLUP).await);
    for target in ["cpu", "max by (region) (max_over_time(cpu[$__interval]))"] {
        let (slow, wanted) = timed(&raw, target).await;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let (time, got) = timed(&rolled, target).await;
            hold(&wanted, &got);
            times.push(time);
        }
        times.sort();
        let fast = times[ROUNDS / 2];
        let ratio = slow.as_secs_f64() / fast.as_secs_f64();
        println!("  {target}: raw {:.0} ms, rollup {:.1} ms, {ratio:.0} times faster", ms(slow), ms(fast));
        assert!(ratio >= FASTER, "{target}: only {ratio:.0} times faster");
    }
    sqlx::raw_sql("DROP TABLE bench_raw, bench_1h").execute(&mut connection).await.expect("the end");
}

const ROLLUP: &str = "[[source.rollup]]\nrelation = \"public.bench_1h\"\nstep = \"1h\"\ntime = \"bucket\"\n\
    columns = { cpu = { avg = \"cpu_avg\", max = \"cpu_max\", count = \"n\" } }\n";

/// Loads a day at a time.
async fn load(connection: &mut PgConnection, hosts: i64) {
    let tables = "DROP TABLE IF EXISTS bench_raw, bench_1h;
        CREATE UNLOGGED TABLE bench_raw (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, cpu float8 NOT NULL);
        CREATE UNLOGGED TABLE bench_1h (bucket timestamptz NOT NULL, host text NOT NULL, region text NOT NULL,
            cpu_avg float8 NOT NULL, cpu_max float8 NOT NULL, n int8 NOT NULL)";
    sqlx::raw_sql(tables).execute(&mut *connection).await.expect("tables");
    let style =
        ProgressStyle::with_template("  loading {bar:40} {human_pos}/{human_len} rows, {eta}").expect("a template");
    let bar = ProgressBar::new((hosts * (TO - FROM) / 10).unsigned_abs()).with_style(style);
    let insert = "INSERT INTO bench_raw SELECT to_timestamp(s), 'host-' || h, 'region-' || h % 3, (s / 10 * 7919 + h * 31) % 1000 / 8.0
        FROM generate_series($1, $2 - 1, 10) AS s, generate_series(1, $3) AS h";
    let mut from = FROM;
    while from < TO {
        let to = (from + 86_400).min(TO);
        sqlx::query(insert).bind(from).bind(to).bind(hosts).execute(&mut *connection).await.expect("rows");
        bar.inc((hosts * (to - from) / 10).unsigned_abs());
        from = to;
    }
    bar.finish_and_clear();
    println!("  rolling up and indexing");
    let rest = "INSERT INTO bench_1h SELECT date_trunc('hour', ts, 'UTC'), host, region, avg(cpu), max(cpu), count(cpu)
            FROM bench_raw GROUP BY 1, 2, 3;
        CREATE INDEX ON bench_raw (ts); CREATE INDEX ON bench_1h (bucket); ANALYZE bench_raw; ANALYZE bench_1h";
    sqlx::raw_sql(rest).execute(&mut *connection).await.expect("a rollup");
}

async fn engine(url: &str, rollup: &str) -> Engine {
    let source = "[discovery]\nenabled = false\n[[source]]\nrelation = \"public.bench_raw\"\ninterval = \"10s\"\n\
        labels = [\"host\", \"region\"]\n[source.metric.cpu]\n";
    inside::engine(url, &format!("{source}{rollup}"), Duration::from_secs(600)).await
}

async fn timed(engine: &Engine, target: &str) -> (Duration, Answer) {
    let body = json!({
        "targets": [{"target": target, "refId": "A"}], "maxDataPoints": 1000,
        "range": {"from": FROM * 1000, "to": TO * 1000},
    });
    let query = intake::body(body.to_string().as_bytes()).expect("a query");
    let question =
        intake::question(&query, Moment { now: 0, zone: &Zone::UTC }, Limits::default()).expect("a question");
    let begun = Instant::now();
    let answer = engine.scope().expect("a catalog").answer(&question).await.expect("an answer");
    (begun.elapsed(), answer)
}

/// The same series and points within 1e-9, and the last hour from raw rows.
fn hold(wanted: &Answer, got: &Answer) {
    let (wanted, got) = (&wanted.answered[0], &got.answered[0]);
    let statements = got.executed.as_deref().unwrap_or_default();
    assert!(statements.contains("bench_1h") && statements.contains("bench_raw"), "{statements}");
    assert_eq!(wanted.frames.len(), got.frames.len());
    for (wanted, got) in wanted.frames.iter().zip(&got.frames) {
        assert_eq!((&wanted.labels, wanted.points.len()), (&got.labels, got.points.len()));
        for ((at, wanted), (other, got)) in wanted.points.iter().zip(&got.points) {
            assert!(at == other && (wanted - got).abs() <= 1e-9 * wanted.abs().max(1.0), "{at}: {got} is not {wanted}");
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
