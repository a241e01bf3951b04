//! What ANALYZE found.

use serde::Deserialize;
use sqlx::{Connection as _, FromRow, PgConnection};

use super::{Loading, Results, STAMP, Stamp};
use crate::catalog::classify::{is_epoch_name, is_part_name};
use crate::catalog::facts::{ColumnFacts, ColumnStats};
use crate::db::batch::{Float, batch};

/// The statistics of one relation's columns.
#[derive(Deserialize)]
struct StatisticsRow {
    relation: i64,
    /// The columns by name, or else by number.
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    numbers: Vec<i16>,
    n_distinct: Vec<Float>,
    null_frac: Vec<Float>,
    correlation: Vec<Option<Float>>,
    /// Texts of theirs.
    #[serde(default)]
    kept: Vec<Option<Vec<String>>>,
}

#[derive(Deserialize, FromRow)]
struct ValuesRow {
    relation: i64,
    name: String,
    numbers: Vec<String>,
}

/// How the statistics are read.
#[derive(Deserialize)]
struct Reach {
    /// Those of the relations that need some still have to be read, and the role may read `pg_statistic` itself.
    whole: bool,
}

const BEGIN: &str = include_str!("../scripts/statistics_begin.sql");

/// How and of which relations, the statistics, those of children, texts of children.
pub(super) const SCRIPTS: [&str; 5] = [
    BEGIN,
    include_str!("../scripts/statistics_scope.sql"),
    include_str!("../scripts/statistics.sql"),
    include_str!("../scripts/statistics_children.sql"),
    include_str!("../scripts/stand_ins.sql"),
];

/// What a role that may read `pg_statistic` asks of many relations instead. Others may not even send it.
const WHOLE: [&str; 3] = [BEGIN, include_str!("../scripts/statistics_whole.sql"), STAMP];

/// Takes the statistics of the relations of which they decide something, and reads more where that is needed; the
/// stamp after it.
pub(super) async fn load(
    connection: &mut PgConnection,
    loading: &mut Loading,
    results: &mut Results,
) -> Result<String, sqlx::Error> {
    results.skip(1);
    let reach: Reach = results.row()?;
    let (mut rows, children): (Vec<StatisticsRow>, Vec<StatisticsRow>) = (results.rows()?, results.rows()?);
    let stand_ins: Vec<ValuesRow> = results.rows()?;
    let Stamp { stamp: mut after } = results.row()?;
    if reach.whole {
        let mut whole = batch(connection, &WHOLE).await?;
        whole.skip(1);
        rows = whole.rows()?;
        Stamp { stamp: after } = whole.row()?;
    }
    take(loading, rows);
    take(loading, children);
    put(loading, stand_ins, |stats, texts| {
        if stats.kept.is_empty() {
            stats.kept = texts;
        }
    });
    if spans(connection, loading).await? {
        Stamp { stamp: after } = batch(connection, &[STAMP]).await?.row()?;
    }
    Ok(after)
}

/// The best statistics come first. A column that they call dead lives where others say so.
fn take(loading: &mut Loading, rows: Vec<StatisticsRow>) {
    for mut row in rows {
        let Some(place) = loading.place.get(&row.relation).copied().filter(|at| loading.decided_by_statistics[*at])
        else {
            continue;
        };
        let (relation, numbers) = (&mut loading.facts.relations[place], &loading.numbers[place]);
        let has_number = relation.columns.iter().any(ColumnFacts::is_number);
        for at in 0..row.n_distinct.len() {
            let named =
                row.names.get(at).and_then(|name| relation.columns.iter().position(|own| own.name.as_str() == name));
            let numbered = row.numbers.get(at).and_then(|number| numbers.binary_search(number).ok());
            let column = named.or(numbered).and_then(|place| relation.columns.get_mut(place));
            if let Some(column) = column.filter(|column| column.stats.is_none() || column.is_dead()) {
                column.stats = Some(ColumnStats {
                    n_distinct: row.n_distinct[at].0,
                    null_frac: row.null_frac[at].0,
                    correlation: row.correlation[at].map(|correlation| correlation.0),
                    kept: row
                        .kept
                        .get_mut(at)
                        .and_then(Option::take)
                        .filter(|_| has_number && column.is_text())
                        .unwrap_or_default(),
                    span: None,
                });
            }
        }
    }
}

/// The numbers of columns that may be times or name parts; whether there are such columns. A statement of its own: names
/// decide, and few have one.
async fn spans(connection: &mut PgConnection, loading: &mut Loading) -> Result<bool, sqlx::Error> {
    let (mut ids, mut samples, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, relation) in loading.facts.relations.iter().enumerate() {
        let is_said = |name: &str| is_epoch_name(name) || is_part_name(name);
        let is_wanted =
            |column: &&ColumnFacts| column.is_number() && column.stats.is_some() && is_said(column.name.as_str());
        for column in relation.columns.iter().filter(is_wanted) {
            ids.push(loading.ids[at]);
            samples.push(loading.samples[at]);
            names.push(column.name.as_str().to_owned());
        }
    }
    if ids.is_empty() {
        return Ok(false);
    }
    let query =
        sqlx::query_as(include_str!("../scripts/spans.sql")).bind(ids).bind(samples).bind(names).persistent(false);
    // Without loops as the others: with 1,100 relations they take a hundred times as long.
    let mut transaction = if connection.is_in_transaction() {
        // That one has the setting already.
        connection.begin().await?
    } else {
        connection.begin_with("BEGIN; SET LOCAL enable_nestloop = off; SET LOCAL search_path = pg_catalog").await?
    };
    let rows: Vec<ValuesRow> = query.fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    put(loading, rows, |stats, numbers| stats.span = span(&numbers));
    Ok(true)
}

/// Adds values to the statistics of their columns.
fn put(loading: &mut Loading, rows: Vec<ValuesRow>, set: impl Fn(&mut ColumnStats, Vec<String>)) {
    for row in rows {
        let Some((relation, _)) = loading.at(row.relation) else { continue };
        let column = relation.columns.iter_mut().find(|column| column.name.as_str() == row.name);
        if let Some(stats) = column.and_then(|column| column.stats.as_mut()) {
            set(stats, row.numbers);
        }
    }
}

fn span(numbers: &[String]) -> Option<[f64; 3]> {
    let mut numbers: Vec<f64> =
        numbers.iter().filter_map(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()).collect();
    numbers.sort_by(f64::total_cmp);
    Some([*numbers.first()?, numbers[numbers.len() / 2], *numbers.last()?])
}
