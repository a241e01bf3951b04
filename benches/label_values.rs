//! The values of a label on a large table: along an index that leads with it against `SELECT DISTINCT`, and without
//! one, where only a time budget helps.
//!
//! `make bench` runs it over 20 million rows and 200 values; `LABEL_ROWS` sets another number of rows.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod inside;

use std::time::{Duration, Instant};

use datebin::engine::{Engine, LabelValues};
use datebin::intake::LabelScope;
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{Connection as _, PgConnection};

const VALUES: i64 = 200;
/// Rows of one INSERT.
const PART: i64 = 500_000;
const ROUNDS: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let rows: i64 = std::env::var("LABEL_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000_000);
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    load(&mut connection, rows).await;
    println!("{VALUES} values of a label on {rows} rows, medians of {ROUNDS}");
    let distinct = "SELECT count(*) FROM (SELECT DISTINCT host FROM bench_labels) AS d";
    let theirs = median(|| async {
        let begun = Instant::now();
        let count: i64 = sqlx::query_scalar(distinct)
            .fetch_one(&mut PgConnection::connect(&url).await.expect("a session"))
            .await
            .expect("a count");
        assert_eq!(count, VALUES);
        begun.elapsed()
    })
    .await;
    println!("  SELECT DISTINCT           {:10.2} ms", ms(theirs));
    let indexed = engine(&url).await;
    let ours =
        median(|| timed(&indexed, |found| assert!(!found.partial && found.values.len() == VALUES as usize))).await;
    println!(
        "  an index leads with it    {:10.2} ms, {:.0} times faster",
        ms(ours),
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
    sqlx::raw_sql("DROP INDEX bench_labels_host_ts_idx").execute(&mut connection).await.expect("no index");
    let bare = engine(&url).await;
    let begun = Instant::now();
    let found = values(&bare).await;
    let marked = if found.partial { "marked partial" } else { "complete" };
    println!("  no index                  {:10.2} ms, {} values, {marked}", ms(begun.elapsed()), found.values.len());
    assert!(begun.elapsed() < Duration::from_secs(5), "no index: not bounded");
    sqlx::raw_sql("DROP TABLE bench_labels").execute(&mut connection).await.expect("the end");
}

/// Ten seconds apart, a row for each value.
async fn load(connection: &mut PgConnection, rows: i64) {
    let table = "DROP TABLE IF EXISTS bench_labels;
        CREATE UNLOGGED TABLE bench_labels (ts timestamptz NOT NULL, host text NOT NULL, value float8 NOT NULL)";
    sqlx::raw_sql(table).execute(&mut *connection).await.expect("a table");
    let style =
        ProgressStyle::with_template("  loading {bar:40} {human_pos}/{human_len} rows, {eta}").expect("a template");
    let bar = ProgressBar::new(rows.unsigned_abs()).with_style(style);
    let insert = "INSERT INTO bench_labels
        SELECT to_timestamp(1700000000 + n / $3 * 10), 'host-' || n % $3, n % 1000 FROM generate_series($1, $2) AS n";
    let mut from = 0;
    while from < rows {
        let to = (from + PART).min(rows) - 1;
        sqlx::query(insert).bind(from).bind(to).bind(VALUES).execute(&mut *connection).await.expect("rows");
        from = to + 1;
        bar.set_position(from.unsigned_abs());
    }
    bar.finish_and_clear();
    println!("  indexing");
    let index = "CREATE INDEX bench_labels_host_ts_idx ON bench_labels (host, ts); ANALYZE bench_labels";
    sqlx::raw_sql(index).execute(&mut *connection).await.expect("an index");
}

async fn engine(url: &str) -> Engine {
    let file = "[discovery]\nenabled = false\n[[source]]\nrelation = \"public.bench_labels\"\n";
    Engine { show_sql: false, ..inside::engine(url, file, Duration::from_secs(25)).await }
}

async fn values(engine: &Engine) -> LabelValues {
    let asked = LabelScope { label: "host".to_owned(), filters: Vec::new(), range: None };
    engine.scope().expect("a catalog").label_values(&asked).await
}

async fn timed(engine: &Engine, check: impl Fn(&LabelValues)) -> Duration {
    let begun = Instant::now();
    check(&values(engine).await);
    begun.elapsed()
}

async fn median(mut measure: impl AsyncFnMut() -> Duration) -> Duration {
    let _warm = measure().await;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(measure().await);
    }
    times.sort();
    times[ROUNDS / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
