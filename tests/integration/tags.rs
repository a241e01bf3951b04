//! `POST /tag-keys` and `POST /tag-values`: the ad hoc pickers, which hang on an error.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const TABLES: &str = "
    CREATE TYPE state AS ENUM ('up', 'down', 'away');
    CREATE TABLE racks (id int PRIMARY KEY);
    INSERT INTO racks VALUES (9), (10);
    CREATE TABLE load (ts timestamptz NOT NULL, host text, rack int REFERENCES racks, state state, unit uuid, value double precision);
    CREATE INDEX ON load (ts);
    CREATE INDEX ON load (rack);
    INSERT INTO load
    SELECT '2024-01-01Z'::timestamptz + n * interval '1 min',
           (ARRAY['b', 'a', '', NULL, 'ä'])[n % 5 + 1], (ARRAY[10, 9, NULL])[n % 3 + 1],
           (ARRAY['up', 'down', NULL]::state[])[n % 3 + 1],
           ('00000000-0000-0000-0000-00000000000' || n % 2)::uuid, n
    FROM generate_series(0, 599) AS n;
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, labels jsonb);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples
    SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', 'm' || n % 2, n,
           CASE n % 5 WHEN 0 THEN '{\"dc\": \"x\", \"host\": \"c\"}' WHEN 1 THEN '{\"dc\": \"\", \"it''s\": 7}'
                      WHEN 2 THEN 'null' WHEN 3 THEN '[1]' END::jsonb
    FROM generate_series(0, 599) AS n;";

fn options(texts: &[&str]) -> Value {
    texts.iter().map(|text| json!({"text": text})).collect()
}

#[sqlx::test(migrations = false)]
async fn keys_are_those_of_the_rows_that_pass_the_other_filters(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let expected = options(&["dc", "host", "it's", "rack", "state", "unit"]);
    for body in ["", "null", "{}", r#"{"filters":[]}"#, "not json", "[]"] {
        let answer = server.send("POST", "/tag-keys", &[("content-type", "application/json")], body).await;
        assert_eq!((answer.status, answer.body), (200, expected.clone()), "{body}");
    }
    assert_eq!(server.get("/tag-keys").await.body, expected);
    let of_load = options(&["host", "rack", "state", "unit"]);
    let of_samples = options(&["dc", "host", "it's"]);
    for (key, operator, value, expected) in [
        ("host", "=", "a", &of_load),
        ("host", "=~", "a|b", &of_load),
        ("host", "=", "c", &of_samples),
        ("dc", "=", "x", &of_samples),
        ("rack", ">", "9", &of_load),
        ("rack", "=", "77", &options(&[])),
        ("nowhere", "=", "x", &expected),
        ("host", "=~", "(", &expected),
        ("host", "=~", ".*", &expected),
        ("", "=", "x", &expected),
    ] {
        let filters = json!([{"key": key, "operator": operator, "value": value}]);
        for body in [json!({"filters": filters}), json!({"adhocFilters": filters, "timeRange": {"from": "x"}})] {
            let answer = server.post("/tag-keys", body.clone()).await;
            assert_eq!((answer.status, &answer.body), (200, expected), "{body}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn values_are_narrowed_by_the_other_filters_and_the_range(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let early = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:02:00Z"});
    for (key, filters, range, expected) in [
        // Minutes with rack 9: 1, 4, 7, …: every host.
        ("host", json!([{"key": "rack", "operator": "=", "value": "9"}]), json!(null), options(&["a", "b", "ä"])),
        ("host", json!([]), early.clone(), options(&["a", "b", "c"])),
        ("host", json!([{"key": "rack", "operator": "=", "value": "9"}]), early.clone(), options(&["a"])),
        ("state", json!([{"key": "host", "operator": "=", "value": "b"}]), early.clone(), options(&["up"])),
        ("rack", json!([{"key": "host", "operator": "!=", "value": "b"}]), early.clone(), options(&["9"])),
        ("dc", json!([{"key": "host", "operator": "=", "value": "c"}]), early.clone(), options(&["x"])),
        // A filter on the key itself is the one that is being changed.
        ("host", json!([{"key": "host", "operator": "=", "value": "a"}]), early.clone(), options(&["a", "b", "c"])),
        ("host", json!([{"key": "nowhere", "operator": "=", "value": "a"}]), early.clone(), options(&["a", "b", "c"])),
        ("host", json!([{"key": "rack", "operator": "=~", "value": "["}]), early.clone(), options(&["a", "b", "c"])),
    ] {
        let answer = server.post("/tag-values", json!({"key": key, "filters": filters, "timeRange": range})).await;
        assert_eq!((answer.status, &answer.body), (200, &expected), "{key} {filters} {range}");
    }
    let got = server.get("/tag-values?key=host&from=2024-01-01T00:00:00Z&to=2024-01-01T00:02:00Z").await;
    assert_eq!((got.status, got.body), (200, options(&["a", "b", "c"])));
    assert_eq!(server.get("/tag-values").await.body, json!([]));
}

#[sqlx::test(migrations = false)]
async fn values_are_sorted_texts_without_the_absent(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z", "raw": {"from": "x", "to": "y"}});
    for (key, expected) in [
        ("host", options(&["a", "b", "c", "ä"])),
        ("rack", options(&["10", "9"])),
        ("state", options(&["down", "up"])),
        ("unit", options(&["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"])),
        ("dc", options(&["x"])),
        ("it's", options(&["7"])),
        ("nowhere", options(&[])),
        ("value", options(&[])),
        ("", options(&[])),
        ("\0", options(&[])),
        ("x'; drop table load; --", options(&[])),
    ] {
        for body in [json!({"key": key}), json!({"key": key, "filters": [], "timeRange": range, "queries": [1]})] {
            let answer = server.post("/tag-values", body).await;
            assert_eq!((answer.status, answer.body), (200, expected.clone()), "{key}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn values_without_a_readable_key_are_an_empty_list(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for body in ["", "null", "{}", "{", "[]", "\"host\"", r#"{"key":null}"#, r#"{"key":["host"]}"#, r#"{"key":{}}"#] {
        let answer = server.send("POST", "/tag-values", &[], body).await;
        assert_eq!((answer.status, answer.body), (200, json!([])), "{body}");
    }
    // A range that cannot be read is no reason to offer nothing.
    for range in [json!({"from": "x"}), json!({"from": 2, "to": 1}), json!(7), json!([]), json!(null)] {
        let answer = server.post("/tag-values", json!({"key": "dc", "timeRange": range})).await;
        assert_eq!((answer.status, answer.body), (200, options(&["x"])), "{range}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_value_that_is_offered_selects(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (key, value, target) in [
        ("host", "ä", "load"),
        ("rack", "10", "load"),
        ("state", "down", "load"),
        ("unit", "00000000-0000-0000-0000-000000000001", "load"),
        ("dc", "x", "m0"),
        ("it's", "7", "m0"),
    ] {
        let body = json!({
            "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T10:00:00Z"},
            "adhocFilters": [{"key": key, "operator": "=", "value": value}],
            "targets": [{"target": format!("sum({target})"), "refId": "A"}], "maxDataPoints": 10,
        });
        let answer = server.post("/query", body).await;
        assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (200, Some(1)), "{key}: {}", answer.body);
    }
}

#[sqlx::test(migrations = false)]
async fn thousands_of_values_are_cut(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, job text NOT NULL, value double precision);
         CREATE INDEX ON many (host, ts);
         INSERT INTO many SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'h' || n % 6000, 'j' || n % 5010, n
         FROM generate_series(1, 20000) AS n;",
    )
    .await;
    let server = Server::start(&pool).await;
    for key in ["host", "job"] {
        let answer = server.post("/tag-values", json!({"key": key})).await;
        let values: Vec<&str> = answer.body.as_array().unwrap().iter().map(|v| v["text"].as_str().unwrap()).collect();
        assert_eq!((answer.status, values.len()), (200, 5000), "{key}");
        assert!(values.is_sorted(), "{key}");
        let told = format!("199 datebin \"only the first 5000 values of {key} are listed\"");
        assert_eq!(answer.header("warning"), told, "{key}");
    }
}
