//! Time limits, and relations that change under the questions.

use std::time::Duration;

use sqlx::Connection as _;

use crate::cluster::Cluster;
use crate::database::{CPU, SLOW};
use crate::patience::patience;
use crate::program::{Answer, LONG, Program, eventually};

fn assert_timed_out(answer: &Answer) {
    assert_eq!(answer.status, 504, "{}", answer.body);
    assert!(answer.body.to_string().contains("took too long"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_runs_too_long_is_504() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(SLOW).await;
    let by_server = [("DATEBIN_STATEMENT_TIMEOUT", "500ms")];
    let by_request = [("DATEBIN_REQUEST_TIMEOUT", "500ms")];
    for settings in [by_server, by_request] {
        let program = Program::serve(&cluster, &settings).await;
        let answer = program.ask("thirty").await;
        assert_timed_out(&answer);
        assert!(answer.took < patience(Duration::from_millis(500)), "took {:?}", answer.took);
        assert_eq!(program.ask("cpu").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_costs_its_own_metric_only() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql("CREATE TABLE locked AS SELECT * FROM cpu; CREATE INDEX ON locked (ts)").await;
    let program = Program::serve(&cluster, &[("DATEBIN_LOCK_TIMEOUT", "1s")]).await;
    let mut owner = cluster.connect().await;
    let mut transaction = owner.begin().await.expect("a transaction");
    sqlx::raw_sql("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.expect("the lock");
    let (locked, other) = tokio::join!(program.ask("locked"), program.ask("cpu"));
    assert_timed_out(&locked);
    assert!(locked.body.to_string().contains("is locked"), "{}", locked.body);
    assert!(locked.took < patience(Duration::from_secs(1)), "took {:?}", locked.took);
    assert_eq!(other.status, 200);
    assert!(other.took < patience(Duration::from_millis(50)), "took {:?}", other.took);
    // A refresh that meets the lock harms nothing.
    program.signal("-HUP");
    assert_eq!(program.ask("cpu").await.status, 200);
    transaction.rollback().await.expect("the end of the lock");
    program.good(Duration::from_secs(1), "locked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ddl_under_load_costs_at_most_one_question_per_connection() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql("CREATE VIEW seen AS SELECT ts, host, value FROM cpu").await;
    let program = Program::serve(&cluster, &[("DATEBIN_POOL_SIZE", "2")]).await;
    let changes = [
        "ALTER TABLE cpu ADD COLUMN more double precision",
        "ALTER TABLE cpu DROP COLUMN more",
        "DROP VIEW seen; ALTER TABLE cpu ALTER COLUMN value TYPE numeric(12, 3);
         CREATE VIEW seen AS SELECT ts, host, value FROM cpu",
        "DROP VIEW seen; ALTER TABLE cpu ALTER COLUMN value TYPE bigint;
         CREATE VIEW seen AS SELECT ts, host, value FROM cpu",
        "DROP VIEW seen; ALTER TABLE cpu ALTER COLUMN ts TYPE timestamp, ALTER COLUMN host TYPE varchar(20);
         CREATE VIEW seen AS SELECT ts, host, value FROM cpu",
    ];
    let expected = program.ask("seen").await.body;
    for change in changes {
        let mut failed = Vec::new();
        for _ in 0..5 {
            let answer = program.ask("seen").await;
            failed.extend((answer.status != 200).then_some(answer.body));
        }
        cluster.sql(change).await;
        for _ in 0..20 {
            let answer = program.ask("seen").await;
            assert!(answer.status != 200 || answer.body == expected, "after {change}: {}", answer.body);
            failed.extend((answer.status != 200).then_some(answer.body));
        }
        assert!(failed.len() <= 2, "after {change}: {failed:?}");
        program.signal("-HUP");
        let right = async || (program.ask("seen").await.body == expected).then_some(());
        eventually(LONG, "right answers again", right).await;
    }
}
