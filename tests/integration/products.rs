//! Products whose tables people already chart, in our own words: what is found of them, and answers against an
//! independent computation from rows that set traps.

mod home_assistant;
mod pgwatch;
mod sensu;
mod telegraf;
mod timescale;
mod zabbix;

use datebin::catalog::toml_out;
use datebin::catalog::{Snapshot, Source, SourceLabel};
use sqlx::PgPool;

use crate::layouts::dimensions::serve;
use crate::oracle::check_one;
use crate::oracle::data::{Series, Table};
use crate::oracle::reference::Labels;
use crate::support::Server;

/// Texts that labels hold: quotes, backslashes and what looks like SQL among them.
pub const TEXTS: [Option<&str>; 6] = [None, Some(""), Some("a"), Some("it's \"b\""), Some("x\\y|z"), Some("-- 😀")];

/// As SQL has it.
pub fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}

/// The labels that are not absent.
pub fn present(labels: &[(&str, Option<&str>)]) -> Labels {
    let there = labels.iter().filter_map(|(name, value)| Some((*name, value.filter(|value| !value.is_empty())?)));
    there.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A series for every pair of texts in two text columns.
pub fn pairs(one: &str, other: &str) -> Vec<Series> {
    let all = TEXTS.iter().flat_map(|a| TEXTS.iter().map(move |b| (*a, *b)));
    let series = |(a, b)| (format!("{}, {}, ", literal(a), literal(b)), present(&[(one, a), (other, b)]));
    all.map(series).collect()
}

/// Runs a product's statements and serves what a file says of them.
pub async fn product(pool: &PgPool, statements: &[&str], toml: &str) -> Server {
    for statement in statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe((*statement).to_owned())).execute(pool).await.expect("the fixture");
    }
    serve(pool, "SELECT 1", toml).await
}

/// The metrics, and what the labels of each are called.
pub fn found(snapshot: &Snapshot) -> Vec<(String, Vec<String>)> {
    let label = |label: &SourceLabel| match label {
        SourceLabel::One { name, .. } => name.clone(),
        SourceLabel::Members { document } => format!("{}.*", document.column().name),
    };
    let one = |name: &str| {
        let (source, _) = snapshot.metric(name).expect("a metric");
        (name.to_owned(), source.labels.iter().map(label).collect())
    };
    snapshot.names().map(one).collect()
}

/// Asks about a metric, and again of the file that the catalog is written as.
pub async fn answers(pool: &PgPool, server: &Server, table: &Table) {
    check_one(server, table, 7).await;
    let first = server.catalog.current().expect("a catalog");
    let written = toml_out::write(&first, &[]);
    let again = serve(pool, "SELECT 1", &written).await;
    let again = again.catalog.current().expect("a catalog");
    assert_eq!(found(&again), found(&first), "{written}");
    for (again, first) in again.sources().iter().zip(first.sources()) {
        // What statistics say may change whenever autovacuum looks at the table.
        let again = Source { sparse: first.sparse.clone(), bytes: first.bytes, ..again.clone() };
        assert_eq!(again, *first, "{written}");
    }
}
