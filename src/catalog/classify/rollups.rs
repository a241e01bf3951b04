//! Rollups, checked against the facts and their source.

use std::collections::BTreeMap;

use super::error::CatalogError;
use super::lookup::{bad, column, interval, relation, time_column, wrong};
use super::rows;
use crate::catalog::facts::{Facts, RelationFacts};
use crate::catalog::file::{FunctionsDecl, RollupColumnsDecl, RollupDecl, TimeDecl, TimeTable};
use crate::catalog::{
    Column, Metric, MetricValue, Relation, Rollup, RollupColumns, RollupCoverage, RollupMetrics, Source, TimeColumn,
    TimeKind,
};
use crate::nearest::nearest;
use crate::time::Zone;

pub(super) const DAY_MS: i64 = 86_400_000;

/// The rollups that are declared for a source; the names of their metrics are settled later.
pub(super) fn declared(
    all: &Facts,
    source: &Source,
    declared: &[RollupDecl],
    local: Zone,
) -> Result<Vec<Rollup>, CatalogError> {
    if let (Some(array), false) = (&source.elements, declared.is_empty()) {
        let wanted = "possible together with `each`: a rollup does not have the elements";
        return Err(bad(&source.relation, "rollup", array.column.name.as_str(), wanted));
    }
    let one = |declared: &RollupDecl| {
        let facts = relation(all, &declared.relation)?;
        let time = time(facts, source, declared.time.as_ref(), local)?;
        let step_ms = interval(&facts.relation, "step", &declared.step)?;
        if !is_regular(step_ms) {
            return Err(bad(&facts.relation, "step", &declared.step, "a part of a day, a day, or whole weeks"));
        }
        let columns = match &declared.columns {
            RollupColumnsDecl::All(functions) => RollupMetrics::Stored(Box::new(columns(facts, functions)?)),
            RollupColumnsDecl::ByMetric(metrics) => {
                let named = |(name, functions): (&String, _)| Ok((name.clone(), columns(facts, functions)?));
                RollupMetrics::Named(metrics.iter().map(named).collect::<Result<_, CatalogError>>()?)
            }
        };
        let (rows, lacks) = rows::rows(source, facts, time, None)?;
        let is_unique = rows::is_unique(source, &rows, facts, &values(&columns));
        let (held, is_safe) = (unread(), declared.safe);
        Ok(Rollup { rows, step_ms, columns, held, unsearched: None, is_stated: false, lacks, is_unique, is_safe })
    };
    declared.iter().map(one).collect()
}

/// The columns that hold what samples come to.
fn values(columns: &RollupMetrics) -> Vec<&Column> {
    let all: Vec<&RollupColumns> = match columns {
        RollupMetrics::Stored(columns) => vec![columns],
        RollupMetrics::Named(metrics) => metrics.values().collect(),
    };
    all.into_iter().flat_map(RollupColumns::all).filter_map(|(_, column)| column).collect()
}

/// What every rollup holds before anybody looked.
pub(super) fn unread() -> RollupCoverage {
    RollupCoverage::Nothing("its contents are not known yet".to_owned())
}

/// Whether the edges of stretches that long are known: parts of a day, days, and weeks that begin on Mondays.
pub(super) const fn is_regular(step_ms: i64) -> bool {
    DAY_MS % step_ms == 0 || step_ms % (7 * DAY_MS) == 0
}

/// The time column of a source's rollup: what was added up in days is of the source's days, whoever asks.
pub(super) fn added_up(source: &Source, time: TimeColumn) -> TimeColumn {
    match time.kind {
        TimeKind::Day(zone) if !matches!(source.time.kind, TimeKind::Day(_)) => {
            TimeColumn { kind: TimeKind::Date(zone), ..time }
        }
        _ => time,
    }
}

/// The time column; one that says neither unit nor zone has those of the source.
fn time(
    facts: &RelationFacts,
    source: &Source,
    declared: Option<&TimeDecl>,
    local: Zone,
) -> Result<TimeColumn, CatalogError> {
    let (unit, zone) = match &source.time.kind {
        TimeKind::Epoch { unit, .. } => (Some(unit.word().to_owned()), local),
        TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => (None, *zone),
        TimeKind::Instant => (None, local),
    };
    let own = TimeDecl::Column(source.time.column.to_string());
    let declared = declared.unwrap_or(&own);
    match (time_column(facts, declared, zone), declared) {
        (Err(CatalogError::Incomplete { .. }), TimeDecl::Column(column)) => {
            let table = TimeTable { column: column.clone(), unit, ..TimeTable::default() };
            time_column(facts, &TimeDecl::Table(table), zone)
        }
        (found, _) => found,
    }
    .map(|time| added_up(source, time))
}

fn columns(facts: &RelationFacts, declared: &FunctionsDecl) -> Result<RollupColumns, CatalogError> {
    let number = |name: &Option<String>| {
        let Some(name) = name else { return Ok(None) };
        let column = column(facts, name)?;
        if column.is_number() { Ok(Some(column.column())) } else { Err(wrong(facts, column, "a number")) }
    };
    let columns = RollupColumns {
        avg: number(&declared.avg)?,
        min: number(&declared.min)?,
        max: number(&declared.max)?,
        sum: number(&declared.sum)?,
        count: number(&declared.count)?,
        first: number(&declared.first)?,
        last: number(&declared.last)?,
    };
    if columns == RollupColumns::default() {
        return Err(bad(&facts.relation, "columns", "{}", "columns such as { avg = \"…\", count = \"…\" }"));
    }
    Ok(columns)
}

/// Calls the metrics of a source's rollups by their final names, and puts the coarsest first.
///
/// # Errors
/// A rollup names a metric that the source does not have.
pub(super) fn resolve_names(source: &mut Source) -> Result<(), CatalogError> {
    let (metrics, is_narrow) = (&source.metrics, source.name_column.is_some());
    for rollup in &mut source.rollups {
        let relation = &rollup.rows.relation;
        match &mut rollup.columns {
            RollupMetrics::Stored(_) if is_narrow => {}
            RollupMetrics::Stored(columns) => {
                let [only] = metrics.as_slice() else {
                    let missing = "a rollup of several metrics says which columns are whose, as `columns = { cpu = { avg = … } }`";
                    return Err(CatalogError::Incomplete { relation: relation.clone(), missing });
                };
                rollup.columns = RollupMetrics::Named([(only.name.clone(), (**columns).clone())].into());
            }
            RollupMetrics::Named(columns) => *columns = named(relation, metrics, std::mem::take(columns))?,
        }
    }
    source.rollups.sort_by(|a, b| b.step_ms.cmp(&a.step_ms).then_with(|| a.rows.relation.cmp(&b.rows.relation)));
    Ok(())
}

/// By metric; a key is a metric's name, the name that is stored, or that of the value's column.
fn named(
    rollup: &Relation,
    metrics: &[Metric],
    columns: BTreeMap<String, RollupColumns>,
) -> Result<BTreeMap<String, RollupColumns>, CatalogError> {
    let mut named = BTreeMap::new();
    for (key, columns) in columns {
        let tests: [&dyn Fn(&&Metric) -> bool; 3] =
            [&|metric| metric.name == key, &|metric| metric.stored_name.as_ref() == Some(&key), &|metric| {
                metric.stored_name.is_none() && is_column(&metric.value, &key)
            }];
        let meant: Vec<&Metric> = tests
            .iter()
            .map(|test| metrics.iter().filter(test).collect::<Vec<_>>())
            .find(|meant| !meant.is_empty())
            .ok_or_else(|| CatalogError::UnknownMetric {
                relation: rollup.clone(),
                metric: key.clone(),
                nearest: nearest(&key, metrics.iter().map(|metric| metric.name.as_str()))
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            })?;
        named.extend(meant.into_iter().map(|metric| (metric.name.clone(), columns.clone())));
    }
    Ok(named)
}

fn is_column(value: &MetricValue, name: &str) -> bool {
    matches!(value, MetricValue::Column(column) if column.name.as_str() == name)
}
