//! Continuous aggregates become rollups by themselves. The extension's own view of them is stood in for by one of the
//! same columns.

use datebin::catalog::{RollupCoverage, toml_out};
use datebin::refresh::{CatalogConfig, once};
use sqlx::{AssertSqlSafe, PgPool};

use crate::layouts::dimensions::serve;
use crate::support::{Server, Setup, sql, url};

const TABLES: &str = r#"
    CREATE TABLE conditions (time timestamptz NOT NULL, location text NOT NULL, temperature float8, humidity float8 NOT NULL);
    INSERT INTO conditions SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', l,
        CASE WHEN n % 5 > 0 THEN n % 97 END, n * 7 % 89 FROM generate_series(0, 2999) AS n, unnest(ARRAY['a', 'b']) AS l;
    CREATE TABLE conditions_hourly AS SELECT date_trunc('hour', time) AS bucket, location, avg(temperature) AS avg,
        max(temperature) AS max, count(temperature) AS n, avg(humidity) AS humid, count(*) AS rows FROM conditions GROUP BY 1, 2;
    CREATE TABLE conditions_daily AS SELECT date_trunc('day', time) AS bucket, max(humidity) AS max FROM conditions GROUP BY 1;
    CREATE INDEX ON conditions_hourly (bucket);
    UPDATE conditions_hourly SET max = max + 1000 WHERE bucket = '2025-06-01 05:00Z' AND location = 'a';
    CREATE SCHEMA timescaledb_information;
    CREATE VIEW timescaledb_information.continuous_aggregates AS SELECT * FROM (VALUES
        ('public', 'conditions', 'public', 'conditions_hourly', ' SELECT time_bucket(''01:00:00''::interval, conditions."time") AS bucket,
            conditions.location, avg(conditions.temperature) AS avg, max(conditions.temperature) AS max,
            count(conditions.temperature) AS n, avg(conditions.humidity) AS humid, count(*) AS rows
           FROM conditions GROUP BY (time_bucket(''01:00:00''::interval, conditions."time")), conditions.location;'),
        ('public', 'conditions', 'public', 'conditions_daily', ' SELECT time_bucket(''1 day''::interval, conditions."time") AS bucket,
            max(conditions.humidity) AS max FROM conditions GROUP BY (time_bucket(''1 day''::interval, conditions."time"));')
        ) AS a(hypertable_schema, hypertable_name, view_schema, view_name, view_definition);
    ANALYZE"#;

#[sqlx::test(migrations = false)]
async fn a_continuous_aggregate_serves_what_it_holds(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::with(&pool, Setup { show_sql: true, ..Setup::default() }).await;
    let catalog = server.catalog.current().expect("a catalog");
    let names: Vec<&str> = catalog.names().filter(|name| name.starts_with("conditions")).collect();
    assert_eq!(names, ["conditions_humidity", "conditions_temperature"]);
    let (source, _) = catalog.metric("conditions_temperature").expect("a metric");
    let [daily, rollup] = source.rollups.as_slice() else { panic!("{:?}", source.rollups) };
    assert_eq!(daily.lacks, ["location"]);
    assert_eq!(rollup.rows.relation.to_string(), "public.conditions_hourly");
    assert!(matches!(rollup.held, RollupCoverage::Ranges(..)));
    let (from, to) = ("2025-06-01T00:00:00Z", "2025-06-03T02:00:00Z");
    for (target, sql) in [
        ("conditions_temperature", "avg(temperature)"),
        ("conditions_humidity", "avg(humidity)"),
        ("count_over_time(conditions_humidity[1h])", "count(humidity)::float8"),
        (
            "max_over_time(conditions_temperature[1h])",
            "max(temperature) + 1000 * (min(time) = '2025-06-01 05:00Z')::int",
        ),
    ] {
        let text = format!(
            "SELECT ({sql})::float8 FROM conditions WHERE location = 'a' GROUP BY date_trunc('hour', time) ORDER BY min(time)"
        );
        let wanted: Vec<f64> = sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&pool).await.expect("the raw rows");
        let found = server.query(from, to, 60, target).await;
        let points = found[0]["datapoints"].as_array().expect("points");
        let got: Vec<f64> = points.iter().map(|point| point[0].as_f64().expect("a number")).collect();
        let same = got.len() == wanted.len() && got.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs());
        assert!(same, "{target}: {got:?}, {wanted:?}");
    }
    let written = toml_out::write(&catalog, &[]);
    assert!(written.contains("[[source.rollup]]\nrelation = \"public.conditions_hourly\""), "{written}");
    // One with fewer labels is found again rather than written.
    assert!(!written.contains("conditions_daily"), "{written}");
    let again = serve(&pool, "SELECT 1", &written).await;
    assert_eq!(again.catalog.current().expect("a catalog").sources(), catalog.sources(), "{written}");
}

#[sqlx::test(migrations = false)]
async fn every_continuous_aggregate_says_what_became_of_it(pool: PgPool) {
    sql(&pool, TABLES).await;
    let database = datebin::db::DatabaseConfig::new(&url(&pool)).expect("a URL");
    let config = CatalogConfig { file: None, zone: None, every: std::time::Duration::from_secs(3600) };
    let (_, decisions) = once(&database, &config, &datebin::db::Health::default()).await.expect("a catalog");
    let said = |name: &str| {
        let own =
            decisions.iter().filter(|decision| decision.relation.name.as_str() == name && decision.column.is_none());
        own.map(|decision| decision.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(said("conditions_hourly"), ["a continuous aggregate of public.conditions: its rollup"]);
    assert_eq!(said("conditions_daily"), ["a continuous aggregate of public.conditions: its rollup"]);
}
