//! Continuous aggregates: TimescaleDB's own log says what they hold. Its catalog and the views are stood in for by tables
//! of the same shape, as the part of TimescaleDB that Debian ships has no continuous aggregates.

use std::time::Duration;

use datebin::catalog::facts::DiscoveryScope;
use datebin::catalog::file::CatalogFile;
use datebin::catalog::{RollupCoverage, Snapshot};
use datebin::db::{DatabaseConfig, introspect, load};
use datebin::refresh::{CatalogConfig, once};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql, url};

/// Hours of 2026-11-01 and 2026-11-05 were refreshed; a count of the view is 1000 too high.
const HOLES: &str = r#"
    CREATE TABLE holes (time timestamptz NOT NULL, location text NOT NULL, temperature float8 NOT NULL);
    INSERT INTO holes SELECT '2026-11-01Z'::timestamptz + n * interval '1 min', 'a', n % 97 FROM generate_series(0, 9999) n;
    CREATE INDEX ON holes (time);
    CREATE TABLE holes_hourly AS SELECT date_trunc('hour', time) AS bucket, location, avg(temperature) AS avg,
        max(temperature) AS max, count(temperature) + 1000 AS n FROM holes
        WHERE time::date IN ('2026-11-01', '2026-11-05') GROUP BY 1, 2;
    CREATE SCHEMA timescaledb_information;
    CREATE SCHEMA _timescaledb_catalog;
    CREATE TABLE timescaledb_information.continuous_aggregates
        (hypertable_schema name, hypertable_name name, view_schema name, view_name name, view_definition text);
    INSERT INTO timescaledb_information.continuous_aggregates VALUES ('public', 'holes', 'public', 'holes_hourly',
        ' SELECT time_bucket(''01:00:00''::interval, holes."time") AS bucket, holes.location, avg(holes.temperature) AS avg,
            max(holes.temperature) AS max, count(holes.temperature) AS n FROM holes
          GROUP BY (time_bucket(''01:00:00''::interval, holes."time")), holes.location;');
    CREATE TABLE _timescaledb_catalog.continuous_agg
        (mat_hypertable_id int, raw_hypertable_id int, user_view_schema name, user_view_name name);
    CREATE TABLE _timescaledb_catalog.continuous_aggs_watermark (mat_hypertable_id int, watermark bigint);
    CREATE TABLE _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
        (materialization_id int, lowest_modified_value bigint, greatest_modified_value bigint);
    CREATE TABLE _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
        (hypertable_id int, lowest_modified_value bigint, greatest_modified_value bigint);
    INSERT INTO _timescaledb_catalog.continuous_agg VALUES (2, 1, 'public', 'holes_hourly');
    CREATE FUNCTION us(timestamptz) RETURNS bigint LANGUAGE sql AS 'SELECT (extract(epoch FROM $1) * 1000000)::bigint';
    INSERT INTO _timescaledb_catalog.continuous_aggs_watermark VALUES (2, us('2026-11-06Z'));
    INSERT INTO _timescaledb_catalog.continuous_aggs_materialization_invalidation_log VALUES
        (2, -9223372036854775808, us('2026-11-01Z') - 1), (2, us('2026-11-02Z'), us('2026-11-05Z') - 1),
        (2, us('2026-11-06Z'), 9223372036854775807);
    ANALYZE"#;

/// The values of a target by hours.
async fn hours(server: &Server, target: &str, from: &str, to: &str) -> Vec<f64> {
    let body = json!({
        "range": {"from": from, "to": to}, "intervalMs": 3_600_000, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A"}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let points = answer.body[0]["datapoints"].as_array().cloned().unwrap_or_default();
    points.iter().filter_map(|point| point[0].as_f64()).collect()
}

/// Where each count comes from: the planted one of the aggregate, or the rows.
fn origins(counts: &[f64]) -> String {
    counts.iter().map(|n| if *n > 1000.0 { 'A' } else { 'r' }).collect()
}

#[sqlx::test(migrations = false)]
async fn days_that_were_never_refreshed_are_read_from_the_rows(pool: PgPool) {
    sql(&pool, HOLES).await;
    let server = Server::start(&pool).await;
    let (from, to) = ("2026-11-01T00:00:00Z", "2026-11-07T00:00:00Z");
    let averages = hours(&server, "holes_temperature", from, to).await;
    let wanted: Vec<f64> = sqlx::query_scalar(
        "SELECT avg(temperature) FROM holes WHERE time < '2026-11-07Z' GROUP BY date_trunc('hour', time) ORDER BY min(time)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!((averages.len(), wanted.len()), (144, 144));
    assert!(averages.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{averages:?} {wanted:?}");
    let counts = hours(&server, "count_over_time(holes_temperature[1h])", from, to).await;
    let expected = ["A".repeat(24), "r".repeat(72), "A".repeat(24), "r".repeat(24)].concat();
    assert_eq!(origins(&counts), expected);
    // Rows that were changed since are in the log of the hypertable: their buckets are stale.
    let change = "INSERT INTO _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
        VALUES (1, us('2026-11-01 05:10Z'), us('2026-11-01 05:20Z'))";
    sql(&pool, change).await;
    let server = Server::start(&pool).await;
    let counts = hours(&server, "count_over_time(holes_temperature[1h])", from, "2026-11-01T08:00:00Z").await;
    assert_eq!(origins(&counts), "AAAAArAA");
}

/// How often rows of the hypertable were looked at until now, by sessions that have ended.
async fn looks(pool: &PgPool) -> i64 {
    let ended =
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'datebin'";
    for _ in 0..500 {
        if sqlx::query_scalar(ended).fetch_one(pool).await.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A session tells its counts when it ends; before PostgreSQL 15 a process gathers them, twice a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let looked =
        "SELECT (coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::int8 FROM pg_stat_user_tables WHERE relname = 'holes'";
    sqlx::query_scalar(looked).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn where_the_log_is_readable_no_rows_tell_what_an_aggregate_holds(pool: PgPool) {
    sql(&pool, HOLES).await;
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let file = CatalogFile::parse("").unwrap();
    let before = looks(&pool).await;
    let (found, _) = load(&config, &file, None).await.unwrap();
    let held = |found: &Snapshot| match found.sources()[0].rollups.as_slice() {
        [rollup] => rollup.held.clone(),
        rollups => panic!("{rollups:?}"),
    };
    assert!(matches!(held(&found), RollupCoverage::Ranges(ranges) if ranges.len() == 2), "{:?}", held(&found));
    assert_eq!(looks(&pool).await, before, "the log alone tells what it holds");
    // Without the log the rows do.
    sql(&pool, "DROP TABLE _timescaledb_catalog.continuous_aggs_materialization_invalidation_log").await;
    let (found, _) = load(&config, &file, None).await.unwrap();
    assert!(matches!(held(&found), RollupCoverage::Ranges(ranges) if ranges.len() == 2), "{:?}", held(&found));
    assert!(looks(&pool).await > before, "the hole is looked for among the rows");
}

/// An aggregate of the aggregate in a schema off the search path, with another name for its key and buckets of UTC.
const DAILY: &str = r#"
    CREATE SCHEMA rolled;
    CREATE TABLE rolled.holes_daily AS SELECT date_trunc('day', bucket) AS day, location AS place, max(max) + 1000 AS top,
        sum(n) AS n FROM holes_hourly GROUP BY 1, 2;
    INSERT INTO timescaledb_information.continuous_aggregates VALUES ('_timescaledb_internal', '_materialized_hypertable_2',
        'rolled', 'holes_daily', ' SELECT time_bucket(''1 day''::interval, holes_hourly.bucket, ''UTC''::text) AS day,
            holes_hourly.location AS place, max(holes_hourly.max) AS top, sum(holes_hourly.n) AS n FROM holes_hourly
          GROUP BY (time_bucket(''1 day''::interval, holes_hourly.bucket, ''UTC''::text)), holes_hourly.location;');
    INSERT INTO _timescaledb_catalog.continuous_agg VALUES (3, 2, 'rolled', 'holes_daily');
    INSERT INTO _timescaledb_catalog.continuous_aggs_watermark VALUES (3, us('2026-11-08Z'));"#;

#[sqlx::test(migrations = false)]
async fn aggregates_outside_of_the_scope_are_asked_about_at_once_the_next_time(pool: PgPool) {
    sql(&pool, HOLES).await;
    sql(&pool, DAILY).await;
    let (scope, mut beyond) = (DiscoveryScope::default(), Vec::new());
    let mut connection = pool.acquire().await.unwrap();
    let first = introspect::load(&mut connection, &scope, &mut beyond).await.unwrap();
    let names: Vec<String> = beyond.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["rolled.holes_daily"]);
    let scope_of = "SELECT current_setting('datebin.scope')";
    let asked: String = sqlx::query_scalar(scope_of).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(asked, r#"{"declared":[["rolled","holes_daily"]]}"#);
    // A scope that was not the one asked for would be set, and so be another afterwards.
    let again = introspect::load(&mut connection, &scope, &mut beyond).await.unwrap();
    assert_eq!(again.relations, first.relations);
    assert_eq!(sqlx::query_scalar::<_, String>(scope_of).fetch_one(&mut *connection).await.unwrap(), asked);
    sql(&pool, "DELETE FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'rolled'").await;
    introspect::load(&mut connection, &scope, &mut beyond).await.unwrap();
    assert!(beyond.is_empty(), "{beyond:?}");
}

#[sqlx::test(migrations = false)]
async fn an_aggregate_of_an_aggregate_serves_what_both_hold(pool: PgPool) {
    sql(&pool, HOLES).await;
    sql(&pool, DAILY).await;
    let server = Server::start(&pool).await;
    let body = json!({
        "range": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-07T00:00:00Z"}, "intervalMs": 86_400_000,
        "targets": [{"target": "max_over_time(holes_temperature{location=\"a\"}[1d])", "refId": "A"}],
    });
    let answer = server.post("/query", body).await;
    let points = answer.body[0]["datapoints"].as_array().expect("points");
    let tops: Vec<f64> = points.iter().filter_map(|point| point[0].as_f64()).collect();
    assert_eq!(tops, [1096.0, 96.0, 96.0, 96.0, 1096.0, 96.0], "{}", answer.body);
    assert_eq!(answer.body[0]["tags"], json!({"location": "a"}), "the label keeps its name");
}

/// Integers as time; one label less than the source.
const INTEGERS: &str = r#"
    CREATE TABLE ticks (clock bigint NOT NULL, host text NOT NULL, load float8 NOT NULL, PRIMARY KEY (host, clock));
    INSERT INTO ticks SELECT 1748736000 + n * 60, h, n FROM generate_series(0, 599) AS n, unnest(ARRAY['a', 'b']) AS h;
    CREATE TABLE ticks_1h AS SELECT clock / 3600 * 3600 AS hour, sum(load) AS s, count(*) + 1000 AS n, avg(load) + 5000 AS a,
        last(load) AS l FROM (SELECT clock, load FROM ticks ORDER BY clock) AS t GROUP BY 1;
    INSERT INTO timescaledb_information.continuous_aggregates VALUES ('public', 'ticks', 'public', 'ticks_1h',
        ' SELECT time_bucket((3600)::bigint, ticks.clock) AS hour, sum(ticks.load) AS s, count(*) AS n, avg(ticks.load) AS a,
            last(ticks.load, ticks.clock) AS l FROM ticks GROUP BY (time_bucket((3600)::bigint, ticks.clock));');
    INSERT INTO _timescaledb_catalog.continuous_agg VALUES (5, 4, 'public', 'ticks_1h');
    INSERT INTO _timescaledb_catalog.continuous_aggs_watermark VALUES (5, 1748736000 + 9 * 3600);
    ANALYZE"#;

#[sqlx::test(migrations = false)]
async fn an_aggregate_with_fewer_labels_serves_what_needs_no_more(pool: PgPool) {
    let last = "CREATE AGGREGATE last(float8) (SFUNC = float8larger, STYPE = float8);";
    sql(&pool, HOLES).await;
    sql(&pool, last).await;
    sql(&pool, INTEGERS).await;
    let server = Server::start(&pool).await;
    let (from, to) = ("2025-06-01T00:00:00Z", "2025-06-01T02:00:00Z");
    for (target, expected) in [
        // Two hosts with 60 rows each, and 1000 for the aggregate.
        ("sum(count_over_time(ticks_load[1h]))", [1120.0, 1120.0]),
        ("sum without (host) (count_over_time(ticks_load[1h]))", [1120.0, 1120.0]),
        ("sum(sum_over_time(ticks_load[1h]))", [3540.0, 10_740.0]),
        // A sum of averages, a mean of counts, and what looks at the host are other numbers.
        ("sum(ticks_load)", [59.0, 179.0]),
        ("avg(count_over_time(ticks_load[1h]))", [60.0, 60.0]),
        ("sum by (host) (count_over_time(ticks_load[1h]))", [60.0, 60.0]),
        ("sum(count_over_time(ticks_load{host=\"a\"}[1h]))", [60.0, 60.0]),
        ("max(last_over_time(ticks_load[1h]))", [59.0, 119.0]),
    ] {
        assert_eq!(hours(&server, target, from, to).await, expected, "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn an_aggregate_that_does_not_serve_says_why(pool: PgPool) {
    sql(&pool, HOLES).await;
    let more = r#"
        CREATE TABLE zoned AS SELECT bucket, location, avg FROM holes_hourly;
        CREATE TABLE moved (LIKE zoned);
        INSERT INTO timescaledb_information.continuous_aggregates VALUES
            ('public', 'holes', 'public', 'zoned', ' SELECT time_bucket(''1 day''::interval, holes."time", ''Europe/Prague''::text)
                AS bucket, holes.location, avg(holes.temperature) AS avg FROM holes GROUP BY 1, holes.location;'),
            ('public', 'holes', 'public', 'moved', ' SELECT time_bucket(''01:00:00''::interval, holes."time", "offset" => ''00:30:00''::interval)
                AS bucket, holes.location, avg(holes.temperature) AS avg FROM holes GROUP BY 1, holes.location;'),
            ('public', 'holes', 'hidden', 'gone', ' SELECT time_bucket(''01:00:00''::interval, holes."time") AS bucket, holes.location,
                avg(holes.temperature) AS avg FROM holes GROUP BY 1, holes.location;');"#;
    sql(&pool, more).await;
    let database = DatabaseConfig::new(&url(&pool)).expect("a URL");
    let config = CatalogConfig { file: None, zone: None, every: Duration::from_secs(3600) };
    let (snapshot, decisions) = once(&database, &config, &datebin::db::Health::default()).await.expect("a catalog");
    let said = |name: &str| {
        let own = decisions.iter().rfind(|d| d.relation.name.as_str() == name && d.column.is_none());
        own.map(|decision| decision.reason.clone()).unwrap_or_default()
    };
    let not = "a continuous aggregate of public.holes, but not its rollup: ";
    assert_eq!(said("zoned"), format!("{not}its buckets are cut in the zone Europe/Prague"));
    assert_eq!(said("moved"), format!("{not}its buckets have an origin or an offset of their own"));
    assert_eq!(said("gone"), format!("{not}the schema hidden may not be used: GRANT USAGE ON SCHEMA hidden helps"));
    let (source, _) = snapshot.metric("holes_temperature").expect("a metric");
    assert!(
        matches!(&source.rollups[0].held, RollupCoverage::Ranges(ranges) if ranges.len() == 2),
        "{:?}",
        source.rollups
    );
}
