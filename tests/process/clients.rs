//! Clients that leave, and more of them than there are connections.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgConnection;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::cluster::Cluster;
use crate::database::{CPU, SLOW};
use crate::patience::patience;
use crate::program::{Answer, LONG, Program, eventually, question};

/// How long a statement outlives its client; it would run for thirty seconds.
const SOON: Duration = Duration::from_secs(1);

/// The server's statements of the program that run now.
async fn active(watcher: &mut PgConnection) -> i64 {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND state = 'active' \
                 AND query LIKE '%thirty%'";
    sqlx::query_scalar(query).fetch_one(watcher).await.expect("a count")
}

async fn until_active(watcher: &mut PgConnection, least: i64) {
    let enough = async || (active(watcher).await >= least).then_some(());
    eventually(LONG, "the statements run", enough).await;
}

async fn until_ended(watcher: &mut PgConnection, expected: Duration) {
    eventually(expected, "no statement of ours runs", async || (active(watcher).await == 0).then_some(())).await;
}

async fn fixture() -> (Cluster, PgConnection) {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(SLOW).await;
    let watcher = cluster.connect().await;
    (cluster, watcher)
}

/// A client that has asked and does not read.
async fn asked(program: &Program, target: &str) -> TcpStream {
    let address: SocketAddr = program.address().parse().expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let body = question(target).to_string();
    let head = format!("POST /query HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.expect("the request is sent");
    stream
}

async fn assert_full_pool(program: &Program) {
    for answer in join_all((0..10).map(|_| program.ask("cpu"))).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.took < patience(Duration::from_millis(100)), "took {:?}", answer.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_its_statement() {
    let (cluster, mut watcher) = fixture().await;
    let program = Program::serve(&cluster, &[]).await;
    for reset in [false, true] {
        let clients = join_all((0..20).map(|_| asked(&program, "thirty"))).await;
        until_active(&mut watcher, 10).await;
        for client in clients {
            if reset {
                client.set_zero_linger().expect("RST instead of FIN");
            }
            drop(client);
        }
        until_ended(&mut watcher, SOON).await;
        assert_full_pool(&program).await;
    }
    assert_eq!(program.complaints(), Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_no_statement() {
    let (cluster, mut watcher) = fixture().await;
    let program = Program::serve(&cluster, &[]).await;
    let _client = asked(&program, "thirty").await;
    until_active(&mut watcher, 1).await;
    program.signal("-KILL");
    until_ended(&mut watcher, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_while_they_wait_leave_no_trace() {
    let (cluster, mut watcher) = fixture().await;
    let program = Program::serve(&cluster, &[("DATEBIN_POOL_SIZE", "1"), ("DATEBIN_POOL_WAIT", "20s")]).await;
    let first = asked(&program, "thirty").await;
    until_active(&mut watcher, 1).await;
    let waiting = join_all((0..20).map(|_| asked(&program, "thirty"))).await;
    drop(waiting);
    drop(first);
    until_ended(&mut watcher, SOON).await;
    assert_full_pool(&program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_questions_are_turned_away_fast() {
    let (cluster, _watcher) = fixture().await;
    let settings = [("DATEBIN_POOL_SIZE", "2"), ("DATEBIN_QUEUE", "5")];
    let program = Program::serve(&cluster, &settings).await;
    let (storm, ()) = tokio::join!(join_all((0..100).map(|_| program.ask("two"))), program.assert_alive());
    let (good, refused): (Vec<Answer>, Vec<Answer>) = storm.into_iter().partition(|answer| answer.status == 200);
    // Two run; of the five that wait, two have their turn before the wait is over.
    assert!((2..=7).contains(&good.len()), "{} were answered", good.len());
    // A hundred at once take each other's time; who waits in vain waits three seconds.
    let slow = refused
        .iter()
        .filter(|answer| answer.took > patience(Duration::from_millis(100)).min(Duration::from_secs(2)))
        .count();
    assert!(slow <= 5, "{slow} were refused late");
    assert!(refused.iter().all(|answer| answer.status == 503 && answer.retry_after.is_some()));
    let answers = join_all((0..7).map(|_| program.ask("cpu"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "normal afterwards");
    assert_eq!(program.complaints(), Vec::<serde_json::Value>::new(), "shedding load is not worth a line each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_pool_takes_as_many_as_a_warm_one() {
    let (cluster, _watcher) = fixture().await;
    let program = Program::serve(&cluster, &[("DATEBIN_POOL_SIZE", "10"), ("DATEBIN_QUEUE", "1")]).await;
    for answer in join_all((0..10).map(|_| program.ask("cpu"))).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
