//! Labels that are the members of text[] and hstore, and names that stand in JSON.

use serde_json::json;
use sqlx::PgPool;

use super::dimensions::serve;
use crate::support::Server;

const TABLES: &str = r#"
    CREATE SCHEMA ext;
    CREATE EXTENSION hstore SCHEMA ext;
    CREATE TABLE tagged (ts timestamptz, tags text[], value float8);
    CREATE TABLE kept (ts timestamptz, attrs ext.hstore, value float8);
    CREATE TABLE boxes (ts timestamptz, gateway text, payload jsonb);
    INSERT INTO tagged VALUES
        ('2025-06-01 00:01Z', '{env:prod,host=web-1,canary}', 1), ('2025-06-01 00:02Z', '{host=web-1,canary,env:prod}', 2),
        ('2025-06-01 00:03Z', '{env:test,"url:http://a=b"}', 4), ('2025-06-01 00:04Z', '{}', 8),
        ('2025-06-01 00:05Z', NULL, 16), ('2025-06-01 00:06Z', '{NULL,"",env:,:x}', 32),
        ('2025-06-01 00:07Z', '{env:prod,env:a}', 64);
    INSERT INTO kept VALUES
        ('2025-06-01 00:01Z', 'env=>prod, "the rack"=>"r\"1"', 1), ('2025-06-01 00:02Z', '"the rack"=>"r\"1", env=>prod', 2),
        ('2025-06-01 00:03Z', 'env=>NULL', 4), ('2025-06-01 00:04Z', '', 8), ('2025-06-01 00:05Z', NULL, 16);
    INSERT INTO boxes VALUES
        ('2025-06-01 00:01Z', 'g1', '{"all": [{"n": "temp", "v": 20.5}, {"n": "hum", "v": 40}, {"n": "temp", "v": "x"}]}'),
        ('2025-06-01 00:02Z', 'g2', '{"all": [{"n": "temp", "v": 30.5}, {"v": 7}, {"n": "", "v": 9}, {"n": 5, "v": 3}]}'),
        ('2025-06-01 00:03Z', 'g2', '{"all": "none"}'), ('2025-06-01 00:04Z', 'g2', NULL);
    CREATE SCHEMA num;
    CREATE TABLE num.names (id int PRIMARY KEY, name text);
    INSERT INTO num.names VALUES (1, 'pressure'), (12, 'flow'), (7, 'unused');
    CREATE TABLE num.data_1 (ts timestamptz, value float8);
    CREATE TABLE num.data_0012 (ts timestamptz, value float8);
    CREATE TABLE num.data_9 (ts timestamptz, value float8);
    INSERT INTO num.data_1 VALUES ('2025-06-01 00:01Z', 3);
    INSERT INTO num.data_0012 VALUES ('2025-06-01 00:01Z', 5);"#;

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "tagged"
    time = "ts"
    labels = [{ members = "tags" }]
    [source.metric.tagged]
    column = "value"
    over_time = "sum"
    [[source]]
    relation = "kept"
    time = "ts"
    labels = [{ members = "attrs" }]
    [source.metric.kept]
    column = "value"
    over_time = "sum"
    [[source]]
    relation = "boxes"
    time = "ts"
    each = ["payload", "all"]
    name = { json = ["n"] }
    value = { json = ["v"] }
    prefix = "box_"
    labels = ["gateway"]
    [source.metric.temp]
    unit = "celsius"
    scale = 2
    [[source]]
    relation = "num.data_*"
    time = "ts"
    value = "value"
    labels = []
    names = { relation = "num.names", key = "id", name = "name" }
    "#;

/// The label's value and the sum of each series in the hour.
async fn sums(server: &Server, label: &str, target: &str) -> Vec<(String, f64)> {
    let body = json!({
        "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"},
        "targets": [{"target": target, "payload": {"step": "1h"}}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let one = |element: &serde_json::Value| {
        let value = element["datapoints"][0][0].as_f64().unwrap();
        (element["tags"][label].as_str().unwrap_or_default().to_owned(), value)
    };
    let mut all: Vec<_> = answer.body.as_array().unwrap().iter().map(one).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[sqlx::test(migrations = false)]
async fn members_of_lists_and_hstore_are_labels(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    let pairs =
        |all: &[(&str, f64)]| -> Vec<(String, f64)> { all.iter().map(|(a, b)| ((*a).to_owned(), *b)).collect() };
    for (label, target, expected) in [
        ("env", "sum by (env) (tagged)", pairs(&[("", 56.0), ("prod", 67.0), ("test", 4.0)])),
        ("env", "sum by (env) (tagged{env=\"prod\"})", pairs(&[("prod", 67.0)])),
        ("host", "tagged{host=~\"web.*\"}", pairs(&[("web-1", 3.0)])),
        ("canary", "sum by (canary) (tagged)", pairs(&[("", 124.0), ("true", 3.0)])),
        ("url", "sum by (url) (tagged{url!=\"\"})", pairs(&[("http://a=b", 4.0)])),
        ("env", "count by (env) (tagged)", pairs(&[("", 1.0), ("prod", 2.0), ("test", 1.0)])),
        ("env", "sum by (env) (kept)", pairs(&[("", 28.0), ("prod", 3.0)])),
        ("the rack", "kept{\"the rack\"!=\"\"}", pairs(&[("r\"1", 3.0)])),
        ("env", "kept{env!=\"prod\"}", pairs(&[("", 28.0)])),
        ("gateway", "sum by (gateway) (box_temp)", pairs(&[("g1", 41.0), ("g2", 61.0)])),
        ("gateway", "sum by (gateway) (box_hum)", pairs(&[("g1", 40.0)])),
        ("", "box_5", pairs(&[("", 3.0)])),
        ("", "pressure + 0", pairs(&[("", 3.0)])),
        ("", "flow + 0", pairs(&[("", 5.0)])),
    ] {
        assert_eq!(sums(&server, label, target).await, expected, "{target}");
    }
    let names: Vec<String> = server.catalog.current().unwrap().names().map(str::to_owned).collect();
    assert_eq!(names, ["9", "box_5", "box_hum", "box_temp", "flow", "kept", "pressure", "tagged"]);
    for (key, expected) in
        [("env", json!(["a", "prod", "test"])), ("the rack", json!(["r\"1"])), ("url", json!(["http://a=b"]))]
    {
        let values = server.post("/tag-values", json!({"key": key})).await;
        let texts: Vec<_> = values.body.as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
        assert!(
            expected.as_array().unwrap().iter().filter(|one| **one != json!("a")).eq(texts.iter()),
            "{key}: {texts:?}"
        );
    }
    let written = datebin::catalog::toml_out::write(&server.catalog.current().unwrap(), &[]);
    let again = serve(&pool, "SELECT 1", &written).await;
    let shape = |server: &Server| -> Vec<_> {
        server
            .catalog
            .current()
            .unwrap()
            .sources()
            .iter()
            .filter(|one| one.relation.schema.as_str() == "public")
            .cloned()
            .collect()
    };
    assert_eq!(shape(&again), shape(&server), "{written}");
}
