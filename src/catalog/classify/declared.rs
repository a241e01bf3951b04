//! What the operator declares, held against the facts.

use super::draft::{DraftMetric, DraftSource, Narrow};
use super::error::CatalogError;
use super::joins::joins;
use super::labels::{self, Place};
use super::lookup::{bad, column, interval, name_column, number, time_column, wrong};
use super::matchers::filters;
use super::{discovered, layout, rollups, time};
use crate::ast::OverTime;
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::file::{AnnotationDecl, MetricDecl, SourceDecl};
use crate::catalog::{AnnotationSource, Column, ColumnType, MetricKind, Relation, Row, Value};
use crate::ident::Ident;
use crate::time::Zone;

/// A declared source.
pub(super) fn source(
    all: &Facts,
    facts: &RelationFacts,
    declared: &SourceDecl,
    local: Zone,
) -> Result<DraftSource, CatalogError> {
    let time = match &declared.time {
        Some(declared) => time_column(facts, declared, local)?,
        None => time::choose(facts, local).map(|(time, _)| time).ok_or_else(|| CatalogError::Incomplete {
            relation: facts.relation.clone(),
            missing: "no column is plainly the time: say which, as `time`",
        })?,
    };
    let place = Place { all, relation: facts, row: Row::Own };
    let joined = joins(all, facts, declared)?;
    let columns = layout::survey(facts, &time.column);
    let (name, prefix) = name(facts, declared, joined.name)?;
    let value = declared.value.as_deref().map(|value| number(facts, value)).transpose()?;
    let narrow = match &name {
        Some(name) => Some(narrow(facts, declared, (name, prefix), value.or_else(|| layout::only_value(&columns)))?),
        None => None,
    };
    let mut metrics = metrics(facts, declared, name.is_some(), value)?;
    if metrics.is_empty() && narrow.is_none() {
        metrics = discovered::metrics(facts, &columns);
    }
    if metrics.is_empty() && narrow.is_none() {
        let missing = "no column is plainly a value: say which, as `value` or as `[source.metric.<name>]`";
        return Err(CatalogError::Incomplete { relation: facts.relation.clone(), missing });
    }
    let mut labels = match &declared.labels {
        Some(declared) => labels::declared(place, declared)?,
        None => layout::labels(&columns, &used(name.as_ref(), narrow.as_ref(), &metrics)),
    };
    labels.extend(joined.labels);
    let mut source = layout::source(facts, time, labels::settled(facts, labels)?);
    source.joins = joined.joins;
    source.filters = filters(place, declared.matchers.as_deref())?;
    source.name_column = name;
    let length =
        |field, text: &Option<String>| text.as_deref().map(|text| interval(&facts.relation, field, text)).transpose();
    source.set_pace(length("interval", &declared.interval)?, length("lookback", &declared.lookback)?);
    source.rollups = rollups::declared(all, &source, &declared.rollups, local)?;
    Ok(DraftSource { source, declared: true, metrics, narrow, member: None })
}

/// The column with the metric's name, the source's own or a joined row's, and what stands in front of the names.
fn name(
    facts: &RelationFacts,
    declared: &SourceDecl,
    joined: Option<(Column, Option<String>)>,
) -> Result<(Option<Column>, String), CatalogError> {
    let prefix = || declared.prefix.clone().unwrap_or_default();
    match (declared.name.as_deref(), joined) {
        (None, None) => Ok((None, prefix())),
        (Some(name), None) => Ok((Some(name_column(facts, name)?.column()), prefix())),
        (None, Some((column, own))) => Ok((Some(column), own.unwrap_or_else(prefix))),
        (Some(name), Some(_)) => Err(bad(&facts.relation, "name", name, "the only one of its source: a join has one")),
    }
}

/// The columns that are something else than labels.
fn used<'a>(name: Option<&'a Column>, narrow: Option<&'a Narrow>, metrics: &'a [DraftMetric]) -> Vec<&'a Ident> {
    let values = metrics.iter().map(|draft| {
        let Value::Column(column) = &draft.metric.value;
        &column.name
    });
    let name = name.filter(|name| name.row == Row::Own);
    values.chain(name.map(|name| &name.name)).chain(narrow.map(|narrow| &narrow.value.name)).collect()
}

fn narrow(
    facts: &RelationFacts,
    declared: &SourceDecl,
    (name, prefix): (&Column, String),
    value: Option<&ColumnFacts>,
) -> Result<Narrow, CatalogError> {
    let value = value.filter(|value| name.row != Row::Own || value.name != name.name).ok_or_else(|| {
        CatalogError::Incomplete {
            relation: facts.relation.clone(),
            missing: "no column is plainly the value: say which, as `value`",
        }
    })?;
    let stored = declared.metric.iter().filter(|(_, metric)| metric.column.is_none());
    Ok(Narrow {
        value: value.column(),
        prefixes: vec![prefix],
        declared: stored.map(|(name, metric)| (name.clone(), metric.clone())).collect(),
        help: value.comment.clone().or_else(|| facts.comment.clone()),
    })
}

/// The metrics that have a column of their own.
fn metrics(
    facts: &RelationFacts,
    declared: &SourceDecl,
    is_narrow: bool,
    value: Option<&ColumnFacts>,
) -> Result<Vec<DraftMetric>, CatalogError> {
    let mut metrics = Vec::new();
    for (name, metric) in &declared.metric {
        let column = match (&metric.column, value) {
            (Some(column), _) => number(facts, column)?,
            (None, _) if is_narrow => continue,
            (None, Some(value)) => value,
            (None, None) => number(facts, name)?,
        };
        let (kind, over_time) = kind_and_over_time(&facts.relation, metric)?;
        let mut found = layout::metric(facts, column);
        found.kind = kind.unwrap_or(found.kind);
        found.over_time = over_time;
        found.unit.clone_from(&metric.unit);
        found.help = metric.help.clone().or(found.help);
        metrics.push(DraftMetric { names: vec![name.clone()], metric: found });
    }
    if let (true, false, Some(value)) = (metrics.is_empty(), is_narrow, value) {
        let names = layout::column_names(facts, &value.name, true);
        metrics.push(DraftMetric { names, metric: layout::metric(facts, value) });
    }
    Ok(metrics)
}

/// The kind, if it is declared, and what a bare name means.
pub(super) fn kind_and_over_time(
    relation: &Relation,
    declared: &MetricDecl,
) -> Result<(Option<MetricKind>, OverTime), CatalogError> {
    let kind = match declared.kind.as_deref() {
        None => None,
        Some("gauge") => Some(MetricKind::Gauge),
        Some("counter") => Some(MetricKind::Counter),
        Some(other) => return Err(bad(relation, "kind", other, "gauge or counter")),
    };
    let over_time = match declared.over_time.as_deref() {
        None => OverTime::Avg,
        Some(word) => OverTime::from_word(word)
            .ok_or_else(|| bad(relation, "over_time", word, "avg, min, max, sum, count, first or last"))?,
    };
    Ok((kind, over_time))
}

/// A declared relation of annotations.
pub(super) fn annotations(
    facts: &RelationFacts,
    declared: &AnnotationDecl,
    local: Zone,
) -> Result<AnnotationSource, CatalogError> {
    let named = |name: &String| column(facts, name).map(ColumnFacts::column);
    let tag = |name: &String| {
        let column = column(facts, name)?;
        let fits = column.is_text() || matches!(column.ty, ColumnType::TextArray | ColumnType::Enum);
        if fits { Ok(column.column()) } else { Err(wrong(facts, column, "text or text[]")) }
    };
    Ok(AnnotationSource {
        name: declared.name.clone(),
        relation: facts.relation.clone(),
        time: time_column(facts, &declared.time, local)?,
        time_end: declared.time_end.as_ref().map(|end| time_column(facts, end, local)).transpose()?,
        title: declared.title.as_ref().map(named).transpose()?,
        text: declared.text.as_ref().map(named).transpose()?,
        tags: declared.tags.iter().map(tag).collect::<Result<_, _>>()?,
        id: match facts.primary_key.as_slice() {
            [only] => facts.column(only.as_str()).filter(|column| column.readable).map(ColumnFacts::column),
            _ => None,
        },
    })
}
