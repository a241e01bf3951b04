//! Bodies and ranges that no client would send: refused or answered, never a failure of the server.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 1);";

/// Bodies that are no JSON, or JSON to trip over.
fn malformed() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "[",
        "{",
        "[]",
        "7",
        "\"x\"",
        "true",
        "{\"targets\":",
        "{}{}",
        "{'a':1}",
        "\0",
        "{\"targets\":[{\"target\":\"a\0b\"}]}",
        r#"{"targets":[{"target":"a\u0000b"}]}"#,
        r#"{"targets":[{"target":"\ud800"}]}"#,
        r#"{"x":"\ud800"}"#,
        r#"{"targets":[],"targets":[]}"#,
        r#"{"targets":[{"target":"load","target":"x"}]}"#,
        r#"{"range":{"from":1,"from":2}}"#,
        "{\"targets\":[{\"target\":\"load\"}],\"intervalMs\":NaN}",
        "{\"intervalMs\":1e999999}",
        "NULL",
    ]
    .map(Vec::from)
    .into();
    bodies.push(b"{\"targets\":[{\"target\":\"\xff\xfe\"}]}".into());
    bodies.push(b"{\"x\":\"\xc0\x80\"}".into());
    for open in ["[", "{\"a\":", "{\"targets\":[", "{\"x\":["] {
        bodies.push(open.repeat(100_000).into());
    }
    bodies.push(format!("{{\"x\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000)).into());
    bodies.push(format!("{{\"range\":{{\"from\":{}}}}}", "9".repeat(1_000_000)).into());
    bodies.push(format!("{{\"maxDataPoints\":{},\"targets\":[{{\"target\":\"load\"}}]}}", "1".repeat(300)).into());
    bodies
}

const WRONG: &str = r#"null true -1 0 1e300 18446744073709551616 "" "x" [] [1] {} {"a":[]} [null] [["load"]]"#;

const MEMBERS: &str = "targets range interval intervalMs maxDataPoints timezone adhocFilters filters scopedVars rangeRaw \
    requestId annotation target key timeRange tags";

/// Every member with values of every type.
fn mistyped() -> Vec<Vec<u8>> {
    let mut bodies: Vec<String> = Vec::new();
    for wrong in WRONG.split(' ') {
        let wrong: Value = serde_json::from_str(wrong).unwrap();
        let whole = json!({"targets": [{"target": "load", "refId": "A"}], "key": "host"});
        let mut put = |pointer: &str, member: &str, whole: &Value| {
            let mut body = whole.clone();
            body.pointer_mut(pointer).unwrap()[member] = wrong.clone();
            bodies.push(body.to_string());
        };
        for member in MEMBERS.split_whitespace() {
            put("", member, &whole);
        }
        for member in ["target", "refId", "hide", "type", "payload", "datasource"] {
            put("/targets/0", member, &whole);
        }
        for member in ["from", "to"] {
            put("/range", member, &json!({"targets": [{"target": "load"}], "range": {}}));
            put("/timeRange", member, &json!({"key": "host", "timeRange": {}}));
        }
        for member in ["key", "operator", "value", "values"] {
            put("/filters/0", member, &json!({"targets": [{"target": "load"}], "filters": [{"key": "host"}]}));
        }
    }
    bodies.into_iter().map(String::into_bytes).collect()
}

#[sqlx::test(migrations = false)]
async fn no_body_makes_the_server_fail(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let bodies = [malformed(), mistyped()].concat();
    for path in ["/query", "/search", "/annotations", "/tag-keys", "/tag-values"] {
        for body in &bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
            let answer = server.send("POST", path, &[], body.clone()).await;
            assert!(matches!(answer.status, 200 | 400 | 422), "{path} {}: {shown}: {}", answer.status, answer.body);
            let shaped = if answer.status == 200 { answer.body.is_array() } else { answer.body["message"].is_string() };
            assert!(shaped, "{path}: {shown}: {}", answer.body);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn ranges_at_the_end_of_the_calendar_are_an_answer_or_refused(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let times = [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "-9999-01-01T00:00:00Z",
        "+275760-09-13T00:00:00.000Z",
        "-62135596800000",
        "253402300799999",
        "1969-12-31T23:59:59Z",
        "2016-12-31T23:59:60Z",
        "2024-01-01T00:00:00+23:59",
        "infinity",
        "now-9999y",
        "now+9999y",
        "8640000000000000",
        "0",
    ];
    for from in times {
        for to in times {
            for (points, zone) in [(1, "utc"), (10_000, "Pacific/Apia")] {
                let body = json!({
                    "range": {"from": from, "to": to}, "maxDataPoints": points, "timezone": zone,
                    "targets": [{"target": "load", "refId": "A"}], "annotation": {},
                });
                for path in ["/query", "/annotations"] {
                    let answer = server.post(path, body.clone()).await;
                    assert!(matches!(answer.status, 200 | 400 | 422), "{path} {from} {to} {points}: {}", answer.body);
                }
            }
        }
    }
}
