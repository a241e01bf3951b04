//! Zabbix: a table per type of value, and items that say what is measured.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

/// An old installation: no primary key, an index in its place.
const TABLES: &str = "
    CREATE TABLE hosts (hostid bigint PRIMARY KEY, host varchar(128) NOT NULL, status integer);
    CREATE TABLE items (itemid bigint PRIMARY KEY, hostid bigint REFERENCES hosts, name varchar(255), key_ varchar(2048),
        value_type integer, units varchar(255), delay varchar(1024), history varchar(255) DEFAULT '90d', status integer,
        flags integer);
    CREATE TABLE history (itemid bigint NOT NULL, clock integer DEFAULT 0, value double precision DEFAULT 0, ns integer DEFAULT 0);
    CREATE TABLE history_uint (itemid bigint NOT NULL, clock integer NOT NULL, value numeric(20) NOT NULL, ns integer DEFAULT 0);
    CREATE TABLE history_str (itemid bigint NOT NULL, clock integer NOT NULL, value varchar(255), ns integer DEFAULT 0);
    CREATE INDEX ON history (itemid, clock);
    CREATE INDEX ON history_uint (itemid, clock);
    INSERT INTO hosts VALUES (0, '', 0), (1, 'web.01', 0), (2, 'it''s \"db\"', 0);
    INSERT INTO items VALUES (900, 1, 'bytes', 'net.if.in[eth0]', 3, 'B', '1m', '90d', 0, 4),
        (901, 1, 'log', 'log[/var/log/a]', 2, '', '1m', '90d', 0, 0), (902, 1, '{#IF}', 'net.if.in[{#IF}]', 3, 'B', '1m', '90d', 0, 2),
        (903, 1, 'version', 'agent.version', 1, '', '1m', '90d', 0, 0);
    INSERT INTO history_uint VALUES (900, 1735689600, 18446744073709551615, 0), (900, -5, 1, 0);";

/// An item that changed its type has its rows in two tables.
const MOVED: &str = "
    INSERT INTO history_uint SELECT itemid, clock, value::numeric, ns FROM history
        WHERE value BETWEEN 0 AND 1e9 AND value = floor(value) AND clock IS NOT NULL;
    DELETE FROM history WHERE value BETWEEN 0 AND 1e9 AND value = floor(value) AND clock IS NOT NULL;";

#[sqlx::test(migrations = false)]
async fn both_tables_of_numbers_are_one_metric_per_key(pool: PgPool) {
    let (mut items, mut series): (String, Vec<Series>) = (String::new(), Vec::new());
    let hosts = [(None, None), (Some(0), Some("")), (Some(1), Some("web.01")), (Some(2), Some("it's \"db\""))];
    for (id, (item, (hostid, host))) in TEXTS.iter().flat_map(|item| hosts.map(|host| (*item, host))).enumerate() {
        let hostid = hostid.map_or_else(|| "NULL".to_owned(), |id: i32| id.to_string());
        write!(
            items,
            "INSERT INTO items VALUES ({id}, {hostid}, {}, 'system.cpu.load[all,avg1]', 0, '', '1m', '90d', 0, 0);",
            literal(item)
        )
        .unwrap();
        series.push((format!("{id}, "), present(&[("item", item), ("host", host)])));
    }
    let mut dice = StdRng::seed_from_u64(701);
    let (insert, samples) = rows("history", "clock, itemid, value", Time::EpochSeconds, "float8", &series, &mut dice);
    let none = String::new;
    let metric = "__name__=\"system.cpu.load[all,avg1]\"";
    let labels = &["host", "item", UNKNOWN];
    let table = Table { metric, create: none(), insert, toml: none(), samples, labels, always_aggregated: false };
    let toml = "presets = [\"zabbix\"]\n[discovery]\nenabled = false\n";
    let server = product(&pool, &[TABLES, &items, &table.insert, MOVED], toml).await;
    let snapshot = server.catalog.current().expect("a catalog");
    let labels = || vec!["host".to_owned(), "item".to_owned()];
    let expected = [("net.if.in[eth0]".to_owned(), labels()), ("system.cpu.load[all,avg1]".to_owned(), labels())];
    assert_eq!(found(&snapshot), expected);
    assert_eq!(snapshot.carriers("net.if.in[eth0]").count(), 2);
    answers(&pool, &server, &table).await;
}
