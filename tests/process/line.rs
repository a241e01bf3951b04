//! A slow, silent or cut line to PostgreSQL.

use std::time::Duration;

use serde_json::json;

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{LONG, Program, eventually};
use crate::proxy::Proxy;
use crate::vitals::Watch;

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_slow_silent_or_cut_is_survived() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let proxy = Proxy::before(&cluster).await;
    proxy.round_trip(Duration::from_millis(20));
    let url = proxy.url(&cluster);
    let program = Program::serve(&cluster, &[("DATABASE_URL", &url), ("DATEBIN_REQUEST_TIMEOUT", "2s")]).await;
    let watch = Watch::begin(&program);
    program.good(LONG, "cpu").await;
    let answer = program.ask("cpu").await;
    assert!(answer.status == 200 && answer.took >= Duration::from_millis(20), "{:?}: {}", answer.took, answer.body);

    proxy.silence();
    let silent = program.ask("cpu").await;
    assert!(matches!(silent.status, 503 | 504), "{}: {}", silent.status, silent.body);
    assert!(silent.took < patience(Duration::from_secs(2)), "took {:?}", silent.took);

    proxy.cut();
    let away = async || (program.get("/readyz").await.status == 503).then_some(());
    eventually(LONG, "the server knows", away).await;
    let refused = proxy.accepted();
    eventually(LONG, "the server tries again", async || (proxy.accepted() > refused).then_some(())).await;

    proxy.round_trip(Duration::ZERO);
    program.good(LONG, "cpu").await;
    let vitals = watch.end();
    assert!(vitals.probes > 1 && vitals.peak > 0, "{vitals:?}");
    assert!(vitals.slowest < patience(Duration::from_millis(100)), "{vitals:?}");
}

/// 200 series of 300 samples.
const MANY: &str = "
    CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    INSERT INTO many SELECT '2026-01-05Z'::timestamptz + n * interval '10 s', 'host-' || h, n * h
    FROM generate_series(0, 299) AS n, generate_series(1, 200) AS h; ANALYZE many";

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_break_off_cost_no_answer() {
    let cluster = Cluster::start();
    cluster.sql(MANY).await;
    let (from, end) = (1_767_571_200_i64, 1_767_574_200_i64);
    let body = |target: &str| {
        json!({
            "range": {"from": from * 1000, "to": end * 1000}, "intervalMs": 10_000, "maxDataPoints": 300,
            "targets": [{"target": target, "refId": "A"}],
        })
    };
    let step = format!("&start={from}&end={end}&step=10");
    let (rates, lists) =
        (format!("/api/v1/query_range?query=rate(many[1m]){step}"), format!("/api/v1/query_range?query=many{step}"));
    for cache in ["0", "64MiB"] {
        let proxy = Proxy::before(&cluster).await;
        let settings = [("DATABASE_URL", &*proxy.url(&cluster)), ("DATEBIN_CACHE_BYTES", cache)];
        let program = Program::serve(&cluster, &settings).await;
        for target in ["many", "rate(many[1m])", "max_over_time(many[20s])"] {
            proxy.cut_after(100_000);
            let broken = program.post("/query", &body(target)).await;
            assert!(broken.status == 200 && proxy.has_cut(), "{target}: {}: {}", broken.status, broken.body);
            let whole = program.post("/query", &body(target)).await;
            assert_eq!(broken.body, whole.body, "{target}");
        }
        for path in [&rates, &lists] {
            proxy.cut_after(100_000);
            let broken = program.get(path).await;
            assert!(broken.status == 200 && proxy.has_cut(), "{path}: {}: {}", broken.status, broken.body);
            assert_eq!(broken.body, program.get(path).await.body, "{path}");
        }
        let metrics = program.get("/metrics").await.body.to_string();
        assert!(metrics.contains("cut_off"), "{metrics}");
    }
}
