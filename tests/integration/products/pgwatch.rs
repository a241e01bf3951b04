//! pgwatch's sink: every number a member of a document, in partitions by time.

use datebin::catalog::MetricKind;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

const TABLES: &str = "
    CREATE SCHEMA subpartitions;
    CREATE SCHEMA admin;
    CREATE TABLE admin.all_distinct_dbname_metrics (dbname text, metric text, created_on timestamptz DEFAULT now(), PRIMARY KEY (dbname, metric));
    CREATE TABLE db_stats (time timestamptz NOT NULL DEFAULT now(), dbname text NOT NULL, data jsonb NOT NULL, tag_data jsonb) PARTITION BY RANGE (time);
    CREATE TABLE subpartitions.db_stats_old PARTITION OF db_stats FOR VALUES FROM (MINVALUE) TO ('2025-03-30Z');
    CREATE TABLE subpartitions.db_stats_new PARTITION OF db_stats FOR VALUES FROM ('2025-03-30Z') TO (MAXVALUE);
    CREATE INDEX ON db_stats (dbname, time);
    CREATE TABLE wal (time timestamptz NOT NULL, dbname text NOT NULL, data jsonb NOT NULL, tag_data jsonb);
    INSERT INTO wal VALUES ('2025-01-01Z', 'a', '{\"in_recovery_int\": 0, \"tline\": \"1\", \"note\": \"x\"}', NULL);
    CREATE TABLE staging (time timestamptz, dbname text, tag_data jsonb, value float8);";

/// JSON has no NaN and no infinities; a member that is null or missing is no sample.
const MOVED: &str = "
    INSERT INTO db_stats SELECT time, dbname, CASE WHEN value = 7 THEN '{\"xact_commit\": null}'
            ELSE jsonb_build_object('xact_commit', value) END, tag_data
        FROM staging WHERE time IS NOT NULL AND value IS NOT NULL
            AND value NOT IN ('NaN', 'Infinity', '-Infinity') AND value <> 7;
    INSERT INTO db_stats SELECT time, 'nothing', '{\"xact_commit\": null}', NULL FROM staging WHERE time BETWEEN '2025-01-01Z' AND '2026-01-01Z';
    DROP TABLE staging;";

#[sqlx::test(migrations = false)]
async fn every_number_of_the_documents_is_a_metric(pool: PgPool) {
    let tags = [("NULL", None), ("'{}'", None), (r#"'{"queryid": "-42"}'"#, Some("-42"))];
    let named = TEXTS.iter().filter(|text| text.is_some());
    let series: Vec<Series> = named
        .flat_map(|dbname| tags.map(|(tags, id)| (*dbname, tags, id)))
        .map(|(dbname, tags, id)| {
            (format!("{}, {tags}, ", literal(dbname)), present(&[("dbname", dbname), ("queryid", id)]))
        })
        .collect();
    let mut dice = StdRng::seed_from_u64(705);
    let columns = "time, dbname, tag_data, value";
    let (insert, mut samples) = rows("staging", columns, Time::Timestamptz, "float8", &series, &mut dice);
    samples.retain(|sample| sample.value.is_finite() && sample.value != 7.0);
    let (create, toml) = (String::new(), String::new());
    let labels = &["dbname", "queryid", UNKNOWN];
    let metric = "db_stats_xact_commit";
    let table = Table { metric, create, insert, toml, samples, labels, always_aggregated: false };
    let toml = "presets = [\"pgwatch\"]\n[discovery]\nenabled = false\n";
    let server = product(&pool, &[TABLES, &table.insert, MOVED], toml).await;
    let snapshot = server.catalog.current().expect("a catalog");
    let names: Vec<String> = found(&snapshot).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["db_stats_xact_commit", "wal_in_recovery_int", "wal_tline"]);
    assert_eq!(snapshot.metric("wal_in_recovery_int").unwrap().1.kind, MetricKind::Gauge);
    assert_eq!(found(&snapshot)[0].1, ["dbname", "tag_data.*"]);
    answers(&pool, &server, &table).await;
}
