//! One request holds at most four sessions of the database; the rest of the pool is for others.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// Sixteen metrics of a view that is slow to answer.
const SLOW: &str = "
    CREATE TABLE rows (ts timestamptz NOT NULL, m1 float8, m2 float8, m3 float8, m4 float8, m5 float8, m6 float8,
        m7 float8, m8 float8, m9 float8, m10 float8, m11 float8, m12 float8, m13 float8, m14 float8, m15 float8, m16 float8);
    INSERT INTO rows VALUES ('2025-01-01 00:00:30Z', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    CREATE VIEW slow AS SELECT rows.* FROM rows, LATERAL (SELECT pg_sleep(0.15) WHERE rows.m1 IS NOT NULL OFFSET 0) AS s;";

/// How many statements of the slow view run in this moment.
async fn active(pool: &PgPool) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'";
    sqlx::query_scalar(count).fetch_one(pool).await.expect("a count")
}

async fn most_at_once(pool: &PgPool, server: &Server, targets: &[&str]) -> i64 {
    let targets: Vec<_> = targets.iter().map(|target| json!({"target": target})).collect();
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:01:00Z"}, "maxDataPoints": 10, "targets": targets,
    });
    let asked = server.post("/query", body);
    tokio::pin!(asked);
    let mut most = 0;
    loop {
        tokio::select! {
            answer = &mut asked => {
                assert_eq!(answer.status, 200, "{}", answer.body);
                return most;
            }
            now = active(pool) => most = most.max(now),
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_request_holds_four_sessions_whatever_its_shape(pool: PgPool) {
    sql(&pool, SLOW).await;
    let server = Server::start(&pool).await;
    let products = [
        "(slow_m1|slow_m2|slow_m3|slow_m4)",
        "(slow_m5|slow_m6|slow_m7|slow_m8)",
        "(slow_m9|slow_m10|slow_m11|slow_m12)",
        "(slow_m13|slow_m14|slow_m15|slow_m16)",
    ];
    assert_eq!(most_at_once(&pool, &server, &products).await, 4);
    let sums: String = (1..=16).map(|n| format!("sum(slow_m{n})")).collect::<Vec<_>>().join(" + ");
    assert_eq!(most_at_once(&pool, &server, &[&sums]).await, 4);
}

#[sqlx::test(migrations = false)]
async fn a_request_that_shares_its_statements_holds_four_sessions_as_well(pool: PgPool) {
    sql(&pool, SLOW).await;
    let server = Server::with(&pool, Setup { cache: 64 << 20, ..Setup::default() }).await;
    let sums: String = (1..=16).map(|n| format!("sum(slow_m{n})")).collect::<Vec<_>>().join(" + ");
    assert_eq!(most_at_once(&pool, &server, &[&sums]).await, 4);
    // Samples are read in slices, two at once.
    let rates: Vec<String> = (1..=16).map(|n| format!("increase(slow_m{n}[1m])")).collect();
    let rates: Vec<String> = rates.chunks(4).map(|rates| rates.join(" + ")).collect();
    let targets: Vec<&str> = rates.iter().map(String::as_str).collect();
    assert_eq!(most_at_once(&pool, &server, &targets).await, 4);
}
