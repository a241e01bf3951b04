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

/// Two tables of one name: the view in front of the data is meant.
const BESIDE: &str = r#"
    CREATE SCHEMA telegraf;
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
