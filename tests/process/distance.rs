//! A database that is far away: every bound is per round trip.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{LONG, Program, ran};
use crate::proxy::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_many_slow_round_trips_is_made() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let proxy = Proxy::before(&cluster).await;
    // Half of what one round trip may take; a login takes at least three of them.
    proxy.round_trip(Duration::from_millis(150));
    let url = proxy.url(&cluster);
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_CONNECT_TIMEOUT", "300ms")];
    let program = Program::serve(&cluster, &settings).await;
    let answer = program.ask("cpu").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body[0]["datapoints"].as_array().map(Vec::len), Some(60), "{}", answer.body);
    let sessions = proxy.accepted();
    assert_eq!(program.ask("cpu").await.status, 200);
    assert_eq!(proxy.accepted(), sessions, "the session is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_sessions_of_a_far_database_are_kept() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let proxy = Proxy::before(&cluster).await;
    let url = proxy.url(&cluster);
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_REFRESH", "1h")];
    let program = Program::serve(&cluster, &settings).await;
    program.good(LONG, "cpu").await;
    // Long enough for the session to be pinged before use: the one thing here that only time brings.
    tokio::time::sleep(Duration::from_millis(5500)).await;
    let sessions = proxy.accepted();
    proxy.round_trip(Duration::from_millis(1500));
    let answer = program.ask("cpu").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(proxy.accepted(), sessions, "the session that was pinged serves");
    assert_eq!(program.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_session_for_questions_is_not_ready() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    // The watcher, the reader of the catalog and the listener find room; questions do not.
    cluster.sql("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 2; GRANT SELECT ON ALL TABLES IN SCHEMA public TO few").await;
    let url = cluster.url().replace("datebin:", "few:").replace(crate::cluster::PASSWORD, "few");
    let program = Program::serve(&cluster, &[("DATABASE_URL", &url)]).await;
    let asked = program.ask("cpu").await;
    // The listener gives its session up for the question, or the question is refused and readiness says so.
    let ready = program.get("/readyz").await.status;
    assert!(matches!((asked.status, ready), (200, 200) | (503, 503)), "{} {ready}: {}", asked.status, asked.body);
    program.good(LONG, "cpu").await;
    assert_eq!(program.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_from_the_shell_over_a_long_line_is_fast() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    // The connection, whether it is encrypted, the start, the password: four. The catalog: one. The statement: two.
    shell_question_over_a_long_line(&cluster, "", 8).await;
    // A catalog that declares something costs no more, in whatever letters as long as they are ASCII.
    let declared = "[[source]]\nrelation = \"cpu\"\ntime = \"ts\"\n[discovery]\nschemas = [\"public\", \"a b\\\\c\"]";
    shell_question_over_a_long_line(&cluster, declared, 8).await;
    let declared = "[discovery]\nschemas = [\"public\", \"größe\"]";
    shell_question_over_a_long_line(&cluster, declared, 11).await;
}

/// Asks over a round trip of 100 ms, with a catalog file, and bounds the round trips that had to wait for each other.
async fn shell_question_over_a_long_line(cluster: &Cluster, file: &str, most: usize) {
    let proxy = Proxy::before(cluster).await;
    proxy.round_trip(Duration::from_millis(100));
    let url = proxy.url(cluster);
    let directory = cluster.directory.clone();
    std::fs::write(directory.join("datebin.toml"), file).expect("a file");
    let arguments =
        ["query", "cpu", "--from", "2018-04-15T04:50:00Z", "--to", "2018-04-15T05:00:00Z", "--format", "json"];
    let asked = move || ran(&directory, &[("DATABASE_URL", &url), ("DATEBIN_CONFIG", "datebin.toml")], &arguments);
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(asked).await;
    let (output, took) = (output.expect("the program"), begun.elapsed());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let series: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_ne!(series, json!([]));
    let round_trips = proxy.round_trips();
    eprintln!("a question over a line of 100 ms took {round_trips} round trips and {took:?}");
    assert!(round_trips <= most, "{round_trips} round trips");
    assert!(took < patience(Duration::from_secs(1)), "took {took:?}");
}
