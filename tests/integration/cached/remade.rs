//! A relation that is another one under its old name, and what its neighbours keep.

use datebin::refresh::CatalogNews;
use sqlx::PgPool;

use super::{ROWS, ask, cached, instant, metric, value_at, word};
use crate::support::{Server, sql};

/// A refresh of the catalog on its interval, without anybody saying that something changed.
async fn refreshed(server: &Server) {
    let before = server.catalog.current().expect("a catalog");
    assert!(matches!(server.catalog.newer(&before, None).await, CatalogNews::Better(_)));
}

/// What is kept of a target, and what a change of the database makes of it after the next refresh of the catalog.
async fn changed(pool: &PgPool, server: &Server, target: &str, change: &'static str) -> (f64, f64, String) {
    let minute = instant(pool).await;
    ask(server, target, &[]).await;
    let known = ask(server, target, &[]).await;
    assert!(matches!(word(&known).as_str(), "hit" | "partial"), "{target} is not kept");
    sql(pool, change).await;
    refreshed(server).await;
    let answer = ask(server, target, &[]).await;
    (value_at(&known, "h1", minute), value_at(&answer, "h1", minute), word(&answer))
}

#[sqlx::test(migrations = false)]
async fn a_table_made_anew_is_another_one(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let anew = "
        CREATE TEMP TABLE kept AS SELECT ts, host, value + 7 AS value FROM load; DROP TABLE load;
        CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8);
        CREATE INDEX ON load (host, ts); CREATE INDEX ON load (ts); INSERT INTO load SELECT * FROM kept; DROP TABLE kept";
    let (old, new, word) = changed(&pool, &server, "load", anew).await;
    assert_eq!((new, word.as_str()), (old + 7.0, "miss"));
    let swapped = "
        CREATE TABLE twin (LIKE load INCLUDING ALL); INSERT INTO twin SELECT ts, host, value + 7 FROM load;
        ALTER TABLE load RENAME TO gone; ALTER TABLE twin RENAME TO load";
    let (old, new, word) = changed(&pool, &server, "load", swapped).await;
    assert_eq!((new, word.as_str()), (old + 7.0, "miss"));
    let emptied = "
        TRUNCATE load; INSERT INTO load SELECT ts, host, value FROM gone";
    let (old, new, word) = changed(&pool, &server, "load", emptied).await;
    assert_eq!((new, word.as_str()), (old - 7.0, "miss"));
}

#[sqlx::test(migrations = false)]
async fn a_name_that_is_given_to_another_column_is_another_one(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(&pool, "ALTER TABLE load ADD COLUMN other float8; UPDATE load SET other = value + 7").await;
    let server =
        cached(&pool, "[[source]]\nrelation = \"load\"\nlabels = [\"host\"]\n[source.metric.load]\ncolumn = \"value\"")
            .await;
    let swapped = "
        ALTER TABLE load RENAME value TO kept; ALTER TABLE load RENAME other TO value; ALTER TABLE load RENAME kept TO other";
    let (old, new, word) = changed(&pool, &server, "load", swapped).await;
    assert_eq!((new, word.as_str()), (old + 7.0, "miss"));
}

#[sqlx::test(migrations = false)]
async fn a_view_that_reads_something_else_is_another_one(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(&pool, "CREATE VIEW inner_load AS SELECT ts, host, value FROM load").await;
    sql(&pool, "CREATE VIEW shown AS SELECT ts, host, value FROM inner_load").await;
    let server = cached(&pool, "").await;
    for (change, more) in [
        ("CREATE OR REPLACE VIEW shown AS SELECT ts, host, value + 5 AS value FROM inner_load", 5.0),
        ("CREATE OR REPLACE VIEW inner_load AS SELECT ts, host, value + 3 AS value FROM load", 3.0),
        (
            "CREATE TEMP TABLE kept AS SELECT * FROM load; TRUNCATE load;
             INSERT INTO load SELECT ts, host, value + 2 FROM kept; DROP TABLE kept",
            2.0,
        ),
    ] {
        let (old, new, word) = changed(&pool, &server, "shown", change).await;
        assert_eq!((new, word.as_str()), (old + more, "miss"), "{change}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_joined_and_made_anew_is_another_one(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE hosts (id int PRIMARY KEY, host text NOT NULL); INSERT INTO hosts VALUES (1, 'h1'), (2, 'h2');
         CREATE TABLE temps (ts timestamptz NOT NULL, host_id int NOT NULL REFERENCES hosts, value float8, PRIMARY KEY (host_id, ts));
         INSERT INTO temps SELECT date_trunc('minute', now()) - n * interval '15 s', h, h
             FROM generate_series(0, 240) n, generate_series(1, 2) h",
    )
    .await;
    let server = cached(&pool, "").await;
    let swapped = "
        ALTER TABLE temps DROP CONSTRAINT temps_host_id_fkey; TRUNCATE hosts; INSERT INTO hosts VALUES (1, 'h2'), (2, 'h1');
        ALTER TABLE temps ADD FOREIGN KEY (host_id) REFERENCES hosts";
    let (old, new, word) = changed(&pool, &server, "temps_value", swapped).await;
    assert_eq!((old, new, word.as_str()), (1.0, 2.0, "miss"));
}

#[sqlx::test(migrations = false)]
async fn other_tables_come_and_go_and_all_is_kept(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    ask(&server, "load", &[]).await;
    let misses = metric(&server, "cache_misses_total").await;
    for change in
        ["CREATE TABLE aaa (LIKE load); CREATE TABLE zzz (LIKE load)", "DROP TABLE aaa", "VACUUM load", "ANALYZE load"]
    {
        for statement in change.split("; ") {
            sql(&pool, statement).await;
        }
        let before = server.catalog.current().expect("a catalog");
        server.catalog.newer(&before, None).await;
        let answer = ask(&server, "load", &[]).await;
        assert!(matches!(word(&answer).as_str(), "hit" | "partial"), "{change}: {}", word(&answer));
    }
    assert_eq!(metric(&server, "cache_misses_total").await, misses);
}
