//! Columns that become another type while sessions know statements for the old one.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

/// Two days, two hosts, a sample an hour; the time and the number of the host in a type of choice.
async fn table(pool: &PgPool, time: &str, host: &str) {
    let ts = match time {
        "bigint" => "extract(epoch FROM ts)::bigint",
        "double precision" => "extract(epoch FROM ts)::float8",
        _ => "ts",
    };
    let text = format!(
        "CREATE TABLE load (ts {time} NOT NULL, host {host} NOT NULL, v float8, PRIMARY KEY (host, ts));
         INSERT INTO load SELECT {ts}, (100 + n % 2)::text::{host}, n % 2
             FROM (SELECT n, '2025-06-01Z'::timestamptz + n * interval '1 h' AS ts FROM generate_series(0, 71) n) AS s"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(pool).await.expect("a table");
}

/// The counts of the days of a host, in the bucket of hours and of local days.
async fn counts(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    for step in ["1h", "6h", "1d"] {
        let range = json!({"from": "2025-06-01T22:00:00Z", "to": "2025-06-03T21:59:59Z"});
        let payload = json!({"step": step, "tz": "Europe/Prague"});
        let target = json!({"target": "sum(count_over_time(load_v{host=\"101\"}[$__interval]))", "payload": payload});
        let answer = server.post("/query", json!({"range": range, "targets": [target]})).await;
        assert_eq!(answer.status, 200, "{step}: {}", answer.body);
        all.push(answer.body[0]["datapoints"].clone());
    }
    all
}

async fn refreshed(server: &Server) {
    let before = server.catalog.current().expect("a catalog");
    server.catalog.newer(&before, None).await;
}

#[sqlx::test(migrations = false)]
async fn sessions_take_a_column_of_another_type_for_what_it_is(pool: PgPool) {
    table(&pool, "timestamp", "text").await;
    let server = Server::start(&pool).await;
    let known = counts(&server).await;
    assert_eq!(known[2].as_array().map(Vec::len), Some(2), "{known:?}");
    assert_eq!((&known[2][0][0], &known[2][1][0]), (&json!(12.0), &json!(12.0)));
    for change in [
        "ALTER TABLE load ALTER ts TYPE timestamptz USING ts AT TIME ZONE 'UTC'",
        "ALTER TABLE load ALTER host TYPE int USING host::int",
        "ALTER TABLE load ALTER ts TYPE timestamp USING ts AT TIME ZONE 'UTC'",
        "ALTER TABLE load ALTER host TYPE bigint",
        "ALTER TABLE load ALTER host TYPE text",
    ] {
        // Each session of the pool knows the statements.
        counts(&server).await;
        sql(&pool, change).await;
        refreshed(&server).await;
        assert_eq!(counts(&server).await, known, "{change}");
    }
}

#[sqlx::test(migrations = false)]
async fn sessions_take_seconds_of_another_type_for_what_they_are(pool: PgPool) {
    table(&pool, "bigint", "text").await;
    let file = "[[source]]\nrelation = \"load\"\ntime = { column = \"ts\", unit = \"s\" }\n";
    let server = Server::declared(&pool, file).await;
    let known = counts(&server).await;
    assert_eq!((&known[2][0][0], &known[2][1][0]), (&json!(12.0), &json!(12.0)));
    for change in [
        "ALTER TABLE load ALTER ts TYPE float8",
        "ALTER TABLE load ALTER ts TYPE numeric",
        "ALTER TABLE load ALTER ts TYPE int",
    ] {
        sql(&pool, change).await;
        refreshed(&server).await;
        assert_eq!(counts(&server).await, known, "{change}");
    }
}
