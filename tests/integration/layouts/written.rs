//! What `datebin discover` writes of the forms of values is the catalog that it was written of.

use serde_json::json;
use sqlx::PgPool;

use super::dimensions::serve;

const TABLES: &str = r#"
    CREATE SCHEMA stats;
    CREATE TABLE messages (id int, received_at timestamptz, gateway text, payload jsonb);
    INSERT INTO messages VALUES
        (1, '2025-06-01 00:00Z', 'g1', '{"readings": [{"id": "a", "value": 1}, {"id": "b", "value": "3"}]}'),
        (2, '2025-06-01 00:00Z', 'g2', '{"readings": [{"id": "a", "value": 5}, {"id": "", "value": 7}, {"value": 9}]}');
    CREATE TABLE states (last_updated float8, state text, attributes_id int);
    CREATE TABLE attributes (attributes_id int PRIMARY KEY, shared text);
    INSERT INTO attributes VALUES (1, '{"unit": "°C", "n": 1.50, "deep": {"er": true}}'), (2, '{"unit": broken'),
        (3, '{"unit": null}'), (4, NULL);
    INSERT INTO states SELECT 1748736000.25 + n, (n * n)::text, n FROM generate_series(1, 5) AS n;
    INSERT INTO states VALUES (1748736010, 'on', 1), (1748736011, 'unavailable', 1);
    CREATE TABLE trips (started timestamp, ended timestamp, driver text, km numeric);
    INSERT INTO trips VALUES ('2025-06-01 00:10', '2025-06-01 00:40', 'ann', 12), ('2025-06-01 00:50', NULL, 'bob', NULL);
    CREATE TABLE stats.db (time timestamptz, dbname text, data jsonb, tag_data jsonb);
    CREATE TABLE stats.wal (time timestamptz, dbname text, data jsonb, tag_data jsonb);
    INSERT INTO stats.db VALUES ('2025-06-01 00:00Z', 'one', '{"commits": 5, "note": "x"}', '{"q": "1"}'),
        ('2025-06-01 00:01Z', 'one', '{"commits": 8}', NULL);
    INSERT INTO stats.wal VALUES ('2025-06-01 00:00Z', 'one', '{"bytes": "70"}', '{}');
    CREATE TABLE typed (ts timestamptz, name text, v_int bigint, v_float float8, v_text text);
    INSERT INTO typed VALUES ('2025-06-01 00:00Z', 'x', 4, NULL, NULL), ('2025-06-01 00:00Z', 'y', NULL, 'NaN', NULL),
        ('2025-06-01 00:00Z', 'y', NULL, NULL, '2'), ('2025-06-01 00:00Z', 'z', NULL, NULL, 'up')"#;

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "messages"
    time = "received_at"
    each = ["payload", "readings"]
    labels = ["gateway", { name = "sensor", json = ["id"] }]
    [source.metric.temperature]
    json = ["value"]
    unit = "celsius"
    [source.metric.readings]
    rows = true
    [[source]]
    relation = "states"
    time = { column = "last_updated", type = "epoch", unit = "s" }
    value = "state"
    map = { on = 1, off = 0 }
    labels = []
    [[source.join]]
    relation = "attributes"
    on = { attributes_id = "attributes_id" }
    labels = [{ name = "unit", json = ["shared", "unit"] }, { name = "er", json = ["shared", "deep", "er"] }]
    [[source]]
    relation = "trips"
    time = { column = "started", zone = "UTC" }
    time_end = { column = "ended", zone = "UTC", open = ["1970-01-01", "infinity"] }
    labels = ["driver"]
    [source.metric.trip_minutes]
    overlap = "m"
    [source.metric.trip_seconds]
    lasts = "s"
    at = "end"
    [source.metric.trip_km]
    column = "km"
    over_time = "sum"
    [[source]]
    relation = "stats.*"
    time = "time"
    value = { json = ["data"], all = true }
    labels = ["dbname", { json = ["tag_data"], all = true }]
    [[source]]
    relation = "typed"
    time = "ts"
    name = "name"
    value = ["v_int", "v_float", "v_text"]
    map = { up = 1 }
    nan = "skip"
    labels = []
"#;

#[sqlx::test(migrations = false)]
async fn the_forms_of_values_are_written_as_they_were_read(pool: PgPool) {
    let first = serve(&pool, TABLES, FILE).await;
    let catalog = first.catalog.current().expect("a catalog");
    let names: Vec<&str> = catalog.names().collect();
    let expected = [
        "db_commits",
        "readings",
        "states_state",
        "temperature",
        "trip_km",
        "trip_minutes",
        "trip_seconds",
        "wal_bytes",
        "x",
        "y",
        "z",
    ];
    assert_eq!(names, expected);
    let written = datebin::catalog::toml_out::write(&catalog, &[]);
    let again = serve(&pool, "SELECT 1", &written).await;
    let other = again.catalog.current().expect("a catalog");
    assert_eq!(other.sources(), catalog.sources(), "{written}");
    for server in [&first, &again] {
        for (target, expected) in [
            ("sum by (sensor) (temperature)", json!([["", 8.0], ["a", 6.0], ["b", 3.0]])),
            ("sum by (gateway) (temperature{sensor=\"a\"})", json!([["g1", 1.0], ["g2", 5.0]])),
            ("sum by (gateway) (readings)", json!([["g1", 2.0], ["g2", 3.0]])),
            ("max by (unit) (states_state)", json!([["", 13.5], ["°C", 1.0]])),
            ("count by (er) (states_state{er=\"true\"})", json!([["true", 1.0]])),
            ("sum by (driver) (trip_minutes{driver=\"ann\"})", json!([["ann", 30.0]])),
            ("sum by (driver) (trip_minutes{driver=\"bob\"})", json!([["bob", 10.0]])),
            ("sum by (driver) (trip_km)", json!([["ann", 12.0]])),
            ("max by (dbname) (last_over_time(db_commits[1h]))", json!([["one", 8.0]])),
            ("sum by (q) (db_commits)", json!([["", 8.0], ["1", 5.0]])),
            ("sum by (dbname) (wal_bytes)", json!([["one", 70.0]])),
            ("sum by (a) (y)", json!([["", 2.0]])),
            ("sum by (a) (z)", json!([["", 1.0]])),
        ] {
            let found = server.query("2025-06-01T00:00:00Z", "2025-06-01T01:00:00Z", 1, target).await;
            let label = target.split(['(', ')']).nth(1).unwrap();
            let one = |element: &serde_json::Value| {
                json!([element["tags"][label].as_str().unwrap_or_default(), element["datapoints"][0][0]])
            };
            let found: Vec<_> = found.iter().map(one).collect();
            assert_eq!(json!(found), expected, "{target}");
        }
    }
    let sensors = first.post("/tag-values", json!({"key": "sensor"})).await;
    assert_eq!(sensors.body, json!([{"text": "a"}, {"text": "b"}]));
    let units = first.post("/tag-values", json!({"key": "unit"})).await;
    assert_eq!(units.body, json!([{"text": "°C"}]));
}
