//! Telegraf: a table per measurement, with the tags in columns, in JSON, or in a table of their own.

use chrono_tz::Tz;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, pairs, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

const PRESET: &str = "presets = [\"telegraf\"]\n[discovery]\nenabled = false\n";

/// Old rows hold NULL in newer fields; a text field and a time that is none are no metrics.
const PLAIN: &str = r#"
    CREATE TABLE cpu ("time" timestamp, cpu text, host text, usage_idle double precision);
    CREATE TABLE "Disk.IO" ("time" timestamp, host text, "Reads Total" numeric, on_battery boolean);
    CREATE TABLE system ("time" timestamp, host text, load1 double precision, uptime_format text, n_users bigint);
    CREATE TABLE orders (id bigint PRIMARY KEY, "time" timestamp, amount numeric);
    CREATE TABLE plans (id bigint PRIMARY KEY, host text);
    INSERT INTO "Disk.IO" VALUES ('2025-01-01 00:00', 'a', 9007199254740993, true), ('2025-01-01 00:01', 'a', 0, false);
    ALTER TABLE cpu ADD COLUMN IF NOT EXISTS usage_user double precision;"#;

fn table(metric: &'static str, name: &str, columns: &str, series: &[Series], labels: &'static [&'static str]) -> Table {
    let mut dice = StdRng::seed_from_u64(700);
    let (insert, samples) = rows(name, columns, Time::Timestamp(Tz::UTC), "float8", series, &mut dice);
    let none = String::new;
    Table { metric, create: none(), insert, toml: none(), samples, labels, always_aggregated: false }
}

#[sqlx::test(migrations = false)]
async fn tags_in_columns(pool: PgPool) {
    let table =
        table("cpu_usage_idle", "cpu", "time, cpu, host, usage_idle", &pairs("cpu", "host"), &["cpu", "host", UNKNOWN]);
    let server = product(&pool, &[PLAIN, &table.insert, "ANALYZE"], PRESET).await;
    let found = found(&server.catalog.current().expect("a catalog"));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let all = [
        "Disk.IO_Reads Total",
        "Disk.IO_on_battery",
        "cpu_usage_idle",
        "cpu_usage_user",
        "system_load1",
        "system_n_users",
    ];
    assert_eq!(names, all);
    assert_eq!(found[2].1, ["cpu", "host"]);
    answers(&pool, &server, &table).await;
}

/// Tags in a table that no constraint names; one has them as JSON, one has none.
const BESIDE: &str = r#"
    CREATE TABLE net ("time" timestamp, tag_id bigint, bytes_recv double precision, state text);
    CREATE TABLE net_tag (tag_id bigint PRIMARY KEY, host text, interface text);
    CREATE TABLE mem ("time" timestamp, tag_id bigint, used bigint);
    CREATE TABLE mem_tag (tag_id bigint PRIMARY KEY, tags jsonb);
    CREATE TABLE lonely ("time" timestamp, tag_id bigint, used bigint);"#;

#[sqlx::test(migrations = false)]
async fn tags_in_a_table_of_their_own(pool: PgPool) {
    let (mut series, mut tags): (Vec<Series>, String) = (Vec::new(), String::new());
    for (id, (host, interface)) in TEXTS.iter().flat_map(|a| TEXTS.iter().map(move |b| (*a, *b))).enumerate() {
        tags.push_str(&format!("INSERT INTO net_tag VALUES ({id}, {}, {});", literal(host), literal(interface)));
        series.push((format!("{id}, "), present(&[("host", host), ("interface", interface)])));
    }
    // Rows whose tags are gone.
    series.extend([("NULL, ".to_owned(), present(&[])), ("999, ".to_owned(), present(&[]))]);
    let table = table("net_bytes_recv", "net", "time, tag_id, bytes_recv", &series, &["host", "interface", UNKNOWN]);
    let server = product(&pool, &[BESIDE, &tags, &table.insert], PRESET).await;
    let found = found(&server.catalog.current().expect("a catalog"));
    let expected = [("mem_used", vec!["tags.*"]), ("net_bytes_recv", vec!["host", "interface"])];
    let found: Vec<(&str, Vec<&str>)> =
        found.iter().map(|(name, labels)| (name.as_str(), labels.iter().map(String::as_str).collect())).collect();
    assert_eq!(found, expected);
    answers(&pool, &server, &table).await;
}

/// Tags and fields as JSON, together and each alone; and data in a schema of its own behind a view.
const DOCUMENTS: &str = r#"
    CREATE TABLE docker ("time" timestamp, tags jsonb, fields jsonb);
    CREATE TABLE ping ("time" timestamp, host text, url text, fields jsonb);
    CREATE TABLE temp ("time" timestamp, tags jsonb, celsius double precision, note text);
    INSERT INTO docker VALUES ('2025-01-01 00:00', '{"host": "a", "image": "x:1"}', '{"mem": 5, "state": "up", "ok": true}'),
        ('2025-01-01 00:01', '{"host": "a", "image": "x:1"}', '{"mem": 7}'), ('2025-01-01 00:01', '{"host": "b"}', '{"mem": "n/a"}'),
        ('2025-01-01 00:02', NULL, '{"mem": 100}'), ('2025-01-01 00:02', '{"host": "b"}', NULL);
    INSERT INTO ping VALUES ('2025-01-01 00:00', 'a', 'u', '{"ms": 1.5}'), ('2025-01-01 00:00', NULL, 'u', '{"ms": 2.5}');
    INSERT INTO temp VALUES ('2025-01-01 00:00', '{"room": "it''s"}', 20, 'x'), ('2025-01-01 00:00', '{}', 30, NULL);
    CREATE SCHEMA telegraf;
    CREATE TABLE telegraf.disk ("time" timestamp, tag_id bigint, used_percent double precision);
    CREATE TABLE telegraf.disk_tag (tag_id bigint PRIMARY KEY, host text);
    INSERT INTO telegraf.disk_tag VALUES (1, 'a'), (2, 'b');
    INSERT INTO telegraf.disk VALUES ('2025-01-01 00:00', 1, 40), ('2025-01-01 00:00', 2, 60);
    CREATE VIEW disk AS SELECT d."time", t.host, d.used_percent FROM telegraf.disk AS d JOIN telegraf.disk_tag AS t USING (tag_id)"#;

#[sqlx::test(migrations = false)]
async fn tags_and_fields_in_documents(pool: PgPool) {
    let server = product(&pool, &[DOCUMENTS], PRESET).await;
    let found = found(&server.catalog.current().expect("a catalog"));
    let found: Vec<(&str, Vec<&str>)> =
        found.iter().map(|(name, labels)| (name.as_str(), labels.iter().map(String::as_str).collect())).collect();
    let expected = [
        ("disk_used_percent", vec!["host"]),
        ("docker_mem", vec!["tags.*"]),
        ("docker_ok", vec!["tags.*"]),
        ("ping_ms", vec!["host", "url"]),
        ("temp_celsius", vec!["tags.*"]),
    ];
    assert_eq!(found, expected);
    for (target, label, expected) in [
        ("sum by (host) (docker_mem)", "host", vec![("", 100.0), ("a", 6.0)]),
        ("max by (image) (docker_mem{image=~\"x.*\"})", "image", vec![("x:1", 6.0)]),
        ("sum by (host) (ping_ms)", "host", vec![("", 2.5), ("a", 1.5)]),
        ("avg by (room) (temp_celsius)", "room", vec![("", 30.0), ("it's", 20.0)]),
        ("sum by (host) (disk_used_percent)", "host", vec![("a", 40.0), ("b", 60.0)]),
    ] {
        let series = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 1, target).await;
        let one = |one: &serde_json::Value| {
            let value = one["datapoints"][0][0].as_f64().expect("a number");
            (one["tags"][label].as_str().unwrap_or_default().to_owned(), value)
        };
        let got: Vec<(String, f64)> = series.iter().map(one).collect();
        let wanted: Vec<(String, f64)> = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(got, wanted, "{target}");
    }
}
