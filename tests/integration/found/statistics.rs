//! What a column is does not change with statistics: not before the first ANALYZE, not while a fleet grows, not by the luck
//! of a sample.

use sqlx::PgPool;

use super::{left_out, make, offered, read, values};
use crate::support::{Server, sql};

/// Devices that report one after the other, told apart by an id of several types; a region beside some of them.
const FLEET: &str = "
    CREATE TABLE f_text (ts timestamptz NOT NULL, device_id text NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_uuid (ts timestamptz NOT NULL, device uuid NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_int (ts timestamptz NOT NULL, device_id int NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_numeric (ts timestamptz NOT NULL, sensor_id numeric NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_host (ts timestamptz NOT NULL, region text, host text NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_mac (\"time\" timestamptz NOT NULL, region text, mac macaddr NOT NULL, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_eui (received_at timestamptz NOT NULL, dev_eui text NOT NULL, rssi int) WITH (autovacuum_enabled = off);
    CREATE TABLE f_ship (ts timestamptz NOT NULL, mmsi int NOT NULL, sog float8) WITH (autovacuum_enabled = off);
    CREATE TABLE f_request (ts timestamptz NOT NULL, host text, request_id uuid, ms float8) WITH (autovacuum_enabled = off);";

/// Rows from one number to another, of 8,000 devices.
fn rows(from: u32, to: u32) -> String {
    let tables = [
        ("f_text", "'dev-' || g % 8000, 10 * (g % 8000)"),
        ("f_uuid", "md5((g % 8000)::text)::uuid, 10 * (g % 8000)"),
        ("f_int", "g % 8000, 10 * (g % 8000)"),
        ("f_numeric", "g % 8000, 10 * (g % 8000)"),
        ("f_host", "'r' || g % 3, 'h' || g % 8000, 10 * (g % 8000)"),
        ("f_mac", "'r' || g % 3, lpad(to_hex(g % 8000), 12, '0')::macaddr, 10 * (g % 8000)"),
        ("f_eui", "lpad(to_hex(g % 8000), 16, '0'), 10 * (g % 8000)"),
        ("f_ship", "211000000 + g % 8000, 10 * (g % 8000)"),
        ("f_request", "'h' || g % 3, md5(g::text)::uuid, g % 100"),
    ];
    let one = |(table, values): &(&str, &str)| {
        let at = "timestamptz '2025-06-02Z' + g * interval '7 s'";
        format!("INSERT INTO {table} SELECT {at}, {values} FROM generate_series({from}, {to}) AS g;\n")
    };
    tables.iter().map(one).collect::<String>() + "ANALYZE"
}

#[sqlx::test(migrations = false)]
async fn a_growing_fleet_keeps_its_labels(pool: PgPool) {
    sql(&pool, FLEET).await;
    let (found, _) = read(&pool, "").await;
    let expected = [
        "f_eui | received_at | dev_eui | f_eui_rssi",
        "f_host | ts | host region | f_host_v",
        "f_int | ts | device_id | f_int_v",
        "f_mac | time | mac region | f_mac_v",
        "f_numeric | ts | sensor_id | f_numeric_v",
        "f_request | ts | host | f_request_ms",
        "f_ship | ts | mmsi | f_ship_sog",
        "f_text | ts | device_id | f_text_v",
        "f_uuid | ts | device | f_uuid_v",
    ];
    assert_eq!(offered(&found), expected);
    let mut before = 0;
    for count in [300, 1100, 3000, 9000, 10_500, 12_000, 40_000] {
        make(&pool, rows(before + 1, count)).await;
        before = count;
        let (found, _) = read(&pool, "").await;
        assert_eq!(offered(&found), expected, "{count} rows");
    }
    for _ in 0..6 {
        sql(&pool, "ANALYZE").await;
        let (found, _) = read(&pool, "").await;
        assert!(offered(&found).contains(&expected[0].to_owned()), "{:?}", offered(&found));
    }
}

/// Rows of parts at each minute, without a key. Each value says which part it is of.
const PARTS: &str = "
    CREATE TABLE modbus (ts timestamptz, unit smallint, register int, value int) WITH (autovacuum_enabled = off);
    INSERT INTO modbus SELECT m, u, r, u * 1000 + r FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m,
        generate_series(1, 2) AS u, unnest(ARRAY[100, 300]) AS r;
    CREATE TABLE victron (ts timestamptz, device_instance int, path text, value float8) WITH (autovacuum_enabled = off);
    INSERT INTO victron SELECT m, d, p, d * 10 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m,
        generate_series(1, 2) AS d, unnest(ARRAY['a', 'b']) AS p;
    CREATE TABLE cells (ts timestamptz, pack int, cell int, mv int) WITH (autovacuum_enabled = off);
    INSERT INTO cells SELECT m, p, c, p * 1000 + c FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m,
        generate_series(1, 2) AS p, generate_series(1, 3) AS c;
    CREATE TABLE lines (ts timestamptz, line int, volts float8) WITH (autovacuum_enabled = off);
    INSERT INTO lines SELECT m, l, l FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 00:09Z', '1 min') AS m,
        generate_series(1, 250) AS l;
    CREATE TABLE one_host (ts timestamptz, temp real, errors int, reboots int) WITH (autovacuum_enabled = off);
    INSERT INTO one_host SELECT m, 1, 2, 3 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m;
    CREATE TABLE eui (ts timestamptz, dev bytea, rssi int) WITH (autovacuum_enabled = off);
    CREATE TABLE docs (at timestamptz, device jsonb, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE forecast (issued_at timestamptz, target_time timestamptz, temp float8) WITH (autovacuum_enabled = off);
    CREATE TABLE depths (ts timestamptz, depth_m numeric(5,1), temp float8) WITH (autovacuum_enabled = off);
    INSERT INTO depths SELECT m, d * 0.5, d * 10 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m,
        generate_series(1, 3) AS d;
    CREATE TABLE unknown (ts timestamptz, foo int, level float8) WITH (autovacuum_enabled = off);
    INSERT INTO unknown SELECT m, f, f * 10 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 03:59Z', '1 min') AS m,
        generate_series(1, 3) AS f;";

#[sqlx::test(migrations = false)]
async fn parts_are_labels_before_the_first_analyze(pool: PgPool) {
    sql(&pool, PARTS).await;
    let parts = [
        "cells | ts | cell pack | cells_mv",
        "lines | ts | line | lines_volts",
        "modbus | ts | register unit | modbus",
        "one_host | ts |  | one_host_errors one_host_reboots one_host_temp",
    ];
    let (found, decisions) = read(&pool, "").await;
    let all = offered(&found);
    let is_sure = |line: &&String| !line.starts_with("depths");
    assert_eq!(all.iter().filter(is_sure).take(4).cloned().collect::<Vec<_>>(), parts);
    let victron = found.sources().iter().find(|source| source.relation.name.as_str() == "victron").expect("victron");
    let expected =
        "`foo` may tell its rows apart, and there are no statistics before ANALYZE: run ANALYZE, or declare it";
    assert_eq!(
        (super::labels(victron).as_str(), left_out(&decisions, "unknown").as_str()),
        ("device_instance path", expected)
    );
    for (table, column) in [("eui", "dev"), ("docs", "device"), ("forecast", "target_time")] {
        assert_eq!(left_out(&decisions, table), expected.replace("foo", column));
    }
    let server = Server::start(&pool).await;
    let drawn = values(&server, ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z"), "modbus").await;
    assert_eq!(drawn.into_values().collect::<Vec<_>>(), [1100.0, 2100.0, 1300.0, 2300.0]);
    sql(&pool, "ANALYZE").await;
    let (found, decisions) = read(&pool, "").await;
    let mut expected: Vec<String> = all.iter().filter(is_sure).cloned().collect();
    expected.insert(4, "unknown | ts | foo | unknown_level".to_owned());
    let counted = ["docs", "eui", "forecast"];
    let is_expected = |line: &String| !counted.iter().any(|table| line.starts_with(table));
    assert_eq!(offered(&found).into_iter().filter(is_expected).collect::<Vec<_>>(), expected);
    let fraction = "`depth_m` (a number with a fraction) has as many values as an instant has rows and no key says otherwise: declare it";
    assert_eq!(left_out(&decisions, "depths"), fraction);
}

#[sqlx::test(migrations = false)]
async fn joined_labels_and_things_are_the_same_before_and_after_analyze(pool: PgPool) {
    let tables = "
        CREATE TABLE flow (id int PRIMARY KEY, name text) WITH (autovacuum_enabled = off);
        INSERT INTO flow VALUES (1, 'one'), (2, 'two');
        CREATE TABLE runs (id bigserial PRIMARY KEY, created_at timestamptz, name text, flow_id int REFERENCES flow, secs float8)
            WITH (autovacuum_enabled = off);
        INSERT INTO runs (created_at, name, flow_id, secs)
            SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'run ' || i, 1 + i % 2, i FROM generate_series(1, 2000) AS i;
        CREATE TABLE trials (run_uuid text PRIMARY KEY, ts timestamptz, experiment_id text, name text, loss float8)
            WITH (autovacuum_enabled = off);
        INSERT INTO trials SELECT md5(i::text), timestamptz '2025-06-02Z' + i * interval '1 min', 'e' || i % 3, 'trial ' || i, i
            FROM generate_series(1, 2000) AS i;
        CREATE TABLE meter (id serial PRIMARY KEY, ts timestamptz, kwh float8, outside_read_at timestamptz, gas float8)
            WITH (autovacuum_enabled = off);
        CREATE TABLE website (id serial PRIMARY KEY, name text, created_at timestamptz, updated_at timestamptz, visits float8)
            WITH (autovacuum_enabled = off);
        INSERT INTO website (name, created_at, updated_at, visits)
            SELECT 'site ' || i, timestamptz '2025-06-02Z' + i * interval '1 min', now(), i FROM generate_series(1, 50) AS i;";
    sql(&pool, tables).await;
    for is_analyzed in [false, true] {
        let (found, decisions) = read(&pool, "").await;
        let runs = found.sources().iter().find(|source| source.relation.name.as_str() == "runs").expect("runs");
        let own = super::labels(runs);
        assert!(own.split(' ').any(|label| label == "flow_name"), "{own}, analyzed: {is_analyzed}");
        assert!(left_out(&decisions, "website").contains("`name`"), "analyzed: {is_analyzed}");
        assert!(found.sources().iter().any(|source| source.relation.name.as_str() == "meter"), "{decisions:?}");
        let trials = found.sources().iter().find(|source| source.relation.name.as_str() == "trials").expect("trials");
        assert_eq!(super::labels(trials).contains("name"), !is_analyzed);
        sql(&pool, "ANALYZE").await;
    }
}
