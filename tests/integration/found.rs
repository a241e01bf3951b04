//! What discovery makes of tables that it has never seen: series that are never mixed, histories that are never left out.

mod apart;
mod documents;
mod equal;
mod hidden;
mod histories;
mod jobs;
mod kinds;
mod levels;
mod made;
mod measures;
mod mixed;
mod moments;
mod nulls;
mod parts;
mod products;
mod several;
mod statistics;
mod times;
mod together;
mod unsaid;
mod unions;
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

/// The fields of each line.
fn lines<const N: usize>(text: &'static str) -> Vec<[&'static str; N]> {
    let line = |line: &'static str| line.splitn(N, '|').map(str::trim).collect::<Vec<_>>().try_into().expect("fields");
    text.trim().lines().map(line).collect()
}

/// Views of tables that are each left out, with what each lacks: the name, what it lacks, its query.
async fn lacking(pool: &PgPool, tables: &str, views: &'static str) {
    let all = lines::<3>(views);
    let view = |[name, _, query]: &[&str; 3]| format!("CREATE VIEW {name} AS {query};\n");
    make(pool, tables.to_owned() + &all.iter().map(view).collect::<String>() + "ANALYZE").await;
    let (_, decisions) = read(pool, "").await;
    for [name, lacks, _] in all {
        let expected = format!("it does not carry {lacks}, which tells its rows apart: declare it");
        assert_eq!(left_out(&decisions, name), expected, "{name}");
    }
}

/// Views of tables that are each a source, none of which has two rows of one series and instant, with the values that
/// PostgreSQL has for each series of an hour: the name, its labels, its query, with a time `ts` and a value `v`.
async fn telling(pool: &PgPool, tables: &str, views: &'static str) {
    let all = lines::<3>(views);
    let view = |[name, _, query]: &[&str; 3]| format!("CREATE VIEW {name} AS {query};\n");
    make(pool, tables.to_owned() + &all.iter().map(view).collect::<String>() + "ANALYZE").await;
    let (found, decisions) = read(pool, "").await;
    let offered = offered(&found);
    let server = Server::start(pool).await;
    for [name, labels, _] in all {
        let own = offered.iter().find(|line| line.split(" | ").next() == Some(name));
        let own = own.unwrap_or_else(|| panic!("{name}: {}", left_out(&decisions, name)));
        assert_eq!(own, &format!("{name} | ts | {labels} | {name}_v"));
        let by: String = labels.split_whitespace().map(|label| format!(", {label}::text")).collect();
        let query = format!(
            "SELECT avg(v)::float8, max(n)::int8 FROM (SELECT avg(v) AS v, count(*) AS n, ts{by} FROM {name} \
             WHERE ts >= '2025-06-02Z' AND ts < '2025-06-02 01:00Z' GROUP BY ts{by}) AS s(v, n, ts{}) GROUP BY (){} ORDER BY 1",
            by.replace("::text", ""),
            by.replace("::text", "")
        );
        let rows: Vec<(f64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(pool).await.unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|(_, rows)| *rows == 1), "{name}: {rows:?}");
        let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
        let mut drawn: Vec<f64> = values(&server, hour, &format!("{name}_v")).await.into_values().collect();
        drawn.sort_by(f64::total_cmp);
        assert_eq!(drawn, rows.iter().map(|(value, _)| *value).collect::<Vec<_>>(), "{name}");
    }
}
