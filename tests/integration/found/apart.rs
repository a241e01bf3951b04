//! Rows of several series that no key tells apart: the column that does is a label, or the relation is left out.

use sqlx::PgPool;

use super::{labels, left_out, make, read, values};
use crate::support::Server;

const HOUR: (&str, &str) = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");

/// Three series at each minute, 10, 20 and 30, told apart by one column of a type.
fn table(name: &str, column: &str, ty: &str, value: &str) -> String {
    format!(
        "CREATE TABLE {name} (ts timestamptz NOT NULL, {column} {ty} NOT NULL, v float8);
         INSERT INTO {name} SELECT timestamptz '2025-06-02Z' + i * interval '1 min', {value}, p * 10
         FROM generate_series(0, 1199) AS i, generate_series(1, 3) AS p;"
    )
}

#[sqlx::test(migrations = false)]
async fn numbers_that_refer_and_numbers_that_an_index_leads_with_are_labels(pool: PgPool) {
    let tables = [
        table("ora", "sensor_id", "numeric(10,0)", "p + 7000000000"),
        table("whole", "sensor_id", "numeric", "p"),
        table("ais", "mmsi", "bigint", "p + 211000000"),
        "CREATE INDEX ON ais (mmsi, ts DESC); CREATE TABLE devices (id numeric(10) PRIMARY KEY, kind text);
         INSERT INTO devices VALUES (1, 'pump'), (2, 'pump'), (3, 'pump');"
            .to_owned(),
        table("referring", "dev", "numeric(10) REFERENCES devices", "p"),
        // Each ship has reported once or twice so far.
        "CREATE TABLE fleet (ts timestamptz NOT NULL, ship int NOT NULL, v float8);
         INSERT INTO fleet SELECT timestamptz '2025-06-02Z' + p * interval '1 s', p / 10, p % 30 FROM generate_series(10, 39) AS p;
         CREATE TABLE pay (paid_at timestamptz NOT NULL, customer int NOT NULL, v float8);
         INSERT INTO pay SELECT ts, p, p * 10 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 20:00Z', '1 min') AS ts, generate_series(1, 3) AS p;
         CREATE TABLE cards (polled_at timestamptz NOT NULL, host text NOT NULL, index int NOT NULL, v float8, power int);
         INSERT INTO cards SELECT ts, 'h', p, p * 10, p * 100 + random() * 40
         FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 20:00Z', '1 min') AS ts, generate_series(1, 3) AS p;"
            .to_owned(),
        "ANALYZE".to_owned(),
    ];
    make(&pool, tables.join("\n")).await;
    let (found, _) = read(&pool, "").await;
    for (name, expected) in [
        ("ora", "sensor_id"),
        ("whole", "sensor_id"),
        ("ais", "mmsi"),
        ("referring", "dev kind"),
        ("fleet", "ship"),
        ("pay", "customer"),
        ("cards", "host index"),
    ] {
        let source = found.sources().iter().find(|source| source.relation.name.as_str() == name);
        let mut own: Vec<String> = labels(source.expect(name)).split(' ').map(str::to_owned).collect();
        own.sort();
        assert_eq!(own.join(" "), expected, "{name}");
    }
    let server = Server::start(&pool).await;
    for metric in ["ora_v", "whole_v", "ais_v", "referring_v", "pay_v", "cards_v"] {
        let all = values(&server, HOUR, metric).await.into_values().collect::<Vec<_>>();
        assert_eq!(all, [10.0, 20.0, 30.0], "{metric}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_a_label_leaves_the_relation_out(pool: PgPool) {
    let kinds = [
        ("eui", "dev_eui", "bytea", "decode('0' || p, 'hex')"),
        ("documents", "device", "jsonb", "jsonb_build_object('d', p)"),
        ("texts", "device", "json", "json_build_object('d', p)"),
        ("slots", "slot", "time", "time '06:00' + p * interval '8 h'"),
        (
            "forecast",
            "target_time",
            "timestamptz",
            "timestamptz '2025-06-03Z' + i * interval '1 min' + p * interval '1 h'",
        ),
        ("days", "valid_on", "date", "date '2025-06-02' + p"),
        ("floats", "device_id", "float8", "p"),
        ("stations", "station_code", "int", "p * 17"),
    ];
    let tables: Vec<String> = kinds.map(|(name, column, ty, value)| table(name, column, ty, value)).into();
    make(&pool, tables.join("\n") + "ANALYZE").await;
    let (found, decisions) = read(&pool, "").await;
    let offered: Vec<&str> = found.sources().iter().map(|source| source.relation.name.as_str()).collect();
    for (name, column, ..) in kinds {
        if offered.contains(&name) {
            // A label of its own is right as well.
            let source = found.sources().iter().find(|source| source.relation.name.as_str() == name).expect(name);
            assert_eq!(labels(source), column, "{name} would be mixed");
        } else {
            assert!(left_out(&decisions, name).contains(column), "{name}: {}", left_out(&decisions, name));
        }
    }
    assert!(offered.len() <= 1, "{offered:?}");
}

#[sqlx::test(migrations = false)]
async fn a_state_or_a_length_that_tells_rows_apart_leaves_the_relation_out(pool: PgPool) {
    let links = "CREATE TABLE links (ts timestamptz NOT NULL, link text NOT NULL, inbound boolean NOT NULL, v float8);
        INSERT INTO links SELECT ts, 'l', b, random() FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 20:00Z', '1 min') AS ts,
            (VALUES (false), (true)) AS of(b);";
    let forecasts = table("forecasts", "horizon", "interval", "p * interval '1 h'");
    make(&pool, format!("{links}{forecasts}ANALYZE")).await;
    let (_, decisions) = read(&pool, "").await;
    for (name, column) in [("links", "`inbound` (a boolean)"), ("forecasts", "`horizon` (an interval)")] {
        let why = left_out(&decisions, name);
        assert!(why.starts_with(&format!("{column} has as many values as an instant has rows")), "{name}: {why}");
    }
}
