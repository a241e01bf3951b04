//! The tools that others wrote: promtool, and a client for Python.
//!
//! They come from `scripts/with-prometheus` and from pip. Where they cannot be had these tests pass and say so.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use sqlx::PgPool;

use super::TABLES;
use crate::support::{Server, sql};

/// 2026-01-05 00:10 UTC.
const AT: &str = "1767571800";

#[expect(clippy::print_stderr, reason = "whoever runs the tests should know what was not tested")]
fn skipped(why: &str) {
    eprintln!("NOT TESTED: {why}");
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("it runs")
}

/// What promtool prints; none without promtool.
async fn promtool(arguments: &[&str]) -> Option<Output> {
    let Some(program) = std::env::var_os("DATEBIN_TEST_PROMTOOL") else {
        skipped("promtool: scripts/with-prometheus fetches it");
        return None;
    };
    let mut command = Command::new(program);
    command.arg("query").args(arguments);
    Some(run(command).await)
}

#[sqlx::test(migrations = false)]
async fn promtool_reads_every_answer(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let base = server.base.as_str();
    let times = ["--start=1767571740", "--end=1767571800"];
    for (arguments, expected) in [
        (
            vec!["instant", "--time", AT, base, "host_stats_cpu{host=\"web-1\"}"],
            "host_stats_cpu{host=\"web-1\", region=\"eu\"} => 10 @[1767571800]\n",
        ),
        (vec!["instant", "--time", AT, base, "1 + 1"], "scalar: 2 @[1767571800]\n"),
        (
            vec!["instant", "--time", AT, base, "{\"site.name\"!=\"\"}"],
            "requests_total{site.name=\"a\\\"b\\\\c\\nd\"} => 10 @[1767571800]\n",
        ),
        (
            vec!["range", times[0], times[1], "--step=60s", base, "sum by (region) (host_stats_cpu)"],
            "{} =>\n8 @[1767571740]\n8 @[1767571800]\n{region=\"eu\"} =>\n16 @[1767571740]\n19 @[1767571800]\n",
        ),
        (
            vec![
                "series",
                "--match=host_stats_mem",
                "--match=host_stats_cpu{host=\"web-0\"}",
                times[0],
                times[1],
                base,
            ],
            "{__name__=\"host_stats_cpu\", host=\"web-0\", region=\"eu\"}\n{__name__=\"host_stats_mem\", host=\"web-0\", region=\"eu\"}\n",
        ),
        (vec!["labels", times[0], times[1], base, "host"], "web-0\nweb-1\n"),
        (vec!["labels", times[0], times[1], base, "site.name"], "a\"b\\c\nd\n"),
        (vec!["labels", "--start=2025-01-01T00:00:00Z", times[1], "--match=old_total", base, "job"], "a_b\n"),
    ] {
        let Some(ran) = promtool(&arguments).await else { return };
        let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!((said.as_ref(), complained.as_ref()), (expected, ""), "{arguments:?}");
        assert!(ran.status.success(), "{arguments:?}");
    }
    let Some(ran) = promtool(&["instant", base, "sum(up"]).await else { return };
    let complained = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(!ran.status.success() && complained.contains("bad_data: invalid parameter \"query\": 1:"), "{complained}");
}

/// The Python of an environment that has the client; none where that cannot be made.
async fn python() -> Option<PathBuf> {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("prometheus-python");
    let program = home.join("bin/python");
    if !home.join("done").exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&home);
        let made = tokio::task::spawn_blocking(move || venv.output()).await.unwrap();
        if !made.is_ok_and(|ran| ran.status.success()) {
            skipped("the Python client: python3 with venv is not there");
            return None;
        }
        let mut pip = Command::new(&program);
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--timeout=10", "--retries=1"]);
        pip.arg("prometheus-api-client==0.7.2");
        let installed = run(pip).await;
        if !installed.status.success() {
            skipped(&format!("the Python client: pip: {}", String::from_utf8_lossy(&installed.stderr)));
            return None;
        }
        std::fs::write(home.join("done"), "").unwrap();
    }
    Some(program)
}

/// What notebooks do.
const SCRIPT: &str = r#"
import datetime, json, sys
from prometheus_api_client import PrometheusConnect
client = PrometheusConnect(url=sys.argv[1], disable_ssl=True)
at = datetime.datetime(2026, 1, 5, 0, 10, tzinfo=datetime.timezone.utc)
print(json.dumps([
    client.check_prometheus_connection(),
    client.all_metrics(),
    client.get_label_values("host"),
    client.get_label_names(),
    client.custom_query("sum(host_stats_cpu)", params={"time": at.timestamp()}),
    client.custom_query_range("host_stats_cpu{host='web-1'}", at - datetime.timedelta(minutes=1), at, "60"),
    client.get_metric_range_data("host_stats_cpu", {"host": "web-1"}, at - datetime.timedelta(minutes=5), at),
]))
"#;

#[sqlx::test(migrations = false)]
async fn a_client_for_python_reads_every_answer(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let Some(python) = python().await else { return };
    let mut command = Command::new(python);
    command.args(["-W", "ignore", "-c", SCRIPT, &server.base]);
    let ran = run(command).await;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let metric = json!({"__name__": "host_stats_cpu", "host": "web-1", "region": "eu"});
    let at = 1_767_571_800;
    assert_eq!(
        said,
        json!([
            true,
            ["host_stats_cpu", "host_stats_mem", "old_total", "requests_total", "room.temperature"],
            ["web-0", "web-1", "web-2"],
            ["__name__", "größe", "host", "job", "region", "site.name"],
            [{"metric": {}, "value": [at, "27"]}],
            [{"metric": metric, "values": [[at - 60, "7"], [at, "10"]]}],
            [{"metric": metric, "values": [[at - 180, "7"], [at, "10"]]}],
        ])
    );
}
