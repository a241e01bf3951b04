//! Random panels over rows that arrive: what the cache answers is what the database says.

use datebin::cache::Cache;
use datebin::engine::Answer as Answered;
use datebin::time::Steps;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::steps::{are_alike, asked};
use super::{BYTES, answered, at, cached};
use crate::support::sql;

/// Draws panels, and the ranges that they are asked for.
struct Draw(StdRng);

/// What a panel asks, again and again.
struct Panel {
    target: &'static str,
    step: &'static str,
    zone: &'static str,
}

const TARGETS: &[&str] = &[
    "m",
    "sum(m)",
    "avg by (region) (m)",
    "max by (host) (max_over_time(m[5m]))",
    "min_over_time(m[90s])",
    "count_over_time(m[1m])",
    "first_over_time(m[3m])",
    "stddev_over_time(m[10m])",
    "last_over_time(m[1m])",
    "increase(m[5m])",
    "sum by (region) (rate(m[2m]))",
    "irate(m[5m])",
    "changes(m[1m]) + resets(m[1m])",
    "m offset 10m",
    "m{host=~\"h[12]\"}",
    "count(m) + group(m)",
    "quantile_over_time(0.9, m[5m])",
];

impl Draw {
    fn of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.0.random_range(0..all.len())]
    }

    fn panel(&mut self) -> Panel {
        Panel {
            target: self.of(TARGETS),
            step: self.of(&["1m", "1m", "5m", "7m", "1h", "1d", "90s"]),
            zone: self.of(&["UTC", "Europe/Prague", "Asia/Kolkata", "America/St_Johns"]),
        }
    }

    /// A panel's question whose range ends near the instant.
    fn query(&mut self, panel: &Panel, now: i64) -> Value {
        let minutes = [7, 30, 95, 240, 1500][self.0.random_range(0..5)];
        let to = now - [0, 0, 0, 60_000, 600_000][self.0.random_range(0..5)] + self.0.random_range(0..30_000);
        json!({
            "range": {"from": to - minutes * 60_000, "to": to}, "maxDataPoints": 2000, "timezone": panel.zone,
            "targets": [{"target": panel.target, "refId": "A", "payload": {"step": panel.step}}],
        })
    }
}

/// The series of an answer, by their labels.
fn series(answer: &Answered) -> Vec<(String, Vec<(i64, f64)>)> {
    let frames = answer.answered.iter().flat_map(|target| &target.frames);
    frames.map(|frame| (format!("{:?}", frame.labels), frame.points.clone())).collect()
}

fn are_equal(a: &[(String, Vec<(i64, f64)>)], b: &[(String, Vec<(i64, f64)>)]) -> bool {
    let same = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-9 * x.abs().max(y.abs());
    let points = |a: &[(i64, f64)], b: &[(i64, f64)]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && points(&a.1, &b.1))
}

/// 2025-03-30, a day of 23 hours in Prague.
const START: i64 = 1_743_292_800_000;

/// Adds what the hosts say between two instants; some samples come late, others never.
async fn arrive(pool: &PgPool, draw: &mut Draw, from: i64, to: i64) {
    let (mut times, mut hosts, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for host in 0..5 {
        for at in (from..to).step_by(10_000) {
            if host == 4 && at / 3_600_000 % 3 != 0 || draw.0.random_bool(0.1) {
                continue;
            }
            let late = if draw.0.random_bool(0.1) { draw.0.random_range(0..40_000) } else { 0 };
            times.push(at - late + i64::from(host) * 7);
            hosts.push(format!("h{host}"));
            values.push(if draw.0.random_bool(0.02) { 0.0 } else { (at - START) as f64 / 1000.0 + f64::from(host) });
        }
    }
    let text = "INSERT INTO m SELECT to_timestamp(t / 1000.0), h, 'r' || right(h, 1)::int % 2, v
        FROM unnest($1::int8[], $2::text[], $3::float8[]) AS x(t, h, v)";
    sqlx::query(text).bind(times).bind(hosts).bind(values).execute(pool).await.expect("rows arrive");
}

#[sqlx::test(migrations = false)]
async fn random_questions_over_rows_that_arrive_are_answered_as_without_a_cache(pool: PgPool) {
    sql(&pool, "CREATE TABLE m (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, value float8)")
        .await;
    sql(&pool, "CREATE INDEX ON m (host, ts)").await;
    let mut draw = Draw(StdRng::seed_from_u64(11));
    arrive(&pool, &mut draw, START, START + 36 * 3_600_000).await;
    let mut now = START + 26 * 3_600_000;
    sqlx::query("DELETE FROM m WHERE ts >= to_timestamp($1 / 1000.0)").bind(now).execute(&pool).await.expect("rows");
    sql(&pool, ROLLUP).await;
    let (raw, rolled) = (cached(&pool, NO_ROLLUP).await, cached(&pool, WITH_ROLLUP).await);
    let (cache, none) = (Cache::new(BYTES), Cache::off());
    let other = Cache::new(BYTES);
    let mut words = std::collections::BTreeMap::<&str, u32>::new();
    let mut panels = Vec::new();
    for round in 0..rounds() {
        // Another dashboard now and then.
        if round % 15 == 0 {
            panels = (0..2).map(|_| draw.panel()).collect();
        }
        let later = now + draw.0.random_range(5_000..90_000);
        arrive(&pool, &mut draw, now, later).await;
        now = later;
        if round % 25 == 24 {
            // Far behind everything that is settled; nobody knows before somebody says so.
            arrive(&pool, &mut draw, now - 7_200_000, now - 7_000_000).await;
            raw.catalog.refresh();
            rolled.catalog.refresh();
        }
        let at_panel = draw.0.random_range(0..panels.len());
        let query = draw.query(&panels[at_panel], now);
        let (server, cache) = if draw.0.random_bool(0.5) { (&raw, &cache) } else { (&rolled, &other) };
        let asked = async |cache| server.run(answered(at(&server.engine, now, cache), query.clone())).await;
        let ((known, word), (plain, _)) = (asked(cache).await, asked(&none).await);
        *words.entry(word).or_default() += 1;
        let (known, plain) = (series(&known), series(&plain));
        assert!(are_equal(&known, &plain), "round {round}, {word}: {query}\n{known:?}\n{plain:?}");
    }
    assert!(words.get("partial").is_some_and(|partial| *partial * 3 > rounds()), "{words:?}");
}

/// Expressions of the Prometheus API.
const EXPRESSIONS: &[&str] = &[
    "m",
    "m offset 7m",
    "m{host=~\"h[13]\"} offset -30s",
    "sum by (region) (rate(m[5m]))",
    "increase(m[1h])",
    "irate(m[90s])",
    "delta(m[13m])",
    "changes(m[1m]) + resets(m[1m])",
    "avg_over_time(m[10m])",
    "min_over_time(m[30s])",
    "stddev_over_time(m[20m])",
    "quantile_over_time(0.3, m[2m])",
    "deriv(m[10m])",
    "predict_linear(m[15m], 600)",
    "last_over_time(m[1m]) / rate(m[1m])",
    "m - m offset 1h",
    "max_over_time(rate(m[2m])[20m:3m])",
    "sum(m @ 1743350000)",
    "rate(m[5m] @ start())",
    "absent(m{host=\"h4\"})",
    "topk(2, m)",
    "timestamp(m)",
];

impl Draw {
    /// A range that ends near the instant: a dashboard's, whose steps are where they were, or some other one's.
    fn steps(&mut self, now: i64, step_ms: i64) -> Steps {
        let len = [1, 20, 90, 400, 1200][self.0.random_range(0..5)];
        let end = now - [0, 0, 0, 60_000, 600_000][self.0.random_range(0..5)];
        let phase = if self.0.random_bool(0.9) { 0 } else { self.0.random_range(0..step_ms) };
        let end = end.div_euclid(step_ms) * step_ms + phase;
        Steps::even(end - i64::from(len - 1) * step_ms, step_ms, len)
    }
}

#[sqlx::test(migrations = false)]
async fn random_ranges_of_the_prometheus_api_are_answered_as_without_a_cache(pool: PgPool) {
    sql(&pool, "CREATE TABLE m (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, value float8)")
        .await;
    sql(&pool, "CREATE INDEX ON m (host, ts); CREATE INDEX ON m (ts)").await;
    let mut draw = Draw(StdRng::seed_from_u64(12));
    let mut now = START + 20 * 3_600_000;
    arrive(&pool, &mut draw, START + 6 * 3_600_000, now).await;
    let server = cached(&pool, NO_ROLLUP).await;
    let (cache, none) = (Cache::new(BYTES), Cache::off());
    let mut words = std::collections::BTreeMap::<&str, u32>::new();
    let mut panels = Vec::new();
    for round in 0..rounds() {
        if round % 12 == 0 {
            let step = |draw: &mut Draw| [15_000, 60_000, 60_000, 300_000, 97_000][draw.0.random_range(0..5)];
            panels = (0..2).map(|_| (draw.of(EXPRESSIONS), step(&mut draw))).collect();
        }
        let later = now + draw.0.random_range(5_000..90_000);
        arrive(&pool, &mut draw, now, later).await;
        now = later;
        if round % 25 == 24 {
            arrive(&pool, &mut draw, now - 7_200_000, now - 7_000_000).await;
            server.catalog.refresh();
        }
        let (text, step_ms) = panels[draw.0.random_range(0..panels.len())];
        let steps = draw.steps(now, step_ms);
        let ask = |cache: &Cache| server.run(asked(at(&server.engine, now, cache), text.to_owned(), steps));
        let (known, plain) = (ask(&cache).await, ask(&none).await);
        *words.entry(known.word).or_default() += 1;
        let shown = || format!("round {round}, {}: {text} {steps:?}\n{:?}\n{:?}", known.word, known.value, plain.value);
        assert!(are_alike(&known.value, &plain.value, 1e-9) && known.warnings == plain.warnings, "{}", shown());
    }
    let known = ["partial", "hit"].iter().filter_map(|word| words.get(word)).sum::<u32>();
    assert!(known * 3 > rounds(), "{words:?}");
}

/// The rows of the first day by the hour.
const ROLLUP: &str = "
    CREATE TABLE m_1h AS SELECT date_trunc('hour', ts, 'UTC') AS bucket, host, region, sum(value) AS s, min(value) AS lo,
        max(value) AS hi, count(*) AS n FROM m WHERE ts < '2025-03-31 00:00Z' GROUP BY 1, 2, 3";
const NO_ROLLUP: &str = "[discovery]\nenabled = false\n[[source]]\nrelation = \"m\"\ninterval = \"10s\"\n";
const WITH_ROLLUP: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "m"
    interval = "10s"
    [[source.rollup]]
    relation = "m_1h"
    step = "1h"
    time = "bucket"
    columns = { m = { sum = "s", min = "lo", max = "hi", count = "n" } }
"#;

/// How many questions are drawn; `DATEBIN_TEST_CACHE_ROUNDS` asks for more.
fn rounds() -> u32 {
    std::env::var("DATEBIN_TEST_CACHE_ROUNDS").map_or(60, |rounds| rounds.parse().expect("a number"))
}
