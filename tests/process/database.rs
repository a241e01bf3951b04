//! A database that is not there, goes away, falls silent, refuses, or is locked.

use std::time::Duration;

use futures_util::future::join_all;

use crate::cluster::Cluster;
use crate::patience::patience;
use crate::program::{LONG, Program, eventually};

/// A fast metric, `cpu`.
pub const CPU: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT t, 'a', 1
    FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 04:59:59Z', '1 s') AS t;";

/// Metrics whose statement takes two seconds, and 30.
pub const SLOW: &str = "
    CREATE FUNCTION nap(seconds double precision) RETURNS double precision LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.pg_sleep(seconds); RETURN 0; END $$;
    CREATE VIEW two AS SELECT ts, host, value + nap(2) AS value FROM (SELECT * FROM cpu LIMIT 1) AS one;
    CREATE VIEW thirty AS SELECT ts, host, value + nap(30) AS value FROM (SELECT * FROM cpu LIMIT 1) AS one;";

/// How long until all is good again.
const AGAIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn starts_without_a_database_and_finds_it_later() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.down();
    let program = Program::start(&cluster, &[]).await;
    for _ in 0..2 {
        program.assert_alive().await;
        assert_eq!(program.get("/readyz").await.status, 503);
        assert_eq!(program.get("/").await.status, 503);
        program.ask("cpu").await.assert_away();
        let said = async || (program.complaints().len() == 1).then_some(());
        eventually(LONG, "the absence is said once", said).await;
    }
    cluster.up();
    program.good(AGAIN, "cpu").await;
    assert_eq!(program.get("/readyz").await.status, 200);
    assert_eq!(program.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_database_is_503_at_once_and_good_again_soon() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    for round in 0..2 {
        // Several idle sessions, all of which die.
        let answers = join_all((0..10).map(|_| program.ask("cpu"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let complaints = program.complaints().len();
        cluster.down();
        program.ask("cpu").await.assert_away();
        program.assert_alive().await;
        let unready = async || (program.get("/readyz").await.status == 503).then_some(());
        eventually(AGAIN, "the server knows", unready).await;
        program.ask("cpu").await.assert_away();
        assert!(program.complaints().len() > complaints, "outage {round} was not said");
        cluster.up();
        program.good(AGAIN, "cpu").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_questions_goes_unnoticed() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    let all_good = async || join_all((0..10).map(|_| program.ask("cpu"))).await.iter().all(|a| a.status == 200);
    assert!(all_good().await);
    cluster.down();
    cluster.up();
    eventually(AGAIN, "ten of ten are good", async || all_good().await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_one_connection_is_no_outage() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    program.good(AGAIN, "cpu").await;
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'datebin'").await;
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let answer = program.ask("cpu").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(program.complaints(), Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_database_holds_nobody_longer_than_the_request_timeout() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[("DATEBIN_REQUEST_TIMEOUT", "2s")]).await;
    for idle in [false, true] {
        let answers = join_all((0..10).map(|_| program.ask("cpu"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        if idle {
            // Long enough for the sessions to be pinged before use: the one thing here that only time brings.
            tokio::time::sleep(Duration::from_millis(5500)).await;
        }
        cluster.silence();
        let asked = join_all((0..30).map(|_| program.ask("cpu")));
        let alive = async {
            for _ in 0..10 {
                program.assert_alive().await;
            }
        };
        let (answers, ()) = tokio::join!(asked, alive);
        for answer in answers {
            assert!(matches!(answer.status, 503 | 504), "{}: {}", answer.status, answer.body);
            assert!(answer.body["error"].is_object() || answer.body["message"].is_string(), "{}", answer.body);
            assert!(answer.took < patience(Duration::from_secs(2)), "answered after {:?}", answer.took);
        }
        cluster.wake();
        program.good(AGAIN, "cpu").await;
        let answers = join_all((0..10).map(|_| program.ask("cpu"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "the full pool works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_once_and_never_repeated() {
    let cluster = Cluster::start();
    let url = cluster.url_with("opensesame");
    let program = Program::start(&cluster, &[("DATABASE_URL", &url)]).await;
    let refused = || cluster.log().matches("FATAL:  password authentication failed").count();
    eventually(LONG, "the server was asked twice", async || (refused() >= 2).then_some(())).await;
    program.ask("cpu").await.assert_away();
    program.assert_alive().await;
    let complaints = program.complaints();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].to_string().contains("28P01"), "{complaints:?}");
    assert!(!format!("{:?}", program.log()).contains("opensesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_said_once() {
    let cluster = Cluster::start();
    let url = format!("{}_missing", cluster.url());
    let program = Program::start(&cluster, &[("DATABASE_URL", &url)]).await;
    let said = async || (!program.complaints().is_empty()).then_some(());
    eventually(LONG, "the absence is said", said).await;
    assert!(program.complaints()[0].to_string().contains("3D000"), "{:?}", program.complaints());
    program.ask("cpu").await.assert_away();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_costs_nothing() {
    let cluster = Cluster::stopped();
    let program = Program::start(&cluster, &[]).await;
    for answer in join_all((0..50).map(|_| program.ask("cpu"))).await {
        answer.assert_away();
    }
}
