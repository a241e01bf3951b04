//! A bucket that a rollup begins and the source completes, and label sets that mean the same.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// Six hundred hosts, a sample each ten minutes of half a day and a half hour, and their hours.
const HOSTS: &str = r#"
    CREATE TABLE load (ts timestamptz NOT NULL, host text COLLATE "C" NOT NULL, value float8 NOT NULL);
    INSERT INTO load SELECT '2025-06-01Z'::timestamptz + n * interval '10 min', 'h' || h, h + n
        FROM generate_series(0, 74) n, generate_series(1, 600) h;
    CREATE INDEX ON load (ts);
    CREATE TABLE load_1h AS SELECT date_trunc('hour', ts) AS ts, host COLLATE "POSIX" AS host, avg(value) AS value_avg, count(*) AS n FROM load
        WHERE ts < '2025-06-01 12:00Z' GROUP BY 1, 2;
    CREATE UNIQUE INDEX ON load_1h (ts, host); ANALYZE;"#;
const TOML: &str = "
[[source]]
relation = \"load\"
labels = [\"host\"]
[source.metric.load]
column = \"value\"
[[source.rollup]]
relation = \"load_1h\"
step = \"1h\"
columns = { load = { avg = \"value_avg\", count = \"n\" } }
";

#[sqlx::test(migrations = false)]
async fn one_bucket_of_many_series_is_answered(pool: PgPool) {
    sql(&pool, HOSTS).await;
    // The columns of the host have two collations.
    for (target, cache) in
        [("load", 0), ("load", 64 << 20), ("avg by (host) (load)", 0), ("avg by (host) (load)", 64 << 20)]
    {
        let query = json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T12:25:00Z"}, "maxDataPoints": 1,
            "targets": [{"target": target, "refId": "A", "payload": {"step": "1d"}}],
        });
        let server = Server::declared_with(&pool, TOML, Setup { cache, ..Setup::default() }).await;
        let answer = server.post("/query", query).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        let series = answer.body.as_array().expect("series");
        assert_eq!(series.len(), 600);
        let of = |host: &str| {
            series.iter().find(|one| one["tags"]["host"] == host).expect("a host")["datapoints"][0][0].clone()
        };
        // The mean of 0 to 74, all rows of the bucket.
        assert_eq!([of("h1"), of("h600")], [json!(38.0), json!(637.0)]);
    }
}

#[sqlx::test(migrations = false)]
async fn a_member_without_a_name_makes_no_series(pool: PgPool) {
    sql(
        &pool,
        r#"CREATE TABLE m (ts timestamptz NOT NULL, labels jsonb NOT NULL, value float8 NOT NULL);
           INSERT INTO m VALUES ('2025-06-01Z', '{"a": "1"}', 10), ('2025-06-01Z', '{"a": "1", "": "x"}', 20),
               ('2025-06-01Z', '{"a": "2"}', 60);"#,
    )
    .await;
    let toml = "[[source]]\nrelation = \"m\"\nlabels = [{ json = [\"labels\"], all = true }]\n[source.metric.m]\ncolumn = \"value\"\n";
    let server = Server::declared(&pool, toml).await;
    for (target, expected) in [
        ("m", json!([15.0, 60.0])),
        ("count(m)", json!([2.0])),
        ("avg(m)", json!([37.5])),
        ("avg without (b) (m)", json!([15.0, 60.0])),
    ] {
        let body = json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T00:00:30Z"}, "maxDataPoints": 1,
            "targets": [{"target": target, "refId": "A", "payload": {"step": "1m"}}],
        });
        let answer = server.post("/query", body).await.body;
        let values: Vec<Value> =
            answer.as_array().expect("series").iter().map(|one| one["datapoints"][0][0].clone()).collect();
        assert_eq!(json!(values), expected, "{target}: {answer}");
    }
}
