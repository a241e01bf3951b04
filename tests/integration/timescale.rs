//! A real TimescaleDB: `scripts/with-timescale cargo test --locked --test integration -- timescale`. On a server without it
//! these tests pass with a loud line. Debian's build has hypertables, chunks and time_bucket, but neither continuous
//! aggregates nor compression: those have tests of their own, on tables of the same shape.

use std::io::Write as _;
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::oracle::{ask_about, data};
use crate::support::{Server, sql};

/// Makes the extension; says loudly that there is none.
async fn is_here(pool: &PgPool) -> bool {
    let known = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')";
    let is_here: bool = sqlx::query_scalar(known).fetch_one(pool).await.unwrap();
    if is_here {
        sql(pool, "CREATE EXTENSION IF NOT EXISTS timescaledb").await;
    } else {
        // Past the harness, which keeps what a passing test prints.
        let line = "\nSKIPPED: this server has no TimescaleDB; scripts/with-timescale brings one\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is_here
}

/// Makes hypertables of all tables whose time TimescaleDB can cut; rows at no time that has a chunk are left out.
const TURN: &str = "DO $$ DECLARE r record; BEGIN
    FOR r IN SELECT c.oid::regclass AS name, a.atttypid::regtype::text AS ty FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'ts'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace LOOP
        IF r.ty IN ('timestamp with time zone', 'timestamp without time zone', 'date') THEN
            EXECUTE format('DELETE FROM %s WHERE ts IS NULL OR NOT ts BETWEEN %L AND %L', r.name, '1900-01-01', '2200-01-01');
            PERFORM create_hypertable(r.name, 'ts', migrate_data => true, chunk_time_interval => interval '1 day');
        ELSIF r.ty IN ('integer', 'bigint') THEN
            EXECUTE format('DELETE FROM %s WHERE ts IS NULL OR ts <= 0', r.name);
            PERFORM create_hypertable(r.name, 'ts', migrate_data => true,
                chunk_time_interval => CASE r.ty WHEN 'integer' THEN 86400 ELSE 86400000 END);
        END IF;
    END LOOP; END $$";

#[sqlx::test(migrations = false)]
async fn the_random_questions_are_answered_over_hypertables(pool: PgPool) {
    if !is_here(&pool).await {
        return;
    }
    let tables = [
        data::wide("of_instants", data::Time::Timestamptz, "float8", 900),
        data::wide("of_walls", data::Time::Timestamp(Tz::Europe__Berlin), "numeric", 901),
        data::wide("of_days", data::Time::Date(Tz::UTC), "float8", 902),
        data::wide("of_seconds", data::Time::EpochSeconds, "int", 903),
        data::wide("of_millis", data::Time::EpochMillis, "float8", 904),
        data::narrow("of_names", "cpu.load", 905),
    ];
    ask_about(&pool, tables.iter(), TURN).await;
    let turned = "SELECT count(*) FROM timescaledb_information.hypertables";
    let turned: i64 = sqlx::query_scalar(turned).fetch_one(&pool).await.unwrap();
    assert_eq!(turned, 6);
}

/// So many chunks of a day with 300 hosts every so many hours, and an ordinary table of the same rows.
fn fleet(chunks: u32, hours: u32) -> String {
    format!(
        "CREATE TABLE fleet (time timestamptz NOT NULL, host text NOT NULL, cpu float8 NOT NULL);
        SELECT create_hypertable('fleet', 'time', chunk_time_interval => interval '1 day');
        INSERT INTO fleet SELECT '2024-01-01Z'::timestamptz + n * interval '{hours} h', 'host-' || h, n % 97 + h
            FROM generate_series(0, {chunks} * 24 / {hours} - 1) AS n, generate_series(1, 300) AS h;
        CREATE INDEX ON fleet (host, time DESC);
        CREATE TABLE plain AS SELECT * FROM fleet;
        CREATE INDEX ON plain (time DESC);
        CREATE INDEX ON plain (host, time DESC);
        ANALYZE"
    )
}

#[sqlx::test(migrations = false)]
async fn values_patterns_and_panels_of_a_hypertable_are_those_of_a_table(pool: PgPool) {
    if !is_here(&pool).await {
        return;
    }
    sqlx::raw_sql(AssertSqlSafe(fleet(60, 12))).execute(&pool).await.unwrap();
    // The time is what the chunks are cut by, whatever it is called.
    let odd = "CREATE TABLE odd (label text NOT NULL, made timestamptz, moment timestamptz NOT NULL, value float8);
        SELECT create_hypertable('odd', 'moment', create_default_indexes => false);
        INSERT INTO odd VALUES ('a', '2024-01-01Z', '2024-02-01Z', 1)";
    sql(&pool, odd).await;
    let server = Server::start(&pool).await;
    let snapshot = server.catalog.current().unwrap();
    let (source, _) = snapshot.metric("fleet_cpu").expect("the hypertable is a source");
    assert_eq!((source.children, source.time.column.as_str()), (60, "time"));
    assert_eq!(snapshot.metric("odd").expect("a source").0.time.column.as_str(), "moment");
    let (from, to) = ("2024-02-10T00:00:00Z", "2024-02-10T18:00:00Z");
    for metric in ["fleet_cpu", "plain_cpu"] {
        let target = format!("label_values({metric}, host)");
        let query = json!({"payload": {"target": target}, "range": {"from": from, "to": to}});
        let values = server.post("/variable", query).await;
        assert_eq!(
            (values.status, values.body.as_array().map(Vec::len)),
            (200, Some(300)),
            "{metric}: {}",
            values.body
        );
    }
    for target in
        ["count(M{host=~\"host-1.*\"})", "avg(M)", "max by (host) (M{host=~\"host-(7|8)\"})", "M{host=\"host-9\"}"]
    {
        for (from, to) in [(from, to), ("2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z")] {
            let of = async |metric: &str| {
                let series = server.query(from, to, 60, &target.replace('M', metric)).await;
                series.into_iter().map(|one| (one["tags"].clone(), one["datapoints"].clone())).collect::<Vec<_>>()
            };
            assert_eq!(of("fleet_cpu").await, of("plain_cpu").await, "{target}");
        }
    }
}

/// Five chunks of 2,000 rows each; a metric, a label and a column of nothing come with the last one.
const LATE: &str = "
    CREATE TABLE late (ts timestamptz NOT NULL, host text, a float8);
    SELECT create_hypertable('late', 'ts', chunk_time_interval => interval '1 day');
    INSERT INTO late SELECT '2025-06-01Z'::timestamptz + n * interval '43 s', 'h', n FROM generate_series(0, 10045) AS n;
    ANALYZE late;
    ALTER TABLE late ADD COLUMN b float8; ALTER TABLE late ADD COLUMN zone text; ALTER TABLE late ADD COLUMN never float8;
    INSERT INTO late SELECT '2025-06-06Z'::timestamptz + n * interval '1 min', 'h', n, 7, 'z' || n % 2 FROM generate_series(0, 59) AS n;
    ANALYZE late;";

#[sqlx::test(migrations = false)]
async fn a_column_that_only_the_newest_chunk_fills_lives(pool: PgPool) {
    if !is_here(&pool).await {
        return;
    }
    sql(&pool, LATE).await;
    let server = Server::start(&pool).await;
    let snapshot = server.catalog.current().unwrap();
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["late_a", "late_b"]);
    assert_eq!(snapshot.metric("late_b").expect("a source").0.children, 6);
    let sum = server.query("2025-06-06T00:00:00Z", "2025-06-06T01:00:00Z", 1, "sum by (zone) (late_b)").await;
    let mut drawn: Vec<_> =
        sum.iter().map(|one| (one["tags"]["zone"].to_string(), one["datapoints"][0][0].as_f64())).collect();
    drawn.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(drawn, [("\"z0\"".to_owned(), Some(7.0)), ("\"z1\"".to_owned(), Some(7.0))]);
}

/// How often each question is asked.
const RUNS: usize = 9;

/// How long a question takes over each of both relations, the middle of several runs. They are asked in turn, so that
/// whatever else the machine does slows both down.
async fn middles(server: &Server, target: &str, (from, to): (&str, &str)) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        for (times, metric) in times.iter_mut().zip(["fleet_cpu", "plain_cpu"]) {
            let begun = Instant::now();
            let series = server.query(from, to, 300, &target.replace('M', metric)).await;
            times.push(begun.elapsed());
            assert!(!series.is_empty(), "{target}");
        }
    }
    times.map(middle)
}

/// How long the simplest statement of a panel takes over each of both relations, the middle of several runs: what the
/// server itself asks for so many chunks.
async fn by_hand(pool: &PgPool, condition: &str, group: &str, (from, to): (&str, &str)) -> [Duration; 2] {
    let mut connection = pool.acquire().await.unwrap();
    let mut times = [Vec::new(), Vec::new()];
    sqlx::raw_sql("SET plan_cache_mode = force_custom_plan; SET jit = off").execute(&mut *connection).await.unwrap();
    for _ in 0..RUNS {
        for (times, relation) in times.iter_mut().zip(["fleet", "plain"]) {
            let statement = format!(
                "SELECT {group} date_bin(($2::timestamptz - $1::timestamptz) / 300, time, $1), avg(cpu) FROM {relation}
                 WHERE time >= $1 AND time < $2 {condition} GROUP BY 1, date_bin(($2::timestamptz - $1::timestamptz) / 300, time, $1)"
            );
            let instant = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
            let begun = Instant::now();
            let rows = sqlx::query(AssertSqlSafe(statement)).bind(instant(from)).bind(instant(to));
            assert!(!rows.fetch_all(&mut *connection).await.unwrap().is_empty());
            times.push(begun.elapsed());
        }
    }
    times.map(middle)
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A measurement: 1,000 chunks, panels of a day, a month and of all, beside the simplest statements by hand: planning so
/// many chunks takes the server long whoever asks.
#[ignore = "takes minutes and wants a quiet machine"]
#[sqlx::test(migrations = false)]
async fn ratios_to_an_ordinary_table_of_the_same_rows(pool: PgPool) {
    if !is_here(&pool).await {
        return;
    }
    sqlx::raw_sql(AssertSqlSafe(fleet(1000, 1))).execute(&pool).await.unwrap();
    let server = Server::start(&pool).await;
    for (from, to) in [
        ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z"),
        ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"),
        ("2024-01-01T00:00:00Z", "2026-09-26T00:00:00Z"),
    ] {
        for (target, condition, group) in [
            ("avg(M)", "", ""),
            ("M{host=\"host-7\"}", "AND host = 'host-7'", ""),
            ("M{host=~\"host-1.\"}", "AND host ~ '^host-1.$'", "host,"),
            ("sum by (host) (M{host=~\"host-2.*\"})", "AND host ~ '^host-2.*$'", "host,"),
        ] {
            let [chunked, plain] = middles(&server, target, (from, to)).await;
            let [chunked_by_hand, plain_by_hand] = by_hand(&pool, condition, group, (from, to)).await;
            let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
            println!(
                "{from}..{to} {target}: hypertable {chunked:?}, table {plain:?}, ratio {:.2}; by hand {chunked_by_hand:?}, \
                 {plain_by_hand:?}, ratio {:.2}; of ours to that by hand {:.2} and {:.2}",
                ratio(chunked, plain),
                ratio(chunked_by_hand, plain_by_hand),
                ratio(chunked, chunked_by_hand),
                ratio(plain, plain_by_hand),
            );
        }
        let begun = Instant::now();
        let query = json!({"payload": {"target": "label_values(fleet_cpu, host)"}, "range": {"from": from, "to": to}});
        let values = server.post("/variable", query).await;
        let many = values.body.as_array().map(Vec::len);
        println!("{from}..{to} label_values: {many:?} values in {:?}", begun.elapsed());
    }
}
