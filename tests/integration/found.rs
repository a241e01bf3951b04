//! What discovery makes of tables that it has never seen: series that are never mixed, histories that are never left out.

mod apart;
mod documents;
mod histories;
mod jobs;
mod kinds;
mod levels;
mod made;
mod measures;
mod mixed;
mod moments;
mod parts;
mod products;
mod several;
mod statistics;
mod times;
mod unsaid;
mod views;

use std::collections::BTreeMap;

use datebin::catalog::classify::Decision;
use datebin::catalog::file::CatalogFile;
use datebin::catalog::{Snapshot, Source, SourceLabel, toml_out};
use datebin::db::{DatabaseConfig, load};
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Server, url};

/// Makes tables of a text that is put together.
async fn make(pool: &PgPool, text: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(pool).await.expect("the fixture");
}

/// The catalog and its decisions; what is written of it gives the same catalog.
async fn read(pool: &PgPool, toml: &str) -> (Snapshot, Vec<Decision>) {
    let config = DatabaseConfig::new(&url(pool)).unwrap();
    let (found, decisions) = load(&config, &CatalogFile::parse(toml).unwrap(), None).await.unwrap();
    let written = toml_out::write(&found, &decisions);
    let (again, _) = load(&config, &CatalogFile::parse(&written).unwrap(), None).await.unwrap();
    assert_eq!(found.sources(), again.sources(), "{written}");
    (found, decisions)
}

fn labels(source: &Source) -> String {
    let one = |label: &SourceLabel| match label {
        SourceLabel::One { name, .. } => name.clone(),
        SourceLabel::Members { document } => format!("{}.*", document.column().name),
    };
    source.labels.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Each relation that is offered: its time, its labels and its metrics.
fn offered(found: &Snapshot) -> Vec<String> {
    let line = |source: &Source| {
        let metrics: Vec<&str> = source.metrics.iter().map(|metric| metric.name.as_str()).collect();
        format!("{} | {} | {} | {}", source.relation.name, source.time.column, labels(source), metrics.join(" "))
    };
    found.sources().iter().map(line).collect()
}

/// Why a relation as a whole is left out.
fn left_out(decisions: &[Decision], relation: &str) -> String {
    let found = decisions.iter().find(|d| d.relation.name.as_str() == relation && d.column.is_none());
    found.unwrap_or_else(|| panic!("nothing about {relation}")).reason.clone()
}

/// The first value of each series over a range, one bucket, by its legend.
async fn values(server: &Server, (from, to): (&str, &str), target: &str) -> BTreeMap<String, f64> {
    let drawn = server.query(from, to, 1, target).await;
    let value = |series: &Value| {
        let points = series["datapoints"].as_array()?;
        Some((series["target"].as_str()?.to_owned(), points.first()?[0].as_f64()?))
    };
    drawn.iter().filter_map(value).collect()
}
