//! A series id, and the series' labels as an array of ids into a table of labels.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;
use sqlx::PgPool;

use super::dimensions::serve;
use crate::oracle::check;
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::{Labels, UNKNOWN};

const LABELS: [&str; 4] = ["host", "a", "b", UNKNOWN];

/// The table of labels.
const PAIRS: [(u32, &str, &str); 12] = [
    (1, "host", "web.01"),
    (2, "host", "web_01"),
    (3, "host", "x\"y\\|z"),
    (4, "host", ""),
    (5, "a", "x"),
    (6, "a", "-- 😀"),
    (7, "a", "it's"),
    (8, "b", "1"),
    (9, "b", "(a|b)"),
    (10, "__name__", "cpu"),
    (11, "b", ""),
    (70000, "b", "30"),
];

const SERIES: [&[u32]; 11] = [
    &[1, 5, 8],
    &[5, 1, 8],
    &[2, 6],
    &[3, 7, 9],
    &[4, 5],
    &[],
    &[10, 1, 11],
    &[8, 70, 99],
    &[70000, 2],
    &[1],
    &[5, 11, 10],
];

fn labels_of(ids: &[u32]) -> Labels {
    let known = PAIRS.iter().filter(|(id, key, value)| ids.contains(id) && *key != "__name__" && !value.is_empty());
    known.map(|(_, key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn array(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("'{{{}}}'", ids.join(","))
}

/// `beside`: the array is in a dimension row of a series id, else in the rows themselves.
fn table(name: &'static str, beside: bool, (array_type, id_type): (&str, &str), seed: u64) -> Table {
    let mut create = format!(
        "CREATE TABLE {name}_label (id {id_type} PRIMARY KEY, key text, value text);
         CREATE TABLE {name}_series (id bigint PRIMARY KEY, labels {array_type});
         CREATE TABLE {name} (time timestamptz NOT NULL, series_id bigint, ids {array_type}, value float8);
         ALTER TABLE {name} ALTER time DROP NOT NULL;
         CREATE INDEX ON {name} (series_id, time);
         CREATE INDEX ON {name}_series USING gin (labels);"
    );
    for (id, key, value) in PAIRS {
        write!(create, "INSERT INTO {name}_label VALUES ({id}, '{key}', '{}');", value.replace('\'', "''")).unwrap();
    }
    let mut series: Vec<Series> = vec![("NULL, NULL, ".to_owned(), Labels::new())];
    for (id, ids) in SERIES.iter().enumerate() {
        write!(create, "INSERT INTO {name}_series VALUES ({id}, {});", array(ids)).unwrap();
        let sql = if beside { format!("{id}, NULL, ") } else { format!("NULL, {}, ", array(ids)) };
        series.push((sql, labels_of(ids)));
    }
    series.push(("4711, NULL, ".to_owned(), Labels::new()));
    let ids = format!("relation = \"{name}_label\", id = \"id\", key = \"key\", value = \"value\"");
    let join = format!(
        "[[source.join]]\nrelation = \"{name}_series\"\non = {{ series_id = \"id\" }}\n\
         labels = [{{ ids = \"labels\", {ids} }}]\n"
    );
    let own = format!("{{ ids = \"ids\", {ids} }}");
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"time\"\nlabels = [{}]\n[source.metric.{name}]\n\
         column = \"value\"\n{}",
        if beside { "" } else { &own },
        if beside { &join } else { "" }
    );
    let mut dice = StdRng::seed_from_u64(seed);
    let columns = "time, series_id, ids, value";
    let (insert, samples) = rows(name, columns, Time::Timestamptz, "float8", &series, &mut dice);
    Table { metric: name, create, insert, toml, samples, labels: &LABELS, always_aggregated: false }
}

#[sqlx::test(migrations = false)]
async fn arrays_of_label_ids_answer_as_defined(pool: PgPool) {
    let tables = [
        table("ids_beside", true, ("int[]", "int"), 500),
        table("ids_own", false, ("int[]", "bigint"), 501),
        table("ids_wide", true, ("bigint[]", "int"), 502),
    ];
    check(&pool, tables.iter()).await;
}

const SMALL: &str = "
    CREATE TABLE label (id int PRIMARY KEY, key text, value text);
    CREATE TABLE series (id bigint PRIMARY KEY, labels int[]);
    CREATE TABLE samples (time timestamptz, series_id bigint, value float8);
    INSERT INTO label VALUES (1, 'job', 'api'), (2, 'job', 'db'), (3, 'env', 'prod'), (4, 'env', ''), (5, 'never', 'used');
    INSERT INTO series VALUES (1, '{1,3}'), (2, '{2,4}');
    INSERT INTO samples VALUES ('2025-01-01 00:01Z', 1, 1), ('2025-01-01 00:01Z', 2, 'NaN'), ('2025-01-01 00:01Z', 3, 4);";

#[sqlx::test(migrations = false)]
async fn every_key_of_the_label_table_is_a_label(pool: PgPool) {
    let toml = r#"
        [discovery]
        enabled = false
        [[source]]
        relation = "samples"
        time = "time"
        value = "value"
        labels = []
        [[source.join]]
        relation = "series"
        on = { series_id = "id" }
        labels = [{ ids = "labels", relation = "label", id = "id", key = "key", value = "value" }]
        "#;
    let server = serve(&pool, SMALL, toml).await;
    let snapshot = server.catalog.current().expect("a catalog");
    assert_eq!(snapshot.label_names().into_iter().collect::<Vec<_>>(), ["env", "job", "never"]);
    let values = server.post("/tag-values", json!({"key": "env"})).await;
    assert_eq!(values.body, json!([{"text": "prod"}]));
    let series = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, "samples").await;
    let seen: Vec<_> = series.iter().map(|one| (one["tags"].clone(), one["datapoints"][0][0].clone())).collect();
    assert_eq!(
        seen,
        [
            (json!(null), json!(4.0)),
            (json!({"env": "prod", "job": "api"}), json!(1.0)),
            (json!({"job": "db"}), json!(null))
        ]
    );
}
