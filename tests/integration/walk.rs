//! Label values on tables too large to be read: however many rows there are, few are looked at.

use datebin::ast::{Matcher, MetricRef, Selector, Span, Test};
use datebin::plan;
use datebin::sql::{self, Param, Statement};
use datebin::time::TimeRange;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::support::{Server, sql};

/// 40 hosts with 6,000 rows each in a wide table, and the same as two of eight metrics in a narrow one.
const TABLES: &str = "
    CREATE TABLE wide (ts timestamptz NOT NULL, host text NOT NULL, region text, value double precision, pad bytea);
    INSERT INTO wide SELECT '2024-01-01Z'::timestamptz + (n / 40) * interval '1 s', 'h' || n % 40, 'r' || n % 4, n, convert_to(repeat('x', 150), 'UTF8')
    FROM generate_series(0, 239999) AS n;
    CREATE INDEX ON wide (host, ts);
    CREATE TABLE narrow (ts timestamptz NOT NULL, metric text NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO narrow SELECT '2024-01-01Z'::timestamptz + (n / 40) * interval '1 s', 'm' || n % 8, 'h' || n % 40, n
    FROM generate_series(0, 239999) AS n;
    CREATE INDEX ON narrow (metric, host, ts);
    ANALYZE;";

fn literal(statement: &Statement) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let value = match param {
            Param::Int(value) => format!("{value}::int8"),
            Param::Text(value) => format!("{}::text", quoted(value)),
            Param::Texts(values) => {
                format!("ARRAY[{}]::text[]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(","))
            }
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            other => panic!("{other:?} is in no statement of this test"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}

/// The rows of tables that a plan looked at.
fn rows_read(plan: &Value) -> f64 {
    let own = if plan["Relation Name"].is_string() {
        let removed = plan["Rows Removed by Filter"].as_f64().unwrap_or_default();
        (plan["Actual Rows"].as_f64().unwrap() + removed) * plan["Actual Loops"].as_f64().unwrap()
    } else {
        0.0
    };
    own + plan["Plans"].as_array().into_iter().flatten().map(rows_read).sum::<f64>()
}

/// The values that a question gives, and the rows that it took.
async fn asked(
    pool: &PgPool,
    server: &Server,
    question: (&str, &str, &[(&str, &str)]),
    ranged: bool,
) -> (Vec<String>, f64) {
    let (metric, label, filters) = question;
    let snapshot = server.catalog.current().unwrap();
    let matcher = |(label, value): &(&str, &str)| Matcher {
        label: (*label).to_owned(),
        test: Test::In(vec![(*value).to_owned()]),
        span: Span::default(),
    };
    let matchers = filters.iter().map(matcher).collect();
    let selector = Selector { metric: MetricRef::Names(vec![metric.to_owned()]), matchers, ..Selector::default() };
    let rows = plan::rows(&snapshot, Some(&selector), &[]).unwrap();
    let value = rows[0].source.label_value(label).unwrap();
    let from = 1_704_067_200_000;
    let range = ranged.then(|| TimeRange::new(from + 600_000, from + 1_200_000).unwrap());
    let statement = sql::narrowed_values(rows[0].source, &value, &rows[0].conditions(), (range, ""), 5000);
    let statement = literal(&statement);
    let mut found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement.clone())).fetch_all(pool).await.unwrap();
    found.sort_unstable();
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {statement}"));
    let row = sqlx::query(explain).fetch_one(pool).await.unwrap();
    let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).unwrap();
    (found, rows_read(&plan[0]["Plan"]))
}

#[sqlx::test(migrations = false)]
async fn few_rows_tell_the_values(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let hosts = |wanted: fn(&usize) -> bool| {
        let mut hosts: Vec<String> = (0..40).filter(wanted).map(|n| format!("h{n}")).collect();
        hosts.sort_unstable();
        hosts
    };
    let regions: Vec<String> = (0..4).map(|n| format!("r{n}")).collect();
    for (question, expected, most) in [
        (("wide", "host", &[][..]), hosts(|_| true), 200.0),
        (("wide", "host", &[("region", "r1")]), hosts(|n| n % 4 == 1), 50_000.0),
        (("wide", "region", &[]), regions, 50_000.0),
        (("wide", "region", &[("host", "h6")]), vec!["r2".to_owned()], 50_000.0),
        (("m3", "host", &[]), hosts(|n| n % 8 == 3), 200.0),
        (("m3", "host", &[("host", "h11")]), vec!["h11".to_owned()], 6_100.0),
    ] {
        for ranged in [false, true] {
            let (found, read) = asked(&pool, &server, question, ranged).await;
            assert_eq!(found, expected, "{question:?}, {ranged}");
            assert!(read <= most, "{question:?}, {ranged}: {read} rows");
        }
    }
}
