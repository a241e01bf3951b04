//! SIGTERM.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cluster::Cluster;
use crate::database::{CPU, SLOW};
use crate::program::{LONG, Program, eventually};

/// Nothing here may end only because the time for it is over.
const PATIENT: [(&str, &str); 1] = [("DATEBIN_DRAIN_TIMEOUT", "60s")];

async fn fixture() -> Cluster {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(SLOW).await;
    cluster
}

async fn until_running(cluster: &Cluster, view: &str) {
    let mut watcher = cluster.connect().await;
    let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND state = 'active' \
                 AND query LIKE '%' || $1 || '%'";
    let runs = async || {
        let count: i64 = sqlx::query_scalar(query).bind(view).fetch_one(&mut watcher).await.expect("a row");
        (count > 0).then_some(())
    };
    eventually(LONG, "the statement runs", runs).await;
}

async fn until_stopping(program: &Program) {
    let said = async || format!("{:?}", program.log()).contains("stopping").then_some(());
    eventually(LONG, "the signal is heard", said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_under_way_ends_well_and_new_ones_are_refused() {
    let cluster = fixture().await;
    let mut program = Program::serve(&cluster, &PATIENT).await;
    let terminated = async {
        until_running(&cluster, "two").await;
        program.signal("-TERM");
        until_stopping(&program).await;
        let refused = async || TcpStream::connect(program.address()).await.is_err().then_some(());
        eventually(Duration::from_secs(1), "new connections are refused", refused).await;
    };
    let (answer, ()) = tokio::join!(program.ask("two"), terminated);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(program.ended(Duration::from_secs(1)).await.success());
    assert_eq!(program.complaints(), Vec::<serde_json::Value>::new(), "a normal run");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_delay_the_end() {
    let cluster = fixture().await;
    let mut program = Program::serve(&cluster, &PATIENT).await;
    let _fresh = TcpStream::connect(program.address()).await.expect("a connection");
    let mut idle = TcpStream::connect(program.address()).await.expect("a connection");
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("a request");
    let mut some = [0; 4096];
    assert!(idle.read(&mut some).await.expect("an answer") > 0);
    program.signal("-TERM");
    assert!(program.ended(Duration::from_secs(1)).await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_so_do_the_statements() {
    let cluster = fixture().await;
    let mut program = Program::serve(&cluster, &PATIENT).await;
    let (client, url) = (program.client.clone(), format!("{}/query", program.base));
    let asked = tokio::spawn(client.post(url).body(crate::program::question("thirty").to_string()).send());
    until_running(&cluster, "thirty").await;
    program.signal("-TERM");
    until_stopping(&program).await;
    program.signal("-INT");
    let status = program.ended(Duration::from_secs(1)).await;
    assert!(!status.success() && status.code().is_some(), "{status}");
    assert!(asked.await.expect("the task").is_err());
    until_idle(&cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drain_limit_ends_what_does_not_end() {
    let cluster = fixture().await;
    let mut program = Program::serve(&cluster, &[("DATEBIN_DRAIN_TIMEOUT", "1s")]).await;
    let (client, url) = (program.client.clone(), format!("{}/query", program.base));
    let asked = tokio::spawn(client.post(url).body(crate::program::question("thirty").to_string()).send());
    until_running(&cluster, "thirty").await;
    program.signal("-TERM");
    assert!(program.ended(LONG).await.success());
    assert!(asked.await.expect("the task").is_err());
    until_idle(&cluster).await;
}

async fn until_idle(cluster: &Cluster) {
    let mut watcher = cluster.connect().await;
    let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND state = 'active'";
    let idle = async || {
        let count: i64 = sqlx::query_scalar(query).fetch_one(&mut watcher).await.expect("a row");
        (count == 0).then_some(())
    };
    eventually(LONG, "no statement of ours runs", idle).await;
}
