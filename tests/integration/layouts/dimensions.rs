//! Rows that carry a key, and labels in the dimension row of that key: several deep, missing, repeated, of other types.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;
use sqlx::PgPool;

use crate::oracle::check;
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::{Labels, UNKNOWN};
use crate::support::{Server, sql};

const LABELS: [&str; 6] = ["core", "host", "owner", "site", "region", UNKNOWN];

/// id, name, owner, site.
type Host = (u32, Option<&'static str>, Option<&'static str>, Option<u32>);

const HOSTS: [Host; 9] = [
    (1, Some("web.01"), Some("a"), Some(1)),
    (2, Some("web_01"), Some("b"), Some(2)),
    (3, Some("x\"y\\|z"), None, Some(3)),
    (4, None, Some(""), None),
    (5, Some(""), Some("it's {c,d}"), Some(9)),
    (6, Some("-- 😀"), Some("a"), Some(4)),
    // Another host that reads the same as the first: one series.
    (7, Some("web.01"), Some("a"), Some(1)),
    (8, Some("(a|b)"), Some("b"), Some(2)),
    (30, Some("b"), None, Some(1)),
];

/// Rows of a key that has one already; by bytes the first of all stands for it.
const AGAIN: [Host; 3] =
    [(1, Some("zz"), Some("a"), Some(1)), (2, Some("A"), Some("c"), Some(3)), (5, None, Some("z"), Some(1))];

const SITES: [(u32, Option<&str>, Option<&str>); 4] =
    [(1, Some("a"), Some("eu")), (2, Some("b"), Some("us")), (3, Some("x"), None), (4, Some("30"), Some("none"))];

const REGIONS: [(&str, &str); 2] = [("eu", "1"), ("us", "x")];

/// The types of the key on both sides, and whether a constraint keeps it to one row.
struct Keys {
    mine: &'static str,
    theirs: &'static str,
    constraint: &'static str,
}

fn key(ty: &str, number: u32) -> String {
    if ty == "uuid" { format!("00000000-0000-0000-0000-0000000000{number:02}") } else { number.to_string() }
}

fn literal(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("'{}'", value.to_string().replace('\'', "''")))
}

fn table(name: &'static str, keys: &Keys, seed: u64) -> Table {
    let Keys { mine, theirs, constraint } = keys;
    let as_uuid = if *mine == "uuid" || *theirs == "uuid" { "uuid" } else { "int" };
    let mut create = format!(
        "CREATE TABLE {name}_regions (code varchar(8) PRIMARY KEY, name text);
         CREATE TABLE {name}_sites (id int PRIMARY KEY, name text, region text);
         CREATE TABLE {name}_hosts (id {theirs} {constraint}, name text, owner varchar(20), site_id bigint, secret text);
         CREATE TABLE {name} (ts timestamptz, host_id {mine}, core text, value float8);
         CREATE INDEX ON {name} (host_id, ts);"
    );
    for (code, region) in REGIONS {
        write!(create, "INSERT INTO {name}_regions VALUES ('{code}', '{region}');").unwrap();
    }
    for (id, site, region) in SITES {
        write!(create, "INSERT INTO {name}_sites VALUES ({id}, {}, {});", literal(site), literal(region)).unwrap();
    }
    let again = if constraint.is_empty() { AGAIN.as_slice() } else { &[] };
    for (id, host, owner, site) in HOSTS.iter().chain(again) {
        let (id, host, owner, site) = (key(as_uuid, *id), literal(*host), literal(*owner), literal(*site));
        write!(create, "INSERT INTO {name}_hosts VALUES ('{id}', {host}, {owner}, {site}, 'x');").unwrap();
    }
    if *theirs == "text" {
        write!(create, "INSERT INTO {name}_hosts VALUES ('no number', 'a', 'a', 1, 'x'), ('01', 'a', 'a', 1, 'x');")
            .unwrap();
    }
    let toml = format!(
        r#"
        [[source]]
        relation = "{name}"
        time = "ts"
        labels = ["core"]
        [source.metric.{name}]
        column = "value"
        [[source.join]]
        relation = "{name}_hosts"
        on = {{ host_id = "id" }}
        labels = [{{ name = "host", column = "name" }}, "owner"]
        [[source.join.join]]
        relation = "{name}_sites"
        on = {{ site_id = "id" }}
        labels = [{{ name = "site", column = "name" }}]
        [[source.join.join.join]]
        relation = "{name}_regions"
        on = {{ region = "code" }}
        labels = [{{ name = "region", column = "name" }}]
        "#
    );
    let mut series: Vec<Series> = Vec::new();
    for id in HOSTS.iter().map(|host| Some(host.0)).chain([None, Some(77)]) {
        for core in [None, Some(""), Some("a"), Some("1")] {
            let mut labels = id.map_or_else(Labels::new, |id| labels_of(id, again));
            labels.extend(core.filter(|core| !core.is_empty()).map(|core| ("core".to_owned(), core.to_owned())));
            let id = id.map(|id| key(as_uuid, id));
            series.push((format!("{}, {}, ", literal(id), literal(core)), labels));
        }
    }
    let mut dice = StdRng::seed_from_u64(seed);
    let (insert, samples) = rows(name, "ts, host_id, core, value", Time::Timestamptz, "float8", &series, &mut dice);
    Table { metric: name, create, insert, toml, samples, labels: &LABELS, always_aggregated: false }
}

/// What the dimension rows of a host say.
fn labels_of(id: u32, again: &[Host]) -> Labels {
    let order = |host: &&Host| (host.1.is_none(), host.1, host.2.is_none(), host.2, host.3.is_none(), host.3);
    let host = HOSTS.iter().chain(again).filter(|host| host.0 == id).min_by_key(order);
    let mut labels = Labels::new();
    let mut set = |name: &str, value: Option<&str>| {
        labels.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value.to_owned())));
    };
    let Some((_, name, owner, site)) = host else { return labels };
    set("host", *name);
    set("owner", *owner);
    let Some((_, site, code)) = SITES.iter().find(|row| Some(row.0) == *site) else { return labels };
    set("site", *site);
    set("region", REGIONS.iter().find(|row| Some(row.0) == *code).map(|row| row.1));
    labels
}

#[sqlx::test(migrations = false)]
async fn dimension_rows_answer_as_defined(pool: PgPool) {
    let unique = ["PRIMARY KEY", "UNIQUE", ""];
    let keys = [
        ("dim_key", "int", "int", 0),
        ("dim_repeated", "bigint", "int", 2),
        ("dim_text_int", "text", "int", 0),
        ("dim_int_text", "int", "text", 1),
        ("dim_int_texts", "bigint", "varchar(40)", 2),
        ("dim_words", "varchar(20)", "text", 2),
        ("dim_uuid", "uuid", "text", 1),
        ("dim_numeric", "numeric", "int", 0),
    ];
    let tables: Vec<Table> = (400..)
        .zip(keys)
        .map(|(seed, (name, mine, theirs, at))| table(name, &Keys { mine, theirs, constraint: unique[at] }, seed))
        .collect();
    check(&pool, tables.iter()).await;
}

const PAIRS: &str = r#"
    CREATE TABLE "Dim ""pairs""" (tenant int, "the id" text, "select" text, kind text, meta json, PRIMARY KEY (tenant, "the id"));
    CREATE TABLE pairs (ts timestamptz NOT NULL, tenant bigint, ref varchar(8), dead timestamptz, env text, value float8);
    INSERT INTO "Dim ""pairs""" VALUES (1, 'a', 'one', 'x', '{"os": {"name": "linux", "v": 1.50}}'),
        (1, 'b', 'two', 'x', '{"os": {"name": ""}}'), (2, 'a', 'three', 'y', '[]'), (2, 'c', '$1''; --', 'x', NULL),
        (3, 'a', 'bad', 'x', '{"os": {"name": "\u0000"}}');
    INSERT INTO pairs VALUES
        ('2025-01-01 00:01Z', 1, 'a', NULL, 'prod', 1), ('2025-01-01 00:01Z', 1, 'b', NULL, NULL, 2),
        ('2025-01-01 00:01Z', 2, 'a', NULL, 'test', 4), ('2025-01-01 00:01Z', 2, 'c', NULL, 'stage', 8),
        ('2025-01-01 00:01Z', 3, 'a', NULL, 'prod', 16), ('2025-01-01 00:01Z', 9, 'a', NULL, 'prod', 32),
        ('2025-01-01 00:01Z', NULL, 'a', NULL, 'prod', 64), ('2025-01-01 00:01Z', 1, 'a', now(), 'prod', 128);"#;

const PAIRS_TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "pairs"
    time = "ts"
    labels = ["env"]
    where = 'dead="", env!~"te.t|qa"'
    [source.metric.pairs]
    column = "value"
    over_time = "sum"
    [[source.join]]
    relation = 'Dim "pairs"'
    on = { tenant = "tenant", ref = "the id" }
    where = 'kind=~"x|z+"'
    labels = ["select", { name = "os", json = ["meta", "os", "name"] }, { json = ["meta", "os"], all = true }]
    "#;

/// Label values of a question's answer, each with its only value.
async fn sums(server: &Server, label: &str, target: &str) -> Vec<(String, f64)> {
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T01:00:00Z"}, "targets": [{"target": target}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let one = |element: &&serde_json::Value| {
        let value = element["datapoints"][0][0].as_f64().unwrap();
        (element["tags"][label].as_str().unwrap_or_default().to_owned(), value)
    };
    answer.drawn().iter().map(one).collect()
}

pub async fn serve(pool: &PgPool, statements: &'static str, toml: &str) -> Server {
    sql(pool, statements).await;
    Server::declared(pool, toml).await
}

#[sqlx::test(migrations = false)]
async fn rows_of_two_keys_and_a_condition_read_their_dimension(pool: PgPool) {
    let server = serve(&pool, PAIRS, PAIRS_TOML).await;
    let pair = |label: &str, value: f64| (label.to_owned(), value);
    assert_eq!(sums(&server, "", "sum(pairs)").await, [pair("", 123.0)]);
    let by_select = [pair("", 96.0), pair("$1'; --", 8.0), pair("bad", 16.0), pair("one", 1.0), pair("two", 2.0)];
    assert_eq!(sums(&server, "select", "sum by (select) (pairs)").await, by_select);
    assert_eq!(
        sums(&server, "select", r#"sum by (select) (pairs{select=~"o.+|.*;.*"})"#).await,
        by_select[1..4][..1].iter().cloned().chain([pair("one", 1.0)]).collect::<Vec<_>>()
    );
    assert_eq!(
        sums(&server, "select", r#"sum by (select) (pairs{select!~"one|bad"})"#).await,
        [pair("", 96.0), pair("$1'; --", 8.0), pair("two", 2.0)]
    );
    assert_eq!(sums(&server, "os", "sum by (os) (pairs)").await, [pair("", 122.0), pair("linux", 1.0)]);
    assert_eq!(sums(&server, "v", r#"sum by (v) (pairs{v="1.50"})"#).await, [pair("1.50", 1.0)]);
    let values = server.post("/tag-values", json!({"key": "select"})).await;
    let values: Vec<&str> = values.body.as_array().unwrap().iter().map(|v| v["text"].as_str().unwrap()).collect();
    assert_eq!(values, ["$1'; --", "bad", "one", "two"]);
    let values = server.post("/tag-values", json!({"key": "env"})).await;
    let values: Vec<&str> = values.body.as_array().unwrap().iter().map(|v| v["text"].as_str().unwrap()).collect();
    assert_eq!(values, ["prod", "stage"]);
}

const NAMED: &str = "
    CREATE TABLE items (itemid bigint PRIMARY KEY, hostid int, name varchar(255), kind int, units text);
    CREATE TABLE item_hosts (hostid int PRIMARY KEY, host text);
    CREATE TABLE floats (itemid bigint NOT NULL, clock int NOT NULL, value float8 NOT NULL, PRIMARY KEY (itemid, clock));
    CREATE TABLE counts (itemid bigint NOT NULL, clock int NOT NULL, value numeric(20) NOT NULL);
    INSERT INTO item_hosts VALUES (1, 'alpha'), (2, 'beta');
    INSERT INTO items VALUES (10, 1, 'load', 0, ''), (11, 2, 'load', 0, ''), (12, 1, 'it''s \"odd\"', 0, NULL),
        (20, 1, 'bytes', 3, 'B'), (21, 9, 'bytes', 3, 'B'), (30, 1, 'log', 2, '');
    INSERT INTO floats SELECT itemid, 1735689600 + n * 60, itemid + n FROM generate_series(0, 59) AS n, unnest(ARRAY[10, 11, 12, 99]) AS itemid;
    INSERT INTO counts SELECT itemid, 1735689600 + n * 60, n FROM generate_series(0, 59) AS n, unnest(ARRAY[20, 21]) AS itemid;";

const NAMED_TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "floats"
    time = { column = "clock", type = "epoch", unit = "s" }
    interval = "1m"
    value = "value"
    labels = []
    [source.metric.load]
    unit = "short"
    [[source.join]]
    relation = "items"
    on = { itemid = "itemid" }
    name = "name"
    prefix = "zbx "
    where = 'kind="0"'
    labels = ["units"]
    [[source.join.join]]
    relation = "item_hosts"
    on = { hostid = "hostid" }
    labels = ["host"]
    [[source]]
    relation = "counts"
    time = { column = "clock", type = "epoch", unit = "s" }
    value = "value"
    labels = []
    [[source.join]]
    relation = "items"
    on = { itemid = "itemid" }
    name = "name"
    where = 'kind=~"[3]"'
    labels = []
    [[source.join.join]]
    relation = "item_hosts"
    on = { hostid = "hostid" }
    labels = ["host"]
    "#;

#[sqlx::test(migrations = false)]
async fn a_name_may_stand_in_the_dimension_row(pool: PgPool) {
    let server = serve(&pool, NAMED, NAMED_TOML).await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["bytes", "zbx it's \"odd\"", "zbx load"]);
    let series = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "{\"zbx load\"}").await;
    let hosts: Vec<_> = series.iter().map(|one| one["tags"]["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["alpha", "beta"]);
    assert_eq!(series[0]["datapoints"][0][0], 10.0);
    assert_eq!(series[1]["datapoints"][59][0], 70.0);
    let one = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "{\"zbx load\", host=\"beta\"}").await;
    assert_eq!(one.len(), 1);
    let bytes = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "sum by (host) (bytes)").await;
    let hosts: Vec<_> = bytes.iter().map(|one| one["tags"]["host"].as_str().unwrap_or_default()).collect();
    assert_eq!(hosts, ["", "alpha"]);
}

const SHARED: &str = "
    CREATE TABLE shared (at timestamptz, wall timestamp, name text, env text, value float8);
    INSERT INTO shared VALUES ('2025-01-01 00:01Z', '2025-01-01 00:31', 'a', 'prod', 1),
        ('2025-01-01 00:01Z', '2025-01-01 00:31', 'b', 'test', 2), ('2025-01-01 00:01Z', '2025-01-01 00:31', 'c', NULL, 4);";

const SHARED_TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "shared"
    time = "at"
    name = "name"
    value = "value"
    labels = []
    where = 'env=~"pro.*"'
    [[source]]
    relation = "shared"
    time = { column = "wall", zone = "UTC" }
    name = "name"
    value = "value"
    labels = ["env"]
    where = 'env!="prod"'
    "#;

#[sqlx::test(migrations = false)]
async fn several_sources_share_a_relation_by_what_their_rows_must_be(pool: PgPool) {
    let server = serve(&pool, SHARED, SHARED_TOML).await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["a", "b", "c"]);
    let ask = async |metric| {
        server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, metric).await[0]["datapoints"].clone()
    };
    assert_eq!(ask("a").await, json!([[1.0, 1_735_689_660_000_i64]]));
    assert_eq!(ask("c").await, json!([[4.0, 1_735_691_460_000_i64]]));
}

#[sqlx::test(migrations = false)]
async fn the_written_file_gives_the_same_catalog(pool: PgPool) {
    for (statements, toml) in [(PAIRS, PAIRS_TOML), (NAMED, NAMED_TOML), (SHARED, SHARED_TOML)] {
        let first = serve(&pool, statements, toml).await;
        let first = first.catalog.current().expect("a catalog");
        let written = datebin::catalog::toml_out::write(&first, &[]);
        let again = serve(&pool, "SELECT 1", &written).await;
        let again = again.catalog.current().expect("a catalog");
        for (again, first) in again.sources().iter().zip(first.sources()) {
            assert_eq!(again, first, "{written}");
        }
        assert_eq!(again.sources().len(), first.sources().len(), "{written}");
    }
}
