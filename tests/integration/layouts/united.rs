//! One metric in several tables, as where each type of value has a table of its own.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::dimensions::serve;
use crate::oracle::check;
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::{Labels, UNKNOWN};
use crate::support::Server;

const LABELS: [&str; 3] = ["host", "dc", UNKNOWN];

/// Every row is in one of two tables, which keep time and labels in different ways.
fn halves() -> Table {
    let mut series: Vec<Series> = Vec::new();
    for host in [None, Some(""), Some("a"), Some("b|c"), Some("-- 😀")] {
        for dc in [None, Some("eu"), Some("x\"y\\")] {
            let literal = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
            let set = |name: &str, value: Option<&str>| {
                value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value.to_owned()))
            };
            let labels: Labels = set("host", host).into_iter().chain(set("dc", dc)).collect();
            series.push((format!("{}, {}, ", literal(host), literal(dc)), labels));
        }
    }
    let mut dice = StdRng::seed_from_u64(610);
    let (mut insert, samples) =
        rows("all_halves", "ts, host, dc, value", Time::Timestamptz, "float8", &series, &mut dice);
    let create = "CREATE TABLE all_halves (ts timestamptz, host text, dc text, value float8);
        CREATE TABLE half_one (ts timestamptz, key text, host text, dc text, value float8);
        CREATE TABLE half_two (\"at\" timestamp, name varchar(20), tags jsonb, v float8);"
        .to_owned();
    write!(
        insert,
        ";INSERT INTO half_one SELECT ts, 'halves', host, dc, value FROM all_halves AS t WHERE hashtext(t::text) % 2 = 0;
        INSERT INTO half_two SELECT ts AT TIME ZONE 'UTC', 'halves', jsonb_build_object('host', host, 'dc', dc), value
            FROM all_halves AS t WHERE hashtext(t::text) % 2 <> 0;"
    )
    .unwrap();
    let toml = r#"
        [[source]]
        relation = "half_one"
        time = "ts"
        name = "key"
        value = "value"
        labels = ["host", "dc"]
        [[source]]
        relation = "half_two"
        time = { column = "at", zone = "UTC" }
        name = "name"
        value = "v"
        labels = [{ json = ["tags"], all = true }]
        "#
    .to_owned();
    Table { metric: "halves", create, insert, toml, samples, labels: &LABELS, always_aggregated: false }
}

#[sqlx::test(migrations = false)]
async fn a_metric_in_two_tables_answers_as_defined(pool: PgPool) {
    check(&pool, [halves()].iter()).await;
}

const TYPED: &str = "
    CREATE TABLE items (itemid bigint PRIMARY KEY, host text, key_ text, units text);
    CREATE TABLE history (itemid bigint NOT NULL, clock int NOT NULL, value float8 NOT NULL);
    CREATE TABLE history_uint (itemid bigint NOT NULL, clock int NOT NULL, value numeric(20) NOT NULL);
    INSERT INTO items VALUES (1, 'a', 'load', ''), (2, 'b', 'load', ''), (3, 'a', 'sent', 'B'), (4, 'c', 'only', NULL);
    -- Item 1 is in one table for half an hour, then in the other; item 3 jumps between them with every sample.
    INSERT INTO history SELECT 1, 1735689600 + n * 60, n FROM generate_series(0, 29) AS n;
    INSERT INTO history_uint SELECT 1, 1735689600 + n * 60, n FROM generate_series(30, 59) AS n;
    INSERT INTO history SELECT 2, 1735689600 + n * 60, 100 FROM generate_series(0, 59) AS n;
    INSERT INTO history SELECT 3, 1735689600 + n * 60, n * 10 FROM generate_series(0, 59, 2) AS n;
    INSERT INTO history_uint SELECT 3, 1735689600 + n * 60, n * 10 FROM generate_series(1, 59, 2) AS n;
    INSERT INTO history_uint VALUES (4, 1735689600, 18446744073709551615);";

const TYPED_TOML: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "history"
    time = { column = "clock", type = "epoch", unit = "s" }
    value = "value"
    labels = []
    [[source.join]]
    relation = "items"
    on = { itemid = "itemid" }
    name = "key_"
    labels = ["host"]
    [[source]]
    relation = "history_uint"
    time = { column = "clock", type = "epoch", unit = "s" }
    value = "value"
    labels = []
    [source.metric.sent]
    kind = "counter"
    unit = "bytes"
    help = "what went out"
    [[source.join]]
    relation = "items"
    on = { itemid = "itemid" }
    name = "key_"
    labels = ["host"]
    "#;

const HOUR: (&str, &str) = ("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z");

async fn values(server: &Server, target: &str, options: Value) -> Vec<(String, Vec<f64>)> {
    let mut body = json!({"range": {"from": HOUR.0, "to": HOUR.1}, "maxDataPoints": 100,
        "targets": [{"target": target, "payload": options}]});
    body["targets"][0]["refId"] = "A".into();
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let one = |element: &&Value| {
        let points = element["datapoints"].as_array().unwrap().iter();
        (
            element["tags"]["host"].as_str().unwrap_or_default().to_owned(),
            points.map(|p| p[0].as_f64().unwrap()).collect(),
        )
    };
    answer.drawn().iter().map(one).collect()
}

#[sqlx::test(migrations = false)]
async fn stored_names_unite_the_tables_that_hold_them(pool: PgPool) {
    let server = serve(&pool, TYPED, TYPED_TOML).await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["load", "only", "sent"]);
    assert!(snapshot.carriers("sent").all(|carrier| carrier.metric.unit.as_deref() == Some("bytes")));
    let minutes = |from: i32, to: i32| (from..to).map(f64::from).collect::<Vec<_>>();
    let load = values(&server, "load", json!({"step": "1m"})).await;
    assert_eq!(load, [("a".into(), minutes(0, 60)), ("b".into(), vec![100.0; 60])]);
    let max = values(&server, "max(load)", json!({"step": "30m"})).await;
    assert_eq!(max, [(String::new(), vec![100.0, 100.0])]);
    let sum = values(&server, "sum by (host) (avg_over_time(load[1h]))", json!({"step": "1h"})).await;
    assert_eq!(sum, [("a".into(), vec![29.5]), ("b".into(), vec![100.0])]);
    // Each sample grows over the one before it in the other table; the first has none.
    let grown = values(&server, "increase(sent[$__interval])", json!({"step": "30m"})).await;
    assert_eq!(grown, [("a".into(), vec![290.0, 300.0])]);
    let median = values(&server, "quantile_over_time(0.5, load{host=\"a\"}[$__interval])", json!({"step": "1h"})).await;
    assert_eq!(median, [("a".into(), vec![29.5])]);
    let kept = values(&server, "load{host=\"a\"}", json!({"reduce": "m4"})).await;
    assert_eq!(kept, [("a".into(), minutes(0, 60))]);
    let later = json!({"range": {"from": "2025-01-01T00:30:00Z", "to": HOUR.1}, "maxDataPoints": 100,
        "targets": [{"target": "increase(load{host=\"a\"}[$__interval])", "payload": {"step": "30m"}}]});
    // The sample before the range is in the other table.
    assert_eq!(server.post("/query", later).await.body[0]["datapoints"][0][0], 30.0);
}

#[sqlx::test(migrations = false)]
async fn pickers_list_a_united_metric_once_and_ask_all_its_tables(pool: PgPool) {
    let server = serve(&pool, TYPED, TYPED_TOML).await;
    assert_eq!(server.post("/search", json!({"target": ""})).await.body, json!(["load", "only", "sent"]));
    let hosts = server.post("/tag-values", json!({"key": "host"})).await.body;
    assert_eq!(hosts, json!([{"text": "a"}, {"text": "b"}, {"text": "c"}]));
    let ask = json!({"payload": {"target": "label_values(load, host)"}, "range": {"from": HOUR.0, "to": HOUR.1}});
    let hosts = server.post("/variable", ask).await.body;
    assert_eq!(hosts.as_array().unwrap().len(), 2, "{hosts}");
    let metrics = server.post("/metrics", json!({"metric": "load"})).await.body;
    assert_eq!(metrics.as_array().unwrap().len(), 3, "{metrics}");
    let first = server.catalog.current().expect("a catalog");
    let again = serve(&pool, "SELECT 1", &datebin::catalog::toml_out::write(&first, &[])).await;
    assert_eq!(again.catalog.current().expect("a catalog").sources(), first.sources());
}

#[sqlx::test(migrations = false)]
async fn names_that_the_file_gives_twice_are_an_error(pool: PgPool) {
    crate::support::sql(&pool, "CREATE TABLE a (ts timestamptz, v float8); CREATE TABLE b (ts timestamptz, w float8);")
        .await;
    let file: datebin::catalog::file::CatalogFile = datebin::catalog::file::CatalogFile::parse(
        "[[source]]\nrelation = \"a\"\n[source.metric.x]\ncolumn = \"v\"\n[[source]]\nrelation = \"b\"\n[source.metric.x]\ncolumn = \"w\"",
    )
    .unwrap();
    let database = datebin::db::DatabaseConfig::new(&crate::support::url(&pool)).expect("a URL");
    let error = datebin::db::load(&database, &file, None).await.unwrap_err().to_string();
    assert!(error.contains("two metrics are called \"x\": public.a, column v and public.b, column w"), "{error}");
}
