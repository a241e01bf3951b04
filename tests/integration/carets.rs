//! What people read when a question is wrong: the whole message, with carets under the place in the text that was sent.
//!
//! Two snapshots. `good` holds what should stay as it is. `known_bad` holds messages that point at the wrong place or say
//! less than could be known; whoever improves one moves it to `good`.

use std::fmt::Write as _;

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql};

const ROWS: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text, region text, value float8);
    INSERT INTO cpu VALUES ('2025-01-01 00:00Z', 'a', 'eu', 1), ('2025-01-01 00:00Z', 'b', 'eu', 2);
    CREATE TABLE mem (ts timestamptz NOT NULL, host text, value float8);
    INSERT INTO mem VALUES ('2025-01-01 00:00Z', 'a', 1);";

const GOOD: &[&str] = &[
    "cpu{host=\"a\"",
    "cpu{host=\"a\"} / meem",
    "sum by host (cpu)",
    "sum(cpu) by (host) by (region)",
    "avg_over_time(cpu)",
    "cpu[5m]",
    "avg_over_tme(cpu[5m])",
    "1 + max_over_time(cpu[1mo])",
    "cpu{host=~\"web(\"}",
    "cpu{host==\"a\"}",
    "cpu{host=a}",
    "topk(cpu)",
    "topk(3, 1)",
    "cpu + on (region) cpu",
    "cpu > bool",
    "cpu = 5",
    "cpu and 1",
    "clamp(cpu, 1)",
    "cpu\n  + mem\n  + häst(cpu)",
    "label_replace(cpu, \"x\", \"$1\", \"host\", \"(\")",
    "max_over_time(cpu[5m:1m])",
    "cpu{host=\"a} + 1",
    "cpuu",
];

const KNOWN_BAD: &[&str] = &[
    // There are no comments of this form, and the hint could say so.
    "/* comment */ cpu",
    // No SQL is understood, and that is what should be said.
    "SELECT * FROM cpu",
    // Only the end of the text is pointed at, not the bracket that was left open.
    "sum((cpu)",
    // The word is a function's, the parentheses are missing.
    "rate cpu[5m]",
];

async fn told(server: &Server, targets: &[&str]) -> String {
    let mut all = String::new();
    for target in targets {
        let body = json!({
            "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z"}, "intervalMs": 60_000,
            "targets": [{"target": target, "refId": "A"}],
        });
        let answer = server.post("/query", body).await;
        let (message, position) =
            (answer.body["message"].as_str().unwrap_or("no error"), &answer.body["error"]["position"]);
        write!(all, "{target}\n{} at {position}: {message}\n\n", answer.status).unwrap();
    }
    all
}

#[sqlx::test(migrations = false)]
async fn messages_show_the_place(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    insta::assert_snapshot!("good", told(&server, GOOD).await);
    insta::assert_snapshot!("known_bad", told(&server, KNOWN_BAD).await);
}
