//! Label values on tables too large to be read: however many rows there are, few are looked at.

use datebin::ast::{Matcher, MetricRef, Selector, Span, Test};
use datebin::catalog::file::CatalogFile;
use datebin::db::DatabaseConfig;
use datebin::pattern::Patterns;
use datebin::plan::{self, Limits, NameResolution};
use datebin::sql::{self, Param, Statement, WantedValues};
use datebin::time::TimeRange;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::support::{Server, sql, url};

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

/// How often a plan looks into an index or a table.
fn looks(plan: &Value) -> f64 {
    let own = if plan["Relation Name"].is_string() { plan["Actual Loops"].as_f64().unwrap() } else { 0.0 };
    own + plan["Plans"].as_array().into_iter().flatten().map(looks).sum::<f64>()
}

/// The values that a question gives, and the rows that it took.
async fn asked(
    pool: &PgPool,
    server: &Server,
    question: (&str, &str, &[(&str, &str)]),
    ranged: bool,
) -> (Vec<String>, f64) {
    let range = ranged.then(|| TimeRange::new(START + 600_000, START + 1_200_000).unwrap());
    asked_in(pool, server, question, range).await
}

/// 2024-01-01 in milliseconds.
const START: i64 = 1_704_067_200_000;

async fn asked_in(
    pool: &PgPool,
    server: &Server,
    question: (&str, &str, &[(&str, &str)]),
    range: Option<TimeRange>,
) -> (Vec<String>, f64) {
    let (found, plan) = planned(pool, server, question, range).await;
    (found, rows_read(&plan))
}

/// The values that a question gives, and how they were found.
async fn planned(
    pool: &PgPool,
    server: &Server,
    (metric, label, filters): (&str, &str, &[(&str, &str)]),
    range: Option<TimeRange>,
) -> (Vec<String>, Value) {
    let snapshot = server.catalog.current().unwrap();
    let matcher = |(label, value): &(&str, &str)| Matcher {
        label: (*label).to_owned(),
        test: Test::In([(*value).to_owned()].into()),
        span: Span::default(),
    };
    let matchers = filters.iter().map(matcher).collect();
    let selector = Selector { metric: MetricRef::Names(vec![metric.to_owned()]), matchers, ..Selector::default() };
    let patterns = Patterns::default();
    let naming = NameResolution { snapshot: &snapshot, patterns: &patterns, limits: Limits::default() };
    let rows = plan::rows(naming, Some(&selector), &[]).unwrap();
    let value = rows[0].source.label_value(label).unwrap();
    let statement =
        sql::narrowed_values(rows[0].source, &value, &rows[0].conditions(), WantedValues { range, prefix: "" }, 5000);
    let statement = literal(&statement);
    let mut found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement.clone())).fetch_all(pool).await.unwrap();
    found.sort_unstable();
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {statement}"));
    let row = sqlx::query(explain).fetch_one(pool).await.unwrap();
    let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).unwrap();
    (found, plan[0]["Plan"].clone())
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

/// Each index alone: none of them gives the order of `host`, or not all values.
const WITHOUT_ORDER: [&str; 8] = [
    "(host text_pattern_ops, ts)",
    "(host varchar_pattern_ops)",
    "(host COLLATE \"POSIX\", ts)",
    "USING hash (host)",
    "(host, ts) WHERE host > 'h1'",
    "(lower(host), ts)",
    "(host DESC NULLS LAST, ts)",
    "USING brin (host)",
];

#[sqlx::test(migrations = false)]
async fn an_index_that_gives_no_order_is_not_walked(pool: PgPool) {
    let table = "CREATE TABLE dj (ts timestamptz NOT NULL, host text NOT NULL, value float8);
        INSERT INTO dj SELECT '2024-01-01Z'::timestamptz + (n / 40) * interval '1 s', 'h' || n % 40, n
        FROM generate_series(0, 39999) AS n; ANALYZE dj";
    sql(&pool, table).await;
    let mut hosts: Vec<String> = (0..40).map(|n| format!("h{n}")).collect();
    hosts.sort_unstable();
    for index in WITHOUT_ORDER {
        sqlx::query(AssertSqlSafe(format!("CREATE INDEX dj_host ON dj {index}"))).execute(&pool).await.unwrap();
        let server = Server::start(&pool).await;
        let (found, read) = asked_in(&pool, &server, ("dj_value", "host", &[]), None).await;
        assert_eq!(found, hosts, "{index}");
        assert!(read <= 40_000.0, "{index}: {read} rows");
        let snapshot = server.catalog.current().unwrap();
        let facts = &snapshot.sources()[0].indexes;
        assert!(facts.is_empty(), "{index}: {facts:?}");
        sql(&pool, "DROP INDEX dj_host").await;
    }
    // Those that do are walked, whichever way they run.
    for index in ["(host, ts)", "(host DESC, ts)", "(host varchar_ops, ts DESC)"] {
        sqlx::query(AssertSqlSafe(format!("CREATE INDEX dj_host ON dj {index}"))).execute(&pool).await.unwrap();
        let server = Server::start(&pool).await;
        let (found, read) = asked_in(&pool, &server, ("dj_value", "host", &[]), None).await;
        assert_eq!(found, hosts, "{index}");
        assert!(read <= 100.0, "{index}: {read} rows");
        sql(&pool, "DROP INDEX dj_host").await;
    }
}

#[sqlx::test(migrations = false)]
async fn names_are_not_walked_along_an_index_without_order(pool: PgPool) {
    let table = "CREATE TABLE mn (ts timestamptz NOT NULL, metric text NOT NULL, value float8, host text);
        INSERT INTO mn SELECT '2024-01-01Z'::timestamptz + (n / 40) * interval '1 s', CASE WHEN n % 2 = 0 THEN 'h' ELSE 'H' END || n % 40,
            n % 3, 'a' FROM generate_series(0, 39999) AS n; ANALYZE mn";
    sql(&pool, table).await;
    let name = |n: u32| format!("{}{n}", if n.is_multiple_of(2) { 'h' } else { 'H' });
    let mut names: Vec<String> = (0..40).map(name).collect();
    names.sort_unstable();
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let without = WITHOUT_ORDER.map(|index| (index, "from all rows"));
    let along = "along an index that leads with the name";
    let with = ["(host, ts)", "(host DESC, ts)", "(host varchar_ops, ts DESC)"].map(|index| (index, along));
    for (index, way) in without.into_iter().chain(with) {
        let index = index.replace("host", "metric");
        sqlx::query(AssertSqlSafe(format!("CREATE INDEX mn_metric ON mn {index}"))).execute(&pool).await.unwrap();
        let (found, decisions) = datebin::db::load(&config, &CatalogFile::parse("").unwrap(), None).await.unwrap();
        assert_eq!(found.names().collect::<Vec<_>>(), names, "{index}");
        let reasons: Vec<&str> = decisions.iter().map(|one| one.reason.as_str()).collect();
        assert!(reasons.contains(&&*format!("40 names, {way}")), "{index}: {reasons:?}");
        let server = Server::start(&pool).await;
        let answer = server.query("2024-01-01T00:00:00Z", "2024-01-01T00:20:00Z", 1, "count_over_time(H7[1h])").await;
        assert_eq!(answer[0]["datapoints"][0][0], serde_json::json!(1000.0), "{index}");
        let (hosts, _) = asked_in(&pool, &server, ("H7", "host", &[]), None).await;
        assert_eq!(hosts, ["a"], "{index}");
        sql(&pool, "DROP INDEX mn_metric").await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_collation_that_calls_texts_equal_is_not_walked(pool: PgPool) {
    let made = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    if sqlx::query(made).execute(&pool).await.is_err() {
        eprintln!("SKIPPED: this PostgreSQL has no ICU");
        return;
    }
    let table = "CREATE TABLE nc (ts timestamptz NOT NULL, host text COLLATE nocase NOT NULL, value float8);
        INSERT INTO nc SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'h' || n % 4, n FROM generate_series(0, 999) AS n;
        CREATE INDEX ON nc (host, ts); ANALYZE nc";
    sql(&pool, table).await;
    let server = Server::start(&pool).await;
    assert!(server.catalog.current().unwrap().sources()[0].indexes.is_empty());
    let (found, _) = asked_in(&pool, &server, ("nc_value", "host", &[]), None).await;
    assert_eq!(found, ["h0", "h1", "h2", "h3"]);
}

/// 60 days with 200 hosts twice a day, and three days with 100,000 rows of 20 hosts each.
const PARTED: &str = "
    CREATE TABLE fleet (ts timestamptz NOT NULL, host text NOT NULL, cpu float8) PARTITION BY RANGE (ts);
    CREATE TABLE dense (ts timestamptz NOT NULL, host text NOT NULL, cpu float8) PARTITION BY RANGE (ts);
    DO $$ BEGIN FOR d IN 0..59 LOOP EXECUTE format('CREATE TABLE fleet_%s PARTITION OF fleet FOR VALUES FROM (%L) TO (%L)',
        d, '2024-01-01Z'::timestamptz + d * interval '1 day', '2024-01-01Z'::timestamptz + (d + 1) * interval '1 day');
        END LOOP; FOR d IN 0..2 LOOP EXECUTE format('CREATE TABLE dense_%s PARTITION OF dense FOR VALUES FROM (%L) TO (%L)',
        d, '2024-01-01Z'::timestamptz + d * interval '1 day', '2024-01-01Z'::timestamptz + (d + 1) * interval '1 day');
        END LOOP; END $$;
    CREATE INDEX ON fleet (host, ts DESC);
    INSERT INTO fleet SELECT '2024-01-01Z'::timestamptz + n * interval '12 h', 'h' || h, n
        FROM generate_series(0, 119) AS n, generate_series(1, 200) AS h;
    INSERT INTO dense SELECT '2024-01-01Z'::timestamptz + n * interval '17.28 s', 'h' || h, n
        FROM generate_series(0, 14999) AS n, generate_series(1, 20) AS h;
    CREATE INDEX ON dense (host, ts);
    ANALYZE";

#[sqlx::test(migrations = false)]
async fn a_walk_over_partitions_keeps_to_the_range(pool: PgPool) {
    sql(&pool, PARTED).await;
    let server = Server::start(&pool).await;
    let hosts = |many: usize| {
        let mut hosts: Vec<String> = (1..=many).map(|n| format!("h{n}")).collect();
        hosts.sort_unstable();
        hosts
    };
    let hour = 3_600_000;
    let between = |from: i64, to: i64| Some(TimeRange::new(START + from * hour, START + to * hour).unwrap());
    for (metric, many, range, most) in [
        // One partition of sixty; then all of them, whose rows are fewer than the probes would be.
        ("fleet_cpu", 200, between(720, 726), 400.0),
        ("fleet_cpu", 200, between(0, 1440), 24_000.0),
        // Few rows are read; of many no more than tell that they are many, and then the index is walked.
        ("dense_cpu", 20, between(1, 3), 100_000.0),
        ("dense_cpu", 20, between(0, 72), 210_000.0),
    ] {
        let (found, read) = asked_in(&pool, &server, (metric, "host", &[]), range).await;
        assert_eq!(found, hosts(many), "{metric} {range:?}");
        assert!(read <= most, "{metric} {range:?}: {read} rows");
    }
    let answer =
        server.query("2024-01-31T00:00:00Z", "2024-01-31T06:00:00Z", 1, "count(fleet_cpu{host=~\"h1.*\"})").await;
    assert_eq!(answer[0]["datapoints"][0][0], serde_json::json!(111.0));
}

/// Sixty partitions of which only the newer ones have `new`, with an index on the time as well.
const MANY: &str = "
    CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, site text, value float8) PARTITION BY RANGE (ts);
    DO $$ BEGIN FOR n IN 0..59 LOOP
        EXECUTE format('CREATE TABLE many_%s PARTITION OF many FOR VALUES FROM (%L) TO (%L)', n,
            '2024-01-01Z'::timestamptz + n * interval '1 day', '2024-01-01Z'::timestamptz + (n + 1) * interval '1 day');
    END LOOP; END $$;
    CREATE INDEX ON many (ts);
    CREATE INDEX ON many (host, ts);
    INSERT INTO many SELECT '2024-01-01Z'::timestamptz + n * interval '12 h', CASE WHEN n > 100 AND h = 1 THEN 'new' ELSE 'h' || h END,
        's' || h % 2, n FROM generate_series(0, 119) AS n, generate_series(1, 100) AS h;
    ANALYZE";

#[sqlx::test(migrations = false)]
async fn without_a_range_the_newest_rows_of_many_partitions_tell_the_values(pool: PgPool) {
    sql(&pool, MANY).await;
    let server = Server::start(&pool).await;
    let mut hosts: Vec<String> = (1..=100).map(|n| format!("h{n}")).chain(["new".to_owned()]).collect();
    hosts.sort_unstable();
    for (filters, expected) in [(&[][..], hosts), (&[("host", "new")][..], vec!["new".to_owned()])] {
        let (found, plan) = planned(&pool, &server, ("many_value", "host", filters), None).await;
        assert_eq!(found, expected);
        // A walk would look into each of sixty partitions for each of the values.
        assert!((1.0..=200.0).contains(&looks(&plan)), "{} looks", looks(&plan));
    }
    let (found, _) = planned(&pool, &server, ("many_value", "site", &[("host", "new")]), None).await;
    assert_eq!(found, ["s1"]);
}
