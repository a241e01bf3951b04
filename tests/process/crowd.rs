//! A server that has room for few sessions.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::cluster::{Cluster, PASSWORD};
use crate::database::CPU;
use crate::program::{LONG, Program, eventually, ran};

const FEW: &str = "
    CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 3;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO few;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO few;";

/// A server whose role may open three sessions.
async fn crowded(cluster: &Cluster) -> Program {
    cluster.sql(CPU).await;
    cluster.sql(FEW).await;
    let url = cluster.url().replace("datebin:", "few:").replace(PASSWORD, "few");
    Program::serve(cluster, &[("DATABASE_URL", &url), ("DATEBIN_REFRESH", "1h")]).await
}

fn refusals(cluster: &Cluster) -> usize {
    cluster.log().matches("too many connections for role").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_wait_for_the_sessions_that_there_are() {
    let cluster = Cluster::start();
    let program = crowded(&cluster).await;
    let mut rounds = 0;
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let answers = join_all((0..20).map(|_| program.ask("cpu"))).await;
        for answer in answers {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        rounds += 1;
    }
    // Ten sessions are tried at first, then one every two seconds.
    let refused = refusals(&cluster);
    assert!(rounds > 0 && refused <= 20, "{refused} refused logins in {rounds} rounds of 20 questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_is_enough() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(FEW).await;
    cluster.sql("ALTER ROLE few CONNECTION LIMIT 1").await;
    let url = cluster.url().replace("datebin:", "few:").replace(PASSWORD, "few");
    let arguments =
        ["query", "cpu", "--from", "2018-04-15T04:50:00Z", "--to", "2018-04-15T05:00:00Z", "--format", "json"];
    let output = ran(&cluster.directory, &[("DATABASE_URL", &url)], &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let program = Program::start(&cluster, &[("DATABASE_URL", &url), ("DATEBIN_REFRESH", "1h")]).await;
    program.good(LONG * 3, "cpu").await;
    for _ in 0..5 {
        let answer = program.ask("cpu").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(program.get("/readyz").await.status, 200);
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM cpu; CREATE INDEX ON fresh (ts)").await;
    program.signal("-HUP");
    program.good(LONG * 3, "fresh").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_finds_room_among_the_questions() {
    let cluster = Cluster::start();
    let program = crowded(&cluster).await;
    let answers = join_all((0..20).map(|_| program.ask("cpu"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM cpu; CREATE INDEX ON fresh (ts)").await;
    program.signal("-HUP");
    let listed = async || {
        let names = program.post("/search", &json!({"target": ""})).await.body;
        names.as_array().is_some_and(|names| names.contains(&json!("fresh"))).then_some(())
    };
    let asking = async || {
        assert_eq!(program.ask("cpu").await.status, 200);
        listed().await
    };
    eventually(LONG, "the new table is listed", asking).await;
    assert!(program.get("/readyz").await.body["refresh"].is_null());
    assert_eq!(program.ask("fresh").await.status, 200);
}
