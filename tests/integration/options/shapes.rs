//! Instant answers, tables and legends.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::asked;
use crate::support::{Server, sql};

const MINUTE: i64 = 60_000;
const FROM: i64 = 1_735_689_600_000; // 2025-01-01T00:00:00Z

/// `a` has every minute, `b` ends in the second, `c` is only in the last, which the range cuts.
const ROWS: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text, dc text, value float8);
    INSERT INTO load SELECT t, 'a', 'eu', extract(minute FROM t)
    FROM generate_series('2025-01-01 00:00:10Z'::timestamptz, '2025-01-01 00:03:10Z', '1 min') AS t;
    INSERT INTO load VALUES ('2025-01-01 00:01:10Z', 'b', NULL, 7), ('2025-01-01 00:03:10Z', 'c', 'us', 9);";

#[sqlx::test(migrations = false)]
async fn an_instant_is_the_last_complete_bucket_of_each_series(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let columns = |heading: &str| {
        json!([{"text": "Time", "type": "time"}, {"text": "dc", "type": "string"}, {"text": "host", "type": "string"},
            {"text": heading, "type": "number"}])
    };
    let rows = async |to: &str, payload: Value| {
        let target = json!({"target": "load", "refId": "A", "payload": payload});
        let answer = asked(&server, ("2025-01-01T00:00:00Z", to), target).await;
        assert_eq!((answer.status, &answer.body[0]["columns"]), (200, &columns("load")), "{}", answer.body);
        assert_eq!(answer.body.as_array().map(Vec::len), Some(1));
        answer.body[0]["rows"].clone()
    };
    let instant = json!({"format": "instant"});
    let cut = json!([[FROM + MINUTE, "", "b", 7.0], [FROM + 2 * MINUTE, "eu", "a", 2.0]]);
    assert_eq!(rows("2025-01-01T00:03:30Z", instant.clone()).await, cut);
    let whole = json!([
        [FROM + MINUTE, "", "b", 7.0],
        [FROM + 3 * MINUTE, "eu", "a", 3.0],
        [FROM + 3 * MINUTE, "us", "c", 9.0]
    ]);
    assert_eq!(rows("2025-01-01T00:04:00Z", instant).await, whole);
    // No bucket is complete: the last one that there is.
    let wide = json!({"format": "instant", "step": "1h"});
    let first: Value = rows("2025-01-01T00:02:30Z", wide).await;
    assert_eq!(first, json!([[FROM, "eu", "a", 1.5], [FROM, "us", "c", 9.0], [FROM, "", "b", 7.0]]));
    // A fill that gives a value counts, one that gives none does not.
    let zero = json!([
        [FROM + 2 * MINUTE, "eu", "a", 2.0],
        [FROM + 2 * MINUTE, "us", "c", 0.0],
        [FROM + 2 * MINUTE, "", "b", 0.0]
    ]);
    assert_eq!(rows("2025-01-01T00:03:30Z", json!({"format": "instant", "fill": "zero"})).await, zero);
    assert_eq!(rows("2025-01-01T00:03:30Z", json!({"format": "instant", "fill": "null"})).await, cut);
}

#[sqlx::test(migrations = false)]
async fn a_table_is_asked_for_by_type_or_payload(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (target, is_table) in [
        (json!({"target": "sum(load)", "type": "table"}), true),
        (json!({"target": "sum(load)", "type": "timeserie"}), false),
        (json!({"target": "sum(load)", "type": "Table", "payload": {}}), true),
        (json!({"target": "sum(load)", "payload": {"format": "TABLE"}}), true),
        (json!({"target": "sum(load)", "payload": {"type": "table"}}), true),
        (json!({"target": "sum(load)", "type": "table", "payload": {"format": "time_series"}}), false),
        (json!({"target": "sum(load)", "type": "anything", "payload": {"type": "old"}}), false),
    ] {
        let answer = asked(&server, ("2025-01-01T00:00:00Z", "2025-01-01T00:04:00Z"), target.clone()).await;
        assert_eq!(answer.body[0]["type"] == "table", is_table, "{target}: {}", answer.body);
        assert_eq!(answer.body[0]["meta"], Value::Null, "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_legend_is_a_template_over_labels(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let shown = async |target: &str, legend: &str| {
        let target = json!({"target": target, "payload": {"legend": legend}});
        let answer = asked(&server, ("2025-01-01T00:00:00Z", "2025-01-01T00:04:00Z"), target).await;
        let pair = |element: &Value| {
            (element["title"].as_str().unwrap().to_owned(), element["target"].as_str().unwrap().to_owned())
        };
        answer.body.as_array().expect("series").iter().map(pair).collect::<Vec<_>>()
    };
    let alike = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect::<Vec<_>>();
    assert_eq!(shown("load", "{{host}} {{ dc }}").await, alike(&["a eu", "c us", "b"]));
    assert_eq!(shown("load", r"\{\{host\}\} on \/").await, alike(&["a on /", "c on /", "b on /"]));
    assert_eq!(shown("sum(load)", "{{__name__}}").await, alike(&["sum(load)"]));
    assert_eq!(
        shown("load", "").await,
        alike(&["load{dc=\"eu\", host=\"a\"}", "load{dc=\"us\", host=\"c\"}", "load{host=\"b\"}"])
    );
    let all = shown("load", "load of {{dc}}").await;
    assert_eq!(all[2], ("load of".to_owned(), "load of".to_owned()));
    let same = shown("load", "{{__name__}}").await;
    assert_eq!(same[0], ("load".to_owned(), "load {__name__=\"load\", dc=\"eu\", host=\"a\"}".to_owned()));
}
