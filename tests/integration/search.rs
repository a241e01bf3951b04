//! `POST /search`: the names of the metrics, and that each of them works as a target.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const TABLE: &str = "
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, host text);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples SELECT '2024-01-01Z', name, 1, 'a' FROM unnest(ARRAY[
        'cpu', 'cpu.load', 'MiXeD', 'mixed', 'with space', 'it''s', 'say \"hi\"', 'größe', '温度', '(a|b)', 'f(x)', '{x}',
        '{a,b}', 'back\\slash', 'a\\.b', 'a|b', '$host', '$__interval', '1st', '95', '1e5', 'sum', 'by', 'without',
        'and', 'bool', 'offset', 'inf', 'nan', 'rate', 'a/b', 'a-b', 'a+b', 'a*', 'what?', '^x$', '[5m]', 'x[5m]', 'a:b', '%',
        'a{host=\"a\"}', 'sum(cpu)', '#tag', '--', '/* x */', '`x`', '@', 'a,b', '  padded.name ', 'tab\there', 'line' || E'\\n' || 'two',
        '\\', '.*', '()', '()()', '🙂', 'zero\u{200b}width', repeat('n', 200), repeat('ж.', 100),
        'x''; drop table samples; --']) AS name;";

/// Grafana's own `regex` format.
fn interpolated(value: &str) -> String {
    let escape = |c: char| if r"\^$*+?.()|[]{}/".contains(c) { format!(r"\{c}") } else { c.to_string() };
    value.chars().map(escape).collect()
}

async fn names(server: &Server, body: &str) -> Vec<String> {
    let answer = server.send("POST", "/search", &[("content-type", "application/json")], body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    answer.body.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[sqlx::test(migrations = false)]
async fn every_name_on_the_list_works_as_a_target(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    let all = names(&server, r#"{"target": ""}"#).await;
    assert_eq!(all.len(), 60, "{all:?}");
    for name in all {
        for target in [name.clone(), interpolated(&name)] {
            let body = json!({
                "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"}, "intervalMs": 60_000,
                "targets": [{"target": target, "refId": "A", "type": "timeserie"}],
            });
            let expected = json!([{
                "target": name, "title": name, "refId": "A", "tags": {"host": "a"},
                "datapoints": [[1.0, 1_704_067_200_000_i64]],
            }]);
            let answer = server.post("/query", body).await;
            assert_eq!((answer.status, answer.body), (200, expected), "{name:?} as {target:?}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn several_picked_names_are_one_target(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    let picked = ["cpu.load", "(a|b)", "back\\slash", "it's", "with space"];
    let target = format!("({})", picked.map(interpolated).join("|"));
    let elements = server.query("2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", 10, &target).await;
    let mut drawn: Vec<&str> = elements.iter().map(|element| element["target"].as_str().unwrap()).collect();
    let mut expected = picked.to_vec();
    drawn.sort_unstable();
    expected.sort_unstable();
    assert_eq!(drawn, expected);
}

#[sqlx::test(migrations = false)]
async fn a_search_filters_by_what_was_typed(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, host text);
         CREATE INDEX ON samples (metric, ts);
         INSERT INTO samples SELECT '2024-01-01Z', name, 1, 'a'
         FROM unnest(ARRAY['cpu', 'CPU.load', 'disk.io', 'mem', 'c%', 'a_b']) AS name;",
    )
    .await;
    let server = Server::start(&pool).await;
    let all = ["CPU.load", "a_b", "c%", "cpu", "disk.io", "mem"];
    for (body, expected) in [
        ("", all.as_slice()),
        ("null", &all),
        ("{}", &all),
        (r#"{"target": ""}"#, &all),
        (r#"{"target": "  "}"#, &all),
        (r#"{"target": null}"#, &all),
        (r#"{"target": {"a": 1}}"#, &all),
        (r#"{"type": "timeserie", "target": "cpu", "x": []}"#, &["CPU.load", "cpu"]),
        (r#"{"target": " Cpu "}"#, &["CPU.load", "cpu"]),
        (r#"{"target": "cpu\\.load"}"#, &["CPU.load"]),
        (r#"{"target": "(cpu\\.load|disk\\.io)"}"#, &["CPU.load", "disk.io"]),
        (r#"{"target": "disk.io"}"#, &["disk.io"]),
        (r#"{"target": "%"}"#, &["c%"]),
        (r#"{"target": "_"}"#, &["a_b"]),
        (r#"{"target": "x'; drop table samples; --"}"#, &[]),
        (r#"{"target": "\u0000"}"#, &[]),
    ] {
        assert_eq!(names(&server, body).await, expected, "{body}");
    }
    for body in ["[]", "\"cpu\"", "7", "{", "\u{feff}x"] {
        let answer = server.send("POST", "/search", &[], body).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &Value::from("bad_request")), "{body}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_new_table_is_listed_after_a_refresh(pool: PgPool) {
    let server = Server::start(&pool).await;
    assert_eq!(names(&server, "").await, Vec::<String>::new());
    sql(&pool, "CREATE TABLE load (ts timestamptz PRIMARY KEY, value double precision);").await;
    server.catalog.refresh();
    for _again in 0..100 {
        if names(&server, "").await == ["load"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never listed: {:?}", server.catalog.failure());
}
