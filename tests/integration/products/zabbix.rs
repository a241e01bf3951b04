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

/// Two days of a minute's samples, hourly trends of all but the newest hour, and a history of which a day is left.
const TRENDS: &str = "
    CREATE TABLE trends (itemid bigint NOT NULL, clock integer NOT NULL DEFAULT 0, num integer NOT NULL DEFAULT 0,
        value_min double precision NOT NULL, value_avg double precision NOT NULL, value_max double precision NOT NULL,
        PRIMARY KEY (itemid, clock));
    INSERT INTO items VALUES (1, 1, 'load', 'load', 0, '', '1m', '90d', 0, 0), (2, 2, 'load', 'load', 0, '', '1m', '90d', 0, 0);
    INSERT INTO history SELECT i, 1735689600 + n * 60, i * 1000 + n * n % 977 FROM generate_series(0, 2879) AS n,
        generate_series(1, 2) AS i WHERE n % 7 > 0 OR i = 1;
    INSERT INTO trends SELECT itemid, clock / 3600 * 3600, count(*), min(value), avg(value), max(value) FROM history
        WHERE clock < 1735689600 + 47 * 3600 GROUP BY 1, 2;
    CREATE TABLE whole AS TABLE history;
    DELETE FROM history WHERE clock < 1735689600 + 86400";

#[sqlx::test(migrations = false)]
async fn trends_answer_where_the_history_is_gone(pool: PgPool) {
    let server = product(&pool, &[TABLES, TRENDS], "presets = [\"zabbix\"]\n").await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert!(!snapshot.names().any(|name| name.starts_with("trends")), "a rollup is no metric of its own");
    let (from, to) = ("2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z");
    for (target, step, sql) in [
        ("load", 3600, "avg(value)"),
        ("max_over_time(load[6h])", 21_600, "max(value)"),
        ("min_over_time(load[1d])", 86_400, "min(value)"),
        ("count_over_time(load[1h])", 3600, "count(*)::float8"),
        ("sum_over_time(load[12h])", 43_200, "sum(value)"),
    ] {
        let points = 2 * 86_400 / step + 1;
        let found = server.query(from, to, points, target).await;
        let hosts = [("web.01", 1_i64), ("it's \"db\"", 2)];
        for (host, item) in hosts {
            let series = found.iter().find(|one| one["tags"]["host"] == host).expect("a series");
            let wanted: Vec<(i64, f64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "SELECT (clock / {step} * {step})::int8 * 1000, {sql} FROM whole WHERE itemid = {item} GROUP BY 1 ORDER BY 1"
            )))
            .fetch_all(&pool)
            .await
            .expect("the raw rows");
            let got = series["datapoints"].as_array().expect("points");
            assert_eq!(got.len(), wanted.len(), "{target}");
            for (point, (at, value)) in got.iter().zip(wanted) {
                let (got, time) = (point[0].as_f64().expect("a number"), point[1].as_i64());
                assert!(
                    time == Some(at) && (got - value).abs() <= 1e-9 * value.abs(),
                    "{target} at {at}: {got}, {value}"
                );
            }
        }
    }
    // The newest of the trends may still grow: it and what comes after are read from the history.
    sqlx::raw_sql("UPDATE trends SET value_avg = -1").execute(&pool).await.expect("a wrong value");
    let marked = server.query(from, to, 49, "load{host=\"web.01\"}").await;
    let values: Vec<f64> = marked[0]["datapoints"]
        .as_array()
        .expect("points")
        .iter()
        .map(|point| point[0].as_f64().expect("a number"))
        .collect();
    assert!(
        values[..46].iter().all(|value| *value == -1.0) && values[46..].iter().all(|value| *value > 0.0),
        "{values:?}"
    );
}
