//! `datebin query`: both languages from the shell.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::program::{Program, ran};

const TABLE: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO cpu SELECT '2026-01-05Z'::timestamptz + n * interval '1 min', 'h' || n % 2, n
    FROM generate_series(0, 9) AS n;";

/// Whether it succeeded, what it printed, what it complained of.
async fn asked(cluster: &Cluster, arguments: &[&str]) -> (bool, String, String) {
    ran_query(cluster, &[&["--promql"], arguments].concat()).await
}

async fn ran_query(cluster: &Cluster, arguments: &[&str]) -> (bool, String, String) {
    let (directory, url) = (cluster.directory.clone(), cluster.url());
    let arguments: Vec<String> = [&["query"], arguments].concat().into_iter().map(str::to_owned).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        ran(&directory, &[("DATABASE_URL", &url)], &arguments)
    };
    let output = tokio::task::spawn_blocking(run).await.expect("the program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_and_an_instant_are_asked_in_prometheus_language() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    let range = ["--from", "2026-01-05T00:08:00Z", "--to", "2026-01-05T00:09:00Z"];
    let json = [&range[..], &["--step", "30s", "--format", "json", "sum(cpu)"]].concat();
    let (done, said, complained) = asked(&cluster, &json).await;
    assert!(done, "{complained}");
    let points = json!([[1_767_571_680_000_i64, 15.0], [1_767_571_710_000_i64, 15.0], [1_767_571_740_000_i64, 17.0]]);
    let expected = json!([{"legend": "sum(cpu)", "metric": null, "labels": {}, "unit": null, "points": points}]);
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON"), expected);
    let csv = [&range[..], &["--instant", "--format", "csv", "cpu > 8"]].concat();
    let (done, said, complained) = asked(&cluster, &csv).await;
    assert!(done, "{complained}");
    assert_eq!(said, "time,host,value\n2026-01-05T00:09:00.000Z,h1,9\n");
    let (done, _, complained) = asked(&cluster, &["sum(cpu"]).await;
    assert!(!done && complained.contains("invalid parameter \"query\": 1:"), "{complained}");
    let (done, _, complained) = asked(&cluster, &[&range[..], &["--step", "1ms", "cpu"]].concat()).await;
    assert!(!done && complained.contains("take a larger --step"), "{complained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_beside_others_is_the_exit_status() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    let range = ["--from", "2026-01-05T00:00:00Z", "--to", "2026-01-05T00:04:00Z", "--tz", "UTC"];
    let csv =
        [&range[..], &["--format", "csv", "--step", "2m", "--fill", "zero", "--legend", "x", "sum(cpu)"]].concat();
    let (done, said, complained) = ran_query(&cluster, &csv).await;
    assert!(done, "{complained}");
    assert_eq!(said, "time,value\n2026-01-05T00:00:00.000Z,1\n2026-01-05T00:02:00.000Z,5\n");
    for dialect in [&[][..], &["--promql"]] {
        let both = [dialect, &range[..], &["--format", "csv", "--step", "2m", "sum(cpu)", "sum(cpu"]].concat();
        let (done, said, complained) = ran_query(&cluster, &both).await;
        assert!(!done && said.starts_with("time,"), "{said} {complained}");
        assert!(complained.contains("datebin: "), "{complained}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_the_one_that_the_server_gives() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    let svg =
        ["--from", "1767571200000", "--to", "1767571800000", "--format", "svg", "--width", "500", "--theme", "dark"];
    let (done, printed, complained) = ran_query(&cluster, &[&svg[..], &["cpu"]].concat()).await;
    assert!(done, "{complained}");
    let program = Program::serve(&cluster, &[]).await;
    let path = "/chart.svg?target=cpu&from=1767571200000&to=1767571800000&width=500&theme=dark";
    let served = program.client.get(format!("{}{path}", program.base)).send().await.expect("an answer");
    assert_eq!(printed.trim_end(), served.text().await.expect("a picture").trim_end());
    let (done, _, complained) = ran_query(&cluster, &["--format", "svg", "--width", "9", "cpu"]).await;
    assert!(!done && complained.contains("--width must be from 160 to 4000"), "{complained}");
}

const HOURS: &str = "
    INSERT INTO cpu SELECT '2026-01-05Z'::timestamptz + n * interval '1 min', 'h' || n % 2, n FROM generate_series(10, 239) AS n;
    CREATE TABLE cpu_1h (bucket timestamptz NOT NULL, host text NOT NULL, n bigint, sum double precision, PRIMARY KEY (host, bucket));
    INSERT INTO cpu_1h SELECT date_bin('1 h', ts, 'epoch'), host, count(value), sum(value) FROM cpu GROUP BY 1, 2";
const DECLARED: &str = r#"
    [[source]]
    relation = "cpu"
    time = "ts"
    labels = ["host"]
    [source.metric.cpu]
    column = "value"
    [[source.rollup]]
    relation = "cpu_1h"
    step = "1h"
    time = "bucket"
    columns = { cpu = { sum = "sum", count = "n" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_each_read_asks_for_is_explained_in_both_languages() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    let lines = async |arguments: &[&str]| {
        let range = ["--from", "2026-01-05T00:00:00Z", "--to", "2026-01-05T02:00:00Z", "--format", "csv", "--explain"];
        let (done, _, said) = ran_query(&cluster, &[&range[..], arguments].concat()).await;
        assert!(done, "{said}");
        said.lines().filter_map(|line| line.strip_prefix("explain: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = "cpu of public.cpu: miss; 0 rows known; asked: 2026-01-05T00:00:00.000Z to 2026-01-05T02:00:00.000Z";
    assert_eq!(lines(&["--step", "1h", "sum(cpu)"]).await, [rows]);
    // A window looks back from each step.
    let windows = "cpu of public.cpu: miss; 0 rows known; asked: 2026-01-04T23:50:00.001Z to 2026-01-05T02:00:00.001Z";
    assert_eq!(lines(&["--promql", "--step", "1h", "max_over_time(cpu[10m])"]).await, [windows]);
    cluster.sql(HOURS).await;
    let file = cluster.directory.join("datebin.toml");
    std::fs::write(&file, DECLARED).expect("a file");
    let file = file.to_str().expect("a path");
    let hours = rows.replace("public.cpu:", "public.cpu_1h:");
    assert_eq!(lines(&["--config", file, "--step", "1h", "sum(cpu)"]).await, [hours]);
}
