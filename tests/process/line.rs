//! A slow, silent or cut line to PostgreSQL.

use std::time::Duration;

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
