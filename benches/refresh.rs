//! What a refresh of a panel costs as its range grows from a day to a year at equal points: with rollups by hours and by days, and the
//! cache; and what it costs beside the whole of a day of 200 series. Prints tables; rows are those that the plans of its statements
//! looked at.
//!
//! `REFRESH_HOSTS` sets the number of hosts (20), each with a sample every ten seconds.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench stops at the first thing that is wrong"
)]

mod arriving;
mod inside;

use std::time::{Duration, Instant};

use datebin::cache::{Cache, FetchOrigin};
use datebin::engine::Engine;
use datebin::intake;
use datebin::language::{Dialect, parse};
use datebin::lower;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Fetch, Limits};
use datebin::sql::{self, Param, Statement};
use datebin::time::{Clock, TimeRange, Zone};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// 2025-06-01T12:37:00Z.
const NOW: i64 = 1_748_781_420_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
const POINTS: u32 = 100;
const ROUNDS: i64 = 7;
const RANGES: [(&str, i64); 5] = [("a day", 1), ("a week", 7), ("a month", 30), ("a quarter", 91), ("a year", 365)];
/// A refresh of a year may read so many times the rows of that of a day, and not more: two hours of samples where that of
/// a day reads a quarter of an hour.
const MOST: f64 = 15.0;

const FILE: &str = r#"
[discovery]
enabled = false
[[source]]
relation = "public.refresh_raw"
interval = "10s"
labels = ["host"]
[source.metric.load]
column = "value"
[[source.rollup]]
relation = "public.refresh_hours"
step = "1h"
time = "bucket"
columns = { load = { sum = "total", max = "most", count = "n" } }
[[source.rollup]]
relation = "public.refresh_days"
step = "1d"
time = "bucket"
columns = { load = { sum = "total", max = "most", count = "n" } }
"#;

/// What is asked.
struct Panel {
    target: &'static str,
    days: i64,
    points: u32,
}

/// What a range costs.
struct Cost {
    cold: Duration,
    times: Vec<Duration>,
    statements: usize,
    rows: f64,
    points: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let hosts: i64 = std::env::var("REFRESH_HOSTS").ok().and_then(|hosts| hosts.parse().ok()).unwrap_or(20);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    load(&mut connection, hosts).await;
    arriving::load(&mut connection).await;
    let engine = engine(&url).await;
    println!("refreshes of {hosts} series, a sample every 10 s, a minute of new rows before each; medians of {ROUNDS}");
    for target in ["load", "avg by (host) (load)"] {
        let mut costs = Vec::new();
        let panel = |days| Panel { target, days, points: POINTS };
        for (_, days) in RANGES {
            let (cold, _, points) = asked(&engine, NOW, &panel(days)).await;
            costs.push(Cost { cold, times: Vec::new(), statements: 0, rows: 0.0, points });
        }
        for round in 1..=ROUNDS {
            let now = NOW + round * MINUTE;
            grow(&mut connection, hosts, now).await;
            for ((_, days), cost) in RANGES.into_iter().zip(&mut costs) {
                let (time, origins, _) = asked(&engine, now, &panel(days)).await;
                let statements = statements(&engine, now, &panel(days), &origins);
                cost.times.push(time);
                (cost.statements, cost.rows) = (statements.len(), rows_read(&mut connection, &statements).await);
            }
        }
        shown(target, costs);
        let gone = format!("DELETE FROM refresh_raw WHERE ts >= to_timestamp({NOW} / 1000.0)");
        sqlx::raw_sql(AssertSqlSafe(gone)).execute(&mut connection).await.expect("the new rows go");
    }
    arriving::measure(&mut connection, &engine).await;
    let all = "DROP TABLE refresh_raw, refresh_hours, refresh_days";
    sqlx::raw_sql(all).execute(&mut connection).await.expect("the end");
}

fn shown(target: &str, costs: Vec<Cost>) {
    println!(
        "  {target}\n  | range | points | first question | refresh | statements | rows | rows ÷ a day's | time ÷ a day's |"
    );
    let (day_rows, day_time) = (costs[0].rows, median(&costs[0].times));
    for ((name, _), cost) in RANGES.into_iter().zip(&costs) {
        let (cold, time) = (cost.cold.as_secs_f64() * 1000.0, median(&cost.times));
        let (rows, ratio) = (cost.rows / day_rows, time / day_time);
        println!(
            "  | {name} | {} | {cold:.0} ms | {time:.1} ms | {} | {:.0} | {rows:.1} | {ratio:.1} |",
            cost.points, cost.statements, cost.rows
        );
        assert!(cost.statements == 1 && rows <= MOST, "{name}: {rows:.1} times the rows of a day");
    }
}

/// In milliseconds.
fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// Raw rows of eight days, and rollups of a year.
async fn load(connection: &mut PgConnection, hosts: i64) {
    let text = format!(
        "DROP TABLE IF EXISTS refresh_raw, refresh_hours, refresh_days;
        CREATE UNLOGGED TABLE refresh_raw (ts timestamptz NOT NULL, host text NOT NULL, value float8 NOT NULL);
        CREATE UNLOGGED TABLE refresh_hours
            (bucket timestamptz NOT NULL, host text NOT NULL, total float8 NOT NULL, most float8 NOT NULL, n int8 NOT NULL);
        INSERT INTO refresh_raw SELECT to_timestamp({NOW} / 1000.0 - 10 * n), 'host-' || h, (n * h) % 997 / 8.0
            FROM generate_series(1, 69120) AS n, generate_series(1, {hosts}) AS h ORDER BY n DESC;
        INSERT INTO refresh_hours SELECT '2025-05-25Z'::timestamptz - n * interval '1 h', 'host-' || h, n % 91 * 360, n % 97, 360
            FROM generate_series(1, 24 * 370) AS n, generate_series(1, {hosts}) AS h ORDER BY n DESC;
        INSERT INTO refresh_hours SELECT date_trunc('hour', ts, 'UTC'), host, sum(value), max(value), count(*) FROM refresh_raw
            WHERE ts >= '2025-05-25Z' AND ts < '2025-06-01 12:00Z' GROUP BY 1, 2 ORDER BY 1;
        CREATE UNLOGGED TABLE refresh_days AS SELECT date_trunc('day', bucket, 'UTC') AS bucket, host, sum(total) AS total,
            max(most) AS most, sum(n)::int8 AS n FROM refresh_hours WHERE bucket < '2025-06-01Z' GROUP BY 1, 2 ORDER BY 1;
        CREATE INDEX ON refresh_raw (ts); CREATE INDEX ON refresh_hours (bucket); CREATE INDEX ON refresh_days (bucket);
        ANALYZE refresh_raw; ANALYZE refresh_hours; ANALYZE refresh_days"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.expect("tables");
}

/// Adds the rows of the minute before an instant.
async fn grow(connection: &mut PgConnection, hosts: i64, now: i64) {
    let text = format!(
        "INSERT INTO refresh_raw SELECT to_timestamp({now} / 1000.0 - 10 * n), 'host-' || h, n * h
            FROM generate_series(1, 6) AS n, generate_series(1, {hosts}) AS h ORDER BY n DESC"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.expect("rows");
}

async fn engine(url: &str) -> Engine {
    let engine = inside::engine(url, &[FILE, arriving::SOURCE].concat(), Duration::from_secs(600)).await;
    Engine { clock: Clock::Fixed(NOW), show_sql: false, cache: Cache::new(64 << 20), ..engine }
}

/// How long an answer takes, where its values came from, and the points of its first series.
async fn asked(engine: &Engine, now: i64, panel: &Panel) -> (Duration, Vec<FetchOrigin>, usize) {
    let engine = Engine { clock: Clock::Fixed(now), ..engine.clone() };
    let body = json!({
        "targets": [{"target": panel.target, "refId": "A"}], "maxDataPoints": panel.points,
        "range": {"from": now - panel.days * DAY, "to": now},
    });
    let query = intake::body(body.to_string().as_bytes()).expect("a query");
    let begun = Instant::now();
    let scope = engine.scope().expect("a catalog");
    let question = intake::question(&query, scope.moment(), scope.limits()).expect("a question");
    let answer = scope.answer(&question).await.expect("an answer");
    (begun.elapsed(), scope.origins(), answer.answered[0].frames[0].points.len())
}

/// The statements that were asked, by where what was found came from.
fn statements(engine: &Engine, now: i64, panel: &Panel, origins: &[FetchOrigin]) -> Vec<Statement> {
    let snapshot = engine.snapshot().expect("a catalog");
    let patterns = Patterns::default();
    let context = Context {
        snapshot: &snapshot,
        range: TimeRange::new(now - panel.days * DAY, now).expect("a range"),
        interval_ms: None,
        max_points: panel.points,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now,
        ad_hoc: &[],
        pushes: true,
        patterns: &patterns,
    };
    let lowered = lower::lower(&parse(panel.target, Dialect::Json).expect("a target"), &patterns).expect("a tree");
    let planned = plan::fetches(&context, &lowered.fetches).expect("a plan");
    let parts: Vec<Fetch> = planned.groups.iter().flat_map(|group| &group.fetches).flat_map(Fetch::parts).collect();
    assert_eq!(parts.len(), origins.len(), "{} of {} days", panel.target, panel.days);
    let of = |(part, origin): (&Fetch, &FetchOrigin)| {
        origin.asked.iter().map(|range| sql::fetch(&part.alone(*range))).collect::<Vec<_>>()
    };
    parts.iter().zip(origins).flat_map(of).collect()
}

async fn rows_read(connection: &mut PgConnection, statements: &[Statement]) -> f64 {
    let mut read = 0.0;
    for statement in statements {
        let text = format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", literal(statement));
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *connection).await.expect("a plan");
        let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).expect("a plan");
        read += rows(&plan[0]["Plan"]);
    }
    read
}

/// The rows of tables that a plan looked at.
fn rows(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let own = (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops");
    let below = plan["Plans"].as_array().into_iter().flatten().map(rows).sum::<f64>();
    below + if plan["Relation Name"].is_string() { own } else { 0.0 }
}

fn literal(statement: &Statement) -> String {
    let instant = |ms: &i64| format!("to_timestamp({ms} / 1000.0)");
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let value = match param {
            Param::Int(value) => format!("{value}::int8"),
            Param::Interval(ms) => format!("interval '{ms} milliseconds'"),
            Param::Instant(ms) => instant(ms),
            Param::Instants(all) => format!("ARRAY[{}]", all.iter().map(instant).collect::<Vec<_>>().join(", ")),
            other => panic!("{other:?} is in no statement of this bench"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}
