//! What an alert rule over the Prometheus API can tell apart: a value, no series, no database.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::program::{LONG, Program, eventually};

/// A host that reports every second, up to this moment.
const CPU: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT t, 'a', 90 FROM generate_series(now() - interval '4 min', now(), '1 s') AS t;";

const OVER: &str = "/api/v1/query?query=cpu%20%3E%2080";
const UNDER: &str = "/api/v1/query?query=cpu%20%3C%2080";
const GONE: &str = "/api/v1/query?query=cpu%7Bhost=%22b%22%7D%20%3E%2080";
const ABSENT: &str = "/api/v1/query?query=absent(cpu%7Bhost=%22b%22%7D)";

#[tokio::test(flavor = "multi_thread")]
async fn no_data_and_no_database_are_different_answers() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    let result = async |path: &str| {
        let answer = program.get(path).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("success")), "{path}: {}", answer.body);
        let result = answer.body["data"]["result"].as_array().expect("series").clone();
        result.iter().map(|one| json!([one["metric"], one["value"][1]])).collect::<Vec<Value>>()
    };
    let fires = [json!([{"__name__": "cpu", "host": "a"}, "90"])];
    assert_eq!(result(OVER).await, fires);
    assert_eq!(result(UNDER).await, Vec::<Value>::new());
    assert_eq!(result(GONE).await, Vec::<Value>::new());
    assert_eq!(result(ABSENT).await, [json!([{"host": "b"}, "1"])]);
    cluster.down();
    let range = "/api/v1/query_range?query=cpu&start=1767571800&end=1767571900&step=10";
    for path in
        [OVER, UNDER, GONE, ABSENT, range, "/api/v1/series?match[]=cpu", "/api/v1/labels", "/federate?match[]=cpu"]
    {
        let answer = program.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        if path.starts_with("/api") {
            let said = (&answer.body["status"], &answer.body["errorType"], answer.body.get("data"));
            assert_eq!(said, (&json!("error"), &json!("unavailable"), None), "{path}: {}", answer.body);
        }
    }
    let ready = async || (program.get("/-/ready").await.status == 503).then_some(());
    eventually(LONG, "the server knows", ready).await;
    assert_eq!(program.get("/-/healthy").await.status, 200);
    cluster.up();
    let again = async || (program.get(OVER).await.status == 200).then_some(());
    eventually(LONG, "the database is back", again).await;
    assert_eq!(result(OVER).await, fires);
}
