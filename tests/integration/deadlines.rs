//! A request whose time is up while its rows are fetched, or while the answer is computed.

use std::time::{Duration, Instant};

use datebin::config::HttpConfig;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::patience::patience;
use crate::support::{Server, Setup, sql};

const TABLES: &str = "
    CREATE TABLE one (ts timestamptz NOT NULL, value float8);
    INSERT INTO one VALUES ('2025-01-01 00:00:10Z', 1);
    CREATE FUNCTION nap() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(60); RETURN 0; END $$;
    CREATE VIEW naps AS SELECT ts, value + nap() AS value FROM one;
    CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, value float8, PRIMARY KEY (host, ts));
    INSERT INTO many SELECT '2025-01-01Z'::timestamptz + n * interval '1 s', 'h' || h, n
        FROM generate_series(0, 899) AS n, generate_series(1, 150) AS h;
    ANALYZE many;";

fn question(target: &str) -> Value {
    json!({"range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:15:00Z"}, "intervalMs": 1000, "maxDataPoints": 1000,
        "targets": [{"target": target}]})
}

/// Asks for what is there at once until it is answered: a session takes its time on a busy machine.
async fn answers(server: &Server) -> bool {
    for _ in 0..10 {
        let answer = server.post("/query", question("one")).await;
        if answer.status == 200 {
            return answer.body[0]["datapoints"][0][0] == 1.0;
        }
    }
    false
}

#[sqlx::test(migrations = false)]
async fn a_deadline_that_passes_is_a_timeout_with_what_to_do(pool: PgPool) {
    sql(&pool, TABLES).await;
    // A fast machine does the work in a second.
    let limit = Duration::from_millis(300);
    let http = HttpConfig { request_timeout: limit, ..Setup::default().http };
    let server = Server::with(&pool, Setup { http, ..Setup::default() }).await;
    let deep = format!("count({}many{})", "abs(".repeat(190), ")".repeat(190));
    for target in ["naps", deep.as_str()] {
        assert!(answers(&server).await);
        let begun = Instant::now();
        let answer = server.post("/query", question(target)).await;
        let (took, error) = (begun.elapsed(), &answer.body["error"]);
        assert_eq!((answer.status, error["code"].as_str()), (504, Some("timeout")), "{target}: {}", answer.body);
        assert!(error["message"].as_str().is_some_and(|message| message.contains("took too long")), "{}", answer.body);
        assert!(error["hint"].as_str().is_some_and(|hint| hint.starts_with("narrow the ")), "{}", answer.body);
        assert!(took < patience(limit), "{took:?}");
    }
    // What nobody waits for any more takes no turn from others.
    assert!(answers(&server).await);
}
