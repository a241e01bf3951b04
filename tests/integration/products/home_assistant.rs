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
