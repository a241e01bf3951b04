//! Texts that are meant to break a parser, as a client would send them: each is refused by name and position, at once,
//! and the server goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::patience::patience;
use crate::support::{Answer, Server, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 1);";

const LONGEST: usize = 64 * 1024;

/// What a debug build takes at most.
const AT_ONCE: Duration = Duration::from_millis(200);

fn full(piece: &str) -> String {
    piece.repeat(LONGEST / piece.len())
}

async fn ask(server: &Server, target: &str) -> Answer {
    let begun = Instant::now();
    let body = json!({"range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"}, "targets": [{"target": target, "refId": "A"}]});
    let answer = server.post("/query", body).await;
    assert!(begun.elapsed() < patience(AT_ONCE), "{target:.30} took {:?}", begun.elapsed());
    answer
}

fn told(answer: &Answer) -> (u16, &str, &str, &Value) {
    let error = &answer.body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default();
    (answer.status, text("code"), text("message"), &error["position"])
}

#[sqlx::test(migrations = false)]
async fn each_is_refused_by_name_and_position(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let deep = "the expression is nested deeper than 200 levels";
    let too_long = "the text is longer than 65536 bytes";
    let bombs = [
        (full("1+"), deep, 0),
        (format!("{}1", full("1+")), too_long, 65_536),
        ("(".repeat(50_000), deep, 201),
        (format!("{}load{}", "(".repeat(25_000), ")".repeat(25_000)), deep, 201),
        ("-".repeat(50_000), deep, 200),
        (full("f("), deep, 402),
        (format!("load{}", "[1s:]".repeat(10_000)), deep, 0),
        (full("1,"), "", 1),
        ("\"never ends".to_owned(), "", 0),
        (format!("load{{host=\"{}", "x".repeat(60_000)), "", 10),
        ("load + \"a\0b\"".to_owned(), "the text contains a NUL character", 9),
    ];
    for (bomb, message, position) in &bombs {
        let answer = ask(&server, bomb).await;
        let (status, code, said, at) = told(&answer);
        assert_eq!((status, code), (400, "bad_target"), "{bomb:.30}: {}", answer.body);
        assert!(said.contains(message) && said.len() < 300, "{bomb:.30}: {said}");
        assert_eq!(at, position, "{bomb:.30}: {said}");
    }
    assert_eq!(ask(&server, "load").await.status, 200, "the server goes on");
}

#[sqlx::test(migrations = false)]
async fn a_hundred_of_them_in_one_request_leave_the_good_target(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let mut targets: Vec<Value> = (0..60).map(|_| json!({"target": full("1+")[..60_000]})).collect();
    targets.push(json!({"target": "load", "refId": "Z"}));
    let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"});
    let begun = Instant::now();
    let answer = server.post("/query", json!({"range": range, "targets": targets})).await;
    assert!(begun.elapsed() < patience(5 * AT_ONCE), "took {:?}", begun.elapsed());
    assert_eq!(answer.status, 200, "{:.300}", answer.body.to_string());
    assert_eq!(answer.body[0]["refId"], "Z");
    assert_eq!(answer.body[0]["meta"]["notices"].as_array().unwrap().len(), 60);
}

#[sqlx::test(migrations = false)]
async fn bytes_that_are_no_text_are_refused(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    for bytes in
        [&b"\xff\xfe\xfd"[..], b"{\"targets\":[{\"target\":\"\xc3\x28\"}]}", b"{\"targets\":[{\"target\":\"a\0b\"}]}"]
    {
        let answer = server.send("POST", "/query", &[], bytes).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("bad_request")), "{}", answer.body);
        assert!(answer.body["message"].as_str().unwrap().starts_with("the body is not"), "{}", answer.body);
    }
}
