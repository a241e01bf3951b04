//! What ANALYZE found.

use sqlx::{FromRow, PgConnection};

use super::Loading;
use crate::catalog::classify::is_epoch_name;
use crate::catalog::facts::{ColumnFacts, ColumnStats};

/// The statistics of one relation's columns.
#[derive(FromRow)]
struct StatisticsRow {
    relation: i64,
    /// The columns by name, or else by number.
    #[sqlx(default)]
    names: Vec<String>,
    #[sqlx(default)]
    numbers: Vec<i16>,
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

/// Loads the statistics of the relations of which they decide something.
pub(super) async fn load(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    // The view's estimates are far too low, and the nested loops that they lead to twice as slow with many tables.
    let settings = "SELECT set_config('enable_nestloop', 'off', true),
                           has_table_privilege('pg_catalog.pg_statistic', 'SELECT') AS whole";
    let (_, whole): (String, bool) = sqlx::query_as(settings).fetch_one(&mut *connection).await?;
    let wanted = (0..loading.ids.len()).filter(|at| loading.decided_by_statistics[*at]);
    let (ids, samples): (Vec<i64>, Vec<i64>) = wanted.map(|at| (loading.ids[at], loading.samples[at])).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    if whole {
        let query = sqlx::query_as(include_str!("../scripts/statistics_whole.sql")).bind(&ids);
        take(loading, query.fetch_all(&mut *connection).await?);
        // What stands in for another has its columns in an order of its own: the view tells their names.
        let stand_ins = ids.into_iter().zip(samples).filter(|(id, sample)| id != sample);
        let (ids, samples): (Vec<i64>, Vec<i64>) = stand_ins.unzip();
        if !ids.is_empty() {
            viewed(connection, loading, (ids, samples)).await?;
        }
    } else {
        viewed(connection, loading, (ids, samples)).await?;
    }
    spans(connection, loading).await
}

async fn viewed(
    connection: &mut PgConnection,
    loading: &mut Loading,
    (ids, samples): (Vec<i64>, Vec<i64>),
) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("../scripts/statistics.sql")).bind(ids).bind(samples);
    take(loading, query.fetch_all(connection).await?);
    Ok(())
}

/// The best statistics come first.
fn take(loading: &mut Loading, rows: Vec<StatisticsRow>) {
    for row in rows {
        let Some((relation, numbers)) = loading.at(row.relation) else { continue };
        let set = |column: Option<&mut ColumnFacts>, at: usize| {
            if let Some(column) = column.filter(|column| column.stats.is_none()) {
                column.stats = Some(ColumnStats {
                    n_distinct: row.n_distinct[at],
                    null_frac: row.null_frac[at],
                    correlation: row.correlation[at],
                    span: None,
                });
            }
        };
        for (at, name) in row.names.iter().enumerate() {
            set(relation.columns.iter_mut().find(|column| column.name.as_str() == name), at);
        }
        for (at, number) in row.numbers.iter().enumerate() {
            set(numbers.binary_search(number).ok().and_then(|place| relation.columns.get_mut(place)), at);
        }
    }
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
