//! Home Assistant's recorder: statistics of hours, with a float epoch and a running total.

use std::fmt::Write as _;

use datebin::catalog::MetricKind;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

/// Columns of another version, and dead columns of the same name with a better type.
const TABLES: &str = "
    CREATE TABLE statistics_meta (id bigint PRIMARY KEY, statistic_id varchar(255), source varchar(32),
        unit_of_measurement varchar(255), has_mean boolean, has_sum boolean, name varchar(255), mean_type smallint);
    CREATE TABLE statistics (id bigserial PRIMARY KEY, created timestamptz, created_ts double precision,
        metadata_id bigint REFERENCES statistics_meta ON DELETE CASCADE, start timestamptz, start_ts double precision,
        mean double precision, min double precision, max double precision, last_reset timestamptz,
        last_reset_ts double precision, state double precision, sum double precision);
    CREATE INDEX ON statistics (metadata_id, start_ts);
    CREATE TABLE statistics_short_term (id bigserial PRIMARY KEY, metadata_id bigint, start_ts double precision,
        mean double precision);
    CREATE TABLE recorder_runs (run_id bigint PRIMARY KEY, start timestamptz, closed_incorrect boolean);";

#[sqlx::test(migrations = false)]
async fn statistics_have_the_labels_of_what_they_are_of(pool: PgPool) {
    let (mut meta, mut series): (String, Vec<Series>) = (String::new(), Vec::new());
    for (id, (text, unit)) in TEXTS.iter().flat_map(|text| [Some("W"), None].map(|unit| (*text, unit))).enumerate() {
        let entity = format!("sensor.{}", text.unwrap_or("none"));
        let row = format!("{id}, {}, 'recorder', {}", literal(Some(&entity)), literal(unit));
        write!(meta, "INSERT INTO statistics_meta VALUES ({row}, true, true, NULL, 1);").unwrap();
        let labels = present(&[("statistic_id", Some(&entity)), ("unit", unit), ("source", Some("recorder"))]);
        series.push((format!("{id}, "), labels));
    }
    series.push(("NULL, ".to_owned(), present(&[])));
    let mut dice = StdRng::seed_from_u64(704);
    let columns = "start_ts, metadata_id, mean";
    let (insert, samples) = rows("statistics", columns, Time::EpochFloat, "float8", &series, &mut dice);
    let none = String::new;
    let labels = &["statistic_id", "unit", "source", UNKNOWN];
    let metric = "statistics_mean";
    let table = Table { metric, create: none(), insert, toml: none(), samples, labels, always_aggregated: false };
    let toml = "presets = [\"home-assistant\"]\n[discovery]\nenabled = false\n";
    let server = product(&pool, &[TABLES, &meta, &table.insert], toml).await;
    let snapshot = server.catalog.current().expect("a catalog");
    let names: Vec<String> = found(&snapshot).into_iter().map(|(name, _)| name).collect();
    let expected =
        ["max", "mean", "min", "short_term_mean", "state", "sum"].map(|column| format!("statistics_{column}"));
    assert_eq!(names, expected);
    assert_eq!(snapshot.metric("statistics_sum").unwrap().1.kind, MetricKind::Counter);
    assert_eq!(snapshot.metric("statistics_sum").unwrap().0.interval_ms, Some(3_600_000));
    // Its interval would keep the steps of all questions above an hour.
    let written = datebin::catalog::toml_out::write(&snapshot, &[]);
    let faster: String =
        written.lines().filter(|line| !line.starts_with("interval")).map(|line| format!("{line}\n")).collect();
    let server = product(&pool, &[], &faster).await;
    answers(&pool, &server, &table).await;
}

const STATES: &str = r#"
    CREATE TABLE states_meta (metadata_id bigint PRIMARY KEY, entity_id varchar(255) UNIQUE);
    CREATE TABLE state_attributes (attributes_id bigint PRIMARY KEY, hash bigint, shared_attrs text);
    CREATE TABLE states (state_id bigserial PRIMARY KEY, entity_id char(1), state varchar(255), last_updated timestamptz,
        last_updated_ts double precision, last_changed_ts double precision, metadata_id bigint REFERENCES states_meta,
        attributes_id bigint REFERENCES state_attributes, old_state_id bigint, origin_idx smallint, context_id_bin bytea);
    INSERT INTO states_meta VALUES (1, 'sensor.power'), (2, 'light.hall'), (3, 'sun.sun');
    INSERT INTO state_attributes VALUES (1, 5, '{"unit_of_measurement": "W", "friendly_name": "it''s \"power\""}'), (2, 6, '{}'), (3, 7, 'no json');
    INSERT INTO states (state, last_updated_ts, metadata_id, attributes_id) VALUES
        ('21.5', 1735689600.25, 1, 1), ('unavailable', 1735689610, 1, 1), ('unknown', 1735689611, 1, 1), ('', 1735689612, 1, 1),
        ('22.5', 1735689620, 1, 1), ('-1e3', 1735693200, 1, 1), ('on', 1735689600, 2, 2), ('off', 1735689610, 2, 2),
        (NULL, 1735689620, 2, 2), ('above_horizon', 1735689600, 3, 3);"#;

#[sqlx::test(migrations = false)]
async fn states_are_numbers_where_they_say_one(pool: PgPool) {
    let server = product(&pool, &[STATES], "presets = [\"home-assistant\"]\n[discovery]\nenabled = false\n").await;
    let labels = ["device_class", "domain", "entity_id", "friendly_name", "unit"].map(str::to_owned).to_vec();
    assert_eq!(found(&server.catalog.current().expect("a catalog")), [("state".to_owned(), labels)]);
    let body = serde_json::json!({"range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T02:00:00Z"},
        "targets": [{"target": "state", "payload": {"step": "1h"}}]});
    let answer = server.post("/query", body).await;
    let shown: Vec<_> = answer.drawn().iter().map(|one| (one["tags"].clone(), one["datapoints"].clone())).collect();
    let tags = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let hours = [1_735_689_600_000_i64, 1_735_693_200_000];
    let light = r#"{"domain": "light", "entity_id": "light.hall"}"#;
    let power = r#"{"domain": "sensor", "entity_id": "sensor.power", "friendly_name": "it's \"power\"", "unit": "W"}"#;
    let expected = [
        (tags(light), serde_json::json!([[0.5, hours[0]]])),
        (tags(power), serde_json::json!([[22.0, hours[0]], [-1000.0, hours[1]]])),
    ];
    assert_eq!(shown, expected);
}
