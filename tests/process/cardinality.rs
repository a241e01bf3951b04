//! Many series under many questions: the process stays responsive and small.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::Cluster;
use crate::patience::patience;
use crate::program::Program;
use crate::vitals::Watch;

const CARD: &str = "
    CREATE TABLE card (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO card SELECT '2024-01-01Z'::timestamptz + g % 86400 * interval '1 s', 'host-' || g, g
        FROM generate_series(1, 60000) AS g;
    ANALYZE card";

const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn many_series_neither_stop_others_nor_keep_memory() {
    let cluster = Cluster::start();
    cluster.sql(CARD).await;
    // Discovery would leave out a label with a value per row.
    std::fs::write(
        cluster.directory.join("datebin.toml"),
        "[[source]]\nrelation = \"card\"\ntime = \"ts\"\nlabels = [\"host\"]\n",
    )
    .expect("the catalog's file");
    // Room for three questions at their own limit, so that none is refused for what the others hold.
    let settings = [("DATEBIN_REQUEST_BYTES", "6MiB"), ("DATEBIN_PROCESS_BYTES", "18MiB")];
    let program = Program::serve(&cluster, &settings).await;
    let body = |target: &str| {
        json!({
            "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z"}, "maxDataPoints": 500,
            "targets": [{"target": target}],
        })
    };
    let before = program.post("/query", &body("count(card)")).await;
    assert_eq!(before.status, 200, "{}", before.body);
    let idle = Watch::begin(&program).end().peak;
    let watch = Watch::begin(&program);
    let begun = Instant::now();
    let ask = async |target: &str| {
        let answer = program.post("/query", &body(target)).await;
        let code = answer.body["error"]["code"].as_str().unwrap_or_default().to_owned();
        assert!(
            answer.status == 200 || matches!(code.as_str(), "too_many_bytes" | "busy"),
            "{target}: {}",
            answer.body
        );
        answer.status
    };
    let (rate, largest, count) = tokio::join!(
        ask("sum(rate(card[5m]))"),
        ask("topk(3, sum by (host) (card))"),
        ask("count(abs(abs(abs(card))))")
    );
    let vitals = watch.end();
    assert!(begun.elapsed() < patience(Duration::from_secs(5)), "took {:?}", begun.elapsed());
    assert_eq!(rate, 200, "one sample of each series takes about fifty bytes");
    assert!(largest != 500 && count != 500);
    assert!(vitals.slowest < patience(Duration::from_millis(200)), "{vitals:?}");
    assert!(vitals.typical < Duration::from_millis(200), "{vitals:?}");
    assert!(vitals.peak < idle + 64 * MIB, "{vitals:?} after {idle}");
}

/// A ninth of 900 series with 900 points each: the program under test is not optimised.
const DEEP: &str = "
    CREATE TABLE deep (ts timestamptz NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    INSERT INTO deep SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'host-' || h, n - h
        FROM generate_series(0, 899) AS n, generate_series(1, 100) AS h;
    ANALYZE deep";

#[tokio::test(flavor = "multi_thread")]
async fn a_deep_tree_over_many_points_leaves_others_alone() {
    let cluster = Cluster::start();
    cluster.sql(DEEP).await;
    let program = Program::serve(&cluster, &[]).await;
    let target = format!("count({}deep{})", "abs(".repeat(12), ")".repeat(12));
    let body = json!({
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:15:00Z"}, "intervalMs": 1000, "maxDataPoints": 1000,
        "targets": [{"target": target}],
    });
    let watch = Watch::begin(&program);
    let answer = program.post("/query", &body).await;
    let vitals = watch.end();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let points = answer.body[0]["datapoints"].as_array().expect("points");
    assert!(points.len() == 900 && points.iter().all(|point| point[0] == 100.0), "{}", answer.body);
    assert!(vitals.slowest < patience(Duration::from_millis(200)), "{vitals:?}");
    assert!(vitals.typical < Duration::from_millis(200), "{vitals:?}");
}
