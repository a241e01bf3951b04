//! Reading the catalog of many tables. `make bench` makes 10,000; `TABLES` sets another number.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

use std::time::{Duration, Instant};

use datebin::catalog::file::CatalogFile;
use datebin::catalog::toml_out;
use datebin::db::{DatabaseConfig, load};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{Connection as _, PgConnection};

/// Tables of one transaction: each takes locks.
const PART: i64 = 100;
const ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let tables: i64 = std::env::var("TABLES").ok().and_then(|tables| tables.parse().ok()).unwrap_or(10_000);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    make(&mut connection, tables).await;
    let config = DatabaseConfig::new(&url).expect("a URL");
    let file = CatalogFile::parse("[discovery]\nschemas = [\"bench_many\"]").expect("a file");
    let mut times = Vec::new();
    let mut written = String::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let (snapshot, decisions) = load(&config, &file, None).await.expect("a catalog");
        written = toml_out::write(&snapshot, &decisions);
        times.push(begun.elapsed());
        assert_eq!(snapshot.sources().len(), usize::try_from(tables).expect("a number"));
    }
    times.sort();
    println!("{tables} tables discovered in {:.2} s (median of {ROUNDS})", times[ROUNDS / 2].as_secs_f64());
    let begun = Instant::now();
    let file = CatalogFile::parse(&written).expect("what was written");
    let (snapshot, _) = load(&config, &file, None).await.expect("the same catalog");
    assert_eq!(snapshot.sources().len(), usize::try_from(tables).expect("a number"));
    println!("the file that discovery writes, read and held against them: {:.2} s", begun.elapsed().as_secs_f64());
    drop_all(&mut connection, tables).await;
    assert!(times[ROUNDS / 2] < Duration::from_secs(2), "discovery takes {:?}", times[ROUNDS / 2]);
}

async fn make(connection: &mut PgConnection, tables: i64) {
    sqlx::raw_sql("CREATE SCHEMA IF NOT EXISTS bench_many").execute(&mut *connection).await.expect("a schema");
    let bar = bar("making", tables);
    let part = "DO $$ BEGIN FOR n IN current_setting('bench.from')::int .. current_setting('bench.to')::int LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS bench_many.t%s (ts timestamptz NOT NULL, host text NOT NULL, dc text,
            a float8, b float8, c int8, requests_total int8)', n);
        EXECUTE format('INSERT INTO bench_many.t%s SELECT now() - s * interval ''10 s'', ''h'' || s %% 5, ''d'', s, s, s, s
            FROM generate_series(1, 40) AS s', n);
        EXECUTE format('CREATE INDEX ON bench_many.t%s (host, ts)', n);
        EXECUTE format('ANALYZE bench_many.t%s', n);
        END LOOP; END $$";
    each(connection, tables, &bar, part).await;
}

async fn drop_all(connection: &mut PgConnection, tables: i64) {
    let bar = bar("dropping", tables);
    let part = "DO $$ BEGIN FOR n IN current_setting('bench.from')::int .. current_setting('bench.to')::int LOOP
        EXECUTE format('DROP TABLE bench_many.t%s', n); END LOOP; END $$";
    each(connection, tables, &bar, part).await;
    sqlx::raw_sql("DROP SCHEMA bench_many").execute(connection).await.expect("no schema");
}

async fn each(connection: &mut PgConnection, tables: i64, bar: &ProgressBar, part: &'static str) {
    let mut from = 1;
    while from <= tables {
        let to = (from + PART - 1).min(tables);
        let bounds = "SELECT set_config('bench.from', $1, false), set_config('bench.to', $2, false)";
        let bounds = sqlx::query(bounds).bind(from.to_string()).bind(to.to_string());
        bounds.execute(&mut *connection).await.expect("bounds");
        sqlx::raw_sql(part).execute(&mut *connection).await.expect("tables");
        from = to + 1;
        bar.set_position(to.unsigned_abs());
    }
    bar.finish_and_clear();
}

fn bar(what: &'static str, tables: i64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {msg} {bar:40} {pos}/{len} tables, {eta}").expect("a template");
    ProgressBar::new(tables.unsigned_abs()).with_style(style).with_message(what)
}
