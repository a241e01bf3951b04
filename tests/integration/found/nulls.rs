//! Texts that most rows leave empty: how many distinct values they have is told by the rows that hold one.

use sqlx::PgPool;

use super::{make, offered, read, values};
use crate::support::{Server, sql};

/// One row in 32 has a message, nearly all of them distinct; in `n_same` some come twice. Others have one of three zones.
const SELDOM: &str = "
    CREATE TABLE n_each (ts timestamptz NOT NULL, host text NOT NULL, message text, zone text, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE n_same (ts timestamptz NOT NULL, host text NOT NULL, message text, zone text, v float8) WITH (autovacuum_enabled = off);
    CREATE TABLE n_key (ts timestamptz NOT NULL, host text NOT NULL, message text, zone text, v float8, PRIMARY KEY (host, ts))
        WITH (autovacuum_enabled = off);";

/// Rows from one number to another.
fn rows(from: u32, to: u32) -> String {
    let one = |(table, message): (&str, &str)| {
        format!(
            "INSERT INTO {table} SELECT timestamptz '2025-06-02Z' + g * interval '7 s', 'h' || g % 5,
                 CASE WHEN g % 32 = 0 THEN 'line ' || {message} END, CASE WHEN g % 32 = 1 THEN 'z' || g % 3 END, 1
             FROM generate_series({from}, {to}) AS g;\n"
        )
    };
    [("n_each", "g"), ("n_same", "g / 32 % 1200"), ("n_key", "g / 32 % 1200")].map(one).concat()
        + "ANALYZE n_each, n_same, n_key"
}

#[sqlx::test(migrations = false)]
async fn a_text_that_is_seldom_filled_keeps_its_role(pool: PgPool) {
    sql(&pool, SELDOM).await;
    let expected = ["n_each", "n_key", "n_same"].map(|table| format!("{table} | ts | host zone | {table}_v"));
    let (found, _) = read(&pool, "").await;
    assert_eq!(offered(&found), expected, "before ANALYZE");
    let mut before = 0;
    for count in [300, 1100, 3000, 9000, 12_000, 40_000] {
        make(&pool, rows(before + 1, count)).await;
        before = count;
        let (found, _) = read(&pool, "").await;
        assert_eq!(offered(&found), expected, "{count} rows");
    }
    let server = Server::start(&pool).await;
    let all = ("2025-06-01T00:00:00Z", "2025-06-08T00:00:00Z");
    for table in ["n_each", "n_same", "n_key"] {
        let drawn = values(&server, all, &format!("count_over_time({table}_v[7d])")).await;
        // Each host with no zone and with each of three.
        assert_eq!((drawn.len(), drawn.values().sum::<f64>()), (20, 40_000.0), "{table}: {drawn:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_crowd_among_few_filled_rows_is_no_label(pool: PgPool) {
    let table = "
        CREATE TABLE traced (ts timestamptz NOT NULL, host text NOT NULL, trace text, v float8) WITH (autovacuum_enabled = off);
        INSERT INTO traced SELECT timestamptz '2025-06-02Z' + g * interval '10 ms', 'h' || g % 5,
            CASE WHEN g % 20 = 0 THEN md5((g % 250000)::text) END, 1 FROM generate_series(1, 260000) AS g;";
    sql(&pool, table).await;
    for _ in 0..3 {
        sql(&pool, "ANALYZE traced").await;
        // Five in a hundred of all rows, and nearly all of those that have one.
        assert_eq!(offered(&read(&pool, "").await.0), ["traced | ts | host | traced_v"]);
    }
}
