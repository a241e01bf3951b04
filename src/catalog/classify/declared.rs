//! Declared sources, checked against the facts.

use std::time::Duration;

use super::carried::{CarriedMetrics, DeclaredRelation};
use super::draft::DraftSource;
use super::error::CatalogError;
use super::joined_time::{self, JoinedRelations};
use super::joins::joins;
use super::keys::RelationKeys;
use super::labels::{self, SourceRelation};
use super::lookup::{bad, column, interval, name_column, time_column, wrong};
use super::matchers::filters;
use super::values::SourceValues;
use super::{end, layout, roles, rollups, time};
use crate::ast::OverTime;
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::file::{AnnotationDecl, MetricDecl, NameDecl, SourceDecl};
use crate::catalog::{AnnotationSource, Column, ColumnPath, ColumnType, MetricKind, Relation, SettleDelay, SourceRow};
use crate::time::Zone;

/// A declared source.
pub(super) fn source(
    all: &Facts,
    facts: &RelationFacts,
    declared: &SourceDecl,
    local: Zone,
) -> Result<DraftSource, CatalogError> {
    let rows = JoinedRelations { all, facts, local };
    let mut joined = joins(all, facts, declared)?;
    let time = match &declared.time {
        Some(declared) => rows.time(declared, &mut joined)?,
        None => time::choose(facts, local).map(|(time, _)| time).ok_or_else(|| CatalogError::Incomplete {
            relation: facts.relation.clone(),
            missing: "no column is plainly the time: say which, as `time`",
        })?,
    };
    let place = SourceRelation { all, relation: facts, row: SourceRow::Own, each: declared.each.is_some() };
    joined_time::require(&mut joined.joins, time.row);
    let keys = RelationKeys::of(facts, &time.column);
    let columns = layout::survey(&roles::KeyedRelation {
        all,
        relation: facts,
        keys: &keys,
        time: facts.column(time.column.as_str()),
    });
    let (name, prefix) = name(place, declared, joined.name.take())?;
    let end = declared.time_end.as_ref().map(|end| end::of_rows(&rows, end, &mut joined)).transpose()?;
    let values = SourceValues::of(place, declared, time.clone(), end.clone())?;
    let found = DeclaredRelation { facts, declared, columns: &columns, values: &values };
    let (name, name_path) = name.map_or((None, Vec::new()), |name| (Some(name.column), name.path));
    let CarriedMetrics { metrics, narrow, numbers } = found.carried(name.as_ref(), prefix)?;
    let mut labels = match &declared.labels {
        Some(declared) => labels::declared(place, declared)?,
        None => layout::labels(&columns, &found.used(name.as_ref(), narrow.as_ref(), &metrics)),
    };
    labels.extend(joined.labels);
    let mut source = layout::source(facts, time, labels::settled(facts, labels)?);
    source.joins = joined.joins;
    source.filters = filters(place, declared.matchers.as_deref())?;
    source.end = end;
    (source.name_column, source.name_path) = (name, name_path);
    source.numbers = numbers;
    (source.skip_nan, source.null_ends) = (values.skip_nan, values.null_ends);
    let length =
        |field, text: &Option<String>| text.as_deref().map(|text| interval(&facts.relation, field, text)).transpose();
    source.set_pace(length("interval", &declared.interval)?, length("lookback", &declared.lookback)?);
    source.staleness_ms = length("staleness", &declared.staleness)?;
    source.settles = match declared.settles.as_deref() {
        Some("never") => Some(SettleDelay::Never),
        Some(text) => {
            let wanted = "a length of time such as 90s, or never";
            let ms = interval(&facts.relation, "settles", text);
            Some(SettleDelay::After(ms.map_err(|_| bad(&facts.relation, "settles", text, wanted))?))
        }
        None => None,
    };
    source.max_age = length("max_age", &declared.max_age)?.map(|ms| Duration::from_millis(ms.unsigned_abs()));
    source.by_token = match declared.rows.as_deref() {
        None => false,
        Some("token") => true,
        Some(other) => return Err(bad(&facts.relation, "rows", other, "\"token\", or absent")),
    };
    source.elements = values.elements;
    source.rollups = rollups::declared(all, &source, &declared.rollups, local)?;
    Ok(DraftSource { source, declared: true, family: false, metrics, narrow, member: None })
}

/// Where the metric's name is, in the source's own row or a joined one, and what stands in front of the names.
fn name(
    place: SourceRelation<'_>,
    declared: &SourceDecl,
    joined: Option<(Column, Option<String>)>,
) -> Result<(Option<ColumnPath>, String), CatalogError> {
    let prefix = || declared.prefix.clone().unwrap_or_default();
    match (&declared.name, joined) {
        (None, None) => Ok((None, prefix())),
        (Some(NameDecl::Column(name)), None) => {
            Ok((Some(ColumnPath::of(name_column(place.relation, name)?.column())), prefix()))
        }
        (Some(NameDecl::Table(table)), None) => {
            let least = if place.each { 1 } else { 2 };
            Ok((Some(labels::json(place, &table.json, least)?), prefix()))
        }
        (None, Some((column, own))) => Ok((Some(ColumnPath::of(column)), own.unwrap_or_else(prefix))),
        (Some(name), Some(_)) => {
            let told = format!("{name:?}");
            Err(bad(&place.relation.relation, "name", &told, "the only one of its source: a join has one"))
        }
    }
}

/// The kind, if it is declared, and what a bare name means.
pub(super) fn kind_and_over_time(
    relation: &Relation,
    declared: &MetricDecl,
) -> Result<(Option<MetricKind>, Option<OverTime>), CatalogError> {
    let kind = match declared.kind.as_deref() {
        None => None,
        Some("gauge") => Some(MetricKind::Gauge),
        Some("counter") => Some(MetricKind::Counter),
        Some(other) => return Err(bad(relation, "kind", other, "gauge or counter")),
    };
    let over_time = declared.over_time.as_deref().map(|word| {
        let wanted = "avg, min, max, sum, count, first or last";
        OverTime::from_word(word).ok_or_else(|| bad(relation, "over_time", word, wanted))
    });
    let over_time = over_time.transpose()?;
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
        let fits = column.is_text() || matches!(column.ty, ColumnType::TextArray | ColumnType::Enum(_));
        if fits { Ok(column.column()) } else { Err(wrong(facts, column, "text or text[]")) }
    };
    Ok(AnnotationSource {
        name: declared.name.clone(),
        relation: facts.relation.clone(),
        time: time_column(facts, &declared.time, local)?,
        time_end: declared.time_end.as_ref().map(|end| end::end(facts, end, local)).transpose()?,
        title: declared.title.as_ref().map(named).transpose()?,
        text: declared.text.as_ref().map(named).transpose()?,
        tags: declared.tags.iter().map(tag).collect::<Result<_, _>>()?,
        id: match facts.primary_key.as_slice() {
            [only] => facts.column(only.as_str()).filter(|column| column.readable).map(ColumnFacts::column),
            _ => None,
        },
    })
}
