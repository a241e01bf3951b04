//! Whatever is held is paid from two budgets, and paid back.

use datebin::budget::Budget;
use datebin::engine::Resources;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::labelled;
use crate::support::{Answer, Server, Setup, sql};

const CARD: &str = "
    CREATE TABLE card (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO card SELECT '2024-01-01Z'::timestamptz + g % 40000 % 600 * interval '1 s', 'host-' || g % 40000, g
        FROM generate_series(0, 79999) AS g;
    CREATE TABLE few (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO few VALUES ('2024-01-01 00:00:10Z', 'a', 1);
    ANALYZE card; ANALYZE few;";

const MIB: usize = 1 << 20;

async fn asked(server: &Server, target: &str) -> Answer {
    let body = json!({
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:10:00Z"}, "maxDataPoints": 10,
        "targets": [{"target": target}],
    });
    server.post("/query", body).await
}

fn told(answer: &Answer) -> (u16, &str, &str) {
    let text = |value: &'static str| answer.body["error"][value].as_str().unwrap_or_default();
    (answer.status, text("code"), text("message"))
}

async fn with(pool: &PgPool, process: usize, request: usize) -> Server {
    sql(pool, CARD).await;
    let setup = Setup { resources: Resources::new(process, request), ..Setup::default() };
    labelled(pool, "card", "host", setup).await
}

#[sqlx::test(migrations = false)]
async fn a_request_over_its_bytes_is_told_which_limit_and_everything_is_given_back(pool: PgPool) {
    let server = with(&pool, 8 * MIB, 2 * MIB).await;
    for target in [
        "sum(delta(card[5m]))",
        "sum(max_over_time(card[5m]))",
        "sum(quantile_over_time(0.5, card[5m]))",
        "count(card > 5)",
        "topk(3, card)",
        "count(sum by (host) (card))",
    ] {
        let answer = asked(&server, target).await;
        let (status, code, message) = told(&answer);
        assert_eq!((status, code), (422, "too_many_bytes"), "{target}: {}", answer.body);
        assert!(message.contains("2 MiB") && message.contains("DATEBIN_REQUEST_BYTES"), "{message}");
        assert!(answer.body["error"]["hint"].as_str().is_some_and(|hint| hint.contains("matchers")), "{}", answer.body);
        assert_eq!(server.engine.resources.process.held(), 0, "{target}");
    }
    // The same is answered where there is room, and by the database in any case.
    let answer = asked(&server, "sum(card)").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(asked(&server, "count(card{host=\"host-1\"})").await.status, 200);
    assert_eq!(server.engine.resources.process.held(), 0);
}

#[sqlx::test(migrations = false)]
async fn forty_thousand_series_fit_into_ten_mebibytes(pool: PgPool) {
    let server = with(&pool, 16 * MIB, 10 * MIB).await;
    // Each host has g and g + 40,000 at one instant: a difference of 40,000 at most of them.
    let answer = asked(&server, "count(increase(card[10m]))").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let values = answer.body[0]["datapoints"].as_array().expect("points");
    assert_eq!(values.last().expect("a point")[0], json!(40_000.0), "{values:?}");
    assert_eq!(server.engine.resources.process.held(), 0);
}

#[sqlx::test(migrations = false)]
async fn what_other_requests_hold_is_worth_waiting_for(pool: PgPool) {
    let server = with(&pool, 4 * MIB, 3 * MIB).await;
    let others = Budget::new(&server.engine.resources.process, 4 * MIB, 1);
    let held = others.paid(4 * MIB).expect("free bytes");
    let answer = asked(&server, "few").await;
    assert_eq!(told(&answer).0, 503, "{}", answer.body);
    assert_eq!((told(&answer).1, answer.header("retry-after")), ("busy", "2"));
    assert!(told(&answer).2.contains("DATEBIN_PROCESS_BYTES"), "{}", answer.body);
    drop(held);
    let answer = asked(&server, "few").await;
    assert_eq!((answer.status, &answer.body[0]["datapoints"][0][0]), (200, &Value::from(1.0)), "{}", answer.body);
}
