//! Answers against an independent computation from the raw rows.

mod ask;
pub mod data;
mod days;
mod grid;
mod labels;
pub mod reference;
mod rolled;
mod values;

use chrono::Weekday;
use chrono_tz::Tz;
use futures_util::{StreamExt as _, stream};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use crate::support::{Server, sql};
pub use grid::edges;

use data::{Table, Time, narrow, together, wide};

/// Questions in each request.
const QUESTIONS: usize = 5;

/// Tables that are asked at the same time.
const SIDE_BY_SIDE: usize = 2;

/// Requests for each table: `DATEBIN_ORACLE_REQUESTS`.
fn requests() -> u64 {
    number("DATEBIN_ORACLE_REQUESTS").unwrap_or(30)
}

/// The random questions of a stream of its own; `DATEBIN_ORACLE_SEED` gives others.
fn dice(stream: u64) -> StdRng {
    StdRng::seed_from_u64(seed().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(stream))
}

fn seed() -> u64 {
    number("DATEBIN_ORACLE_SEED").unwrap_or(0)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no whole number")))
}

/// Makes the tables, declares them, and asks about each.
pub async fn check(pool: &PgPool, tables: impl Iterator<Item = &Table> + Clone) {
    ask_about(pool, tables, "SELECT 1").await;
}

/// As [`check`], with a statement that turns the tables into something else once they have their rows.
pub async fn ask_about(pool: &PgPool, tables: impl Iterator<Item = &Table> + Clone, turn: &'static str) {
    let mut toml = "[discovery]\nenabled = false\n".to_owned();
    for table in tables.clone() {
        for statement in [&table.create, &table.insert].into_iter().filter(|text| !text.is_empty()) {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(pool).await.expect("the fixture");
        }
        toml.push_str(&table.toml);
    }
    sqlx::raw_sql(turn).execute(pool).await.expect("the tables are turned");
    let server = Server::declared(pool, &toml).await;
    let asked = (0_u64..).zip(tables).map(|(stream, table)| check_one(&server, table, stream));
    stream::iter(asked).for_each_concurrent(SIDE_BY_SIDE, |one| one).await;
}

/// Asks about a table that a server has already. What fails is asked again with the printed settings.
#[expect(clippy::print_stderr, reason = "shown where a test fails")]
pub async fn check_one(server: &Server, table: &Table, stream: u64) {
    let mut dice = dice(stream);
    eprintln!("DATEBIN_ORACLE_SEED={} DATEBIN_ORACLE_REQUESTS={}", seed(), requests());
    for _ in 0..requests() {
        ask::check(server, table, &ask::questions(table, QUESTIONS, &mut dice)).await;
    }
}

#[sqlx::test(migrations = false)]
async fn every_type_of_value_answers_as_defined(pool: PgPool) {
    let types = [
        ("of_float8", "float8"),
        ("of_float4", "float4"),
        ("of_int2", "smallint"),
        ("of_int4", "int"),
        ("of_int8", "bigint"),
        ("of_numeric", "numeric"),
        ("of_bounded", "numeric(12,3)"),
        ("of_boolean", "boolean"),
    ];
    let tables: Vec<Table> =
        (100..).zip(types).map(|(seed, (name, ty))| wide(name, Time::Timestamptz, ty, seed)).collect();
    let together = together("__name__=~\"of_.*(8|n)\"", &[&tables[0], &tables[4], &tables[7]]);
    check(&pool, tables.iter().chain([&together])).await;
}

#[sqlx::test(migrations = false)]
async fn every_type_of_time_answers_as_defined(pool: PgPool) {
    let types = [
        ("at_utc", Time::Timestamp(Tz::UTC)),
        ("at_berlin", Time::Timestamp(Tz::Europe__Berlin)),
        ("at_kathmandu", Time::Timestamp(Tz::Asia__Kathmandu)),
        ("at_date", Time::Date(Tz::UTC)),
        ("at_berlin_date", Time::Date(Tz::Europe__Berlin)),
        ("at_seconds", Time::EpochSeconds),
        ("at_millis", Time::EpochMillis),
        ("at_float", Time::EpochFloat),
        ("at_numeric", Time::EpochNumeric),
        ("at_nanos", Time::EpochNanos),
    ];
    let tables: Vec<Table> = (200..).zip(types).map(|(seed, (name, time))| wide(name, time, "float8", seed)).collect();
    check(&pool, tables.iter()).await;
}

#[sqlx::test(migrations = false)]
async fn narrow_tables_with_documents_answer_as_defined(pool: PgPool) {
    let tables = [narrow("narrow_one", "cpu.load", 300), narrow("narrow_two", "disk free", 301)];
    check(&pool, tables.iter()).await;
}

#[sqlx::test(migrations = false)]
async fn labels_of_every_type_answer_as_defined(pool: PgPool) {
    sql(&pool, labels::TYPES).await;
    // How values are shown is not the database's to say.
    sql(
        &pool,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database());
         EXECUTE format('ALTER DATABASE %I SET datestyle = %L', current_database(), 'SQL, DMY'); END $$",
    )
    .await;
    let tables = [
        labels::typed("by_word", &labels::WORDS, &labels::OF_WORDS, 500),
        labels::typed("by_thing", &labels::THINGS, &labels::OF_THINGS, 501),
        labels::typed("by_number", &labels::NUMBERS, &labels::OF_NUMBERS, 502),
        labels::typed("by_measure", &labels::MEASURES, &labels::OF_MEASURES, 504),
    ];
    check(&pool, tables.iter()).await;
}

#[sqlx::test(migrations = false)]
async fn labels_of_types_that_extensions_bring_answer_as_defined(pool: PgPool) {
    let there = "SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'ltree')";
    let there: i64 = sqlx::query_scalar(there).fetch_one(&pool).await.unwrap();
    if there == 2 {
        sql(&pool, "CREATE EXTENSION citext; CREATE EXTENSION ltree").await;
        check(&pool, [labels::typed("by_contrib", &labels::CONTRIB, &labels::OF_CONTRIB, 503)].iter()).await;
    }
}

#[sqlx::test(migrations = false)]
async fn steps_of_whole_days_over_clock_changes_answer_as_defined(pool: PgPool) {
    let table = days::table("days_of", 700);
    for statement in [&table.create, &table.insert] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&pool).await.expect("the fixture");
    }
    for (stream, weeks_from) in [(700, Weekday::Mon), (701, Weekday::Sun), (702, Weekday::Sat)] {
        let day = format!("{weeks_from:?}").to_lowercase();
        let toml = format!("week_starts = \"{day}\"\n[discovery]\nenabled = false\n{}", table.toml);
        let server = Server::declared(&pool, &toml).await;
        let mut dice = dice(stream);
        for _ in 0..requests() {
            ask::check(&server, &table, &days::questions(&table, weeks_from, &mut dice)).await;
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_metric_of_two_sources_with_rollups_answers_as_defined(pool: PgPool) {
    check(&pool, [rolled::rolled(600)].iter()).await;
}
