//! What makes the catalog be read anew, and tables that change while questions are asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::program::{Answer, LONG, Program, eventually};

/// No refresh by the interval: what these tests see has another cause.
const NEVER: (&str, &str) = ("DATEBIN_REFRESH", "1h");

async fn listed(program: &Program, name: &str) -> bool {
    let names = program.post("/search", &json!({"target": ""})).await.body;
    names.as_array().expect("names").contains(&json!(name))
}

/// Waits until a name is listed.
async fn lists(program: &Program, name: &str) {
    let what = format!("{name} is listed");
    eventually(LONG, &what, async || listed(program, name).await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_reads_the_catalog_anew_also_after_the_session_was_lost() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[NEVER]).await;
    let mut connection = cluster.connect().await;
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND query LIKE 'LISTEN%'";
    let mut count =
        async || -> i64 { sqlx::query_scalar(listening).fetch_one(&mut connection).await.expect("a count") };
    eventually(LONG, "it listens", async || (count().await == 1).then_some(())).await;
    cluster.sql("ALTER TABLE cpu ADD COLUMN idle float8; NOTIFY datebin_reload").await;
    lists(&program, "cpu_idle").await;
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'").await;
    eventually(LONG, "the session is gone", async || (count().await == 0).then_some(())).await;
    // Nobody hears this; listening again makes up for it.
    cluster.sql("ALTER TABLE cpu ADD COLUMN busy float8; NOTIFY datebin_reload").await;
    lists(&program, "cpu_busy").await;
    cluster.sql("ALTER TABLE cpu ADD COLUMN steal float8; NOTIFY datebin_reload").await;
    lists(&program, "cpu_steal").await;
    assert_eq!(program.complaints(), Vec::<Value>::new());
}

/// The sum of what `cpu` had on the days of January 2025, each of which has one row at most.
async fn january(program: &Program, headers: &[(&str, &str)]) -> f64 {
    let path = "/query?target=cpu&from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z&step=1d";
    let request = program.client.get(format!("{}{path}", program.base));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let rows: Value = request.send().await.expect("an answer").json().await.expect("rows");
    let values = rows.as_array().expect("rows").iter().map(|row| row["value"].as_f64().unwrap_or_default());
    values.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_makes_stored_buckets_forgotten() {
    let cluster = Cluster::start();
    cluster
        .sql("CREATE TABLE cpu (ts timestamptz NOT NULL, value float8); INSERT INTO cpu VALUES ('2025-01-10Z', 1)")
        .await;
    let program = Program::serve(&cluster, &[NEVER, ("DATEBIN_CACHE_BYTES", "64MiB")]).await;
    assert_eq!(january(&program, &[]).await, 1.0);
    cluster.sql("INSERT INTO cpu VALUES ('2025-01-11Z', 2)").await;
    assert_eq!(january(&program, &[]).await, 1.0, "what is settled is believed");
    assert_eq!(january(&program, &[("cache-control", "no-cache")]).await, 3.0);
    cluster.sql("INSERT INTO cpu VALUES ('2025-01-12Z', 4)").await;
    assert_eq!(january(&program, &[]).await, 3.0);
    // Whether it listens by now is not to be seen: it is told until it has heard.
    let heard = async || {
        cluster.sql("NOTIFY datebin_reload").await;
        (january(&program, &[]).await == 7.0).then_some(())
    };
    eventually(LONG, "the bucket is forgotten", heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_again_however_it_was_changed() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let renamed = |name: &str| {
        format!(
            "[discovery]\nenabled = false\n[[source]]\nrelation = \"cpu\"\n[source.metric.{name}]\ncolumn = \"value\"\n"
        )
    };
    // As a cluster mounts a config map: the file is a link into a directory that is itself a link.
    let place = |name: &str| cluster.directory.join(name);
    for (directory, metric) in [("mount.1", "first"), ("mount.2", "second")] {
        fs::create_dir(place(directory)).expect("a directory");
        fs::write(place(directory).join("datebin.toml"), renamed(metric)).expect("a file");
    }
    symlink("mount.1", place("mount")).expect("a link");
    symlink("mount/datebin.toml", place("catalog.toml")).expect("a link");
    let file = place("catalog.toml");
    let program = Program::serve(&cluster, &[NEVER, ("DATEBIN_CONFIG", &file.display().to_string())]).await;
    lists(&program, "first").await;
    symlink("mount.2", place("mount.new")).expect("a link");
    fs::rename(place("mount.new"), place("mount")).expect("the swap");
    lists(&program, "second").await;
    // As editors save.
    fs::write(place("catalog.toml~"), renamed("third")).expect("a file");
    fs::rename(place("catalog.toml~"), &file).expect("the replacement");
    lists(&program, "third").await;
    fs::write(&file, renamed("fourth")).expect("a file");
    lists(&program, "fourth").await;
    assert_eq!(program.complaints(), Vec::<Value>::new());

    let before =
        [counted(&program, "catalog_refreshes_total").await, counted(&program, "catalog_refresh_failures_total").await];
    assert_eq!(before[1], 0.0, "nothing failed yet");
    let said = async || program.get("/readyz").await.body["refresh"].is_string().then_some(());
    for broken in ["[[source", "[[source]]\nrelation = \"no_such\"\n"] {
        fs::write(&file, broken).expect("a file");
        let complaints = program.complaints().len();
        eventually(LONG, "the log says so", async || (program.complaints().len() > complaints).then_some(())).await;
        eventually(LONG, "/readyz says so", said).await;
        assert_eq!(program.ask("fourth").await.status, 200, "the old catalog stays");
    }
    fs::remove_file(&file).expect("no file");
    eventually(LONG, "its absence is said", async || (program.complaints().len() == 3).then_some(())).await;
    assert_eq!(program.ask("fourth").await.status, 200, "the old catalog stays");
    fs::write(&file, renamed("fifth")).expect("a file");
    lists(&program, "fifth").await;
    assert!(program.get("/readyz").await.body["refresh"].is_null());
    assert_eq!(program.complaints().len(), 3, "{:?}", program.complaints());
    let failures = counted(&program, "catalog_refresh_failures_total").await;
    let refreshes = counted(&program, "catalog_refreshes_total").await - before[0];
    assert!(failures >= 3.0 && refreshes >= failures + 1.0, "{failures} of {refreshes} failed");
    assert_eq!(counted(&program, "catalog_loaded").await, 1.0);
    assert!(counted(&program, "catalog_age_seconds").await < LONG.as_secs_f64());
}

/// A number of `GET /metrics`.
async fn counted(program: &Program, name: &str) -> f64 {
    let answer = program.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let text = answer.body.as_str().expect("a text").to_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("datebin_{name} ")));
    line.expect("the metric").parse().expect("a number")
}

/// Eight clients that ask for a metric until they are told to stop.
async fn loops(program: &Program, metric: &str, stop: &AtomicBool) -> Vec<Answer> {
    let client = async |_| {
        let mut answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            answers.push(program.ask(metric).await);
        }
        answers
    };
    join_all((0..8).map(client)).await.into_iter().flatten().collect()
}

const CHANGING: &str = "
    CREATE TABLE parted (ts timestamptz NOT NULL, host text, volts float8) PARTITION BY RANGE (ts);
    CREATE TABLE parted_old PARTITION OF parted FOR VALUES FROM ('2018-04-15 04:00Z') TO ('2018-04-15 04:55Z');
    CREATE TABLE parted_new PARTITION OF parted FOR VALUES FROM ('2018-04-15 04:55Z') TO ('2018-04-15 06:00Z');
    INSERT INTO parted SELECT t, 'a', 1 FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 04:59:59Z', '10 s') AS t;
    CREATE TABLE plain AS SELECT ts, volts FROM parted;
    CREATE TABLE single AS SELECT ts, host, volts AS value FROM parted;
    CREATE VIEW seen AS SELECT ts, 'a'::text AS host, volts FROM plain;";

/// The sum of all points of an answer.
fn total(answer: &Answer) -> f64 {
    let points = answer.body[0]["datapoints"].as_array().expect("points");
    points.iter().map(|point| point[0].as_f64().expect("a value")).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_change_under_load_fail_one_question_at_most() {
    let cluster = Cluster::start();
    cluster.sql(CHANGING).await;
    let program = Program::serve(&cluster, &[NEVER]).await;
    for (metric, change, expected) in [
        ("parted_volts", "ALTER TABLE parted ADD COLUMN later float8", 60.0),
        ("parted_volts", "ALTER TABLE parted ALTER COLUMN volts TYPE numeric", 60.0),
        ("parted_volts", "ALTER TABLE parted ALTER COLUMN host TYPE varchar(20)", 60.0),
        (
            "seen_volts",
            "DROP VIEW seen; CREATE VIEW seen AS SELECT ts AT TIME ZONE 'UTC' AS ts, 7 AS host, 2::int AS volts FROM plain",
            120.0,
        ),
        (
            "seen_volts",
            "DROP VIEW seen; CREATE VIEW seen AS SELECT extract(epoch FROM ts)::int8 AS clock, ts, volts::real FROM plain",
            60.0,
        ),
        ("parted_volts", "DROP TABLE parted_old", 30.0),
        ("single", "ALTER TABLE single ADD COLUMN low float8; NOTIFY datebin_reload", 60.0),
    ] {
        let stop = AtomicBool::new(false);
        let changes = async {
            program.good(LONG, metric).await;
            cluster.sql(change).await;
            let changed = async || {
                let answer = program.ask(metric).await;
                (answer.status == 200 && (total(&answer) - expected).abs() < 1e-9).then_some(())
            };
            eventually(LONG, change, changed).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            stop.store(true, Ordering::Relaxed);
        };
        let (answers, ()) = tokio::join!(loops(&program, metric, &stop), changes);
        let failed: Vec<&Value> = answers.iter().filter(|a| a.status != 200).map(|a| &a.body).collect();
        assert!(failed.len() <= 1, "{change}: {} of {} failed: {failed:?}", failed.len(), answers.len());
        let last = program.ask(metric).await;
        assert!((total(&last) - expected).abs() < 1e-9, "{change}: {}", last.body);
    }
}
