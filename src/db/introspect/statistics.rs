//! What ANALYZE found.

use sqlx::{FromRow, PgConnection};

use super::Loading;
use crate::catalog::classify::is_epoch_name;
use crate::catalog::facts::{ColumnFacts, ColumnStats, RelationFacts};

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
    let (ids, parents): (Vec<i64>, Vec<bool>) =
        wanted.map(|at| (loading.ids[at], loading.facts.relations[at].is_parent)).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let script = match whole {
        true => include_str!("../scripts/statistics_whole.sql"),
        false => include_str!("../scripts/statistics.sql"),
    };
    let rows: Vec<StatisticsRow> = sqlx::query_as(script).bind(&ids).fetch_all(&mut *connection).await?;
    take(loading, rows);
    let parents: Vec<i64> =
        ids.into_iter().zip(parents).filter(|(_, is_parent)| *is_parent).map(|(id, _)| id).collect();
    if !parents.is_empty() {
        let query = sqlx::query_as(include_str!("../scripts/statistics_children.sql")).bind(parents);
        let rows: Vec<StatisticsRow> = query.fetch_all(&mut *connection).await?;
        take(loading, rows);
    }
    spans(connection, loading).await?;
    kept(connection, loading, whole).await
}

/// The best statistics come first. A column that they call dead lives where others say so.
fn take(loading: &mut Loading, rows: Vec<StatisticsRow>) {
    for row in rows {
        let Some((relation, numbers)) = loading.at(row.relation) else { continue };
        let set = |column: Option<&mut ColumnFacts>, at: usize| {
            if let Some(column) = column.filter(|column| column.stats.is_none() || column.is_dead()) {
                column.stats = Some(ColumnStats {
                    n_distinct: row.n_distinct[at],
                    null_frac: row.null_frac[at],
                    correlation: row.correlation[at],
                    kept: Vec::new(),
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
    let wanted = |_: &RelationFacts, column: &ColumnFacts| {
        column.is_number() && column.stats.is_some() && is_epoch_name(column.name.as_str())
    };
    let script = include_str!("../scripts/spans.sql");
    values(connection, loading, (script, wanted), |stats, numbers| stats.span = span(&numbers)).await
}

/// The texts that stand beside numbers, some of them: they may be numbers themselves.
async fn kept(connection: &mut PgConnection, loading: &mut Loading, whole: bool) -> Result<(), sqlx::Error> {
    let wanted = |relation: &RelationFacts, column: &ColumnFacts| {
        column.is_text() && column.stats.is_some() && relation.columns.iter().any(ColumnFacts::is_number)
    };
    let script = match whole {
        true => include_str!("../scripts/kept_whole.sql"),
        false => include_str!("../scripts/kept.sql"),
    };
    values(connection, loading, (script, wanted), |stats, texts| stats.kept = texts).await
}

/// Reads what ANALYZE kept of the wanted columns.
async fn values(
    connection: &mut PgConnection,
    loading: &mut Loading,
    (script, wanted): (&'static str, impl Fn(&RelationFacts, &ColumnFacts) -> bool),
    set: impl Fn(&mut ColumnStats, Vec<String>),
) -> Result<(), sqlx::Error> {
    let (mut ids, mut samples, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, relation) in loading.facts.relations.iter().enumerate() {
        for column in relation.columns.iter().filter(|column| wanted(relation, column)) {
            ids.push(loading.ids[at]);
            samples.push(loading.samples[at]);
            names.push(column.name.as_str().to_owned());
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let query = sqlx::query_as(script).bind(ids).bind(samples).bind(names);
    let rows: Vec<SpanRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        let column = relation.columns.iter_mut().find(|column| column.name.as_str() == row.name);
        if let Some(stats) = column.and_then(|column| column.stats.as_mut()) {
            set(stats, row.numbers);
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
