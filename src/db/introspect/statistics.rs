//! What ANALYZE found.

use sqlx::{Connection as _, FromRow, PgConnection};

use super::Loading;
use crate::catalog::classify::is_epoch_name;
use crate::catalog::facts::ColumnStats;

/// The statistics of one relation's columns.
#[derive(FromRow)]
struct StatisticsRow {
    relation: i64,
    names: Vec<String>,
    n_distinct: Vec<f64>,
    null_frac: Vec<f64>,
    correlation: Vec<Option<f64>>,
}

#[derive(FromRow)]
struct SpanRow {
    relation: i64,
    name: String,
    numbers: Vec<String>,
}

/// Loads the statistics of all relations.
pub(super) async fn load(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    // The view's estimates are far too low, and the nested loops that they lead to twice as slow with many tables.
    let mut transaction = connection.begin().await?;
    let settings = "SELECT set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)";
    sqlx::query(settings).execute(&mut *transaction).await?;
    columns(&mut transaction, loading).await?;
    spans(&mut transaction, loading).await?;
    transaction.commit().await
}

async fn columns(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("../scripts/statistics.sql")).bind(&loading.ids).bind(&loading.samples);
    let rows: Vec<StatisticsRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        for (at, name) in row.names.iter().enumerate() {
            let column = relation.columns.iter_mut().find(|column| column.name.as_str() == name);
            // The best statistics come first.
            if let Some(column) = column.filter(|column| column.stats.is_none()) {
                column.stats = Some(ColumnStats {
                    n_distinct: row.n_distinct[at],
                    null_frac: row.null_frac[at],
                    correlation: row.correlation[at],
                    span: None,
                });
            }
        }
    }
    Ok(())
}

async fn spans(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let (mut ids, mut samples, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, relation) in loading.facts.relations.iter().enumerate() {
        for column in &relation.columns {
            if column.is_number() && column.stats.is_some() && is_epoch_name(column.name.as_str()) {
                ids.push(loading.ids[at]);
                samples.push(loading.samples[at]);
                names.push(column.name.as_str().to_owned());
            }
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let query = sqlx::query_as(include_str!("../scripts/spans.sql")).bind(ids).bind(samples).bind(names);
    let rows: Vec<SpanRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        let column = relation.columns.iter_mut().find(|column| column.name.as_str() == row.name);
        if let Some(stats) = column.and_then(|column| column.stats.as_mut()) {
            stats.span = span(&row.numbers);
        }
    }
    Ok(())
}

fn span(numbers: &[String]) -> Option<[f64; 3]> {
    let mut numbers: Vec<f64> =
        numbers.iter().filter_map(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()).collect();
    numbers.sort_by(f64::total_cmp);
    Some([*numbers.first()?, numbers[numbers.len() / 2], *numbers.last()?])
}
