//! Sums that leave the range of float8 on the way to a result that does not.

use std::io::Write as _;

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql};

const LARGE: &str = "
    CREATE TABLE large (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO large VALUES ('2025-01-01 00:00:10Z', 'a', 1.5e308), ('2025-01-01 00:00:10Z', 'b', 1.5e308);
    CREATE TABLE exact (ts timestamptz NOT NULL, host text NOT NULL, value numeric);
    INSERT INTO exact VALUES ('2025-01-01 00:00:10Z', 'a', 1.5e308), ('2025-01-01 00:00:10Z', 'b', 1.5e308);
    CREATE TABLE apart (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO apart VALUES ('2025-01-01 00:00:10Z', 'a', 1e16), ('2025-01-01 00:00:10Z', 'b', 1),
        ('2025-01-01 00:00:10Z', 'c', -1e16);";

#[sqlx::test(migrations = false)]
async fn what_overflows_in_the_database_is_computed_here(pool: PgPool) {
    sql(&pool, LARGE).await;
    let server = Server::start(&pool).await;
    let range = json!({"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:01:00Z"});
    let asked = async |target: &str| {
        let body = json!({"range": range, "maxDataPoints": 1, "targets": [{"target": target}]});
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body[0]["datapoints"][0][0].clone()
    };
    for target in ["avg(large)", "avg(exact)", "avg(large + 0)", "max(avg by (host) (large))"] {
        assert_eq!(asked(target).await, json!(1.5e308), "{target}");
    }
    // What has no number in float8 is none.
    assert_eq!(asked("sum(large)").await, json!(null));
    // Computed here, sums keep what rounding loses.
    assert_eq!(asked("sum(apart + 0)").await, json!(1.0));
}

/// Digits that are left out before the point.
const ROUNDED: &str = "
    CREATE TABLE rounded (depth numeric(5,-3) NOT NULL, ts timestamptz NOT NULL, value numeric(5,-3), PRIMARY KEY (depth, ts));
    INSERT INTO rounded SELECT d * 1000, '2025-01-01 00:00:10Z', 12345678 * d FROM generate_series(1, 3) AS d;
    CREATE TABLE huge (ts timestamptz NOT NULL, host text NOT NULL, value numeric(5,-304));
    INSERT INTO huge VALUES ('2025-01-01 00:00:10Z', 'a', 1.5e308), ('2025-01-01 00:00:10Z', 'b', 1.5e308);
    CREATE TABLE beyond (ts timestamptz NOT NULL, host text NOT NULL, value numeric(5,-310));
    INSERT INTO beyond VALUES ('2025-01-01 00:00:10Z', 'a', 5e310), ('2025-01-01 00:00:10Z', 'b', 0);
    CREATE DOMAIN far AS numeric(5,-310);
    CREATE TABLE behind (ts timestamptz NOT NULL, host text NOT NULL, value far);
    INSERT INTO behind SELECT * FROM beyond;
    CREATE TABLE small (ts timestamptz NOT NULL, host text NOT NULL, value numeric(3,310));
    INSERT INTO small VALUES ('2025-01-01 00:00:10Z', 'a', 5e-310), ('2025-01-01 00:00:10Z', 'b', 7e-310);
    CREATE TABLE tiny (ts timestamptz NOT NULL, host text NOT NULL, value numeric(3,350));
    INSERT INTO tiny VALUES ('2025-01-01 00:00:10Z', 'a', 5e-350), ('2025-01-01 00:00:10Z', 'b', 0);";

#[sqlx::test(migrations = false)]
async fn a_negative_scale_counts_digits_before_the_point(pool: PgPool) {
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&pool).await.unwrap();
    if version < 150_000 {
        // Past the harness, which keeps what a passing test prints.
        let line = "\nSKIPPED: a negative scale needs PostgreSQL 15\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    sql(&pool, ROUNDED).await;
    let server = Server::start(&pool).await;
    let range = json!({"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:01:00Z"});
    let asked = async |target: &str| {
        let body = json!({"range": range, "maxDataPoints": 1, "targets": [{"target": target}]});
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body
    };
    for (target, expected) in [
        ("rounded{depth=\"1000\"}", json!(12_346_000.0)),
        ("rounded{depth=~\"[23]000\"} > 30000000", json!(37_037_000.0)),
        ("sum(rounded)", json!(74_074_000.0)),
        ("avg(huge)", json!(1.5e308)),
        ("avg(huge + 0)", json!(1.5e308)),
        ("avg by (host) (huge)", json!(1.5e308)),
        // What has no number in float8 is none, and others stay.
        ("sum(huge)", json!(null)),
        ("beyond{host=\"b\"}", json!(0.0)),
        ("min(beyond)", json!(0.0)),
        ("behind{host=\"b\"}", json!(0.0)),
        ("min(behind)", json!(0.0)),
        ("max(small)", json!(7e-310)),
        ("max(tiny)", json!(0.0)),
    ] {
        let answer = asked(target).await;
        let drawn =
            answer.as_array().unwrap().iter().find(|series| !series["datapoints"].as_array().unwrap().is_empty());
        let value = drawn.map_or(json!(null), |series| series["datapoints"][0][0].clone());
        assert_eq!(value, expected, "{target}: {answer}");
    }
}
