//! What a refresh reads does not grow with the range: rollups hold the past, the cache what was read of it, and the newest bucket is
//! begun from a rollup however long it is.

use datebin::cache::{Cache, FetchOrigin};
use datebin::engine::{Answer as Answered, Engine};
use datebin::lower;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Fetch, Limits};
use datebin::sql::{self, Param, Statement};
use datebin::time::{TimeRange, Zone};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use super::{BYTES, at, cached};
use crate::support::{Server, sql};

/// 2025-06-01 12:37 UTC.
const NOW: i64 = 1_748_781_420_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
const POINTS: u32 = 100;

/// Three hosts: a sample each quarter of a minute for eight days, and rollups by hours and by days for a year.
const TABLES: &str = "
    CREATE TABLE raw (ts timestamptz NOT NULL, host text NOT NULL, value float8 NOT NULL);
    INSERT INTO raw SELECT to_timestamp(1748781420 - 15 * n), 'h' || h, (n * h) % 997 / 8.0
        FROM generate_series(1, 46080) n, generate_series(1, 3) h;
    CREATE TABLE hours (bucket timestamptz NOT NULL, host text NOT NULL, total float8 NOT NULL, most float8 NOT NULL, n int8 NOT NULL);
    INSERT INTO hours SELECT date_trunc('hour', ts, 'UTC'), host, sum(value), max(value), count(*) FROM raw
        WHERE ts >= '2025-05-25Z' AND ts < '2025-06-01 12:00Z' GROUP BY 1, 2;
    INSERT INTO hours SELECT '2025-05-25Z'::timestamptz - n * interval '1 h', 'h' || h, n % 91 * 240, n % 97, 240
        FROM generate_series(1, 24 * 370) n, generate_series(1, 3) h;
    CREATE TABLE days AS SELECT date_trunc('day', bucket, 'UTC') AS bucket, host, sum(total) AS total, max(most) AS most, sum(n)::int8 AS n
        FROM hours WHERE bucket < '2025-06-01Z' GROUP BY 1, 2;
    CREATE INDEX ON raw (ts); CREATE INDEX ON hours (bucket); CREATE INDEX ON days (bucket); ANALYZE;";

const TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "public.raw"
    interval = "15s"
    labels = ["host"]
    [source.metric.load]
    column = "value"
    [[source.rollup]]
    relation = "public.hours"
    step = "1h"
    time = "bucket"
    columns = { load = { sum = "total", max = "most", count = "n" } }
    [[source.rollup]]
    relation = "public.days"
    step = "1d"
    time = "bucket"
    columns = { load = { sum = "total", max = "most", count = "n" } }
"#;

fn body(target: &str, now: i64, days: i64) -> Value {
    json!({
        "range": {"from": now - days * DAY, "to": now}, "maxDataPoints": POINTS,
        "targets": [{"target": target, "refId": "A"}],
    })
}

async fn ask(server: &Server, engine: Engine, body: Value) -> (Answered, Vec<FetchOrigin>) {
    let asked = async move {
        let query = datebin::intake::body(body.to_string().as_bytes()).expect("a query");
        let scope = engine.scope().expect("a catalog");
        let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
        let answer = scope.answer(&question).await.unwrap_or_else(|error| panic!("{query:?}: {error}"));
        (answer, scope.origins())
    };
    server.run(asked).await
}

/// The statements that were asked, by where what was found came from.
fn asked(server: &Server, (target, now, days): (&str, i64, i64), origins: &[FetchOrigin]) -> Vec<Statement> {
    let snapshot = server.catalog.current().expect("a catalog");
    let patterns = Patterns::default();
    let expression = datebin::language::parse(target, datebin::language::Dialect::Json).expect("a target");
    let context = Context {
        snapshot: &snapshot,
        range: TimeRange::new(now - days * DAY, now).expect("a range"),
        interval_ms: None,
        max_points: POINTS,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now,
        ad_hoc: &[],
        pushes: true,
        patterns: &patterns,
    };
    let planned =
        plan::fetches(&context, &lower::lower(&expression, &patterns).expect("a tree").fetches).expect("a plan");
    let parts: Vec<Fetch> = planned.groups.iter().flat_map(|group| &group.fetches).flat_map(Fetch::parts).collect();
    assert_eq!(parts.len(), origins.len(), "{target}: {origins:?}");
    let of = |(part, origin): (&Fetch, &FetchOrigin)| {
        origin.asked.iter().map(|range| sql::fetch(&part.alone(*range))).collect::<Vec<_>>()
    };
    parts.iter().zip(origins).flat_map(of).collect()
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
            other => panic!("{other:?} is in no statement of this test"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}

/// The rows of tables that a plan looked at.
fn rows(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let is_scan = plan["Relation Name"].is_string();
    let own = (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops");
    let below = plan["Plans"].as_array().into_iter().flatten().map(rows).sum::<f64>();
    below + if is_scan { own } else { 0.0 }
}

async fn rows_read(pool: &PgPool, statements: &[Statement]) -> f64 {
    let mut read = 0.0;
    for statement in statements {
        let text = format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", literal(statement));
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(pool).await.expect("a plan");
        let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).expect("a plan");
        read += rows(&plan[0]["Plan"]);
    }
    read
}

#[sqlx::test(migrations = false)]
async fn a_refresh_of_a_year_reads_hardly_more_than_that_of_a_day(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = cached(&pool, TOML).await;
    let bare = Server::declared(&pool, TOML.split("[[source.rollup]]").next().expect("a source")).await;
    let cache = Cache::new(BYTES);
    let targets = [
        "load",
        "avg by (host) (load)",
        "max(max_over_time(load[$__interval]))",
        "sum(count_over_time(load[$__interval]))",
    ];
    let ranges = [1, 7, 30, 91, 365];
    for (target, days) in targets.iter().flat_map(|target| ranges.map(|days| (*target, days))) {
        ask(&server, at(&server.engine, NOW, &cache), body(target, NOW, days)).await;
    }
    let newer = "INSERT INTO raw SELECT to_timestamp(1748781420 + 15 * n), 'h' || h, 900 + n
        FROM generate_series(0, 3) n, generate_series(1, 3) h";
    sql(&pool, newer).await;
    let now = NOW + MINUTE;
    for target in targets {
        let mut of_day = 0.0;
        for days in ranges {
            let question = body(target, now, days);
            let (warm, origins) = ask(&server, at(&server.engine, now, &cache), question.clone()).await;
            let (plain, _) = ask(&server, at(&server.engine, now, &Cache::off()), question.clone()).await;
            let (raw, _) = ask(&bare, at(&bare.engine, now, &Cache::off()), question).await;
            let statements = asked(&server, (target, now, days), &origins);
            assert_eq!(statements.len(), 1, "{target} of {days} days: {origins:?}");
            let read = rows_read(&pool, &statements).await;
            of_day = if days == 1 { read } else { of_day };
            // The newest row of a rollup may still grow, so up to two hours of samples are read behind it; for a day, eight minutes.
            assert!(read > 0.0 && read <= 20.0 * of_day, "{target} of {days} days: {read} rows, of a day {of_day}");
            let frames = |answer: &Answered| answer.answered[0].frames.clone();
            assert!(!frames(&warm).is_empty());
            for ((warm, plain), raw) in frames(&warm).iter().zip(&frames(&plain)).zip(&frames(&raw)) {
                assert_eq!((&warm.labels, warm.points.len()), (&plain.labels, plain.points.len()), "{target} {days}");
                let last = |points: &[(i64, f64)]| points.iter().rev().find(|point| !point.1.is_nan()).copied();
                let (Some(known), Some(true_one)) = (last(&warm.points), last(&raw.points)) else { panic!("{target}") };
                assert_eq!(known.0, true_one.0, "{target} of {days} days");
                assert!(
                    (known.1 - true_one.1).abs() <= 1e-9 * true_one.1.abs(),
                    "{target} {days}: {known:?} is not {true_one:?}"
                );
                let is_alike = |(a, b): (&(i64, f64), &(i64, f64))| a.0 == b.0 && (a.1 - b.1).abs() <= 1e-9 * b.1.abs();
                assert!(warm.points.iter().zip(&plain.points).all(is_alike), "{target} of {days} days");
            }
        }
    }
}
