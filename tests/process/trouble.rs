//! Restarts, reloads and a crowded server while questions are asked without a pause.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{Answer, LONG, Program, eventually};

/// Twenty clients that ask until they are told to stop.
async fn loops(program: &Program, stop: &AtomicBool) -> Vec<Answer> {
    let client = async |_| {
        let mut answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            answers.push(program.ask("cpu").await);
        }
        answers
    };
    join_all((0..20).map(client)).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_load_hangs_nobody() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    let stop = AtomicBool::new(false);
    let restart = async {
        program.good(LONG, "cpu").await;
        tokio::task::block_in_place(|| cluster.down());
        tokio::task::block_in_place(|| cluster.up());
        let most_are_good = async || {
            let answers = join_all((0..20).map(|_| program.ask("cpu"))).await;
            (answers.iter().filter(|answer| answer.status == 200).count() >= 19).then_some(())
        };
        eventually(LONG, "at least 95 % are good", most_are_good).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (answers, ()) = tokio::join!(loops(&program, &stop), restart);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 503)));
    let longest = answers.iter().map(|answer| answer.took).max().expect("answers");
    assert!(longest < patience(Duration::from_secs(1)), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_under_load_fails_nobody() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let file = cluster.directory.join("catalog.toml");
    fs::write(&file, "").expect("a file");
    let program = Program::serve(&cluster, &[("DATEBIN_CONFIG", &file.display().to_string())]).await;
    let stop = AtomicBool::new(false);
    let reloads = async {
        for (text, fails) in [("", false), ("= broken", true), ("", false), ("[[", true), ("", false)] {
            fs::write(&file, text).expect("a file");
            program.signal("-HUP");
            let done = async || (program.get("/readyz").await.body["refresh"].is_string() == fails).then_some(());
            eventually(LONG, "the reload is done", done).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (answers, ()) = tokio::join!(loops(&program, &stop), reloads);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(program.complaints().len(), 2, "one line for each broken file: {:?}", program.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_keeps_serving_the_sessions_it_has() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[("DATEBIN_POOL_SIZE", "2")]).await;
    let all_good = async || join_all((0..2).map(|_| program.ask("cpu"))).await.iter().all(|a| a.status == 200);
    assert!(all_good().await);
    let mut crowd = vec![cluster.connect().await];
    while let Ok(connection) = PgConnection::connect(&cluster.url()).await {
        crowd.push(connection);
    }
    // The watcher's connection, by its statement; the watcher may be faster to take its place again.
    let end = "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity \
               WHERE application_name = 'datebin' AND query NOT LIKE '%cpu%' AND query NOT LIKE 'LISTEN%'";
    let mut watcher = crowd.swap_remove(0);
    let taken = async || {
        let _ended: i64 = sqlx::query_scalar(end).fetch_one(&mut watcher).await.expect("the watcher's end");
        PgConnection::connect(&cluster.url()).await.ok()
    };
    let last = eventually(LONG, "the watcher's place is taken", taken).await;
    crowd.extend([watcher, last]);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert!(all_good().await);
    }
    // Away or not, the log says it once.
    assert_eq!(program.complaints().len(), 1, "{:?}", program.complaints());
    assert!(program.complaints()[0].to_string().contains("53300"), "{:?}", program.complaints());
    join_all(crowd.into_iter().map(PgConnection::close)).await;
    let ready = async || (program.get("/readyz").await.status == 200).then_some(());
    eventually(LONG, "the server is ready again", ready).await;
}
