//! Sums that leave the range of float8 on the way to a result that does not.

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
