//! What a rollup holds is a list of ranges: its holes are read from the source's own rows; and where two of its rows may
//! be of one series and interval, first and last are as well.

use datebin::catalog::RollupCoverage;
use datebin::sql::{self, GapSearch, Param, Statement, TimeLookup};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::Server;

/// 2025-06-01 in milliseconds.
const START: i64 = 1_748_736_000_000;
const HOUR: i64 = 3_600_000;

/// One row a minute from 00:00 to 10:00, and its hours without 03:00 and 04:00; the count of each is planted.
const HOLED: &str = "
    CREATE TABLE d (ts timestamptz NOT NULL, value float8);
    INSERT INTO d SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', n FROM generate_series(0, 599) AS n;
    CREATE INDEX ON d (ts);
    CREATE TABLE d_1h AS SELECT date_trunc('hour', ts) AS ts, 1000 + count(*) AS n FROM d
        WHERE extract(hour FROM ts) NOT IN (3, 4) GROUP BY 1;";
const HOLED_TOML: &str = r#"
    [[source]]
    relation = "d"
    labels = []
    [source.metric.d]
    column = "value"
    [[source.rollup]]
    relation = "d_1h"
    step = "1h"
    columns = { count = "n" }
"#;

async fn run(pool: &PgPool, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(pool).await.expect("the tables");
}

async fn serve(pool: &PgPool, statements: &str, toml: &str) -> Server {
    run(pool, statements).await;
    Server::declared(pool, toml).await
}

/// The values of each hour from midnight on, of the only series.
async fn hours(server: &Server, target: &str, hours: i64) -> Vec<Option<f64>> {
    let body = json!({
        "range": {"from": START, "to": START + hours * HOUR}, "intervalMs": HOUR, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A"}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let empty = Vec::new();
    let points = answer.body[0]["datapoints"].as_array().unwrap_or(&empty);
    let at = |hour: i64| points.iter().find(|point| point[1] == json!(START + hour * HOUR)).map(|point| &point[0]);
    (0..hours).map(|hour| at(hour).and_then(Value::as_f64)).collect()
}

#[sqlx::test(migrations = false)]
async fn hours_that_a_rollup_lacks_are_read_from_the_rows(pool: PgPool) {
    for index in ["SELECT 1", "CREATE INDEX ON d_1h (ts)", "CREATE INDEX ON d_1h (ts DESC)"] {
        run(&pool, "DROP TABLE IF EXISTS d, d_1h").await;
        run(&pool, HOLED).await;
        let server = serve(&pool, index, HOLED_TOML).await;
        let counts = hours(&server, "count_over_time(d[$__interval])", 10).await;
        // The newest interval may still grow.
        let expected = [1060, 1060, 1060, 60, 60, 1060, 1060, 1060, 1060, 60].map(|n| Some(f64::from(n)));
        assert_eq!(counts, expected, "{index}");
        let two = "count_over_time(d[2h])";
        let windows = hours(&server, two, 6).await;
        assert_eq!(windows[2..], [Some(2120.0), Some(1120.0), Some(120.0), Some(1120.0)], "{index}");
    }
}

#[sqlx::test(migrations = false)]
async fn hours_without_rows_are_no_holes(pool: PgPool) {
    // A night without samples, and raw rows that are kept for a shorter time than the rollup.
    let quiet = "DELETE FROM d WHERE extract(hour FROM ts) < 5";
    let server = serve(&pool, &format!("{HOLED} {quiet}"), HOLED_TOML).await;
    let snapshot = server.catalog.current().unwrap();
    let [rollup] = snapshot.sources()[0].rollups.as_slice() else { panic!("one rollup") };
    let RollupCoverage::Ranges(ranges) = &rollup.held else { panic!("{:?}", rollup.held) };
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    let counts = hours(&server, "count_over_time(d[$__interval])", 6).await;
    assert_eq!(counts, [Some(1060.0), Some(1060.0), Some(1060.0), None, None, Some(1060.0)]);
}

#[sqlx::test(migrations = false)]
async fn holes_since_the_last_search_are_found_without_the_older_rows(pool: PgPool) {
    let server = serve(&pool, HOLED, HOLED_TOML).await;
    run(&pool, "DELETE FROM d_1h WHERE ts = '2025-06-01 07:00Z'").await;
    let snapshot = server.catalog.current().unwrap();
    let rows = &snapshot.sources()[0].rollups[0].rows;
    let at = |hour: i64| START + hour * HOUR;
    for every in [TimeLookup::Time, TimeLookup::Row] {
        for (since, expected) in [
            // The hours 3 and 4 are missing, and now 7.
            (None, vec![format!("{} 0 0", at(0)), format!("{} {}", at(2), at(5)), format!("{} {}", at(6), at(8))]),
            (Some(at(6)), vec![format!("{} 0 0", at(6)), format!("{} {}", at(6), at(8))]),
            // Nothing is known of the row that it was the last time: the first row tells that something is missing.
            (Some(at(7)), vec![format!("{} 0 0", at(8))]),
            (Some(at(10)), vec![]),
        ] {
            let gaps = sql::gaps(rows, GapSearch { step_ms: HOUR, since, until: at(24), every: &every });
            let mut found: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(literal(&gaps))).fetch_all(&pool).await.unwrap();
            found.sort_unstable();
            assert_eq!(found, expected, "{every:?} {since:?}");
        }
    }
}

fn literal(statement: &Statement) -> String {
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let value = match param {
            Param::Int(value) => format!("{value}::int8"),
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            other => panic!("{other:?} is in no statement of this test"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}

#[sqlx::test(migrations = false)]
async fn hours_without_rows_are_no_holes_where_the_time_is_in_a_joined_row(pool: PgPool) {
    let tables = "
        CREATE TABLE runs (id int PRIMARY KEY, ts timestamptz NOT NULL);
        CREATE TABLE results (run int REFERENCES runs, value float8);
        INSERT INTO runs SELECT n, '2025-06-01Z'::timestamptz + n * interval '1 min' FROM generate_series(0, 599) AS n WHERE n NOT BETWEEN 180 AND 299;
        INSERT INTO results SELECT id, id FROM runs;
        CREATE TABLE results_1h AS SELECT run, date_trunc('hour', ts) AS ts, 1000 + count(*) AS n FROM results JOIN runs ON id = run
            GROUP BY 1, 2;";
    let toml = r#"
        [[source]]
        relation = "results"
        labels = []
        time = { join = "runs", column = "ts" }
        [[source.join]]
        relation = "runs"
        on = { run = "id" }
        labels = []
        [source.metric.results]
        column = "value"
        [[source.rollup]]
        relation = "results_1h"
        step = "1h"
        columns = { count = "n" }
    "#;
    let server = serve(&pool, tables, toml).await;
    let snapshot = server.catalog.current().unwrap();
    let [rollup] = snapshot.sources()[0].rollups.as_slice() else { panic!("one rollup") };
    let RollupCoverage::Ranges(ranges) = &rollup.held else { panic!("{:?}", rollup.held) };
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    let counts = hours(&server, "count_over_time(results[$__interval])", 6).await;
    let rolled = Some(60.0 * 1001.0);
    assert_eq!(counts, [rolled, rolled, rolled, None, None, rolled]);
}

#[sqlx::test(migrations = false)]
async fn holes_are_found_by_an_index_that_has_the_time_second(pool: PgPool) {
    // Host a alone has 05:00, which is no hole; nobody has 03:00.
    let tables = "
        CREATE TABLE h (host text NOT NULL, ts timestamptz NOT NULL, value float8, PRIMARY KEY (host, ts));
        INSERT INTO h SELECT host, '2025-06-01Z'::timestamptz + n * interval '10 min', n
            FROM generate_series(0, 59) AS n, unnest(ARRAY['a', 'b', 'c']) AS host;
        CREATE TABLE h_1h (host text NOT NULL, ts timestamptz NOT NULL, top float8, PRIMARY KEY (host, ts));
        INSERT INTO h_1h SELECT host, date_trunc('hour', ts), 1000 + max(value) FROM h
            WHERE extract(hour FROM ts) <> 3 AND (extract(hour FROM ts) <> 5 OR host = 'c') GROUP BY 1, 2;";
    let toml = r#"
        [[source]]
        relation = "h"
        labels = ["host"]
        [source.metric.h]
        column = "value"
        [[source.rollup]]
        relation = "h_1h"
        step = "1h"
        columns = { max = "top" }
    "#;
    let server = serve(&pool, tables, toml).await;
    let tops = hours(&server, "max(max_over_time(h[$__interval]))", 7).await;
    assert_eq!(tops, [1005, 1011, 1017, 23, 1029, 1035, 1041].map(|n| Some(f64::from(n))));
}

#[sqlx::test(migrations = false)]
async fn days_and_hours_of_a_wall_clock_have_no_holes_where_the_clock_changes(pool: PgPool) {
    // In the night to 30 March 2025 Berlin leaves out an hour, in that to 26 October it has one twice.
    let tables = "
        CREATE TABLE w (at timestamp NOT NULL, value float8);
        CREATE TABLE w_1d AS SELECT d::date AS at, 7::float8 AS top FROM generate_series('2025-03-27'::date, '2025-04-02', '1 day') AS d;
        CREATE TABLE w_1h AS SELECT d::timestamp AS at, 7::bigint AS n
            FROM generate_series('2025-10-24'::timestamp, '2025-10-28', '1 hour') AS d;
        INSERT INTO w SELECT generate_series('2025-03-27'::timestamp, '2025-04-02', '1 hour'), 1;
        INSERT INTO w SELECT generate_series('2025-10-24'::timestamptz, '2025-10-28', '1 hour') AT TIME ZONE 'Europe/Berlin', 1;
        CREATE INDEX ON w (at);";
    let toml = r#"
        [[source]]
        relation = "w"
        time = { column = "at", zone = "Europe/Berlin" }
        labels = []
        [source.metric.w]
        column = "value"
        [[source.rollup]]
        relation = "w_1d"
        step = "1d"
        columns = { max = "top" }
        [[source.rollup]]
        relation = "w_1h"
        step = "1h"
        columns = { count = "n" }
    "#;
    let server = serve(&pool, tables, toml).await;
    let ask = async |target: &str, from: &str, to: &str, step: i64| {
        let body = json!({
            "timezone": "Europe/Berlin", "range": {"from": from, "to": to}, "intervalMs": step, "maxDataPoints": 1000,
            "targets": [{"target": target, "refId": "A"}],
        });
        let answer = server.post("/query", body).await;
        let points = answer.body[0]["datapoints"].as_array().unwrap();
        points.iter().map(|point| point[0].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let days =
        ask("max_over_time(w[$__interval])", "2025-03-27T00:00:00+01:00", "2025-04-02T00:00:00+02:00", 24 * HOUR);
    assert_eq!(days.await, [7.0; 6]);
    // The clock says two to three twice, which the rows cannot tell apart either: no edge of the rollup lies in between.
    let night = ask("count_over_time(w[$__interval])", "2025-10-25T22:00:00Z", "2025-10-26T04:00:00Z", HOUR).await;
    assert_eq!(night, [7.0, 7.0, 2.0, 7.0, 7.0]);
}

/// Two tables of one metric, the rows of the second in between those of the first; and a rollup of the first.
const TWO: &str = "
    CREATE TABLE a (ts timestamptz, metric text NOT NULL, host text NOT NULL, value float8);
    CREATE TABLE b (LIKE a INCLUDING ALL);
    INSERT INTO a VALUES ('2025-06-01 00:50Z', 'm', 'h', 1), ('2025-06-01 02:00Z', 'm', 'h', 0);
    INSERT INTO b VALUES ('2025-06-01 00:10Z', 'm', 'h', 2);
    CREATE TABLE a_1h AS SELECT date_trunc('hour', ts) AS hour, metric, host, (array_agg(value ORDER BY ts))[1] AS f,
        (array_agg(value ORDER BY ts DESC))[1] AS l FROM a GROUP BY 1, 2, 3;";
const OF_A: &str = r#"
    [[source]]
    relation = "a"
    name = "metric"
    value = "value"
    labels = ["host"]
    [[source.rollup]]
    relation = "a_1h"
    step = "1h"
    time = "hour"
    columns = { first = "f", last = "l" }
"#;
const OF_B: &str = "[[source]]\nrelation = \"b\"\nname = \"metric\"\nvalue = \"value\"\nlabels = [\"host\"]\n";

#[sqlx::test(migrations = false)]
async fn first_and_last_of_two_sources_are_read_from_the_rows(pool: PgPool) {
    let server = serve(&pool, TWO, &format!("{OF_A}{OF_B}")).await;
    assert_eq!(hours(&server, "last_over_time(m[$__interval])", 1).await, [Some(1.0)]);
    assert_eq!(hours(&server, "first_over_time(m[$__interval])", 1).await, [Some(2.0)]);
    // Of one source alone the rollup answers.
    run(&pool, "UPDATE a_1h SET f = 100, l = 200").await;
    let server = serve(&pool, "SELECT 1", OF_A).await;
    assert_eq!(hours(&server, "first_over_time(m[$__interval])", 1).await, [Some(100.0)]);
    assert_eq!(hours(&server, "last_over_time(m[$__interval])", 1).await, [Some(200.0)]);
}

/// A source whose rows are named by `$COLUMNS`; a rollup with a planted last value of 100 for each of its rows.
async fn last_of(pool: &PgPool, columns: &str, more: &str, labels: &str) -> Vec<Option<f64>> {
    let tables = format!(
        "DROP TABLE IF EXISTS s, s_1h;
        CREATE TABLE s (ts timestamptz NOT NULL, {columns}, value float8);
        INSERT INTO s VALUES ('2025-06-01 00:10Z', {more}, 1), ('2025-06-01 00:50Z', {more}, 2), ('2025-06-01 01:00Z', {more}, 3);
        CREATE TABLE s_1h AS SELECT date_trunc('hour', ts) AS ts, {names}, 100::float8 AS l FROM s GROUP BY 1, {groups};",
        names = columns.split(", ").filter_map(|column| column.split(' ').next()).collect::<Vec<_>>().join(", "),
        groups = (2..2 + columns.split(", ").count()).map(|n| n.to_string()).collect::<Vec<_>>().join(", "),
    );
    let toml = format!(
        "[[source]]\nrelation = \"s\"\nlabels = {labels}\n[source.metric.s]\ncolumn = \"value\"\n\
         [[source.rollup]]\nrelation = \"s_1h\"\nstep = \"1h\"\ncolumns = {{ last = \"l\" }}\n"
    );
    let server = serve(pool, &tables, &toml).await;
    hours(&server, "last_over_time(s[$__interval])", 1).await
}

#[sqlx::test(migrations = false)]
async fn first_and_last_come_from_rows_that_cannot_meet(pool: PgPool) {
    let rollup = [Some(100.0)];
    let rows = [Some(2.0)];
    assert_eq!(last_of(&pool, "host text NOT NULL", "'a'", "[\"host\"]").await, rollup);
    assert_eq!(last_of(&pool, "id int", "7", "[\"id\"]").await, rollup);
    // NULL beside the empty text is one series of two rows.
    assert_eq!(last_of(&pool, "host text", "'a'", "[\"host\"]").await, rows);
    // The rollup has one more label than the source is declared with.
    assert_eq!(last_of(&pool, "host text NOT NULL, region text NOT NULL", "'a', 'b'", "[\"host\"]").await, rows);
    assert_eq!(last_of(&pool, "host text NOT NULL, unit int", "'a', 7", "[\"host\"]").await, rows);
    // A part of a column: several values of that column are one label.
    let part = "[{ name = \"room\", column = \"topic\", split = \"/\", part = 1 }]";
    assert_eq!(last_of(&pool, "topic text NOT NULL", "'a/b'", part).await, rows);
}

/// Indexes of a rollup from which its newest row is not found, or not the start of each host.
const UNORDERED: [&str; 6] = [
    "(host text_pattern_ops, ts)",
    "(host COLLATE \"POSIX\", ts)",
    "(host DESC NULLS LAST, ts)",
    "USING brin (ts)",
    "(ts) WHERE n > 1010",
    "(lower(host), ts)",
];

#[sqlx::test(migrations = false)]
async fn an_index_that_gives_no_order_finds_no_hours(pool: PgPool) {
    let tables = "
        CREATE TABLE d (ts timestamptz NOT NULL, host text NOT NULL, value float8);
        INSERT INTO d SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', h, n
            FROM generate_series(0, 599) AS n, unnest(ARRAY['a', 'B']) AS h;
        CREATE INDEX ON d (ts);
        CREATE TABLE d_1h AS SELECT date_trunc('hour', ts) AS ts, host, 1000 + count(*) AS n FROM d
            WHERE extract(hour FROM ts) NOT IN (3, 4) GROUP BY 1, 2;";
    let toml = HOLED_TOML.replace("labels = []", "labels = [\"host\"]");
    let ordered = ["SELECT 1".to_owned(), "CREATE INDEX ON d_1h (host, ts)".to_owned()];
    for index in UNORDERED.map(|index| format!("CREATE INDEX ON d_1h {index}")).into_iter().chain(ordered) {
        run(&pool, "DROP TABLE IF EXISTS d, d_1h").await;
        run(&pool, tables).await;
        let server = serve(&pool, &index, &toml).await;
        let counts = hours(&server, "sum(count_over_time(d[$__interval]))", 10).await;
        let expected = [2120, 2120, 2120, 120, 120, 2120, 2120, 2120, 2120, 120].map(|n| Some(f64::from(n)));
        assert_eq!(counts, expected, "{index}");
    }
}
