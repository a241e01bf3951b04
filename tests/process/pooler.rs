//! PgBouncer between the program and the database.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection, Row as _};

use crate::bouncer::Bouncer;
use crate::cluster::Cluster;
use crate::database::{CPU, SLOW};
use crate::program::{LONG, Program, eventually};

/// Each of 400 cells has a value of its own.
const CELLS: &str = "
    CREATE TABLE cells (ts timestamptz NOT NULL, cell text NOT NULL, value double precision);
    CREATE INDEX ON cells (cell, ts);
    INSERT INTO cells SELECT '2018-04-15 04:55Z', 'c' || n, n FROM generate_series(1, 400) AS n;
    CREATE TABLE readings (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
    INSERT INTO readings VALUES ('2018-04-15 04:55Z', 'inlet_temperature', 21.5);";

const QUEUE: [(&str, &str); 3] =
    [("DATEBIN_QUEUE", "1000"), ("DATEBIN_POOL_WAIT", "60s"), ("DATEBIN_REQUEST_TIMEOUT", "60s")];

fn logged(program: &Program, text: &str) -> bool {
    program.log().iter().any(|line| line["fields"]["message"].as_str().is_some_and(|message| message.contains(text)))
}

/// Asks for every cell at once and counts those whose answer is its own.
async fn right_answers(program: &Program) -> usize {
    let one = async |cell: u32| {
        let answer = program.ask(&format!("cells{{cell=\"c{cell}\"}}")).await;
        answer.status == 200 && answer.body[0]["datapoints"][0][0].as_f64() == Some(f64::from(cell))
    };
    let asked: Vec<bool> = stream::iter(1..=400).map(one).buffer_unordered(100).collect().await;
    asked.into_iter().filter(|right| *right).count()
}

/// A client like any other, whose sessions of the server are those that datebin used.
async fn neighbour(bouncer: &Bouncer) -> PgConnection {
    let options: PgConnectOptions = bouncer.url().parse().expect("a URL");
    let options = options.extra_float_digits(None::<i8>).statement_cache_capacity(0);
    options.connect().await.expect("a client of PgBouncer")
}

async fn shown(connection: &mut PgConnection) -> Vec<String> {
    let settings = "SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only'), \
        current_setting('search_path'), coalesce(current_setting('datebin.scope', true), ''), \
        (SELECT count(*) FROM pg_prepared_statements)::text, current_setting('client_connection_check_interval')";
    let row = sqlx::Executor::fetch_one(connection, sqlx::raw_sql(settings)).await.expect("the settings");
    (0..6).map(|at| row.get::<String, _>(at)).collect()
}

const UNTOUCHED: [&str; 6] = ["0", "off", "\"$user\", public", "", "0", "0"];

async fn is_served_well(cluster: &Cluster, bouncer: &Bouncer, settings: &[(&str, &str)]) -> Program {
    let url = bouncer.url();
    let settings = [&[("DATABASE_URL", url.as_str()), ("DATEBIN_STATEMENT_TIMEOUT", "1s")], settings].concat();
    let program = Program::serve(cluster, &settings).await;
    assert!(logged(&program, "a pooler such as PgBouncer stands before the database"), "{:?}", program.log());
    assert_eq!(right_answers(&program).await, 400);
    let names = program.post("/search", &json!({"target": ""})).await.body;
    for name in ["cells", "cpu", "inlet_temperature"] {
        assert!(names.as_array().expect("names").contains(&json!(name)), "{names}");
    }
    // The bounds are in force.
    let slow = program.ask("two").await;
    assert_eq!((slow.status, &slow.body["error"]["code"]), (504, &json!("timeout")), "{}", slow.body);
    // The log comes through a pipe, after the answer.
    eventually(LONG, "the slow view is logged", async || (!program.complaints().is_empty()).then_some(())).await;
    assert_eq!(program.complaints().len(), 1, "the slow view alone: {:?}", program.complaints());
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_pooled_and_nothing_reaches_other_clients() {
    let cluster = Cluster::start();
    for text in [CPU, SLOW, CELLS] {
        cluster.sql(text).await;
    }
    let pool = "pool_mode = transaction\ndefault_pool_size = 3";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of transactions", pool).await else { return };
    let program = is_served_well(&cluster, &bouncer, &QUEUE).await;
    eventually(LONG, "the log says what is pooled", async || logged(&program, "pools transactions").then_some(()))
        .await;
    let mut neighbour = neighbour(&bouncer).await;
    for _ in 0..5 {
        assert_eq!(shown(&mut neighbour).await, UNTOUCHED);
    }
    // A table that is made later is found on the interval.
    cluster.sql("ALTER TABLE cpu ADD COLUMN idle float8").await;
    program.signal("-HUP");
    let found = async || {
        let names = program.post("/search", &json!({"target": "cpu_idle"})).await.body;
        (names == json!(["cpu_idle"])).then_some(())
    };
    eventually(LONG, "the new column is listed", found).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_its_statement_through_a_pooler() {
    let cluster = Cluster::start();
    for text in [CPU, SLOW] {
        cluster.sql(text).await;
    }
    let Some(bouncer) = Bouncer::before(&cluster, "the test of cancelling", "pool_mode = transaction").await else {
        return;
    };
    let url = bouncer.url();
    let program = Program::serve(&cluster, &[("DATABASE_URL", &url)]).await;
    let mut connection = cluster.connect().await;
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%thirty%' \
                   AND pid <> pg_backend_pid()";
    let mut count = async || -> i64 { sqlx::query_scalar(running).fetch_one(&mut connection).await.expect("a count") };
    let asked = tokio::time::timeout(LONG, program.ask("thirty"));
    let (left, ()) = tokio::join!(asked, async {
        eventually(LONG, "the statement runs", async || (count().await == 1).then_some(())).await;
    });
    assert!(left.is_err(), "the client left before the answer");
    eventually(LONG, "the statement is cancelled", async || (count().await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_pooled_and_notifications_heard() {
    let cluster = Cluster::start();
    for text in [CPU, SLOW, CELLS] {
        cluster.sql(text).await;
    }
    let pool = "pool_mode = session\ndefault_pool_size = 30";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of sessions", pool).await else { return };
    let never = [&QUEUE[..], &[("DATEBIN_REFRESH", "1h")]].concat();
    let program = is_served_well(&cluster, &bouncer, &never).await;
    eventually(LONG, "the log says what is pooled", async || logged(&program, "pools sessions").then_some(())).await;
    cluster.sql("ALTER TABLE cpu ADD COLUMN idle float8").await;
    let found = async || {
        cluster.sql("NOTIFY datebin_reload").await;
        let names = program.post("/search", &json!({"target": "cpu_idle"})).await.body;
        (names == json!(["cpu_idle"])).then_some(())
    };
    eventually(Duration::from_secs(5), "the new column is listed", found).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_leaves_the_settings_of_the_start_out_is_found_out() {
    let cluster = Cluster::start();
    for text in [CPU, SLOW, CELLS] {
        cluster.sql(text).await;
    }
    let pool = "pool_mode = transaction\ndefault_pool_size = 3\nignore_startup_parameters = options,extra_float_digits";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of ignored settings", pool).await else { return };
    let program = is_served_well(&cluster, &bouncer, &QUEUE).await;
    assert!(logged(&program, "leaves out the settings of a session's start"), "{:?}", program.log());
    let mut neighbour = neighbour(&bouncer).await;
    for _ in 0..5 {
        assert_eq!(shown(&mut neighbour).await, UNTOUCHED);
    }
    assert_eq!(program.post("/search", &json!({"target": "nothing like it"})).await.body, Value::Array(Vec::new()));
}
