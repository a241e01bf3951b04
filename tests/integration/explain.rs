//! What PostgreSQL makes of our statements: an index condition on the raw time column, whatever its type.

use datebin::ast::{Matcher, MetricRef, Selector, Span};
use datebin::lower::FetchRequest;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Limits};
use datebin::sql::{self, Param, Statement};
use datebin::time::{TimeRange, Zone};
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::support::{Server, sql};

const FROM: i64 = 1_743_206_400_000; // 2025-03-29T00:00:00Z

/// A table for each type of time column, all with an index on it, and one that is partitioned.
const TABLES: &str = "
    CREATE TABLE instants (ts timestamptz NOT NULL, value float8);
    CREATE TABLE clocks (ts timestamp NOT NULL, value float8);
    CREATE TABLE local_clocks (ts timestamp NOT NULL, value float8);
    CREATE TABLE days (ts date NOT NULL, value float8);
    CREATE TABLE seconds (ts int4 NOT NULL, value float8);
    CREATE TABLE millis (ts int8 NOT NULL, value float8);
    CREATE TABLE floats (ts float8 NOT NULL, value float8);
    CREATE TABLE numerics (ts numeric NOT NULL, value float8);
    CREATE INDEX ON instants (ts); CREATE INDEX ON clocks (ts); CREATE INDEX ON local_clocks (ts);
    CREATE INDEX ON days (ts); CREATE INDEX ON seconds (ts); CREATE INDEX ON millis (ts);
    CREATE INDEX ON floats (ts); CREATE INDEX ON numerics (ts);
    CREATE TABLE parted (ts timestamptz NOT NULL, value float8) PARTITION BY RANGE (ts);
    CREATE TABLE parted_march PARTITION OF parted FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
    CREATE TABLE parted_april PARTITION OF parted FOR VALUES FROM ('2025-04-01Z') TO ('2025-05-01Z');";

const FILE: &str = r#"
    [[source]]
    relation = "public.local_clocks"
    time = { column = "ts", zone = "Europe/Berlin" }
    [[source]]
    relation = "public.seconds"
    time = { column = "ts", type = "epoch", unit = "s" }
    [[source]]
    relation = "public.millis"
    time = { column = "ts", type = "epoch", unit = "ms" }
    [[source]]
    relation = "public.floats"
    time = { column = "ts", type = "epoch", unit = "s" }
    [[source]]
    relation = "public.numerics"
    time = { column = "ts", type = "epoch", unit = "us" }
"#;

/// The statement of a metric's last day, its parameters written out.
pub fn statement(server: &Server, metric: &str) -> String {
    matched(server, metric, Vec::new())
}

/// The same of the series that matchers select.
pub fn matched(server: &Server, metric: &str, matchers: Vec<Matcher>) -> String {
    let snapshot = server.catalog.current().expect("a catalog");
    let patterns = Patterns::default();
    let context = Context {
        snapshot: &snapshot,
        range: TimeRange::new(FROM, FROM + 86_400_000).expect("a range"),
        interval_ms: None,
        max_points: 100,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now: FROM + 86_400_000,
        ad_hoc: &[],
        pushes: true,
        patterns: &patterns,
    };
    let selector = Selector { metric: MetricRef::Names(vec![metric.to_owned()]), matchers, ..Selector::default() };
    let span = Span::default();
    let request = FetchRequest { selector, function: None, pushed: None, span, function_span: span, answers: true };
    let planned = plan::fetches(&context, &[request]).expect("a plan");
    literal(&sql::fetch(&planned.groups[0].fetches[0]))
}

fn literal(statement: &Statement) -> String {
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let value = match param {
            Param::Int(value) => format!("{value}::int8"),
            Param::Float(value) => format!("{value}::float8"),
            Param::Text(value) => format!("'{value}'::text"),
            Param::Interval(ms) => format!("interval '{ms} milliseconds'"),
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            Param::Local(ms) => format!("(to_timestamp({ms} / 1000.0) AT TIME ZONE 'UTC')"),
            Param::Texts(values) => format!("ARRAY['{}']", values.join("', '")),
            Param::Ints(values) => {
                format!("ARRAY[{}]::int8[]", values.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
            }
            Param::Date(days) => format!("(date '1970-01-01' + {days})"),
            other => panic!("{other:?} is in no statement of this test"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}

pub async fn explained(pool: &PgPool, statement: &str) -> String {
    let mut connection = pool.acquire().await.expect("a connection");
    sqlx::raw_sql("SET enable_seqscan = off; SET TimeZone = 'UTC'").execute(&mut *connection).await.expect("a setting");
    let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN (COSTS off) {statement}")));
    let rows = explain.fetch_all(&mut *connection).await.expect("a plan");
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

#[sqlx::test(migrations = false)]
async fn every_type_of_time_is_bounded_by_its_index(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::declared(&pool, FILE).await;
    for metric in ["instants", "clocks", "local_clocks", "days", "seconds", "millis", "floats", "numerics"] {
        let plan = explained(&pool, &statement(&server, metric)).await;
        let condition = plan.lines().find(|line| line.trim_start().starts_with("Index Cond: "));
        let condition = condition.unwrap_or_else(|| panic!("{metric} has no index condition:\n{plan}"));
        let is_raw = condition.contains("(ts >= ") && condition.contains("(ts < ");
        assert!(is_raw, "{metric}: {condition}");
    }
}

#[sqlx::test(migrations = false)]
async fn partitions_outside_of_the_range_are_not_read(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let plan = explained(&pool, &statement(&server, "parted")).await;
    assert!(plan.contains("parted_march") && !plan.contains("parted_april"), "{plan}");
}
