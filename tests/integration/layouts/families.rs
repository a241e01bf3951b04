//! A table per metric, found by a pattern.

use serde_json::json;
use sqlx::PgPool;

use super::dimensions::serve;
use crate::support::sql;

const MEMBERS: &str = r#"
    CREATE SCHEMA prom_data;
    CREATE SCHEMA catalog;
    CREATE TABLE catalog.metric (id int, table_name text, metric_name text);
    INSERT INTO catalog.metric VALUES (1, 'm_1', 'cpu load'), (2, 'M "2"', 'disk'), (3, 'gone', 'gone'), (4, NULL, 'x'), (5, 'm_3', NULL);
    CREATE TABLE catalog.label (id int PRIMARY KEY, key text, value text);
    INSERT INTO catalog.label VALUES (1, 'job', 'api'), (2, 'job', 'db');
    CREATE TABLE catalog.series (id bigint PRIMARY KEY, labels int[]);
    INSERT INTO catalog.series VALUES (1, '{1}'), (2, '{2}');
    CREATE TABLE prom_data.m_1 (time timestamptz NOT NULL, value float8, series_id bigint);
    CREATE TABLE prom_data."M ""2""" (time timestamptz NOT NULL, value float8, series_id bigint);
    CREATE TABLE prom_data.m_3 (time timestamptz NOT NULL, value float8, series_id bigint);
    CREATE TABLE prom_data.odd (time timestamptz NOT NULL, val float8, series_id bigint);
    CREATE TABLE prom_data.special (time timestamptz NOT NULL, value float8, extra int);
    INSERT INTO prom_data.m_1 VALUES ('2025-01-01 00:01Z', 1, 1), ('2025-01-01 00:01Z', 2, 2);
    INSERT INTO prom_data."M ""2""" VALUES ('2025-01-01 00:01Z', 4, 1);"#;

const TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "prom_data.*"
    names = { relation = "catalog.metric", key = "table_name", name = "metric_name" }
    prefix = "p_"
    time = "time"
    value = "value"
    labels = []
    [[source.join]]
    relation = "catalog.series"
    on = { series_id = "id" }
    labels = [{ ids = "labels", relation = "catalog.label", id = "id", key = "key", value = "value" }]
    [[source]]
    relation = "prom_data.special"
    time = "time"
    labels = []
    [source.metric.special]
    column = "value"
    "#;

#[sqlx::test(migrations = false)]
async fn every_member_of_a_family_is_a_source(pool: PgPool) {
    let server = serve(&pool, MEMBERS, TOML).await;
    let names = |server: &crate::support::Server| -> Vec<String> {
        server.catalog.current().expect("a catalog").names().map(str::to_owned).collect()
    };
    assert_eq!(names(&server), ["p_cpu load", "p_disk", "p_m_3", "special"]);
    let series =
        server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "{\"p_cpu load\", job=~\"d.*\"}").await;
    assert_eq!(series[0]["tags"], json!({"job": "db"}));
    assert_eq!(series[0]["datapoints"], json!([[2.0, 1_735_689_660_000_i64]]));
    let values = server.post("/tag-values", json!({"key": "job"})).await;
    assert_eq!(values.body, json!([{"text": "api"}, {"text": "db"}]));
    // The next reading of the catalog finds a new member.
    sql(&pool, "CREATE TABLE prom_data.m_4 (time timestamptz, value float8, series_id bigint)").await;
    let again = serve(&pool, "SELECT 1", TOML).await;
    assert_eq!(names(&again), ["p_cpu load", "p_disk", "p_m_3", "p_m_4", "special"]);
}

const PARTS: &str = "
    CREATE TABLE metrics_cpu_v2 (ts timestamptz, host text, busy float8, idle float8);
    CREATE TABLE metrics_mem_v2 (ts timestamptz, host text, free bigint);
    CREATE TABLE metrics_v2 (ts timestamptz, host text, free bigint);
    INSERT INTO metrics_cpu_v2 VALUES ('2025-01-01 00:01Z', 'a', 1, 99);";

#[sqlx::test(migrations = false)]
async fn a_star_may_stand_anywhere_in_the_name(pool: PgPool) {
    let toml = "[discovery]\nenabled = false\n[[source]]\nrelation = \"metrics_*_v2\"\ntime = \"ts\"\n";
    let server = serve(&pool, PARTS, toml).await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["cpu_busy", "cpu_idle", "mem"]);
    let series = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "cpu_idle{host=\"a\"}").await;
    assert_eq!(series[0]["datapoints"][0][0], 99.0);
}
